"""Law 1: the plan is the target's, or the person's, step by step."""

from hypothesis import given

from outrider import BY_ACTION, Plan, Sliding, Step, plan
from outrider.model import Prefix
from outrider.rules import Lookahead
from outrider.testing import FakeAgent, run, steps

from . import checks
from .worlds import Deed, World, alone, deeds, drive, flaky_worlds, live, lookaheads, step_limits, worlds


@given(worlds, lookaheads, step_limits)
def test_the_plan_and_the_outcome_are_those_of_the_target_alone(world: World, lookahead: Lookahead, max_steps: int) -> None:
    ours, control = drive(world, lookahead, max_steps=max_steps), alone(world, max_steps=max_steps)
    assert ours.plan == control.plan
    assert ours.outcome == control.outcome


@given(flaky_worlds, lookaheads)
def test_a_target_that_recovers_never_loses_a_step_to_speculation(world: World, lookahead: Lookahead) -> None:
    ours, control = drive(world, lookahead), alone(world)
    assert ours.plan.steps[: len(control.plan.steps)] == control.plan.steps, "speculation ended the run earlier"


@given(worlds, lookaheads, deeds)
def test_with_the_person_each_step_is_what_its_author_said(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    checks.committed_as_said(drive(world, lookahead, deeds=done))


@given(worlds, lookaheads)
def test_a_run_that_goes_on_from_a_plan_ends_as_if_it_had_never_stopped(world: World, lookahead: Lookahead) -> None:
    whole = alone(world)
    half = Plan(whole.plan.steps[: len(whole.plan.steps) // 2])
    rest = run(live(world, lookahead, going_on_from=half))
    assert rest.plan == whole.plan
    assert rest.outcome == whole.outcome
    assert rest.figures.steps == len(whole.plan.steps) - len(half.steps)


def test_a_fuzzy_match_keeps_the_work_below_the_draft_and_the_verdicts_text() -> None:
    def verdict(prefix: Prefix) -> Step:
        return [Step("fly", {"to": "Los Angeles"}), Step("sleep"), Step("finish")][len(prefix)]

    async def planned() -> Plan:
        target = FakeAgent(verdict, takes_s=3)
        drafter = FakeAgent(lambda prefix: Step("fly", {"to": "San Diego"}) if not prefix else verdict(prefix), takes_s=1)
        async with plan("a trip", target=target, approximation=drafter, lookahead=Sliding(3), matching=BY_ACTION) as session:
            result = await session.result()
        assert target.closed == [], "the work below the draft was kept"
        assert session.figures.total_s == 5
        return result

    result = run(planned())
    assert result.prefix[0] == Step("fly", {"to": "Los Angeles"})
    assert result.prefix[1:] == steps("sleep", "finish")
    assert not result.lossless
