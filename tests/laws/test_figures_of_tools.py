"""The figures of executing steps: each run of a tool is counted once, and the target alone would have run the tools too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from hypothesis import given

from outrider import Declared, Session, Sliding, Step, plan
from outrider.errors import RunEnded
from outrider.figures import Figures
from outrider.journal import replay
from outrider.rules.events import Executing, Lost, Observed, Record, Undone
from outrider.testing import FakeAgent, FakeTools, run, steps

from .test_effects import Acting, Deed, act, calm, deeds, lookaheads, rough

PATH = steps("look", "act", "finish")


def acts(
    *tools: Declared,
    tool_s: float = 1.0,
    drafts: tuple[Step, ...] = PATH,
    ask: bool = False,
    deeds: Sequence[tuple[float, Callable[[Session], None]]] = (),
    fakes: FakeTools | None = None,
) -> Figures:
    """A run of look, act, finish: 4 s a target call, 1 s a draft. Each deed comes so many seconds after the one before."""

    async def main() -> Figures:
        target = FakeAgent(lambda prefix: PATH[len(prefix)], takes_s=4)
        fast = FakeAgent(lambda prefix: drafts[len(prefix)], takes_s=1)
        session = plan("Tidy up", target=target, approximation=fast, tools=fakes or FakeTools(*tools, takes_s=tool_s), ask=ask)
        async with session:
            for after_s, deed in deeds:
                await asyncio.sleep(after_s)
                deed(session)
            with suppress(RunEnded):
                await session.result()
        return session.figures

    return run(main())


def found(figures: Figures) -> dict[str, dict[str, int]]:
    """How many executions there were, by kind and end, without those that there were none of."""
    counted = figures.as_json()["executions"]
    assert isinstance(counted, dict)
    kinds = {kind: {end: number for end, number in ends.items() if number} for kind, ends in counted.items()}  # type: ignore[union-attr]
    return {kind: ends for kind, ends in kinds.items() if ends}  # type: ignore[misc]


def test_free_tools_of_right_drafts_run_early_and_cost_the_run_no_time() -> None:
    figures = acts(Declared("look", "none"), Declared("act", "none"))
    # look is drafted at 1 and known at 2, act at 3 and 4; the target answers on that prefix at 8.
    assert figures.as_json()["total_s"] == 8.0
    assert found(figures) == {"none": {"used": 2}}
    assert figures.acting.took_s == 2.0
    assert figures.acting.overlapped_s == 2.0
    assert figures.target_alone_s == 3 * 4.0 + 2 * 1.0
    assert (figures.saved_s, figures.oracle_s) == (6.0, 8.0)


def test_what_writes_waits_for_its_confirmation_and_nothing_else_happens_meanwhile() -> None:
    figures = acts(Declared("look"), Declared("act"), tool_s=2.0)
    assert found(figures) == {"live": {"used": 2}}
    assert figures.acting.effects == 2
    assert figures.acting.overlapped_s == 0.0
    assert figures.as_json()["total_s"] == 3 * 4.0 + 2 * 2.0 == figures.target_alone_s == figures.oracle_s


def test_a_rehearsal_that_showed_what_happened_was_of_use() -> None:
    tools = FakeTools(
        Declared("look", "none"), Declared("act", "write", rehearses=True), takes_s=1.0, observations=lambda step, effects: "done"
    )
    assert found(acts(fakes=tools)) == {"none": {"used": 1}, "rehearsal": {"used": 1}, "live": {"used": 1}}


def test_a_rehearsal_that_showed_something_else_was_for_nothing() -> None:
    asked: list[Step] = []

    def differs(step: Step, effects: Iterable[Step]) -> str:
        asked.append(step)
        return f"time {len(asked)}"

    tools = FakeTools(Declared("look", "write", rehearses=True), Declared("act"), takes_s=1.0, observations=differs)
    figures = acts(fakes=tools)
    assert found(figures)["rehearsal"].get("used", 0) == 0
    assert found(figures)["live"] == {"used": 2}


def test_the_tool_of_a_wrong_draft_is_wasted_or_broken_off() -> None:
    wrong = steps("peek", "act", "finish")
    tools = [Declared("peek", "none"), Declared("look", "none"), Declared("act", "none")]
    # peek is drafted at 1 and rejected at 4: by then runs of half a second have returned, and one of 10 s has not.
    assert found(acts(*tools, drafts=wrong, tool_s=0.5))["none"]["wasted"] == 2  # peek, and act after it
    slow = acts(*tools, drafts=wrong, tool_s=10.0)
    assert found(slow)["none"]["withdrawn"] == 1
    assert slow.acting.count("none", "wasted") == 0


def test_reads_beyond_the_budget_wait_for_their_confirmation() -> None:
    figures = acts(Declared("look", "read"), Declared("act", "read"))
    assert found(figures) == {"read": {"used": 2}}


def test_an_effect_that_is_taken_back_counts_as_undone_and_its_undoing_as_a_run() -> None:
    figures = acts(
        Declared("look", "write", undo=True), Declared("act", "none"),
        deeds=[(6.0, lambda session: session.go_back(0)), (2.0, lambda session: session.go_on())],
    )  # fmt: skip
    assert figures.acting.undone == 1
    assert found(figures)["undo"] == {"used": 1}


def test_a_run_without_an_answer_is_lost_and_its_time_counts_where_it_was_tried_again() -> None:
    tools = FakeTools(
        Declared("look", "write", repeatable=True), Declared("act", "none"), takes_s=1.0,
        loses=lambda step, key: "after" if len(tools.ran) == 1 else "",
    )  # fmt: skip
    figures = acts(fakes=tools)
    assert found(figures)["live"] == {"used": 1, "lost": 1}
    assert figures.target_alone_s == 3 * 4.0 + 2 * 1.0 + 1.0


def test_waiting_for_the_persons_word_is_held_time_and_no_schedulers() -> None:
    figures = acts(
        Declared("look", "write", approval="always"), Declared("act", "none"), ask=True,
        deeds=[(60.0, lambda session: session.approve())],
    )  # fmt: skip
    assert figures.held_s == 56.0  # look is confirmed at 4
    assert figures.as_json()["total_s"] == 67.0  # act is drafted and run while the target is asked for it
    assert figures.saved_s == figures.target_alone_s - (67.0 - 56.0)


def test_what_the_person_settles_is_no_execution() -> None:
    figures = acts(
        Declared("look", "write", approval="always"), Declared("act", "none"), ask=True,
        deeds=[(10.0, lambda session: session.settle("done by hand"))],
    )  # fmt: skip
    assert found(figures) == {"none": {"used": 1}}
    assert figures.acting.effects == 0


def test_without_tools_there_is_nothing_to_count() -> None:
    async def main() -> Figures:
        async with plan("Tidy up", target=FakeAgent(lambda prefix: PATH[len(prefix)], takes_s=1)) as session:
            await session.result()
        return session.figures

    figures = run(main())
    assert found(figures) == {}
    assert not figures.acting.are_on


# In any run -----------------------------------------------------------------------------------------------------------


def settles(world: Acting) -> Acting:
    """What gives no answer however often it is tried again would keep the person of the harness busy for ever."""
    return replace(world, tools=tuple(replace(tool, repeatable=tool.repeatable and not world.lost) for tool in world.tools))


def folded(records: Iterable[Record]) -> Figures:
    figures = Figures()
    for record in records:
        figures.receive(record)
    return figures


@given(rough.map(settles), lookaheads, deeds)
def test_each_execution_is_counted_once_with_its_seconds(world: Acting, lookahead: Sliding, done: list[Deed]) -> None:
    acted = act(world, lookahead, done)
    figures = folded(acted.notes.records)
    began: dict[int, Record] = {}
    ended: dict[int, Record] = {}
    for record in acted.notes.records:
        match record.event:
            case Executing(execution=number):
                assert number not in began
                began[number] = record
            case Observed(execution=number) | Lost(execution=number) | Undone(execution=number) if number in began:
                assert number not in ended
                ended[number] = record
            case _:
                pass
    assert began.keys() == ended.keys()
    assert figures.acting.total == len(began) == sum(sum(ends.values()) for ends in found(figures).values())
    assert figures.acting.open_runs == 0
    assert figures.acting.took_s == sum(ended[number].time_s - began[number].time_s for number in began)
    assert 0.0 <= figures.acting.overlapped_s <= figures.acting.took_s
    by_kind = Counter({kind: sum(ends.values()) for kind, ends in found(figures).items()})
    live = sum(isinstance(record.event, Executing) and record.event.live for record in began.values())
    assert by_kind["live"] + by_kind["undo"] == live
    assert by_kind["live"] == sum(ran.live for ran in acted.tools.ran)
    undone = sum(isinstance(record.event, Undone) for record in ended.values())
    assert figures.acting.undone == undone <= by_kind["undo"]
    written = {
        number
        for number, record in ended.items()
        if isinstance(record.event, Observed) and (event := began[number].event) and isinstance(event, Executing) and event.live
        and acted.world.declared(event.step.action).effect == "write"
    }  # fmt: skip
    assert figures.acting.effects == len(written)


@given(calm, lookaheads)
def test_the_estimate_of_the_target_alone_is_what_a_run_of_it_takes(world: Acting, lookahead: Sliding) -> None:
    world = replace(world, tools=tuple(replace(tool, approval="never") for tool in world.tools))
    drafted, alone = (folded(act(world, ahead).notes.records) for ahead in (lookahead, Sliding(0)))
    assert drafted.target_alone_s == alone.total_s == alone.target_alone_s
    assert drafted.total_s is not None
    assert drafted.oracle_s <= drafted.total_s <= drafted.target_alone_s


@given(rough.map(settles), lookaheads, deeds)
def test_replay_gives_the_same_figures(world: Acting, lookahead: Sliding, done: list[Deed]) -> None:
    acted = act(world, lookahead, done)
    assert replay(acted.notes.records).figures.as_json() == folded(acted.notes.records).as_json()
