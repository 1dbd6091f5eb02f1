"""Effects held on BFCL's 200 multi-turn tasks, and the time of tools overlapped: with speculation on and off.

    python scripts/measure_bfcl.py            # prints the tables
    python scripts/measure_bfcl.py --write    # and puts them into docs/bfcl.md

Agents are recorded: the target names the gold calls, the drafter the same with a probability, else another plausible call. Their
seconds and their agreement are the means of data/local_pairs (Qwen2.5-Coder-1.5B with a thought, the 0.5B direct). Tools are
simulated and take the seconds that the table says. Everything runs on the live runtime and a virtual clock.

Each run is checked while it is measured, and one that does not hold ends the command: plan, observations and final state are
those of the target alone, it is no slower, and what was run on the live environment is, in order, the writes of the confirmed
plan, once each, and those of its other steps that were not run early.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

import outrider
from outrider.bench.rows import read_rows
from outrider.bench.statistics import Paired, draws, ratio
from outrider.model import JSON, Declared, Prefix, Step
from outrider.rules import Lookahead, Sliding
from outrider.rules.events import Accepted, Executed, Executing, Observed, Record, Rejected
from outrider.rules.lookahead import Want
from outrider.rules.tree import Node
from outrider.testing import run
from outrider.tools import Toolbox
from outrider.worlds.bfcl import EFFECTS, Bfcl, BfclTask, Environment, GoldAgent, GuessingAgent, package, read, toolbox
from outrider.worlds.bfcl.recorded import Seconds

ROOT: Final = Path(__file__).parent.parent
PAIRS: Final = ROOT / "data" / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"
PAGE: Final = ROOT / "docs" / "bfcl.md"
BEGIN: Final = "<!-- measured -->"
END: Final = "<!-- end -->"
TOOL_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
COUNTED_S: Final = 1.0
AGREES: Final = (0.5, 0.71, 0.9)
MOST_STEPS: Final = 40
SEED: Final = 0

World: TypeAlias = Literal["forks", "only looked at", "does not fork"]
"""What speculative steps may do: run on copies; run on copies if they are free of effects; nothing."""


# Worlds that are watched ------------------------------------------------------------------------------------------------


class Fixed:
    """A live environment that cannot be copied; ``called`` is what was run on it, in order."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.called: list[Step] = []

    def call(self, function: str, arguments: Mapping[str, Any]) -> JSON:
        """What the function returns."""
        self.called.append(Step(function, arguments))
        return self.environment.call(function, arguments)


class Live(Fixed):
    """A live environment that can be copied. Copies are not watched."""

    def fork(self) -> Environment:
        """A copy."""
        return self.environment.fork()


class Unrehearsed:
    """A toolbox whose writes are not tried on copies."""

    def __init__(self, box: Toolbox) -> None:
        self._box = box
        self.declared: tuple[Declared, ...] = tuple(replace(tool, rehearses=False) for tool in box.declared)

    async def run(self, step: Step, *, key: str) -> str:
        """Run the step."""
        return await self._box.run(step, key=key)

    async def undo(self, step: Step, *, key: str) -> None:
        """Take it back."""
        await self._box.undo(step, key=key)

    def fork(self) -> Self:
        """The same on a copy."""
        return type(self)(self._box.fork())


@dataclass(frozen=True, slots=True)
class ToolAhead:
    """Speculation on tools alone, one step deep: the draft's tool is run early, and no agent is asked what comes after it."""

    name: str = "tool-ahead"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The frontier's target call and its draft."""
        return (want for want in Sliding(1).wants(frontier) if want.node is frontier)


