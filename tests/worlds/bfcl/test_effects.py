"""What is declared of each function, held against what it does on all 200 tasks."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

from outrider.model import Step
from outrider.worlds.bfcl import EFFECTS, Bfcl, BfclTask, Environment
from outrider.worlds.bfcl.recorded import another

CHANGES_NOTHING_HERE = {"contact_customer_support"}
"""Writes by what they stand for: the simulation keeps nothing of them."""


def states(bfcl: Bfcl, task: BfclTask) -> Iterator[tuple[Environment, Step]]:
    """The environment before each gold call, and the call."""
    environment = bfcl.environment(task)
    for step in task.plan[:-1]:
        yield environment, step
        environment.call(step.action, step.arguments)


def changes(environment: Environment, step: Step) -> bool:
    """Whether a call changes a copy's state; one that raises may have changed it before."""
    copy = environment.fork()
    with contextlib.suppress(Exception):
        copy.call(step.action, step.arguments)
    return copy.state() != environment.state()


def test_no_gold_call_declared_free_of_effects_changes_any_state(bfcl: Bfcl) -> None:
    for task in bfcl.tasks:
        for environment, step in states(bfcl, task):
            assert EFFECTS[step.action] == "write" or not changes(environment, step), f"{task.name}: {step}"


def test_no_other_call_declared_free_of_effects_changes_any_state(bfcl: Bfcl) -> None:
    dice, tried = random.Random(0), set()
    for task in bfcl.tasks:
        for environment, gold in states(bfcl, task):
            others = [another(gold, task, dice) for _ in range(4)]
            for step in (step for step in others if not step.is_finish and EFFECTS[step.action] != "write"):
                tried.add(step.action)
                assert not changes(environment, step), f"{task.name}: {step}"
    free = {name for name, effect in EFFECTS.items() if effect != "write"}
    assert tried == free, "each of them was tried"


def test_every_write_of_the_gold_calls_changes_a_state_somewhere(bfcl: Bfcl) -> None:
    named = {step.action for task in bfcl.tasks for step in task.plan[:-1] if EFFECTS[step.action] == "write"}
    seen = {step.action for task in bfcl.tasks for environment, step in states(bfcl, task) if changes(environment, step)}
    assert named - seen == CHANGES_NOTHING_HERE


def test_functions_that_sound_as_if_they_only_read_leave_something_behind(bfcl: Bfcl) -> None:
    journey = bfcl.named("multi_turn_base_150")
    travel = bfcl.environment(journey)
    cost = {"travel_from": "SFO", "travel_to": "LAX", "travel_date": "2026-01-01", "travel_class": "economy"}
    assert changes(travel, Step("get_flight_cost", cost))
    drive = next(task for task in bfcl.tasks if "VehicleControlAPI" in task.apis)
    for name in ("get_current_speed", "get_outside_temperature_from_google"):
        assert changes(bfcl.environment(drive), Step(name))
        assert EFFECTS[name] == "write"
    assert EFFECTS["get_flight_cost"] == "write"
