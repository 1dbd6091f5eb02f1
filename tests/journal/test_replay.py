"""Law 9: folding a session's events gives its state; replaying them gives the same plan, display and figures."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider import EXACT, FINISH, Batch, Plan, PlanStep, Session, Sliding, Step, Usage, plan
from outrider.errors import JournalCorrupt, JournalFull, JournalLost
from outrider.figures import Figures
from outrider.journal import MemoryJournal, SqliteJournal, replay
from outrider.rules import Matching, Want
from outrider.rules.events import (
    Accepted,
    Confirmed,
    Ended,
    Event,
    Executed,
    Finding,
    Finished,
    Opened,
    Record,
    Shown,
    Started,
    Steered,
    Verified,
    WentBack,
    WentOn,
)
from outrider.rules.tree import Node
from outrider.testing import FakeAgent, ScriptedAgent, run, steps

from .runs import Ran, Setting, drive, settings_of_runs
from .samples import numbered, short_run

slow = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def folded(records: list[Record]) -> Figures:
    figures = Figures()
    for record in records:
        figures.receive(record)
    return figures


def displayed(records: list[Record]) -> list[Event]:
    return [record.event for record in records if isinstance(record.event, Shown | Confirmed | WentBack)]


def trip(lookahead: int = 2) -> list[Record]:
    """A run with right and wrong drafts."""
    setting = Setting(
        seed=7, agreement=0.5, failures=0.0, guesses=1, lookahead=Sliding(lookahead), matching=EXACT, max_steps=9,
        calls_at_once=None, deeds=(),
    )  # fmt: skip
    return drive(setting).records


@given(settings_of_runs)
@slow
def test_a_replayed_run_has_the_same_plan_display_and_figures(setting: Setting) -> None:
    ran = drive(setting)
    replayed = replay(ran.records)
    assert replayed.checked
    assert replayed.plan == ran.plan
    assert replayed.figures.as_json() == ran.figures.as_json()
    assert list(replayed.display) == displayed(ran.records)
    assert replayed.rules is not None
    assert replayed.rules.plan == ran.plan
    assert replayed.outcome == replayed.rules.outcome
    assert replayed.rules.in_flight == 0
    assert replayed.figures.taken == ran.figures.taken


@given(settings_of_runs)
@settings(slow, max_examples=100)
def test_the_sentences_in_force_at_the_end_are_part_of_the_replayed_task(setting: Setting) -> None:
    ran = drive(setting)
    said = [record.event.sentence for record in ran.records if isinstance(record.event, Steered)]
    in_force = said[len(said) - said[::-1].index("") :] if "" in said else said
    assert replay(ran.records).task.text == " ".join(["Plan a trip", *in_force])


@given(settings_of_runs)
@settings(slow, max_examples=40)
def test_it_is_the_same_from_the_disk(setting: Setting) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with SqliteJournal(Path(folder) / "journal") as journal:
            ran = drive(setting, journal)
        with SqliteJournal(Path(folder) / "journal", read_only=True) as journal:
            assert replay(journal.read("run")).figures.as_json() == ran.figures.as_json()
            (entry,) = journal.sessions()
    assert (entry.steps, entry.events) == (len(ran.plan.steps), len(ran.records))
    assert entry.outcome == replay(ran.records).outcome


@given(settings_of_runs, st.data())
@settings(slow, max_examples=60)
def test_a_journal_that_ends_early_replays_as_far_as_it_goes(setting: Setting, data: st.DataObject) -> None:
    ran = drive(setting)
    cut = ran.records[: data.draw(st.integers(1, len(ran.records) - 1))]
    replayed = replay(cut)
    assert replayed.outcome is None
    assert replayed.figures.as_json() == folded(cut).as_json()
    assert list(replayed.display) == displayed(cut)
    assert confirmed_in(cut) == replayed.plan.prefix


def confirmed_in(records: list[Record]) -> tuple[Step, ...]:
    plan: tuple[Step, ...] = ()
    for record in records:
        match record.event:
            case Confirmed(at=at, step=step):
                plan = (*plan[:at], step)
            case WentBack(at=at):
                plan = plan[:at]
            case _:
                pass
    return plan


# What has been changed ----------------------------------------------------------------------------------------------


def changes(ran: Ran) -> Iterator[tuple[str, list[Record]]]:
    records = ran.records
    for i in range(1, len(records) - 1):
        yield f"without {i}", renumbered([*records[:i], *records[i + 1 :]])
        yield f"{i} twice", renumbered([*records[: i + 1], *records[i:]])
        yield f"{i} and the next swapped", renumbered([*records[:i], records[i + 1], records[i], *records[i + 2 :]])


def renumbered(records: list[Record]) -> list[Record]:
    return [replace(record, n=n) for n, record in enumerate(records)]


@given(settings_of_runs)
@settings(slow, max_examples=25)
def test_a_changed_journal_is_refused_or_gives_what_it_says(setting: Setting) -> None:
    for _, changed in changes(drive(setting)):
        try:
            replayed = replay(changed)
        except JournalCorrupt:
            continue
        assert replayed.plan.prefix == confirmed_in(changed)


def test_a_finding_that_the_rules_do_not_make_is_told_beside_theirs() -> None:
    records = [
        replace(record, event=replace(record.event, by="person")) if isinstance(record.event, Confirmed) else record
        for record in trip()
    ]
    n = next(record.n for record in records if isinstance(record.event, Confirmed))
    complaint = rf"record {n}: confirmed\(.*'person'.*\) is recorded, and the rules say confirmed\(.*'target'"
    with pytest.raises(JournalCorrupt, match=complaint):
        replay(records)


def test_a_missing_finding_is_told() -> None:
    records = short_run_of_the_rules()
    with pytest.raises(JournalCorrupt, match=r"record 3: ended\(.*\) is recorded, and the rules say confirmed\(at=0"):
        replay(renumbered([record for record in records if not isinstance(record.event, Confirmed)]))


def test_a_missing_finding_is_told_when_the_next_report_comes() -> None:
    records = trip()
    n = next(record.n for record in records if isinstance(record.event, Shown))
    assert not isinstance(records[n + 1].event, Finding), "the last finding of its report"
    with pytest.raises(JournalCorrupt, match=rf"record {n}: .* is recorded, and the rules say shown\(at="):
        replay(renumbered([*records[:n], *records[n + 1 :]]))


def test_a_finding_too_many_is_told() -> None:
    records = short_run_without_drafts()
    with pytest.raises(JournalCorrupt, match=r"record 6: ended\(.*\) is recorded, and the rules say no finding"):
        replay([*records, *numbered(Ended(outcome="complete"), first=6)])


def short_run_of_the_rules() -> list[Record]:
    """Opened, started, verified, confirmed, ended, finished."""
    return [replace(record, n=n) for n, record in enumerate(r for r in short_run() if not isinstance(r.event, Shown))]


def test_the_short_run_replays() -> None:
    assert str(replay(short_run_without_drafts()).plan) == "0  finish"


def short_run_without_drafts() -> list[Record]:
    records = short_run_of_the_rules()
    assert isinstance(records[0].event, Opened)
    return [replace(records[0], event=replace(records[0].event, lookahead="lookahead-0")), *records[1:]]


def test_nothing_follows_the_end() -> None:
    records = short_run_without_drafts()
    with pytest.raises(JournalCorrupt, match=r"record 6: went_on\(\) is recorded, which cannot be: the run has ended"):
        replay([*records, *numbered(WentOn(), first=6)])
    with pytest.raises(JournalCorrupt, match=r"record 6: started\(.*which cannot be: call 0 is not under way"):
        replay([*records, *numbered(Started(call=0, role="target", at=0), first=6)])


@pytest.mark.parametrize("change", [{"at": 3}, {"role": "approximation"}])
def test_a_report_must_fit_the_call_that_was_ordered(change: dict[str, object]) -> None:
    records = short_run_without_drafts()
    records[1] = replace(records[1], event=replace(records[1].event, **change))  # type: ignore[arg-type]
    with pytest.raises(JournalCorrupt, match=r"record 1: started\(.*the rules say call 0 asks the target agent for step 0"):
        replay(records)


def test_records_begin_with_the_opening() -> None:
    for records in ([], trip()[1:], numbered(Finished(outcome="complete"))):
        with pytest.raises(JournalCorrupt, match="begin with its opened event"):
            replay(records)


def test_a_gap_is_told() -> None:
    with pytest.raises(JournalCorrupt, match="record 3 is missing: number 4 stands in its place"):
        replay([record for record in short_run_without_drafts() if record.n != 3])


def test_a_session_is_opened_once() -> None:
    records = short_run_without_drafts()
    with pytest.raises(JournalCorrupt, match=r"record 1: opened\(.*which cannot be"):
        replay([records[0], replace(records[0], n=1)])


# Settings -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own:
    """A lookahead of the user's own: the target alone, by another name."""

    name: str

    def wants(self, frontier: Node) -> Iterator[Want]:
        if frontier.verdict is None and frontier.target is None:
            yield Want("target", frontier)


