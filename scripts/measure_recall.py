"""Recall: how often its drafts are right against the number of sessions seen, what it does to time and cost, and what it costs.

    python scripts/measure_recall.py --out docs/measured/recall.json

*curve*: OpenAGI's 185 task lines, with the plan read off each line by the rules of measure_person.py (they give each of the 15
sequences by OpenAGI's authors; no model made these plans). A task's template is its line without the words for defects, `clozed`,
and with every language replaced: there are 10. A memory of N sessions drawn from tasks of *other templates* is asked for each
step of a task, after the right prefix; beside it, a memory of N sessions of *other tasks*, whatever their template.

*runs*: the 20 recorded tasks of data/local_pairs (target Qwen2.5-Coder-1.5B with a thought, drafter 0.5B, direct), whose target
plans are what that model said. Memory holds the recorded target plans of the other templates, or of the other tasks. Everything
runs on the live runtime and a virtual clock, by the assumptions of ``outrider bench`` for prefixes nobody recorded. Rows have
output tokens alone; a million cost 10 dollars for the target and 1 for the drafter, bench's defaults. Recall takes no time there.

*takes*: microseconds by this machine's clock, with 1,000 plans.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from measure_person import planned_by_rule

import outrider
from outrider.agents.agent import Agent
from outrider.agents.recall import Memory, RecallAgent
from outrider.agents.several import Several
from outrider.bench.rows import Trace, read_rows
from outrider.bench.statistics import Estimate, Paired, draws, ratio
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import StepLimitReached
from outrider.figures import Figures
from outrider.model import FINISH, Prefix, Step, Task
from outrider.rules import ByValue, Lookahead, Sliding
from outrider.testing import run
from outrider.worlds import openagi

ROOT: Final = Path(__file__).parent.parent
PAIRS: Final = ROOT / "data" / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"
SESSIONS: Final = (0, 1, 2, 5, 10, 20, 50, 100)
DRAWS: Final = 20
PAGE: Final = ROOT / "docs" / "recall.md"
BEGIN: Final = "<!-- measured -->"
END: Final = "<!-- end -->"
PLANS: Final = 1000
TIMES: Final = 5
OFTEN: Final = 100

Planned: TypeAlias = tuple[str, Prefix]
"""A task and its plan."""


def template(task: str) -> str:
    """A task line without what varies within its kind."""
    bare = re.sub(r"\b(low-resolutioned|noisy|blurry|grayscale|gray|clozed) ", "", task)
    return re.sub(r"\b(English|German|Chinese|French|Spanish|Italian)\b", "LANGUAGE", bare)


def memory_of(plans: Sequence[Planned]) -> Memory:
    """A memory of these plans."""
    memory = Memory()
    for task, plan in plans:
        memory.learn(Task(task, "openagi"), plan)
    return memory


def others(plans: Sequence[Planned], task: str, by: Callable[[str], str]) -> list[Planned]:
    """The plans of tasks that are another template, or another task."""
    return [entry for entry in plans if by(entry[0]) != by(task)]


# Acceptance ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """Steps that recall was asked for, how many of them it guessed, and how often its first guess was right."""

    steps: int = 0
    guessed: int = 0
    right: int = 0

    def ask(self, memory: Memory, task: str, plan: Prefix) -> None:
        """Every step of the plan, after the right prefix."""
        for at, step in enumerate(plan):
            guesses = memory.guesses(Task(task, "openagi"), plan[:at], 1, allowed=openagi.allowed(plan[:at]))
            self.steps += 1
            self.guessed += bool(guesses)
            self.right += guesses == (step,)

    def as_json(self) -> dict[str, Any]:
        """Counts, the share of all steps guessed right, and of guesses that were right."""
        return {
            "steps": self.steps, "guessed": self.guessed, "right": self.right,
            "right_of_steps": round(self.right / self.steps, 3),
            "right_of_guesses": round(self.right / self.guessed, 3) if self.guessed else None,
        }  # fmt: skip


def curve(plans: Sequence[Planned], by: Callable[[str], str], seed: int) -> list[dict[str, Any]]:
    """Acceptance against the number of sessions seen, each over ``DRAWS`` draws of a task and of the sessions before it."""
    found: list[dict[str, Any]] = []
    for count in SESSIONS:
        asked = Asked()
        for draw in range(DRAWS):
            dice = random.Random(f"{seed} {count} {draw}")
            for kind in sorted({template(task) for task, _ in plans}):
                task, plan = dice.choice([entry for entry in plans if template(entry[0]) == kind])
                known = others(plans, task, by)
                asked.ask(memory_of(dice.sample(known, min(count, len(known)))), task, plan)
        found.append({"sessions": count, **asked.as_json()})
    return found


# Time and cost ------------------------------------------------------------------------------------------------------


async def _ran(trace: Trace, drafter: Agent, lookahead: Lookahead) -> outrider.Session:
    session = outrider.plan(
        Task(trace.task, "openagi"), approximation=drafter, target=TraceAgent("target", trace, TokenPrices()),
        lookahead=lookahead, max_steps=len(trace.rows),
    )  # fmt: skip
    async with session:
        with suppress(StepLimitReached):  # recorded without finish
            await session.result()
    assert session.plan.prefix == tuple(row.target for row in trace.rows), "the plan is the target's"
    return session


def arms(traces: Sequence[Trace], by: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """Every drafter with every lookahead over all runs."""
    plans = [(trace.task, tuple(row.target for row in trace.rows)) for trace in traces]

    def model(trace: Trace) -> Agent:
        return TraceAgent("approximation", trace, TokenPrices())

    def recall(trace: Trace) -> Agent:
        return RecallAgent(memory_of(others(plans, trace.task, by)), openagi.WORLD)

    def both(trace: Trace) -> Agent:
        return Several(recall(trace), model(trace))

    drafters = {"model": model, "recall": recall, "recall+model": both}
    lookaheads: tuple[Lookahead, ...] = (Sliding(4), Sliding(4, width=2), ByValue(30))
    alone = _all(traces, model, Sliding(0))
    return {
        f"{name}, {lookahead.name}": _beside(_all(traces, drafter, lookahead), alone)
        for name, drafter in drafters.items()
        for lookahead in lookaheads
    }


def _all(traces: Sequence[Trace], drafter: Callable[[Trace], Agent], lookahead: Lookahead) -> list[Figures]:
    return [run(_ran(trace, drafter(trace), lookahead)).figures for trace in traces]


def _beside(ours: Sequence[Figures], alone: Sequence[Figures]) -> dict[str, Any]:
    """Time and cost beside the target alone, with the middle 95 % of a bootstrap over the runs, and what became of guesses."""
    time_s, cost_usd = Paired(), Paired()
    for one, other in zip(ours, alone, strict=True):
        time_s.add(one.total_s or 0.0, other.total_s or 0.0)
        cost_usd.add(one.usage.cost_usd or 0.0, other.usage.cost_usd or 0.0)
    drawn = draws(len(ours), seed=0)
    judged = [counted for figures in ours for counted in figures.acceptance.values()]
    return {
        "time_ratio": _rounded(ratio(time_s, drawn)), "cost_ratio": _rounded(ratio(cost_usd, drawn)),
        "slower_runs": time_s.signs.slower,
        "accepted": sum(counted.accepted for counted in judged),
        "judged": sum(counted.accepted + counted.rejected for counted in judged),
    }  # fmt: skip


def _rounded(estimate: Estimate | None) -> list[float]:
    """The value, and its interval."""
    assert estimate is not None, "the target alone takes time and money"
    rounded = estimate.rounded(3)
    return [rounded.value, *(rounded.interval or ())]


# What it takes ------------------------------------------------------------------------------------------------------


def takes(plans: Sequence[Planned]) -> dict[str, float]:
    """Microseconds with ``PLANS`` plans of different tasks: to learn one, to find the tasks like a new one, and for a guess.

    Each is the least of ``TIMES``, since other work on the machine only adds to it.
    """
    many = [(f"{plans[i % len(plans)][0]} Case {i}.", plans[i % len(plans)][1]) for i in range(PLANS)]
    memory, (task, plan) = memory_of(many), plans[3]
    asked = Task(task, "openagi")

    def first_guess() -> None:
        memory.learn(asked, ())  # nothing to draft, but the similarities are found anew
        memory.guesses(asked, ())

    found = {"learn": _least_s(lambda: memory_of(many)) / PLANS, "first_guess_of_a_task": _least_s(first_guess)}
    for at in range(len(plan)):
        found[f"guess_at_{at}"] = _least_s(partial(_guess_often, memory, asked, plan[:at])) / OFTEN
    return {"plans": PLANS, **{f"{name}_us": round(seconds * 1e6, 1) for name, seconds in found.items()}}


def _guess_often(memory: Memory, task: Task, prefix: Prefix) -> None:
    for _ in range(OFTEN):
        memory.guesses(task, prefix)


def _least_s(work: Callable[[], object]) -> float:
    """The least seconds that ``work`` took."""
    least_s = float("inf")
    for _ in range(TIMES):
        began_s = time.perf_counter()
        work()
        least_s = min(least_s, time.perf_counter() - began_s)
    return least_s


def main() -> None:
    """Measure, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    assert all(planned_by_rule(task) == steps for task, steps in openagi.gold()), "the rules give the authors' sequences"
    plans = [(task, tuple(map(Step, (*planned_by_rule(task), FINISH)))) for task in sorted(set(openagi.tasks()))]
    traces = list(read_rows(PAIRS))
    measured = {
        "command": "python scripts/measure_recall.py --out docs/measured/recall.json",
        "tasks": len(plans), "templates": len({template(task) for task, _ in plans}),
        "recorded_tasks": len(traces), "recorded_templates": len({template(trace.task) for trace in traces}),
        "curve": {"other templates": curve(plans, template, options.seed), "other tasks": curve(plans, str, options.seed)},
        "runs": {"other templates": arms(traces, template), "other tasks": arms(traces, str)},
        "takes": takes(plans),
    }  # fmt: skip
    options.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_tables(measured)}\n{END}{after}", encoding="utf-8")


