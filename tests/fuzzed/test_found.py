"""What spoilt inputs have brought to light where no other test would look; the rest stands beside the parsers' own tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outrider.errors import BadOption, JournalCorrupt
from outrider.journal.rows import checksum, record_of
from outrider.model import Task
from outrider.rules.events import Opened
from outrider.settings import settings_in
from outrider.web.asked import MOST_NESTED, read_object, read_wanted
from outrider.web.commands import read_command


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


def nested(deep: int, begin: str, end: str) -> bytes:
    return ('{"id": ' + begin * (deep - 1) + "1" + end * (deep - 1) + ', "command": "stop"}').encode()


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_a_body_that_can_just_be_read_is_refused_and_never_a_bug(begin: str, end: str) -> None:
    for deep in (2, MOST_NESTED - 1, MOST_NESTED, MOST_NESTED + 1, *range(850, 1000), 5_000):
        for read in (read_command, read_wanted):
            with pytest.raises(BadOption):
                read(read_object(nested(deep, begin, end)))


def test_a_body_is_as_deep_as_it_may_be() -> None:
    assert read_object(nested(MOST_NESTED - 1, "[", "]"))["command"] == "stop"
    with pytest.raises(BadOption, match="nested more than 100 deep"):
        read_object(nested(MOST_NESTED, "[", "]"))
