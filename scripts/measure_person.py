"""A simulated person beside a target: windows offered, share used, time and steps, over patience, error rate and lookahead.

    python scripts/measure_person.py --out docs/measured/person.json

Everything runs on the virtual clock, and every arm is paired with the same run without the person. Two suites:

*pairs*: the recorded pairs of data/local_pairs. Off the recorded path nobody recorded anything; there, as in ``outrider bench``,
the agents are assumed to say and take what is recorded for that position.

*openagi*: OpenAGI's 185 task lines. The target's plan is read off the task line by the rules below, which give each of the 15
sequences by OpenAGI's authors; the target names the first step of it that is not done yet, so it goes on after a wrong step. The
drafter is right as often as in the recorded pairs, and each call takes what a call of those pairs took, drawn by seed and prefix.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import outrider
from outrider.agents.agent import Agent
from outrider.agents.world import World
from outrider.bench.rows import Row, Trace, read_rows
from outrider.bench.statistics import Estimate, Paired, difference, draws, ratio
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import StepLimitReached
from outrider.model import FINISH, Prefix, Step
from outrider.rules import Lookahead, Sliding, Want
from outrider.rules.tree import Node
from outrider.testing import FakeAgent, SimulatedPerson, run
from outrider.worlds import openagi

ROOT = Path(__file__).parent.parent
FILES = ("qwen2.5-coder-0.5b-direct", "qwen2.5-coder-1.5b-direct")
PATIENCES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
ERROR_RATES = (0.0, 0.1, 0.3)
RESTORES = ("Image Super Resolution", "Image Denoising", "Image Deblurring", "Colorization")


@dataclass(frozen=True, slots=True)
class Shown:
    """The target alone, with its draft on display: nothing is built on a draft, so only a person can gain by it."""

    name: str = "shown"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The frontier's target call and its draft."""
        return (want for want in Sliding(1).wants(frontier) if want.node is frontier)


