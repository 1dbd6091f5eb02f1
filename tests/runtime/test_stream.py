"""Streams of events: everything in order to every observer, and no observer is ever waited for."""

import asyncio

import pytest

from outrider import Session, plan
from outrider.errors import ObserverTooSlow
from outrider.rules.events import Finished, Opened, Record, Started
from outrider.runtime import EventStream, Stream
from outrider.testing import ScriptedAgent, run, steps

from .test_session import Notes, drafter, target


async def read(stream: EventStream) -> list[Record]:
    return [record async for record in stream]


def test_a_stream_opened_first_thing_has_everything() -> None:
    async def watching() -> None:
        notes = Notes()
        async with plan("a task", target=target(), approximation=drafter(), journal=notes) as session, session.events() as stream:
            records = await read(stream)
        assert records == notes.records
        assert isinstance(records[0].event, Opened)
        assert isinstance(records[-1].event, Finished)

    run(watching())


def test_a_late_stream_of_a_finished_session_ends_at_once() -> None:
    async def late() -> None:
        async with plan("a task", target=target()) as session:
            await session.result()
            async with session.events() as stream:
                assert await read(stream) == []
        async with session.events() as stream:
            assert await read(stream) == []

    run(late())


def test_a_stream_opened_in_mid_run_has_the_rest() -> None:
    async def halfway() -> None:
        notes = Notes()
        async with plan("a task", target=target(), journal=notes) as session:
            await asyncio.sleep(6)
            so_far = len(notes.records)
            async with session.events() as stream:
                assert await read(stream) == notes.records[so_far:]

    run(halfway())


def test_two_streams_are_independent() -> None:
    async def both() -> None:
        async with plan("a task", target=target()) as session, session.events() as first, session.events() as second:
            async for record in first:
                if isinstance(record.event, Started):
                    break
            async with asyncio.TaskGroup() as group:
                rest, whole = group.create_task(read(first)), group.create_task(read(second))
            assert whole.result()[-len(rest.result()) :] == rest.result()

    run(both())


def test_a_slow_observer_is_dropped_and_the_run_goes_on() -> None:
    async def slow() -> None:
        streams: dict[Stream[Record], None] = {}
        stream = EventStream(streams, lambda: False, most_waiting=2)
        async with stream:
            for n in range(3):
                stream.push(Record(n=n, time_s=0.0, event=Started(call=n, role="target", at=0)))
            assert not streams, "nothing more is kept for it"
            for _ in range(2):
                with pytest.raises(ObserverTooSlow, match="2 records were waiting"):
                    await anext(stream)

    run(slow())


def test_an_observer_that_keeps_up_is_never_dropped() -> None:
    async def quick() -> None:
        streams: dict[Stream[Record], None] = {}
        async with EventStream(streams, lambda: False, most_waiting=2) as stream:
            for n in range(9):
                stream.push(Record(n=2 * n, time_s=0.0, event=Started(call=n, role="target", at=0)))
                stream.push(Record(n=2 * n + 1, time_s=0.0, event=Started(call=n, role="target", at=0)))
                assert [(await anext(stream)).n, (await anext(stream)).n] == [2 * n, 2 * n + 1]

    run(quick())


def test_an_observer_that_raises_harms_nobody() -> None:
    async def raising() -> None:
        async def observer(session: Session) -> None:
            async with session.events() as stream:
                async for _ in stream:
                    raise ValueError("the observer's own")

        async with plan("a task", target=target()) as session:
            watching = asyncio.ensure_future(observer(session))
            result = await session.result()
            with pytest.raises(ValueError, match="the observer's own"):
                await watching
        assert result.prefix == steps("search", "read", "write", "check", "finish")

    run(raising())


def test_an_observer_never_slows_the_run() -> None:
    async def sleepy() -> float | None:
        async with plan("a task", target=ScriptedAgent("a", takes_s=1)) as session, session.events() as stream:
            async for _ in stream:
                await asyncio.sleep(100)
        return session.figures.total_s

    assert run(sleepy()) == 2.0