# One task, once ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Who plans, and how long everything takes."""

    target_s: Seconds | float
    draft_s: Seconds | float
    tool_s: float
    agrees: float
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One task, once: the seconds, the plan with its observations, the final state, what was run live, and all that happened."""

    total_s: float
    plan: Prefix
    state: JSON
    called: tuple[Step, ...]
    records: tuple[Record, ...] = field(repr=False)


class _Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, session: str, records: list[Record]) -> None:
        """Keep them."""
        self.records += records


def done(bfcl: Bfcl, task: BfclTask, setting: Setting, lookahead: Lookahead, world: World = "forks") -> Run:
    """``task`` planned and executed on an environment of its own."""
    return run(_done(bfcl, task, setting, lookahead, world))


async def _done(bfcl: Bfcl, task: BfclTask, setting: Setting, lookahead: Lookahead, world: World) -> Run:
    live = (Fixed if world == "does not fork" else Live)(bfcl.environment(task))
    box, journal = toolbox(task, live, takes_s=setting.tool_s), _Kept()
    session = outrider.plan(
        task.task,
        approximation=GuessingAgent(task, agrees=setting.agrees, seed=setting.seed, takes_s=setting.draft_s),
        target=GoldAgent(task, takes_s=setting.target_s),
        lookahead=lookahead,
        tools=Unrehearsed(box) if world == "only looked at" else box,
        max_steps=MOST_STEPS,
        journal=journal,
    )
    async with session:
        plan = await session.result()
    assert session.figures.total_s is not None, "a run that has ended has its time"
    return Run(
        total_s=session.figures.total_s,
        plan=plan.prefix,
        state=live.environment.state(),
        called=tuple(live.called),
        records=tuple(journal.records),
    )


def broken(task: BfclTask, found: Run, alone: Run) -> list[str]:
    """What does not hold of a run, beside the target alone's; nothing, if all is well."""
    ran = {record.event.execution: record.event.live for record in found.records if isinstance(record.event, Executing)}
    stood = [record.event for record in found.records if isinstance(record.event, Executed)]
    live = [event.step.named for event in stood if event.execution is not None and ran[event.execution]]
    wrong = {
        "the plan is not the gold calls": tuple(step.named for step in found.plan) != task.plan,
        "an observation is another": found.plan != alone.plan,
        "the final state is another": found.state != alone.state,
        "what was run live is not what was confirmed": list(found.called) != live,
        "a write was not run once": _writes(found.called) != _writes(task.plan),
        "it was slower": found.total_s > alone.total_s + 1e-6,
    }
    return [f"{task.name}: {what}" for what, is_so in wrong.items() if is_so]


def _writes(steps: Prefix) -> list[Step]:
    return [step for step in steps if EFFECTS.get(step.action) == "write"]


# All tasks --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """A way of planning over all tasks, beside the target alone."""

    time: Paired = field(default_factory=Paired)
    counted: Counter[str] = field(default_factory=Counter)

    def add(self, found: Run, alone: Run) -> None:
        """One more task."""
        self.time.add(found.total_s, alone.total_s)
        self.counted.update(counts(found))


def counts(found: Run) -> Counter[str]:
    """What was run, and what came of it."""
    events = [record.event for record in found.records]
    early = {event.execution: event for event in events if isinstance(event, Executing) and not event.live}
    returned = {event.execution for event in events if isinstance(event, Observed)}
    stood = {event.execution for event in events if isinstance(event, Executed)}
    counted: Counter[str] = Counter()
    for number, event in early.items():
        kind = "rehearsals" if EFFECTS.get(event.step.action) == "write" else "looks"
        counted[kind] += 1
        if number not in returned:
            counted[f"{kind} broken off"] += 1
        elif kind == "looks":
            counted["looks kept" if number in stood else "looks undone"] += 1
    counted["effects"] = len(_writes(found.called))
    counted["looks at the live world"] = len(found.called) - counted["effects"]
    counted["accepted"] = sum(isinstance(event, Accepted) for event in events)
    counted["rejected"] = sum(isinstance(event, Rejected) for event in events)
    return counted


WAYS: Final[Mapping[str, tuple[Lookahead, World]]] = {
    "tool-ahead": (ToolAhead(), "forks"),
    "lookahead-1": (Sliding(1), "forks"),
    "lookahead-4": (Sliding(4), "forks"),
    "lookahead-4, writes not rehearsed": (Sliding(4), "only looked at"),
    "lookahead-4, a world that does not fork": (Sliding(4), "does not fork"),
}