LOOKAHEADS: tuple[Lookahead, ...] = (Sliding(0), Shown(), Sliding(4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A task: its two agents, the step the target would name after a prefix, and how long its plan may become."""

    task: outrider.Task
    target: Agent
    drafter: Agent
    knows: Callable[[Prefix], Step]
    max_steps: int
    world: World | None = None


# Recorded pairs -----------------------------------------------------------------------------------------------------


def pairs(file: str) -> list[Case]:
    """A case a recorded run."""
    return [_recorded(trace) for trace in _traces(file)]


def _traces(file: str) -> list[Trace]:
    return list(read_rows(ROOT / "data" / "local_pairs" / f"{file}.jsonl"))


def _recorded(trace: Trace) -> Case:
    prices = TokenPrices()
    return Case(
        task=outrider.Task(trace.task),
        target=TraceAgent("target", trace, prices),
        drafter=TraceAgent("approximation", trace, prices),
        knows=lambda prefix: trace.rows[len(prefix)].target,
        max_steps=len(trace.rows),
    )


# OpenAGI's task lines -----------------------------------------------------------------------------------------------


def planned_by_rule(task: str) -> tuple[str, ...]:
    """The tools that a task line asks for, in order, `finish` left out."""
    given, _, wanted = task.partition(", how to ")
    tools = [action.name for action in openagi.WORLD.actions if action.name in RESTORES and any(c in given for c in action.cues)]
    if "clozed" in given:
        tools.append("Fill Mask")
    if given.startswith(("Given Chinese", "Given German")):
        tools.append(openagi.TRANSLATION)
    if "answer the question" in wanted:
        tools.append("Visual Question Answering" if "image" in given else "Question Answering")
    elif "generate a image" in wanted:
        tools.append("Text to Image Generation")
    else:
        tools += [action.name for action in openagi.WORLD.actions if _is_wanted(action.name, action.cues, wanted)]
    if "English" not in wanted and any(language in wanted for language in ("German", "Chinese")):
        tools.append(openagi.TRANSLATION)
    return tuple(tools)


def _is_wanted(name: str, cues: Sequence[str], wanted: str) -> bool:
    return name not in (*RESTORES, FINISH, openagi.TRANSLATION) and any(cue in wanted for cue in cues)


def goes_on(plan: Sequence[str], prefix: Prefix) -> Step:
    """The first step of ``plan`` that is not done yet after ``prefix``."""
    done = [step.action for step in prefix]
    for tool in plan:
        if tool not in done:
            return Step(tool)
        done.remove(tool)
    return Step(FINISH)


def task_lines(seed: int) -> list[Case]:
    """A case a task line."""
    rows = [row for trace in _traces(FILES[0]) for row in trace.rows]
    return [_drawn(task, rows, seed) for task in openagi.tasks()]


def _drawn(task: str, rows: list[Row], seed: int) -> Case:
    plan = planned_by_rule(task)
    agreement = sum(row.right for row in rows) / len(rows)

    def dice(what: str, prefix: Prefix) -> random.Random:
        return random.Random(f"{seed} {what} {task} {[step.key for step in prefix]}")

    def drafts(prefix: Prefix) -> Step:
        right, rolled = goes_on(plan, prefix), dice("draft", prefix)
        wrong = [step for step in others(prefix) if step != right]
        return right if rolled.random() < agreement or not wrong else rolled.choice(wrong)

    def drawn(prefix: Prefix) -> Row:
        return dice("row", prefix).choice(rows)

    return Case(
        task=outrider.Task(task, "openagi"),
        target=FakeAgent(lambda prefix: goes_on(plan, prefix), takes_s=lambda prefix: drawn(prefix).target_s, name="by rule"),
        drafter=FakeAgent(drafts, takes_s=lambda prefix: drawn(prefix).draft_s or 0.0, name="drafter"),
        knows=lambda prefix: goes_on(plan, prefix),
        max_steps=30,
        world=openagi.WORLD,
    )


def others(prefix: Prefix) -> list[Step]:
    """What a mistaken person, or drafter, may name instead: any tool that is allowed here, and never the end."""
    return [Step(action) for action in openagi.allowed(prefix) if action != FINISH]


# Running ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run with a person, or without."""

    total_s: float
    plan: Prefix
    windows: int
    taken: int
    late: int
    person_saved_s: float
    untold: int
    cancelled: int
    wasted: int


async def _ran(case: Case, lookahead: Lookahead, person: SimulatedPerson) -> Ran:
    session = outrider.plan(
        case.task, approximation=case.drafter, target=case.target, lookahead=lookahead, max_steps=case.max_steps,
        world=case.world,
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        group.create_task(person.watch(session))
        try:
            plan = await session.result()
        except StepLimitReached:
            plan = session.plan
    figures = session.figures
    assert figures.total_s is not None, "a run that has ended has its time"
    return Ran(
        total_s=figures.total_s,
        plan=plan.prefix,
        windows=len(person.windows),
        taken=sum(window.ended == "taken" for window in person.windows),
        late=sum(window.ended == "late" for window in person.windows),
        person_saved_s=figures.person_saved_s,
        untold=figures.person_steps_untold,
        cancelled=figures.calls("cancelled"),
        wasted=figures.calls("wasted"),
    )


async def _all(cases: list[Case], lookahead: Lookahead, make: Callable[[Case], SimulatedPerson]) -> list[Ran]:
    return [await _ran(case, lookahead, make(case)) for case in cases]


def runs(cases: list[Case], lookahead: Lookahead, make: Callable[[Case], SimulatedPerson]) -> list[Ran]:
    """Every case with a person of its own."""
    return run(_all(cases, lookahead, make))


def apart(ours: Prefix, theirs: Prefix) -> int:
    """How many steps must be put in, taken out or replaced to make one plan of the other (Levenshtein, 1966)."""
    row = list(range(len(theirs) + 1))
    for i, step in enumerate(ours, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(theirs, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (step != other))
    return row[-1]


# What it comes to ---------------------------------------------------------------------------------------------------


def summed(ours: list[Ran], without: list[Ran], alone: list[Ran], seed: int) -> dict[str, Any]:
    """One cell of the table: the runs with a person beside those without, and beside the target alone."""
    time, to_alone = Paired(), Paired()
    for a, b, c in zip(ours, without, alone, strict=True):
        time.add(a.total_s, b.total_s)
        to_alone.add(a.total_s, c.total_s)
    drawn = draws(len(time.ours), seed)
    windows, taken = sum(a.windows for a in ours), sum(a.taken for a in ours)
    distances = [apart(a.plan, c.plan) for a, c in zip(ours, alone, strict=True)]
    return {
        "tasks": len(ours),
        "windows_per_task": round(windows / len(ours), 3),
        "windows_taken": taken,
        "windows_late": sum(a.late for a in ours),
        "share_used": round(taken / windows, 4) if windows else None,
        "total_s": round(sum(a.total_s for a in ours), 3),
        **_estimate("time_ratio", ratio(time, drawn)),
        **_estimate("saved_s_per_task", difference(time, drawn)),
        "tasks_faster": time.signs.faster,
        "tasks_slower": time.signs.slower,
        "tasks_equal": time.signs.equal,
        **_estimate("time_ratio_to_target_alone", ratio(to_alone, drawn)),
        "saved_s": round(sum(b.total_s - a.total_s for a, b in zip(ours, without, strict=True)), 3),
        "person_saved_s": round(sum(a.person_saved_s for a in ours), 3),
        "person_steps_untold": sum(a.untold for a in ours),
        "steps_apart_per_task": round(sum(distances) / len(ours), 3),
        "plans_unchanged": sum(distance == 0 for distance in distances),
        "calls_cancelled_per_task": round(sum(a.cancelled for a in ours) / len(ours), 3),
        "calls_wasted_per_task": round(sum(a.wasted for a in ours) / len(ours), 3),
    }


def _estimate(name: str, estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {name: None, f"{name}_95": None}
    found = estimate.rounded(4)
    return {name: found.value, f"{name}_95": None if found.interval is None else list(found.interval)}


def measured(cases: list[Case], reaction_s: float, seed: int) -> list[dict[str, Any]]:
    """A cell for each lookahead, patience and error rate."""

    def somebody(patience_s: float, error_rate: float) -> Callable[[Case], SimulatedPerson]:
        return lambda case: SimulatedPerson(
            case.knows, others=others, patience_s=patience_s, reaction_s=reaction_s, error_rate=error_rate,
            seed=random.Random(f"{seed} {case.task.text}").randrange(2**32),
        )  # fmt: skip

    nobody = somebody(float("inf"), 0.0)
    alone = runs(cases, Sliding(0), nobody)
    cells: list[dict[str, Any]] = []
    for lookahead in LOOKAHEADS:
        without = runs(cases, lookahead, nobody)
        cells.append(
            {"lookahead": lookahead.name, "patience_s": None, "error_rate": None, **summed(without, without, alone, seed)}
        )
        for patience_s in PATIENCES_S:
            for error_rate in ERROR_RATES:
                ours = runs(cases, lookahead, somebody(patience_s, error_rate))
                setting = {"lookahead": lookahead.name, "patience_s": patience_s, "error_rate": error_rate}
                cells.append({**setting, **summed(ours, without, alone, seed)})
    return cells


# The table ----------------------------------------------------------------------------------------------------------

COLUMNS = (
    "lookahead", "patience, s", "error rate", "windows a task", "used", "late", "time with / without the person",
    "faster / slower", "time / target alone", "steps apart", "plans unchanged", "cancelled a task",
)  # fmt: skip


def table(cells: list[dict[str, Any]]) -> str:
    """The cells in Markdown. Lookahead 0 shows no draft, so all of its cells are the same: one line."""
    kept = [cell for cell in cells if cell["lookahead"] != "lookahead-0" or cell["patience_s"] is None]
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}", *map(_line, kept)]
    return "\n".join(lines)


def _line(cell: dict[str, Any]) -> str:
    person = cell["patience_s"] is not None
    shares = "-" if not person or cell["share_used"] is None else f"{cell['share_used']:.0%}"
    words = (
        cell["lookahead"].replace("lookahead-", ""),
        f"{cell['patience_s']:g}" if person else "nobody",
        f"{cell['error_rate']:g}" if person else "-",
        f"{cell['windows_per_task']:.2f}",
        shares,
        str(cell["windows_late"]) if person else "-",
        _ratio(cell, "time_ratio") if person else "-",
        f"{cell['tasks_faster']} / {cell['tasks_slower']}" if person else "-",
        _ratio(cell, "time_ratio_to_target_alone"),
        f"{cell['steps_apart_per_task']:.2f}",
        f"{cell['plans_unchanged']} of {cell['tasks']}",
        f"{cell['calls_cancelled_per_task']:.2f}",
    )
    return f"| {' | '.join(words)} |"


def _ratio(cell: dict[str, Any], name: str) -> str:
    low, high = cell[f"{name}_95"] or (cell[name], cell[name])
    return f"{cell[name]:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Measure both suites, print their tables, write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reaction", type=float, default=0.5, metavar="S", help="seconds from decision to command (0.5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found: dict[str, Any] = {"command": " ".join(["python", *sys.argv]), "seed": arguments.seed, "reaction_s": arguments.reaction}
    for name in (*FILES, "openagi"):
        cases = task_lines(arguments.seed) if name == "openagi" else pairs(name)
        found[name] = measured(cases, arguments.reaction, arguments.seed)
        print(f"\n### {name}\n\n{table(found[name])}")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
