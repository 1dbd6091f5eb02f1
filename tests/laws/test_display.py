"""Laws 4 and 5: what is shown, and in what order."""

from hypothesis import given

from outrider import Sliding, Step
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Shown, WentBack

from . import checks
from .worlds import Deed, Run, World, deeds, drafter_breaks, drive, lookaheads, worlds


@given(worlds, lookaheads, deeds)
def test_never_two_unverified_steps_and_never_out_of_order(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=done)
    checks.displayed_in_order(ours)
    checks.nothing_leaked(ours)


@given(drafter_breaks, lookaheads, deeds)
def test_a_draft_of_the_next_step_is_shown_as_soon_as_it_is_there(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    checks.shown_once_known(drive(world, lookahead, deeds=done))


def _display(ours: Run) -> list[tuple[str, int, Step]]:
    return [
        (record.event.kind, record.event.at, record.event.step)
        for record in ours.records
        if isinstance(record.event, Shown | Confirmed)
    ]


def test_a_verdict_that_comes_early_waits_for_its_turn() -> None:
    """Step 0's verdict takes longest of all; everything behind it is known and hidden until then."""
    world = World(seed=5, length=3, agreement=100, draft_quarters=(1, 1), target_quarters=(1, 1))

    class SlowStart(World):
        def target_s(self, prefix: tuple[Step, ...]) -> float:
            return 10.0 if not prefix else 0.5

    ours = drive(SlowStart(**vars(world)), Sliding(5))
    shown, *rest = _display(ours)
    assert shown[:2] == ("shown", 0)
    assert [kind for kind, _, _ in rest] == ["confirmed"] * len(ours.plan.steps)
    assert set(ours.confirmed_s) == {10.0}


def test_going_back_takes_the_display_back_and_going_on_shows_it_again() -> None:
    world = World(seed=6, length=4, agreement=100, draft_quarters=(1, 1), target_quarters=(4, 4))
    ours = drive(world, Sliding(1), deeds=[Deed(9, "go back", 0), Deed(2, "go on")])
    checks.every_law(ours)
    back = next(i for i, record in enumerate(ours.records) if isinstance(record.event, WentBack))
    before = next(entry for entry in _display(ours) if entry[0] == "confirmed")
    after = next(record.event for record in ours.records[back:] if isinstance(record.event, Confirmed))
    assert (after.at, after.step) == before[1:]