def measured(bfcl: Bfcl, setting: Setting) -> tuple[float, dict[str, Tally]]:
    """Every way over every task: the seconds of the target alone, and the tallies.

    Raises:
        SystemExit: something does not hold.
    """
    alone_s, tallies = 0.0, {name: Tally() for name in WAYS}
    for task in bfcl.tasks:
        alone = done(bfcl, task, setting, Sliding(0))
        alone_s += alone.total_s
        for name, (lookahead, world) in WAYS.items():
            found = done(bfcl, task, setting, lookahead, world)
            if wrong := broken(task, found, alone):
                sys.exit("\n".join(f"{name}: {what}" for what in wrong))
            tallies[name].add(found, alone)
    return alone_s, tallies


# Tables -----------------------------------------------------------------------------------------------------------------


def tables(bfcl: Bfcl, pace: Setting) -> Iterator[str]:
    """What was measured, as Markdown, line by line."""
    drawn = draws(len(bfcl.tasks), SEED)
    at = {tool_s: measured(bfcl, replace(pace, tool_s=tool_s)) for tool_s in TOOL_S}
    yield "Total time over the target alone's, with 95 % intervals, by what a tool takes:\n"
    yield "| | " + " | ".join(f"{tool_s:g} s" for tool_s in TOOL_S) + " |"
    yield "|---" * (len(TOOL_S) + 1) + "|"
    yield "| target alone, s in all | " + " | ".join(f"{alone_s:,.0f}" for alone_s, _ in at.values()) + " |"
    for name in WAYS:
        yield f"| {name} | " + " | ".join(_ratio(tallies[name], drawn) for _, tallies in at.values()) + " |"
    yield f"\nWhat was run, tools taking {COUNTED_S:g} s:\n"
    yield from _counted(at[COUNTED_S][1])
    yield f"\nTotal time by how often the drafter agrees, tools taking {COUNTED_S:g} s:\n"
    by_agreement = {agrees: measured(bfcl, replace(pace, tool_s=COUNTED_S, agrees=agrees))[1] for agrees in AGREES}
    yield "| | " + " | ".join(f"{agrees:g}" for agrees in AGREES) + " |"
    yield "|---" * (len(AGREES) + 1) + "|"
    for name in WAYS:
        yield f"| {name} | " + " | ".join(_ratio(tallies[name], drawn) for tallies in by_agreement.values()) + " |"


def _ratio(tally: Tally, drawn: list[list[int]]) -> str:
    estimate = ratio(tally.time, drawn)
    assert estimate is not None, "tasks take their time"
    assert estimate.interval is not None, "there are 200"
    low, high = estimate.interval
    return f"{estimate.value:.2f} ({low:.2f} to {high:.2f})"


COLUMNS: Final = {
    "looks": "run early, free of effects",
    "looks kept": "kept",
    "looks undone": "for nothing",
    "looks broken off": "broken off",
    "rehearsals": "rehearsals of writes",
    "rehearsals broken off": "broken off",
    "effects": "effects",
    "looks at the live world": "run live, free of effects",
}


def _counted(tallies: Mapping[str, Tally]) -> Iterator[str]:
    yield "| | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for name, tally in tallies.items():
        yield f"| {name} | " + " | ".join(f"{tally.counted[column]:,}" for column in COLUMNS) + " |"


def pace() -> Setting:
    """How fast the recorded pair is, and how often it agrees: means over its steps."""
    rows = [row for trace in read_rows(PAIRS) for row in trace.rows]
    drafts = [row.draft_s for row in rows if row.draft_s is not None]
    return Setting(
        target_s=round(sum(row.target_s for row in rows) / len(rows), 2),
        draft_s=round(sum(drafts) / len(drafts), 2),
        agrees=round(sum(row.target in row.drafts for row in rows) / len(rows), 2),
        tool_s=COUNTED_S,
    )


def main() -> None:
    """Measure, print, and write if that is wanted."""
    parser = argparse.ArgumentParser(description="Effects and overlapped tool time on BFCL's multi-turn tasks.")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/bfcl.md")
    options = parser.parse_args()
    bfcl, setting = read(asyncio.run(package())), pace()
    lines = [
        f"The target takes {setting.target_s} s a step; the drafter takes {setting.draft_s} s,",
        f"and {setting.agrees:.0%} of its drafts are the target's.",
        "",
        *tables(bfcl, setting),
    ]
    text = "\n".join(lines)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
