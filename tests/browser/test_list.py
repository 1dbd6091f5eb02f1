"""The first page in a browser: a session started from the form, the sessions there are, errors beside their field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import expect

from outrider.bench.data import __path__ as data

from .conftest import Open, row
from .stage import TASK, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")
