"""Laws 4 and 8: whatever is drafted, rejected, taken, undone or lost, an effect happens once, and only for a confirmed step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from outrider import FINISH, Declared, Plan, Session, Sliding, Step, plan
from outrider.errors import NotNow, RunEnded
from outrider.journal import replay
from outrider.model import Approval, Effect, Prefix
from outrider.rules import ByValue, Lookahead
from outrider.rules.events import (
    Approved,
    Confirmed,
    Ended,
    Executed,
    Executing,
    Finished,
    Lost,
    Settled,
    Stayed,
    Undone,
    WentBack,
)
from outrider.testing import FakeAgent, FakeTools, run

from .worlds import QUARTER_S, Notes

ACTIONS = "abcd"
READS = 3


def roll(seed: int, what: str, told: str, sides: int) -> int:
    return int.from_bytes(blake2b(f"{seed}/{what}/{told}".encode(), digest_size=8).digest()) % sides


@dataclass(frozen=True)
class Acting:
    """A world in which steps are executed. Chances are in percent.

    ``lost`` is the chance that an answer gets lost, an undoing's too; ``stubborn`` that an effect cannot be undone though it is
    declared so.
    """

    seed: int = 0
    length: int = 5
    agreement: int = 80
    tools: tuple[Declared, ...] = ()
    lost: int = 0
    stubborn: int = 0

    def verdict(self, prefix: Prefix) -> Step:
        told = "/".join(step.key for step in prefix)
        if len(prefix) >= self.length:
            return Step(FINISH)
        return Step(ACTIONS[roll(self.seed, "action", told, len(ACTIONS))], {"n": roll(self.seed, "n", told, 2)})

    def drafted(self, prefix: Prefix) -> list[Step]:
        told = "/".join(step.key for step in prefix)
        wrong = Step(ACTIONS[roll(self.seed, "wrong", told, len(ACTIONS))], {"n": 7})
        right = roll(self.seed, "agrees", told, 100) < self.agreement
        return [self.verdict(prefix), wrong] if right else [wrong]

    def loses(self, step: Step, key: str) -> Literal["", "before", "after"]:
        if roll(self.seed, "lost", key, 100) >= self.lost:
            return ""
        return "before" if roll(self.seed, "when", key, 2) else "after"

    def loses_undo(self, step: Step, key: str) -> Literal["", "before", "after"]:
        return self.loses(step, f"undo {key}")

    def make_tools(self) -> FakeTools:
        def seconds(step: Step) -> float:
            return QUARTER_S * roll(self.seed, "tool takes", step.key, 9)

        def observes(step: Step, effects: tuple[Step, ...]) -> str:
            return f"{step}: {' '.join(str(effect) for effect in effects)}"

        cannot = [action for action in ACTIONS if roll(self.seed, "stubborn", action, 100) < self.stubborn]
        return FakeTools(
            *self.tools, observations=observes, takes_s=seconds, loses=self.loses, cannot_undo=cannot, loses_undo=self.loses_undo
        )

    def agent(self, role: Literal["draft", "target"], least: int, most: int) -> FakeAgent:
        def seconds(prefix: Prefix) -> float:
            told = "/".join(step.key for step in prefix)
            return QUARTER_S * (least + roll(self.seed, role, told, most - least + 1))

        return FakeAgent(self.drafted if role == "draft" else self.verdict, takes_s=seconds, name=role)

    def declared(self, action: str) -> Declared:
        return next((tool for tool in self.tools if tool.name == action), Declared(action))

    def writes(self, step: Step) -> bool:
        return self.declared(step.action).effect == "write"


Kind: TypeAlias = Literal["approve", "settle", "go back", "go on", "more", "pause", "steer", "take", "take instead", "stop"]


@dataclass(frozen=True)
class Deed:
    after: int
    kind: Kind
    number: int = 0


def _do(deed: Deed, session: Session) -> None:
    at = len(session.plan.steps)
    match deed.kind:
        case "approve":
            session.approve()
        case "settle":
            session.settle(f"by hand {deed.number}")
        case "go back":
            session.go_back(deed.number % (at + 1))
        case "go on":
            session.go_on()
        case "more":
            session.more()
        case "pause":
            session.pause()
        case "steer":
            session.steer(f"s{deed.number}")
        case "take":
            session.take(Step(ACTIONS[deed.number % len(ACTIONS)], {"n": 5}), at=at)
        case "take instead":
            session.take_instead(Step(ACTIONS[deed.number % len(ACTIONS)], {"n": 6}), deed.number % (at + 1))
        case "stop":
            session.stop()


@dataclass
class Acted:
    """What a run leaves behind."""

    world: Acting
    tools: FakeTools
    notes: Notes
    drafter: FakeAgent
    target: FakeAgent
    plan: Plan = field(default_factory=lambda: Plan(()))
    error: RunEnded | None = None


async def _person(deeds: Sequence[Deed], session: Session, notes: Notes) -> None:
    """Do the deeds; then let everything pass that waits for a word, until the run ends."""
    for deed in deeds:
        await asyncio.sleep(deed.after * QUARTER_S)
        before = session.plan, len(notes.records)
        try:
            _do(deed, session)
        except NotNow:
            assert (session.plan, len(notes.records)) == before
    for number in range(400):
        await asyncio.sleep(1.0)
        answer: Kind = "settle" if number % 3 == 2 or number > 60 else "approve"  # some tools never answer
        kinds: tuple[Kind, ...] = ("more", "go on", answer)
        for kind in kinds:
            with suppress(NotNow):
                _do(Deed(0, kind, number), session)


async def _live(world: Acting, lookahead: Lookahead, deeds: Sequence[Deed], *, ask: bool, max_steps: int) -> Acted:
    acted = Acted(world, world.make_tools(), Notes(), world.agent("draft", 0, 3), world.agent("target", 2, 12))
    session = plan(
        "act", approximation=acted.drafter, target=acted.target, lookahead=lookahead, journal=acted.notes, tools=acted.tools,
        reads=READS, ask=ask, max_steps=max_steps, name="run",
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        person = group.create_task(_person(deeds, session, acted.notes))
        try:
            await session.result()
        except RunEnded as error:
            acted.error = error
        person.cancel()
    acted.plan = session.plan
    return acted


def act(world: Acting, lookahead: Lookahead, deeds: Sequence[Deed] = (), *, ask: bool = True, max_steps: int = 20) -> Acted:
    return run(_live(world, lookahead, deeds, ask=ask, max_steps=max_steps))


# What is demanded ---------------------------------------------------------------------------------------------------


def only_confirmed_steps_touch_the_world(acted: Acted) -> None:
    """What runs on the world itself is, when it begins, the last step of the confirmed plan, or is being undone."""
    steps: list[Step] = []
    live: list[tuple[Step, str]] = []
    for record in acted.notes.records:
        match record.event:
            case Confirmed(at=at, step=step):
                assert at == len(steps)
                steps.append(step)
            case WentBack(at=at):
                undone = steps[at:]
                del steps[at:]
            case Executing(live=True, at=at, step=step, key=key) if acted.world.writes(step):
                if at == len(steps) - 1:
                    assert steps[at] == step
                    live.append((step, f"run/{key}"))
                else:
                    assert at >= len(steps), "what is undone has been gone back behind"
                    assert step in undone
            case _:
                pass
    assert [(ran.step, ran.key) for ran in acted.tools.ran if ran.live and acted.world.writes(ran.step)] == live


def each_effect_happened_once(acted: Acted) -> None:
    """Of answers that were not lost: the world's effects are the plan's writes, in order, each under a key of its own."""
    by_hand = {
        (record.event.at, record.event.step)
        for record in acted.notes.records
        if isinstance(record.event, Executed) and record.event.execution is None
    }
    written = [
        entry.step.named
        for at, entry in enumerate(acted.plan.steps)
        if entry.step.observation is not None and acted.world.writes(entry.step) and (at, entry.step) not in by_hand
    ]
    effects = [step for _, step in acted.tools.effects]
    if any(_lost_live(record.event, acted) for record in acted.notes.records):
        assert _is_part(written, effects), "a lost answer leaves an effect that nobody saw, or the person had it run again"
        return
    assert effects == written
    keys = [key for key, _ in acted.tools.effects]
    assert len(keys) == len(set(keys))


def _lost_live(event: object, acted: Acted) -> bool:
    live = {record.event.execution for record in acted.notes.records if isinstance(record.event, Executing) and record.event.live}
    return isinstance(event, Lost) and event.execution in live


def _is_part(some: list[Step], of: list[Step]) -> bool:
    left = iter(of)
    return all(step in left for step in some)


def observed_as_it_was(acted: Acted) -> None:
    """Each observation is what the tool returned after the effects of the plan before it."""
    effects: list[Step] = []
    for entry in acted.plan.steps:
        step = entry.step
        if step.observation is None or step.observation.startswith("by hand"):
            return
        assert step.observation == f"{step.named}: {' '.join(str(effect) for effect in effects)}"
        if acted.world.writes(step):
            effects.append(step.named)


def asked_with_observations(acted: Acted) -> None:
    for prefix in [*acted.drafter.asked, *acted.target.asked]:
        assert all(step.observation is not None for step in prefix)


def within_reads(acted: Acted) -> None:
    early = [ran for ran in acted.tools.ran if not ran.live and acted.world.declared(ran.step.action).effect == "read"]
    assert len(early) <= READS
    rehearsed = [ran for ran in acted.tools.ran if not ran.live and acted.world.writes(ran.step)]
    assert all(acted.world.declared(ran.step.action).rehearses for ran in rehearsed)


def approved_where_it_must_be(acted: Acted) -> None:
    """A tool that always needs approval runs on the world only after the person approved, or took, that step."""
    asked = {tool.name for tool in acted.world.tools if tool.approval == "always" and tool.effect == "write"}
    said: set[int] = set()
    for record in acted.notes.records:
        match record.event:
            case Approved(at=at):
                said.add(at)
            case Confirmed(at=at, by="person"):
                said.add(at)
            case Confirmed(at=at) if at in said:
                said.discard(at)
            case Executing(live=True, at=at, step=step) if step.action in asked:
                undoing = any(isinstance(other.event, Undone | Stayed) for other in acted.notes.records[record.n :])
                assert at in said or undoing
            case _:
                pass


def replays(acted: Acted) -> None:
    replayed = replay(acted.notes.records)
    assert replayed.plan == acted.plan
    assert replayed.plan.prefix == acted.plan.prefix
    assert replayed.checked


def ends_well(acted: Acted) -> None:
    records = acted.notes.records
    assert isinstance(records[-1].event, Finished)
    assert sum(isinstance(record.event, Ended) for record in records) == 1
    assert acted.drafter.in_flight == acted.target.in_flight == 0


def every_law_of_effects(acted: Acted) -> None:
    only_confirmed_steps_touch_the_world(acted)
    each_effect_happened_once(acted)
    asked_with_observations(acted)
    within_reads(acted)
    approved_where_it_must_be(acted)
    replays(acted)
    ends_well(acted)


# In any world -------------------------------------------------------------------------------------------------------

effects: st.SearchStrategy[Effect] = st.sampled_from(["none", "read", "write", "write"])
approvals: st.SearchStrategy[Approval] = st.sampled_from(["never", "never", "unsure", "always"])
tools = st.tuples(
    *(
        st.builds(
            Declared, st.just(action), effect=effects, approval=approvals, undo=st.booleans(), repeatable=st.booleans(),
            rehearses=st.booleans(),
        )
        for action in ACTIONS[:3]
    )
)  # fmt: skip
"""The fourth action is never declared, so it writes."""

percent = st.integers(0, 100)
seeds = st.integers(0, 2**32)
calm = st.builds(Acting, seed=seeds, length=st.integers(0, 7), agreement=percent, tools=tools)
rough = st.builds(
    Acting, seed=seeds, length=st.integers(0, 7), agreement=percent, tools=tools, lost=st.sampled_from([0, 10, 40]),
    stubborn=st.sampled_from([0, 50]),
)  # fmt: skip
lookaheads: st.SearchStrategy[Lookahead] = st.one_of(
    st.builds(Sliding, k=st.integers(0, 5), width=st.integers(1, 2)), st.builds(ByValue, hour_worth=st.just(float("inf")))
)
kinds: st.SearchStrategy[Kind] = st.sampled_from(
    ["approve", "settle", "go back", "go back", "go on", "pause", "steer", "take", "take instead"]
)
deeds = st.lists(st.builds(Deed, after=st.integers(0, 14), kind=kinds, number=st.integers(0, 9)), max_size=8)
stops = st.lists(st.builds(Deed, after=st.integers(0, 40), kind=st.just("stop"), number=st.just(0)), max_size=1)


@given(rough, lookaheads, deeds, stops, st.sampled_from([20, 3, 1]))
def test_effects_happen_once_whatever_is_lost_and_whatever_the_person_does(
    world: Acting, lookahead: Lookahead, done: list[Deed], stop: list[Deed], max_steps: int
) -> None:
    every_law_of_effects(act(world, lookahead, done + stop, max_steps=max_steps))


@given(calm, lookaheads)
def test_a_run_that_acts_makes_the_plan_of_the_target_alone_and_never_later(world: Acting, lookahead: Lookahead) -> None:
    acted, alone = act(world, lookahead), act(world, Sliding(0))
    every_law_of_effects(acted)
    observed_as_it_was(acted)
    if not any(isinstance(record.event, Settled) for run_ in (acted, alone) for record in run_.notes.records):
        assert acted.plan == alone.plan
        assert acted.plan.complete
        assert acted.tools.effects == alone.tools.effects or len(acted.tools.effects) == len(alone.tools.effects)


@given(calm, lookaheads)
def test_with_nobody_there_to_ask_what_needs_approval_does_not_run(world: Acting, lookahead: Lookahead) -> None:
    acted = act(world, lookahead, ask=False)
    only_confirmed_steps_touch_the_world(acted)
    each_effect_happened_once(acted)
    asked = {tool.name for tool in world.tools if tool.approval == "always"}
    assert not any(step.action in asked for _, step in acted.tools.effects)
    replays(acted)
    ends_well(acted)
