"""``outrider memory``: what recall drafts from. Look at it, write it out, clear it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from outrider.agents.recall import Memory
from outrider.cli.views import json_line
from outrider.errors import BadOption
from outrider.journal import ConfirmedPlan, forget, open_journal, remembered
from outrider.model import JSON
from outrider.views.words import count, one_line


def print_plans(journal: str | None, world: str, *, as_json: bool) -> None:
    """A line a plan, newest first; then how much there is in each world."""
    plans = _plans(journal, world)
    for plan in plans:
        print(json_line(_as_json(plan)) if as_json else f"{plan.session}  {_size(plan):>8}  {one_line(plan.task.text)}")
    if as_json:
        return
    for name, number in sorted(Counter(plan.task.world for plan in plans).items()):
        steps = sum(len(plan.steps) - plan.since for plan in plans if plan.task.world == name)
        print(f"{name or 'no world'}: {count(number, 'plan')}, {count(steps, 'confirmed step')}")
    if not plans:
        print("nothing is remembered; every session that outrider plan keeps in the journal is")


def _size(plan: ConfirmedPlan) -> str:
    return count(len(plan.steps) - plan.since, "step")


def print_following(journal: str | None, world: str, actions: tuple[str, ...], *, as_json: bool) -> None:
    """What came next after the longest run at the end of ``actions`` that is known, most often first."""
    memory = Memory()
    for plan in _plans(journal, world):
        memory.learn(plan.task, plan.steps, since=plan.since)
    looked_at, following = memory.following(world, actions)
    run = list(actions[len(actions) - looked_at :])
    if as_json:
        next_steps: list[JSON] = [{"action": each.action, "steps": each.steps} for each in following]
        print(json_line({"world": world, "after": [*run], "following": next_steps}))
        return
    place = f"After {' > '.join(run)}" if run else "At the beginning"
    print(f"{place}:" if following else f"{place} nothing was confirmed in {world}")
    for each in following:
        print(f"  {each.steps:>5}  {one_line(each.action)}")


def export_plans(journal: str | None, world: str, out: Path) -> None:
    """The plans as JSON lines, in a file that was not there.

    Raises:
        BadOption: ``out`` is there, or cannot be written.
    """
    plans = _plans(journal, world)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.writelines(json_line(_as_json(plan)) + "\n" for plan in plans)
    except OSError as error:
        raise BadOption(f"the plans cannot be written to {out}: {error.strerror}; give a new file in a folder of yours") from None
    print(f"{count(len(plans), 'plan')} written to {out}")


def clear(journal: str | None, world: str, *, as_json: bool) -> None:
    """No session until now is remembered any more; say how many plans that were."""
    with open_journal(journal) as opened:
        number = len(remembered(opened, world).plans)
        forget(opened, world)
    if as_json:
        print(json_line({"forgotten": number}))
    else:
        print(f"{count(number, 'plan')} forgotten; the sessions are in the journal as before")


def _plans(journal: str | None, world: str) -> tuple[ConfirmedPlan, ...]:
    with open_journal(journal, read_only=True) as opened:
        found = remembered(opened, world)
    for note in found.notes:
        print(f"outrider: {note}", file=sys.stderr)
    return found.plans


def _as_json(plan: ConfirmedPlan) -> dict[str, JSON]:
    steps: list[JSON] = [{"action": step.action, "arguments": dict(step.arguments)} for step in plan.steps]
    return {"session": plan.session, "world": plan.task.world, "task": plan.task.text, "since": plan.since, "steps": steps}
