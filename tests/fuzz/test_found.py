"""What spoilt inputs have brought to light where no other test would look; the rest stands beside the parsers' own tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outrider.errors import BadOption, JournalCorrupt
from outrider.journal.rows import checksum, record_of
from outrider.model import Task
from outrider.rules.events import Opened
from outrider.settings import settings_in


def test_settings_that_are_nested_too_deep_are_not_known() -> None:
    opened = Opened(task=Task("go"), approximation="a", target="t", lookahead="lookahead-0", max_steps=3, settings="[" * 100_000)
    with pytest.raises(BadOption, match="was not launched by this version"):
        settings_in(opened)
    with pytest.raises(BadOption, match="was not launched by this version"):
        settings_in(replace(opened, settings="{}"))


def test_a_line_with_half_a_character_is_not_what_was_written() -> None:
    with pytest.raises(JournalCorrupt, match="event 3 is not what was written"):
        record_of("trip", 3, '{"n": "\ud83d"}', 17)
    assert checksum("trip", "\ud83d") != checksum("trip", "\ud83c")