def _tables(measured: dict[str, Any]) -> str:
    """What was measured, for the page."""
    curves, runs, takes = measured["curve"], measured["runs"], measured["takes"]
    pairs = zip(curves["other templates"], curves["other tasks"], strict=True)
    two_sides = zip(runs["other templates"].items(), runs["other tasks"].values(), strict=True)
    slower = sum(one["slower_runs"] for arm in runs.values() for one in arm.values())
    at = [value for name, value in takes.items() if name.startswith("guess_at")]
    lines = [
        f"`{measured['command']}` writes this part of the page.\n",
        f"Acceptance against the sessions seen, on OpenAGI's {measured['tasks']} task lines in {measured['templates']} kinds,",
        "with plans by rule: the share of all steps guessed right, the share guessed at all, and of guesses the share that was",
        "right.\n",
        "| sessions | other templates: right | guessed | right of guesses | other tasks: right | guessed | right of guesses |",
        "|---|---|---|---|---|---|---|",
        *(f"| {one['sessions']} | {_shares(one)} | {_shares(two)} |" for one, two in pairs),
        "\nTime and cost beside the target alone, with 95 % intervals, on the "
        f"{measured['recorded_tasks']} recorded tasks of {measured['recorded_templates']} templates;",
        "model is the recorded 0.5B drafter. Memory holds the plans of the other templates, or of the other tasks. Of all runs",
        f"{slower} became slower than the target alone.\n",
        "| drafter, lookahead | other templates: time | cost | guesses right | other tasks: time | cost | guesses right |",
        "|---|---|---|---|---|---|---|",
        *(f"| {name} | {_ran_row(one)} | {_ran_row(two)} |" for (name, one), two in two_sides),
        f"\nWith {takes['plans']:,} plans of different tasks a guess takes {min(at):.0f} to {max(at):.0f} µs, learning a plan",
        f"{takes['learn_us']:.0f} µs, and finding the tasks like a new one, before the run starts, "
        f"{takes['first_guess_of_a_task_us'] / 1000:.1f} ms (the least of {TIMES}).",
    ]
    return "\n".join(lines)


def _shares(one: dict[str, Any]) -> str:
    right = one["right_of_guesses"]
    return f"{one['right_of_steps']:.0%} | {one['guessed'] / one['steps']:.0%} | {'-' if right is None else f'{right:.0%}'}"


def _ran_row(one: dict[str, Any]) -> str:
    ratios = [f"{value:.2f} ({low:.2f} to {high:.2f})" for value, low, high in (one["time_ratio"], one["cost_ratio"])]
    return f"{ratios[0]} | {ratios[1]} | {one['accepted']} of {one['judged']}"


if __name__ == "__main__":
    main()
