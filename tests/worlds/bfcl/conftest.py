"""BFCL's package is fetched once, by its hash. Without it these tests are skipped only where no index can be reached."""

from __future__ import annotations

import asyncio

import pytest

from outrider.errors import Unreachable
from outrider.worlds.bfcl import Bfcl, Package, package, read

OTHER_BYTES = "DO NOT MATCH THE HASHES"
"""What pip says of a wheel that is not the one: no reason to skip anything."""


@pytest.fixture(scope="session")
def wheels() -> Package:
    try:
        return asyncio.run(package())
    except Unreachable as error:
        if OTHER_BYTES in str(error):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def bfcl(wheels: Package) -> Bfcl:
    return read(wheels)