@pytest.mark.parametrize("name", ["own", "4", "batch-0", "lookahead-4x1", "lookahead-"])
def test_a_lookahead_of_the_users_own_is_folded_without_a_check(name: str) -> None:
    target = ScriptedAgent("search", FINISH, takes_s=1)
    journal = MemoryJournal()
    run(finish(plan("go", target=target, approximation=target, lookahead=Own(name), journal=journal, name="x")))
    replayed = replay(journal.read("x"))
    assert not replayed.checked
    assert (replayed.plan.prefix, replayed.outcome) == (steps("search", FINISH), "complete")
    assert replayed.figures.as_json()["total_s"] == 2


def unchecked(records: list[Record]) -> list[Record]:
    """The same under a lookahead that replay does not know."""
    assert isinstance(records[0].event, Opened)
    return [replace(records[0], event=replace(records[0].event, lookahead="own")), *records[1:]]


@given(settings_of_runs)
@settings(slow, max_examples=60)
def test_any_run_is_folded_without_a_check(setting: Setting) -> None:
    ran = drive(setting)
    assert replay(unchecked(ran.records)).plan.steps == ran.plan.steps


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (Confirmed(at=2, step=Step("go"), by="person", call=None), "step 2 is confirmed, and there are 1 before it"),
        (WentBack(at=1), "it speaks of step 1, and there are 1"),
        (WentBack(at=-1), "it speaks of step -1, and there are 1"),
        (Executed(at=1, step=Step("go"), execution=None), "it speaks of step 1, and there are 1"),
        (Accepted(call=0, at=0, ahead=0, step=Step("go")), "a draft of call 0 is judged, which has made none"),
        (Verified(call=7, at=1, step=Step("go")), "call 7 answers, and is not under way"),
    ],
)
def test_without_a_check_what_speaks_of_nothing_is_refused(event: Event, says: str) -> None:
    records = unchecked(short_run_without_drafts())[:4]
    assert replay(records).plan.prefix == steps(FINISH)
    with pytest.raises(JournalCorrupt, match=f"record 4: {event.kind} is recorded, which cannot be: {says}"):
        replay([*records, *numbered(event, first=4)])


