"""What the person says while a run goes on: steering, pausing, taking a step in another's place; and two of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from outrider import Answer, Limits, Meter, Plan, Session, Step, Task, plan
from outrider.agents.world import Action, World
from outrider.errors import BadStep, JournalFull, JournalLost, NotNow, RunStopped, ServerTrouble, TargetFailed
from outrider.journal import MemoryJournal, replay
from outrider.model import Prefix
from outrider.rules.events import Confirmed, Event, Record, Started, Steered, Took, Waiting, WentBack
from outrider.testing import FakeAgent, run, steps

PATH = steps("search", "read", "write", "finish")


class Told(FakeAgent):
    """A fake that also remembers which task it was told, in full."""

    tasks: list[str]

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        self.tasks.append(task.text)
        return await super().next_step(task, prefix, meter)


def along(*path: Step, takes_s: float) -> Told:
    """An agent that goes this way from wherever it is asked."""
    agent = Told(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s)
    agent.tasks = []
    return agent


class Notes:
    """A journal in memory that has room for so many records."""

    def __init__(self, room: int = 10**6) -> None:
        self.records: list[Record] = []
        self._room = room

    def append(self, session: str, records: list[Record]) -> None:
        if len(self.records) + len(records) > self._room:
            raise JournalFull("the disk is full")
        self.records += records

    def events(self) -> list[Event]:
        return [record.event for record in self.records]


def with_a_person(
    does: Callable[[Session], Awaitable[None]],
    *,
    target: FakeAgent | None = None,
    drafter: FakeAgent | None = None,
    notes: Notes | None = None,
    world: World | None = None,
    limits: Limits | None = None,
    lookahead: int = 2,
) -> Session:
    """The session after its run: the target takes 4 s a step, the drafter 1 s."""

    async def main() -> Session:
        session = plan(
            "Tidy up", target=target or along(*PATH, takes_s=4), approximation=drafter or along(*PATH, takes_s=1),
            lookahead=lookahead, journal=notes, world=world, limits=limits,
        )  # fmt: skip
        async with session:
            await does(session)
            await session.result()
        return session

    return run(main())


# Steering -----------------------------------------------------------------------------------------------------------


def test_steering_closes_every_call_and_asks_again_with_the_sentence_in_the_task() -> None:
    target, drafter = along(*PATH, takes_s=4), along(*PATH, takes_s=1)

    async def steers(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.steer("  Mind the\n cat. ")

    session = with_a_person(steers, target=target, drafter=drafter)
    assert target.closed == [(), PATH[:1], PATH[:2]]
    assert target.asked[3] == ()
    assert target.tasks == ["Tidy up"] * 3 + ["Tidy up Mind the cat."] * 4
    assert drafter.tasks[:2] == ["Tidy up"] * 2
    assert set(drafter.tasks[2:]) == {"Tidy up Mind the cat."}
    assert session.figures.total_s == 2.5 + 9, "as a run that began at 2.5 s"


def test_what_was_confirmed_before_the_sentence_stays() -> None:
    async def steers(session: Session) -> None:
        await asyncio.sleep(4.5)
        assert session.plan.prefix == steps("search")
        session.steer("Mind the cat.")
        assert session.plan.prefix == steps("search")

    assert with_a_person(steers).plan.prefix == PATH


def test_an_empty_sentence_takes_the_others_back() -> None:
    target = along(*PATH, takes_s=4)

    async def wavers(session: Session) -> None:
        with pytest.raises(NotNow, match="no sentence to take back"):
            session.steer("")
        await asyncio.sleep(1)
        session.steer("Mind the cat.")
        await asyncio.sleep(1)
        session.steer("  ")

    with_a_person(wavers, target=target, lookahead=0)
    assert target.tasks == ["Tidy up", "Tidy up Mind the cat.", *["Tidy up"] * 4]


def test_steering_before_the_loops_first_turn_is_in_force_from_the_first_call() -> None:
    target = along(*PATH, takes_s=4)

    async def hasty(session: Session) -> None:
        session.steer("Mind the cat.")

    with_a_person(hasty, target=target)
    assert set(target.tasks) == {"Tidy up Mind the cat."}


def test_a_steered_run_is_gone_on_from_and_replayed_with_its_sentences() -> None:
    journal = MemoryJournal()

    async def main() -> Plan:
        first = plan("Tidy up", target=along(*PATH, takes_s=4), journal=journal, name="first")
        async with first:
            first.steer("Mind the cat.")
            await asyncio.sleep(5)
            first.steer("Leave early.")
            first.stop()
        before = replay(journal.read("first"))
        assert before.checked
        assert before.task == Task("Tidy up Mind the cat. Leave early.")
        target = along(*PATH, takes_s=4)
        async with plan(before.task, target=target, going_on_from=before.plan, journal=journal, name="second") as second:
            result = await second.result()
        assert target.asked[0] == PATH[:1]
        assert set(target.tasks) == {"Tidy up Mind the cat. Leave early."}
        assert replay(journal.read("second")).task == before.task
        return result

    assert run(main()).prefix == PATH


def test_a_sentence_taken_back_is_in_force_no_more_when_the_run_is_gone_on_from() -> None:
    journal = MemoryJournal()

    async def main() -> None:
        async with plan("Tidy up", target=along(*PATH, takes_s=4), journal=journal, name="x") as session:
            session.steer("Mind the cat.")
            session.steer("")
            session.steer("Leave early.")

    run(main())
    assert replay(journal.read("x")).task.text == "Tidy up Leave early."


# Pausing ------------------------------------------------------------------------------------------------------------


def test_while_paused_calls_under_way_finish_none_begins_and_going_on_confirms_at_that_instant() -> None:
    target, drafter, notes = along(*PATH, takes_s=4), along(*PATH, takes_s=1), Notes()

    async def pauses(session: Session) -> None:
        await asyncio.sleep(1.5)
        session.pause()
        await asyncio.sleep(10)
        assert session.plan.steps == ()
        assert (target.in_flight, drafter.in_flight) == (0, 0)
        assert target.closed == drafter.closed == []
        session.go_on()
        assert session.plan.prefix == PATH[:2], "both verdicts count at once"

    session = with_a_person(pauses, target=target, drafter=drafter, notes=notes)
    begun = [record.time_s for record in notes.records if isinstance(record.event, Started)]
    assert not any(1.5 < time_s < 11.5 for time_s in begun)
    waiting = [record for record in notes.records if isinstance(record.event, Waiting)]
    assert [(record.time_s, record.event) for record in waiting] == [(4.0, Waiting(at=0, step=Step("search")))]
    confirmed = [record.time_s for record in notes.records if isinstance(record.event, Confirmed)]
    assert confirmed[:2] == [11.5, 11.5]
    assert session.figures.held_s == 10


def test_a_call_that_waits_for_a_place_does_not_begin_while_the_run_is_paused() -> None:
    target, drafter = along(*PATH, takes_s=4), along(*PATH, takes_s=1)

    async def pauses(session: Session) -> None:
        await asyncio.sleep(1.5)
        session.pause()
        await asyncio.sleep(10)
        assert drafter.asked == [()], "the next draft waited for a place, and got none when one was free"
        session.go_on()

    session = with_a_person(pauses, target=target, drafter=drafter, limits=Limits(calls_at_once=2))
    assert session.plan.prefix == PATH


def test_a_session_that_is_paused_leaves_its_places_to_others() -> None:
    limits = Limits(calls_at_once=1)

    async def main() -> None:
        ours, theirs = along(*PATH, takes_s=4), along(*PATH, takes_s=4)
        async with plan("Tidy up", target=ours, limits=limits) as session, plan("Cook", target=theirs, limits=limits) as other:
            await asyncio.sleep(1)
            session.pause()
            await other.result()
            assert len(ours.asked) == 1
            assert other.figures.total_s == 4 + 16
            session.go_on()
            await session.result()

    run(main())


def test_the_person_may_take_the_step_in_place_of_the_verdict_that_waits() -> None:
    async def pauses(session: Session) -> None:
        session.pause()
        await asyncio.sleep(9)
        session.take("ask")
        assert session.plan.prefix == steps("ask")

    session = with_a_person(pauses)
    assert [entry.by for entry in session.plan.steps] == ["person", "target", "target", "target"]


def test_a_frontier_call_that_fails_while_paused_is_asked_again_when_the_person_goes_on() -> None:
    def falters(prefix: Prefix) -> Step | Exception:
        return ServerTrouble("down") if target.asked.count(()) == 1 else PATH[len(prefix)]

    target = FakeAgent(falters, takes_s=4)

    async def pauses(session: Session) -> None:
        await asyncio.sleep(1)
        session.pause()
        await asyncio.sleep(9)
        session.go_on()

    session = with_a_person(pauses, target=target, lookahead=0)
    assert session.plan.prefix == PATH
    assert target.asked[:2] == [(), ()]
    assert session.figures.total_s == 10 + 16


def test_a_frontier_call_that_fails_again_after_going_on_ends_the_run() -> None:
    async def pauses(session: Session) -> None:
        session.pause()
        await asyncio.sleep(9)
        session.go_on()

    with pytest.raises(TargetFailed, match="down"):
        with_a_person(pauses, target=FakeAgent(lambda _: ServerTrouble("down"), takes_s=4), lookahead=0)


def test_pausing_twice_and_going_on_twice_are_refused() -> None:
    async def pauses(session: Session) -> None:
        with pytest.raises(NotNow, match="going on already"):
            session.go_on()
        session.pause()
        with pytest.raises(NotNow, match="waits for you already"):
            session.pause()
        session.go_on()
        with pytest.raises(NotNow, match="going on already"):
            session.go_on()

    assert with_a_person(pauses).plan.complete


def test_a_run_that_has_ended_takes_no_command_any_more() -> None:
    async def late(session: Session) -> None:
        await session.result()
        for command in (session.pause, session.go_on, lambda: session.steer("x"), lambda: session.take_instead("x", 0)):
            with pytest.raises(NotNow, match=r"the run has ended \(complete\); the plan stands as it is"):
                command()

    with_a_person(late)


# A step in another's place ------------------------------------------------------------------------------------------


def test_a_step_in_place_of_a_confirmed_one_is_gone_back_and_taken_in_one() -> None:
    notes = Notes()

    async def changes(session: Session) -> None:
        await asyncio.sleep(8.5)
        assert session.plan.prefix == PATH[:3]
        session.take_instead("look", at=1)
        assert session.plan.prefix == steps("search", "look")

    session = with_a_person(changes, notes=notes)
    assert session.plan.prefix == steps("search", "look", "write", "finish")
    first = next(i for i, event in enumerate(notes.events()) if isinstance(event, WentBack))
    assert [event.kind for event in notes.events()[first : first + 4]] == ["went_back", "took", "discarded", "confirmed"]
    assert len({record.time_s for record in notes.records[first : first + 4]}) == 1


def test_the_same_step_in_its_own_place_is_the_persons_and_drops_nothing() -> None:
    target = along(*PATH, takes_s=4)

    async def agrees(session: Session) -> None:
        await asyncio.sleep(4.5)
        before = list(target.closed)
        session.take_instead("search", at=0)
        await asyncio.sleep(0)
        assert target.closed == before

    session = with_a_person(agrees, target=target)
    assert [entry.by for entry in session.plan.steps] == ["person", "target", "target", "target"]


KITCHEN = World(
    name="kitchen",
    about="You cook.",
    actions=(
        Action(
            "boil", "boils", schema={"type": "object", "properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]}
        ),
        Action("serve", "serves"),
    ),
    allowed=lambda prefix: ("boil", "serve", "finish") if prefix else ("boil",),
)
MEAL = (Step("boil", {"minutes": 3}), Step("serve"), Step("finish"))
REFUSED: Sequence[tuple[Step | str, int, type[Exception], str]] = [
    ("fry", 0, BadStep, "the action 'fry' is not to be had here; possible now: boil"),
    ("serve", 0, BadStep, "the action 'serve' is not to be had here; possible now: boil"),
    (Step("boil"), 0, BadStep, "the arguments of boil do not fit: 'minutes' is a required property"),
    (Step("boil", {"minutes": "long"}), 0, BadStep, "the arguments of boil do not fit: minutes: 'long' is not of type 'integer'"),
    ("fry", 1, NotNow, "step 1 is not confirmed"),
    (MEAL[0], -1, NotNow, "step -1 is not confirmed"),
]


@pytest.mark.parametrize(("step", "at", "error", "message"), REFUSED)
def test_a_step_that_is_refused_in_anothers_place_leaves_everything_as_it_was(
    step: Step | str, at: int, error: type[Exception], message: str
) -> None:
    target, notes = along(*MEAL, takes_s=4), Notes()

    async def errs(session: Session) -> None:
        await asyncio.sleep(5)
        before = session.plan, len(notes.records), list(target.closed)
        assert session.plan.prefix == MEAL[:1]
        with pytest.raises(error, match=message):
            session.take_instead(step, at)
        await asyncio.sleep(0)
        assert (session.plan, len(notes.records), target.closed) == before

    assert with_a_person(errs, target=target, notes=notes, world=KITCHEN, lookahead=0).plan.prefix == MEAL


TAKEN: Sequence[tuple[Step | str, str]] = [
    ("fry", "the action 'fry' is not to be had here; possible now: boil, serve, finish"),
    (Step("serve", {"to": "me"}), "serve takes no arguments, and to is given"),
    (Step("finish", {"now": True}), "finish takes no arguments, and now is given"),
    (Step("boil", {"minutes": 1.5}), r"the arguments of boil do not fit: minutes: 1\.5 is not of type 'integer'"),
]


@pytest.mark.parametrize(("step", "message"), TAKEN)
def test_a_step_that_the_world_does_not_have_here_is_refused_and_the_session_unharmed(step: Step | str, message: str) -> None:
    notes = Notes()

    async def errs(session: Session) -> None:
        await asyncio.sleep(5)
        before = len(notes.records)
        with pytest.raises(BadStep, match=message):
            session.take(step)
        assert len(notes.records) == before

    assert with_a_person(errs, target=along(*MEAL, takes_s=4), notes=notes, world=KITCHEN, lookahead=0).plan.prefix == MEAL


def test_a_step_that_the_world_has_is_taken() -> None:
    async def cooks(session: Session) -> None:
        session.take(Step("boil", {"minutes": 9}))
        session.take("serve")
        session.take("finish")

    session = with_a_person(cooks, world=KITCHEN)
    assert session.plan.prefix == (Step("boil", {"minutes": 9}), *MEAL[1:])
    assert session.figures.total_s == 0


def test_without_a_world_any_step_may_be_taken() -> None:
    async def odd(session: Session) -> None:
        session.take(Step("hum", {"tune": [1, 2, 3]}))

    assert with_a_person(odd).plan.prefix[0] == Step("hum", {"tune": [1, 2, 3]})


def test_a_step_without_a_name_is_none() -> None:
    async def empty(session: Session) -> None:
        with pytest.raises(BadStep, match="needs the name of an action"):
            session.take(" ")

    assert with_a_person(empty).plan.prefix == PATH


def test_too_late_is_said_before_the_world_is_asked() -> None:
    async def late(session: Session) -> None:
        await asyncio.sleep(5)
        with pytest.raises(NotNow, match="step 0 has its verdict already: boil"):
            session.take("fry", at=0)

    with_a_person(late, target=along(*MEAL, takes_s=4), world=KITCHEN, lookahead=0)


@pytest.mark.parametrize("room", range(3, 25))
def test_a_journal_that_is_lost_in_the_middle_of_a_change_ends_the_run_as_that(room: int) -> None:
    async def changes(session: Session) -> None:
        await asyncio.sleep(5)
        try:
            session.take_instead("look", at=0)
        except NotNow:
            assert session.plan.steps == () or not session.plan.complete

    with pytest.raises(JournalLost, match="the disk is full"):
        with_a_person(changes, notes=Notes(room))


# Two at once --------------------------------------------------------------------------------------------------------


def test_of_two_commands_for_one_step_the_first_wins_and_the_second_is_told_what_won() -> None:
    async def two(session: Session) -> None:
        await asyncio.sleep(1.5)
        session.take("mine", at=0)
        with pytest.raises(NotNow, match="step 0 has its verdict already: mine") as late:
            session.take("theirs", at=0)
        assert (late.value.at, late.value.answer) == (0, Step("mine"))

    assert with_a_person(two).plan.prefix == (Step("mine"), *PATH[1:])


def test_a_command_that_comes_in_the_instant_of_the_verdict_is_before_or_after_it_and_never_both() -> None:
    async def races(session: Session) -> None:
        await asyncio.sleep(4)  # the instant at which step 0's verdict is due
        won: Step | None = Step("mine")
        try:
            session.take("mine", at=0)
        except NotNow as late:
            won = late.answer
        assert won in steps("mine", "search")
        assert session.plan.prefix[0] == won

    for drafter_s in (0.5, 1, 4):
        notes = Notes()
        session = with_a_person(races, drafter=along(*PATH, takes_s=drafter_s), notes=notes)
        assert sum(isinstance(event, Confirmed) and event.at == 0 for event in notes.events()) == 1
        assert session.plan.complete


def test_two_tasks_that_take_the_same_step_are_one_step() -> None:
    async def both(session: Session) -> None:
        refused: list[NotNow] = []

        async def takes(action: str) -> None:
            await asyncio.sleep(2)
            try:
                session.take(action, at=0)
            except NotNow as error:
                refused.append(error)

        async with asyncio.TaskGroup() as group:
            for action in ("left", "right"):
                group.create_task(takes(action))
        assert [error.answer for error in refused] == [session.plan.prefix[0]]

    notes = Notes()
    with_a_person(both, notes=notes)
    assert sum(isinstance(event, Took) for event in notes.events()) == 1


def test_steering_and_taking_at_once_both_count_in_their_order() -> None:
    target = along(*PATH, takes_s=4)

    async def both(session: Session) -> None:
        await asyncio.sleep(1.5)
        session.steer("Mind the cat.")
        session.take("look", at=0)

    with_a_person(both, target=target, lookahead=0)
    assert target.tasks == ["Tidy up", *["Tidy up Mind the cat."] * 3], "the call in between never began"


def test_a_sentence_is_written_down_as_it_counts() -> None:
    notes = Notes()

    async def steers(session: Session) -> None:
        await asyncio.sleep(4.5)
        session.steer(" Mind   the cat. ")

    with_a_person(steers, notes=notes)
    assert [event for event in notes.events() if isinstance(event, Steered)] == [Steered(at=1, sentence="Mind the cat.")]


def test_stopping_while_paused_keeps_the_plan_and_closes_every_call() -> None:
    target = along(*PATH, takes_s=4)

    async def gives_up(session: Session) -> None:
        await asyncio.sleep(4.5)
        session.pause()
        session.stop("enough")

    with pytest.raises(RunStopped, match="enough") as stopped:
        with_a_person(gives_up, target=target)
    assert stopped.value.plan is not None
    assert stopped.value.plan.prefix == PATH[:1]
    assert target.in_flight == 0
