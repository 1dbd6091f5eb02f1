"""Watching a session disturbs it in nothing, whatever becomes of an outlet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from outrider import Session
from outrider.rules.events import Record
from outrider.telemetry import NO_TELEMETRY, Telemetry
from outrider.telemetry.facts import Fact
from outrider.testing import run

from .test_spans import session


class Breaks:
    """An outlet that breaks after so many records."""

    def __init__(self, after: int) -> None:
        self.left = after

    def follow(self, session: str, compared_with: str = "") -> Breaks:
        return self

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        raise AssertionError("nothing was before")

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError("with a secret in it")

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        raise ValueError("and once more")


class Takes:
    """An outlet that takes everything."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.closed = 0

    def follow(self, session: str, compared_with: str = "") -> Takes:
        return self

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        raise AssertionError("nothing was before")

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        self.records.append(record)

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        self.closed += 1


def test_an_outlet_that_breaks_is_given_up_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    breaks, takes = Breaks(after=3), Takes()

    async def main() -> bool:
        made = session()
        async with Telemetry(breaks, takes).watching(made), made:
            return (await made.result()).complete

    with caplog.at_level(logging.WARNING, "outrider.telemetry"):
        assert run(main())
    assert [record.event.kind for record in takes.records][-1] == "finished"
    assert takes.closed == 1
    (line,) = caplog.messages
    assert "given up" in line
    assert "secret" not in line


def test_a_session_that_is_left_early_is_told_to_its_last_record() -> None:
    takes = Takes()

    async def main() -> None:
        made = session()
        async with Telemetry(takes).watching(made), made:
            await asyncio.sleep(2)

    run(main())
    assert [record.n for record in takes.records] == list(range(len(takes.records)))
    assert takes.records[-1].event.kind == "finished"


def test_a_session_whose_task_is_cancelled_is_told_to_its_last_record() -> None:
    takes = Takes()

    async def main() -> None:
        made = session()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2), Telemetry(takes).watching(made), made:
                await made.result()

    run(main())
    assert takes.records[-1].event.kind == "finished"
    assert takes.closed == 1


def test_an_error_in_the_body_comes_out_as_it_is() -> None:
    async def main() -> None:
        made = session()
        with pytest.raises(LookupError, match="mine"):
            async with Telemetry(Takes()).watching(made), made:
                raise LookupError("mine")

    run(main())


def test_a_session_that_is_never_begun_keeps_nobody_waiting() -> None:
    takes = Takes()

    async def main() -> None:
        async with Telemetry(takes).watching(session()):
            pass

    run(main())
    assert takes.records == []


def test_watching_with_nothing_to_tell_does_nothing() -> None:
    async def main(made: Session) -> None:
        async with NO_TELEMETRY.watching(made), made:
            assert not NO_TELEMETRY
            await made.result()

    run(main(session()))


def test_the_run_is_the_same_watched_or_not() -> None:
    async def main(telemetry: Telemetry) -> list[Record]:
        made = session()
        async with telemetry.watching(made), made, made.events() as events:
            return [record async for record in events]

    assert run(main(NO_TELEMETRY)) == run(main(Telemetry(Takes())))