def test_knowledge_that_is_none_is_refused_where_it_would_count() -> None:
    records = short_run_without_drafts()
    assert isinstance(records[0].event, Opened)
    records[0] = replace(records[0], event=replace(records[0].event, known="[", lookahead="auto@inf"))
    with pytest.raises(JournalCorrupt, match=r"record 0: opened\(.*which cannot be"):
        replay(records)


@pytest.mark.parametrize("drafters", [-1, 2**63])
def test_more_drafters_than_anybody_has_are_refused(drafters: int) -> None:
    records = short_run_without_drafts()
    assert isinstance(records[0].event, Opened)
    records[0] = replace(records[0], event=replace(records[0].event, drafters=drafters))
    with pytest.raises(JournalCorrupt, match=f"with {drafters} drafters"):
        replay(records)


def test_a_call_starts_once() -> None:
    records = short_run_without_drafts()
    twice = [*records[:2], replace(records[1], n=2)]
    with pytest.raises(JournalCorrupt, match="call 0 has started before"):
        replay(twice)
    with pytest.raises(JournalCorrupt, match="call 0 starts a second time"):
        replay(unchecked(twice))


def test_a_matching_of_the_users_own_is_lossy_and_not_checked() -> None:
    records = short_run_without_drafts()
    assert isinstance(records[0].event, Opened)
    records[0] = replace(records[0], event=replace(records[0].event, matching=Matching("mine", lambda a, b: True).name))
    replayed = replay(records)
    assert not replayed.checked
    assert not replayed.plan.lossless
    assert replayed.plan.complete


@pytest.mark.parametrize("lookahead", [Sliding(0), Sliding(4), Sliding(4, 2), Sliding(0, 3), Batch(1), Batch(4)], ids=str)
def test_each_lookahead_of_ours_is_known_by_its_name(lookahead: Sliding | Batch) -> None:
    agent = FakeAgent(lambda prefix: Step("finish" if len(prefix) == 3 else "go"), takes_s=1)
    journal = MemoryJournal()
    run(finish(plan("go", target=agent, approximation=agent, lookahead=lookahead, journal=journal, name="x")))
    assert replay(journal.read("x")).checked


async def finish(session: Session) -> Plan:
    async with session:
        return await session.result()


def test_a_run_that_went_on_from_a_plan_replays_with_it() -> None:
    carried = Plan((PlanStep(Step("search"), "person"), PlanStep(Step("book"))))
    journal = MemoryJournal()
    target = FakeAgent(lambda prefix: Step(FINISH), takes_s=2, usage=Usage(1, 0, 1, "reported", None))
    run(finish(plan("go", target=target, going_on_from=carried, journal=journal, name="x")))
    replayed = replay(journal.read("x"))
    assert replayed.plan.steps == (*carried.steps, PlanStep(Step(FINISH)))
    assert replayed.figures.steps == 1


# A journal that is lost on the way ----------------------------------------------------------------------------------


class Filling(MemoryJournal):
    """Has room for so many records."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        self._room -= len(records)
        if self._room < 0:
            raise JournalFull("the disk is full")
        super().append(session, records, fence=fence, taken=taken, refused=refused)


@pytest.mark.parametrize("room", range(1, 12))
def test_what_a_lost_journal_holds_replays(room: int) -> None:
    journal = Filling(room)
    target = ScriptedAgent("search", "book", FINISH, takes_s=1)
    with pytest.raises(JournalLost) as lost:
        run(finish(plan("go", target=target, journal=journal, name="x")))
    assert lost.value.plan is not None
    replayed = replay(journal.read("x"))
    assert replayed.outcome is None
    assert lost.value.plan.steps[: len(replayed.plan.steps)] == replayed.plan.steps
