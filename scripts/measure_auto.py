"""Lookahead by value beside every other scheduler: on the recorded sets, and over acceptance, speed and length in simulation.

    python scripts/measure_auto.py                # measure: docs/measured/auto.json, then the tables of docs/auto.md
    python scripts/measure_auto.py --tables-only  # the tables again, from what was measured

Everything runs on the virtual clock by the runtime itself, so the same command gives the same figures on every machine. A set's
runs come one after the other, and what a lookahead learns in one it knows in the next: its first run is its cold start.

Waste is the dollars of all calls, drafts too, whose answer the plan does not have: wasted or cancelled.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import product, zip_longest
from pathlib import Path
from typing import Any, Final

import outrider
from outrider.agents.agent import Meter
from outrider.bench.rows import Row, Trace
from outrider.bench.schedulers import ORACLE, Scheduler, schedulers_named
from outrider.bench.statistics import bootstrapped, draws
from outrider.bench.suites import sources_named
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import StepLimitReached
from outrider.model import FINISH, Answer, Prefix, Step, Task, Usage
from outrider.rules.estimates import Estimates
from outrider.rules.events import Cancelled, Confirmed, Drafted, Failed, Record, Verified
from outrider.rules.load import Beside
from outrider.rules.value import Chooser
from outrider.simulate import LogNormal
from outrider.testing import run

ROOT: Final = Path(__file__).parent.parent
OUT: Final = ROOT / "docs/measured/auto.json"
PAGE: Final = ROOT / "docs/auto.md"

FIXED: Final = tuple(f"lookahead-{k}" for k in (1, 2, 4, 6, 8))
DIALS: Final = ("auto@0", "auto@3", "auto@30", "auto@300", "auto@inf")
BETWEEN: Final = tuple(
    f"auto@{worth:g}"
    for worth in (0.7, 1, 1.5, 2, 5, 7, 10, 15, 20, 50, 70, 100, 150, 500, 1000, 1500, 2000, 3000, 5000, 10000)
)  # fmt: skip
"""More values of the dial, for what can be had at the time or the cost of another scheduler."""
OTHERS: Final = ("alone", "batch-4", "learned-k", "topk-1", "topk-3", ORACLE)
SCHEDULERS: Final = (*OTHERS[:1], *FIXED, *OTHERS[1:-1], *DIALS, ORACLE)

ACCEPTANCES: Final = (0.1, 0.3, 0.5, 0.8, 0.95)
RATIOS: Final = (0.05, 0.2, 0.5, 1.0)
LENGTHS: Final = (3, 10, 30)
TARGET_S: Final = 4.0
SPREAD: Final = 0.4
"""The standard deviation of a call's seconds, as a share of their mean."""
PROMPT_TOKENS, OUTPUT_TOKENS = 800, 200


# A drafter that says how sure it is ---------------------------------------------------------------------------------

Sureness = tuple[float, ...]
"""A drafter's confidence in its guess for each step of a run; none where it does not say."""


class Sure(TraceAgent):
    """The drafter of a run, saying how sure it is."""

    __slots__ = ("_sure",)

    def __init__(self, trace: Trace, prices: TokenPrices, sure: Sureness) -> None:
        super().__init__("approximation", trace, prices)
        self._sure = sure

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What is recorded, with the confidence."""
        answer = await super().next_step(task, prefix, meter)
        return replace(answer, confidence=(self._sure[len(prefix)],) * len(answer.steps))


# One run ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """What a run came to: seconds, dollars, and the dollars of the calls that were not used."""

    total_s: float
    cost_usd: float
    waste_usd: float
    learned: str


class Spent:
    """A journal that adds up what the calls cost that were used, and those that were not."""

    def __init__(self) -> None:
        self.by_call: dict[int, float] = {}
        self.used: set[int] = set()

    def append(self, session: str, records: list[Record]) -> None:
        for record in records:
            match record.event:
                case Drafted(call=call, usage=usage) | Verified(call=call, usage=usage):
                    self._count(call, usage)
                case Cancelled(call=call, usage=usage) | Failed(call=call, usage=usage):
                    self._count(call, usage)
                case Confirmed(call=call, drafts=drafts):
                    self.used |= {*drafts, *(() if call is None else (call,))}
                case _:
                    pass

    def _count(self, call: int, usage: Usage) -> None:
        self.by_call[call] = usage.cost_usd or 0.0

    @property
    def waste_usd(self) -> float:
        return sum(usd for call, usd in self.by_call.items() if call not in self.used)


async def _played(trace: Trace, scheduler: Scheduler, prices: TokenPrices, known: str, sure: Sureness = ()) -> Played:
    spent = Spent()
    drafter = Sure(trace, prices, sure) if sure else TraceAgent("approximation", trace, prices)
    session = outrider.plan(
        outrider.Task(trace.task), approximation=drafter,
        target=TraceAgent("target", trace, prices), lookahead=scheduler(trace), max_steps=len(trace.rows), journal=spent,
        known=known,
    )  # fmt: skip
    async with session:
        with suppress(StepLimitReached):  # a run that was recorded without `finish` ends with its last row
            await session.result()
    assert session.plan.prefix == tuple(row.target for row in trace.rows), "the plan is the target's, whatever the scheduler"
    assert session.figures.total_s is not None, "a run that has ended has its time"
    return Played(session.figures.total_s, sum(spent.by_call.values()), spent.waste_usd, session.learned)


def in_turn(traces: Sequence[Trace], scheduler: Scheduler, sure: Sequence[Sureness] = ()) -> list[Played]:
    """The runs one after the other; what is learned in one is known in the next."""
    done: list[Played] = []
    for trace, says in zip_longest(traces, sure, fillvalue=()):
        assert isinstance(trace, Trace)
        done.append(run(_played(trace, scheduler, TokenPrices(), done[-1].learned if done else "", says)))
    return done


# Simulated runs -----------------------------------------------------------------------------------------------------


def simulated(acceptance: float, ratio: float, steps: int, runs: int, seed: int) -> list[Trace]:
    """Runs of drawn length-``steps`` plans: drafts right by ``acceptance``, ``ratio`` times as long as the target's calls."""
    rng = random.Random(f"{seed} {acceptance} {ratio} {steps}")
    seconds = {share: LogNormal.by_mean(TARGET_S * share, TARGET_S * share * SPREAD) for share in (1.0, ratio)}

    def row(at: int) -> Row:
        verdict = Step(FINISH) if at == steps - 1 else Step("step", {"at": at})
        draft = verdict if rng.random() < acceptance else Step("step", {"at": -1 - at})
        return Row(
            at=at, target=verdict, target_s=round(seconds[1.0].sample(rng), 5), drafts=(draft,),
            draft_s=round(seconds[ratio].sample(rng), 5), target_tokens=OUTPUT_TOKENS, target_prompt_tokens=PROMPT_TOKENS,
            draft_tokens=OUTPUT_TOKENS, draft_prompt_tokens=PROMPT_TOKENS,
        )  # fmt: skip

    return [Trace(task=f"simulated {n}", rows=tuple(row(at) for at in range(steps))) for n in range(runs)]


KNOWING: Final = tuple(product((0.3, 0.5, 0.8), (0.2, 0.5)))
"""Acceptance and ratio of the simulated drafters that know what they know."""


def knowing(acceptance: float, ratio: float, steps: int, runs: int, seed: int) -> tuple[list[Trace], list[Sureness]]:
    """Runs whose drafts hold with a probability of their own, drawn from a beta distribution, and what the drafter says of it.

    It says the square root of that probability: more than is true, so that its word cannot be taken for it.
    """
    rng = random.Random(f"knowing {seed} {acceptance} {ratio} {steps}")
    traces: list[Trace] = []
    said: list[Sureness] = []
    for trace in simulated(acceptance, ratio, steps, runs, seed):
        holds = [rng.betavariate(acceptance, 1 - acceptance) for _ in trace.rows]
        rows = tuple(_drafted(row, rng.random() < p) for row, p in zip(trace.rows, holds, strict=True))
        traces.append(replace(trace, rows=rows))
        said.append(tuple(p**0.5 for p in holds))
    return traces, said


def _drafted(row: Row, right: bool) -> Row:
    return replace(row, drafts=(row.target if right else Step("step", {"at": -1 - row.at}),))


def confidence(runs: int, point: tuple[float, float]) -> dict[str, Any]:
    """The same runs with a drafter that keeps to itself how sure it is, and with one that says so."""
    traces, said = knowing(*point, 10, runs, seed=0)
    named = schedulers_named(["alone", *FIXED, *_dials()])
    silent = {name: in_turn(traces, scheduler) for name, scheduler in named.items()}
    sure = silent | {name: in_turn(traces, named[name], said) for name in _dials()}
    drawn = draws(len(traces), 0, resamples=1000)
    return {"acceptance": point[0], "ratio": point[1], "runs": runs} | {
        kind: {"waste": _waste_at_its_time(done, drawn), "time": [_time_at_its_cost(done, fixed, drawn) for fixed in FIXED]}
        for kind, done in (("silent", silent), ("sure", sure))
    }


# A set under every scheduler ----------------------------------------------------------------------------------------

Figure = Callable[[Played], float]
FIGURES: Final[Mapping[str, tuple[Figure, Figure]]] = {
    "time": (lambda played: played.total_s, lambda alone: alone.total_s),
    "cost": (lambda played: played.cost_usd, lambda alone: alone.cost_usd),
    "waste": (lambda played: played.waste_usd, lambda alone: alone.cost_usd),
}
"""Each is a sum over the target alone's, waste over what that cost."""

SAME: Final = 1.005
"""Times and costs within half a percent count as equal: the dial has steps here, a fixed k has too."""


def compared(traces: Sequence[Trace], seed: int = 0) -> dict[str, Any]:
    """Every scheduler on these runs, with 95 % intervals, and what became of the aims."""
    done = {name: in_turn(traces, scheduler) for name, scheduler in schedulers_named([*SCHEDULERS, *BETWEEN]).items()}
    drawn = draws(len(traces), seed, resamples=1000)
    return {
        "runs": len(traces),
        "alone_s": round(sum(played.total_s for played in done["alone"]), 3),
        "alone_usd": round(sum(played.cost_usd for played in done["alone"]), 6),
        "schedulers": {name: _figures(played, done["alone"], drawn) for name, played in done.items()},
        "aims": _aims(done, drawn),
    }


def _figures(played: list[Played], alone: list[Played], drawn: list[list[int]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (ours, theirs) in FIGURES.items():
        found |= _ratio(name, [ours(run) for run in played], [theirs(run) for run in alone], drawn)
    return found


def _ratio(name: str, ours: list[float], theirs: list[float], drawn: list[list[int]]) -> dict[str, Any]:
    def of(chosen: Sequence[int]) -> float:
        below = sum(theirs[i] for i in chosen)
        return sum(ours[i] for i in chosen) / below if below else 0.0

    interval = bootstrapped(of, len(ours), drawn)
    return {
        name: round(of(range(len(ours))), 4),
        f"{name}_95": None if interval is None else [round(end, 4) for end in interval],
    }


def _sum(played: list[Played], figure: str) -> float:
    return sum(FIGURES[figure][0](run) for run in played)


def _aims(done: Mapping[str, list[Played]], drawn: list[list[int]]) -> dict[str, Any]:
    return {
        "waste": _waste_at_its_time(done, drawn),
        "time": [_time_at_its_cost(done, fixed, drawn) for fixed in FIXED],
        "oracle": _against("time", done["auto@inf"], done[ORACLE], drawn),
    }


def _waste_at_its_time(done: Mapping[str, list[Played]], drawn: list[list[int]]) -> dict[str, Any]:
    """At the time of the fastest fixed k, the dial that wastes least, and what it wastes of that one's waste."""
    fastest = min(FIXED, key=lambda name: _sum(done[name], "time"))
    as_fast = [name for name in _dials() if _sum(done[name], "time") <= SAME * _sum(done[fastest], "time")]
    if not as_fast:
        return {"fixed": fastest, "auto": None}
    best = min(as_fast, key=lambda name: _sum(done[name], "waste"))
    return {"fixed": fastest, "auto": best} | _against("waste", done[best], done[fastest], drawn)


def _time_at_its_cost(done: Mapping[str, list[Played]], fixed: str, drawn: list[list[int]]) -> dict[str, Any]:
    """At the cost of a fixed k, the fastest dial, and what it takes of that one's time."""
    as_cheap = [name for name in _dials() if _sum(done[name], "cost") <= SAME * _sum(done[fixed], "cost")]
    best = min(as_cheap, key=lambda name: _sum(done[name], "time"))
    return {"fixed": fixed, "auto": best} | _against("time", done[best], done[fixed], drawn)


def _against(figure: str, ours: list[Played], theirs: list[Played], drawn: list[list[int]]) -> dict[str, Any]:
    of = FIGURES[figure][0]
    return _ratio(figure, [of(run) for run in ours], [of(run) for run in theirs], drawn)


def _dials() -> Iterator[str]:
    yield from sorted((*DIALS, *BETWEEN), key=lambda name: float(name.removeprefix("auto@")))


# Learning -----------------------------------------------------------------------------------------------------------

CHAINS: Final = 40
AT_RUNS: Final = (1, 2, 3, 5, 10, 20)
LEARNING: Final = ("lookahead-4", "learned-k", "auto@30", "auto@300")


def learning(name: str, seed: int = 0) -> dict[str, Any]:
    """Time and cost of the first run, the second, …, over the target alone's: sums over runs of one number in many orders."""
    chains = [list(_chain(name, seed + n)) for n in range(CHAINS)]
    alone = [in_turn(chain, schedulers_named(["alone"])["alone"]) for chain in chains]
    found: dict[str, Any] = {}
    for scheduler, make in schedulers_named(LEARNING).items():
        done = [in_turn(chain, make) for chain in chains]
        found[scheduler] = {
            figure: [
                round(
                    sum(FIGURES[figure][0](run[at - 1]) for run in done) / sum(FIGURES[figure][1](run[at - 1]) for run in alone),
                    4,
                )
                for at in AT_RUNS
            ]
            for figure in ("time", "cost")
        }
    return {"set": name, "runs": AT_RUNS, "chains": CHAINS, "schedulers": found}


def _chain(name: str, seed: int) -> list[Trace]:
    """Twenty runs: simulated anew, or a recorded set's in another order."""
    most = max(AT_RUNS)
    if name.startswith("simulated"):
        acceptance, ratio, steps = map(float, name.split()[1:])
        return simulated(acceptance, ratio, int(steps), most, seed)
    traces = next(list(source.read(_quiet)) for source in sources_named(name.partition("/")[0]) if source.name == name)
    return random.Random(seed).sample(traces, most)


def _quiet(note: str) -> None:
    """What had to be left out of a recording is said elsewhere."""


CURVES: Final = (
    "local-pairs/qwen2.5-coder-0.5b-direct", "tau2/airline/claude-sonnet-4-5<gpt-5.4/lower", "simulated 0.8 0.2 10",
    "simulated 0.3 0.2 10",
)  # fmt: skip


# All of it ----------------------------------------------------------------------------------------------------------


def _recorded(name: str) -> tuple[str, dict[str, Any]]:
    suite = name.partition("/")[0]
    return name, compared(next(list(source.read(_quiet)) for source in sources_named(suite) if source.name == name))


def _grid_point(runs: int, point: tuple[float, float, int]) -> dict[str, Any]:
    acceptance, ratio, steps = point
    return {"acceptance": acceptance, "ratio": ratio, "steps": steps} | compared(
        simulated(acceptance, ratio, steps, runs, seed=0)
    )


def measure(runs: int, jobs: int) -> dict[str, Any]:
    """The recorded sets, the grid and the learning curves."""
    sets = [source.name for suite in ("local-pairs", "chess", "tau2") for source in sources_named(suite)]
    grid = list(product(ACCEPTANCES, RATIOS, LENGTHS))
    with ProcessPoolExecutor(jobs) as pool:
        recorded, curves = pool.map(_recorded, sets), pool.map(learning, CURVES)
        simulated_ = pool.map(partial(_grid_point, runs), grid)
        sure = pool.map(partial(confidence, 5 * runs), KNOWING)
        return {
            "recorded": dict(_told(recorded, len(sets))),
            "learning": list(curves),
            "simulated": list(_told(simulated_, len(grid))),
            "confidence": list(sure),
        }


def _told(results: Iterator[Any], count: int) -> Iterator[Any]:
    for n, result in enumerate(results, 1):
        print(f"{n} of {count}", file=sys.stderr, end="\r", flush=True)
        yield result


# Tables -------------------------------------------------------------------------------------------------------------

COLUMNS: Final = ("time", "cost", "waste")


def _with_interval(found: Mapping[str, Any], name: str) -> str:
    value, interval = found[name], found[f"{name}_95"]
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.3f} – {interval[1]:.3f})"


def recorded_table(measured: Mapping[str, Any]) -> str:
    """Every recorded set under every scheduler."""
    lines: list[str] = []
    for name, found in measured["recorded"].items():
        lines += ["", f"**{name}**, {found['runs']} runs", "", "| scheduler | time | cost | waste |", "|---|---|---|---|"]
        for scheduler in SCHEDULERS:
            figures = found["schedulers"][scheduler]
            lines.append(f"| {scheduler} | {' | '.join(_with_interval(figures, column) for column in COLUMNS)} |")
    return "\n".join(lines[1:])


def simulated_table(measured: Mapping[str, Any]) -> str:
    """The grid: the mean over lengths of time / cost, by acceptance and ratio."""
    chosen = ("lookahead-1", "lookahead-4", "lookahead-8", "batch-4", "learned-k", "topk-1", *DIALS[1:], ORACLE)
    lines = [f"| right | draft/target | {' | '.join(chosen)} |", "|---|---|" + "---|" * len(chosen)]
    for acceptance, ratio in product(ACCEPTANCES, RATIOS):
        points = [entry for entry in measured["simulated"] if (entry["acceptance"], entry["ratio"]) == (acceptance, ratio)]
        cells = [" / ".join(f"{_mean(points, name, figure):.2f}" for figure in ("time", "cost")) for name in chosen]
        lines.append(f"| {acceptance:.0%} | {ratio:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(points: Sequence[Mapping[str, Any]], scheduler: str, figure: str) -> float:
    return sum(float(point["schedulers"][scheduler][figure]) for point in points) / len(points)


def aims_table(measured: Mapping[str, Any]) -> str:
    """What became of the aims, set by set and over the grid."""
    lines = [
        "| set | waste, of the fastest fixed k's, at its time | time, of a fixed k's, at its cost | at inf, of the oracle's |"
    ]
    lines.append("|---|---|---|---|")
    for name, found in measured["recorded"].items():
        lines.append(f"| {name} | {' | '.join(_aim_cells(found['aims']))} |")
    grid = [entry["aims"] for entry in measured["simulated"]]
    hits = [sum(aim(entry) for entry in grid) for aim in (waste_is_cut, is_never_slower, is_near_the_oracle)]
    lines.append(f"| simulated, {len(grid)} settings: reached in | {' | '.join(f'{hit} of {len(grid)}' for hit in hits)} |")
    return "\n".join(lines)


def _aim_cells(aims: Mapping[str, Any]) -> list[str]:
    waste, worst = aims["waste"], max(aims["time"], key=lambda entry: float(entry["time"]))
    slowest = f"{_with_interval(worst, 'time')}, {worst['auto']} for {worst['fixed']}"
    cells = (_waste_cell(waste), waste_is_cut), (slowest, is_never_slower)
    oracle = _with_interval(aims["oracle"], "time"), is_near_the_oracle
    return [f"{'reached' if aim(aims) else 'missed'}: {cell}" for cell, aim in (*cells, oracle)]


def waste_is_cut(aims: Mapping[str, Any]) -> bool:
    """At the time of the fastest fixed k, at least 80 % less waste."""
    return aims["waste"]["auto"] is not None and float(aims["waste"]["waste"]) <= 0.2


def is_never_slower(aims: Mapping[str, Any]) -> bool:
    """At the cost of each fixed k, no slower than it."""
    return all(float(entry["time"]) <= SAME for entry in aims["time"])


def is_near_the_oracle(aims: Mapping[str, Any]) -> bool:
    """At inf, within 5 % of the oracle's time."""
    return float(aims["oracle"]["time"]) <= 1.05


def confidence_table(measured: Mapping[str, Any]) -> str:
    """What it is worth that a drafter says how sure it is."""
    lines = ["| right | draft/target | waste, of the fastest fixed k's, at its time: silent | and says it |"]
    lines[0] += " time, of a fixed k's, at its cost: silent | and says it |"
    lines.append("|---|---|---|---|---|---|")
    for entry in measured["confidence"]:
        kinds = entry["silent"], entry["sure"]
        waste = [_waste_cell(kind["waste"]) for kind in kinds]
        time = [_with_interval(max(kind["time"], key=lambda found: float(found["time"])), "time") for kind in kinds]
        lines.append(f"| {entry['acceptance']:.0%} | {entry['ratio']:g} | {' | '.join((*waste, *time))} |")
    return "\n".join(lines)


def _waste_cell(waste: Mapping[str, Any]) -> str:
    if waste["auto"] is None:
        return "never as fast"
    return f"{_with_interval(waste, 'waste')}, {waste['auto']} for {waste['fixed']}"


def learning_table(measured: Mapping[str, Any]) -> str:
    """Run by run, from knowing nothing."""
    lines = [f"| set | scheduler | {' | '.join(f'run {run}' for run in AT_RUNS)} |", "|---|---|" + "---|" * len(AT_RUNS)]
    for curve in measured["learning"]:
        for scheduler, found in curve["schedulers"].items():
            cells = [f"{time:.3f} / {cost:.3f}" for time, cost in zip(found["time"], found["cost"], strict=True)]
            lines.append(f"| {curve['set']} | {scheduler} | {' | '.join(cells)} |")
    return "\n".join(lines)


VERDICT_USD: Final = (0.001, 0.003, 0.01, 0.03, 0.1)
EARLIER_S: Final = 3.0


def dial_table(measured: Mapping[str, Any]) -> str:
    """How likely a prefix has to be for a call under it, from what a verdict costs and what an hour is worth."""
    worths = [dial for dial in DIALS if dial not in ("auto@0", "auto@inf")]
    lines = [f"| a verdict costs | {' | '.join(f'${dial[5:]} an hour' for dial in worths)} |"]
    lines.append("|---|" + "---|" * len(worths))
    for usd in VERDICT_USD:
        estimates = Estimates()
        for _ in range(2):
            estimates.learn_answer("target", 0, TARGET_S, Usage(counted="reported", cost_usd=usd), Beside())
        cells = [f"{_least_likely(Chooser(float(dial[5:]), estimates)):.0%}" for dial in worths]
        lines.append(f"| ${usd:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _least_likely(chooser: Chooser) -> float:
    """From which probability on a call is worth it that starts ``EARLIER_S`` seconds early."""
    return next(percent / 100 for percent in range(101) if chooser.value_of_call(percent / 100, EARLIER_S) > 0)


TABLES: Final = {
    "aims": aims_table,
    "dial": dial_table,
    "recorded": recorded_table,
    "simulated": simulated_table,
    "confidence": confidence_table,
    "learning": learning_table,
}


def page(text: str, measured: Mapping[str, Any]) -> str:
    """``text`` with every table anew."""
    for name, table in TABLES.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(marks[0]) + ".*?" + re.escape(marks[1]), re.S)
        text = pattern.sub(lambda _, table=table, marks=marks: f"{marks[0]}\n{table(measured)}\n{marks[1]}", text)  # type: ignore[misc]
    return text


def main() -> None:
    """Measure, write, and put the tables where they are read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12, help="simulated runs of each setting")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--tables-only", action="store_true", help="measure nothing: make the tables from what was measured")
    options = parser.parse_args()
    if not options.tables_only:
        measured = {"command": "python scripts/measure_auto.py", "runs": options.runs} | measure(options.runs, options.jobs)
        OUT.write_text(json.dumps(measured, separators=(",", ":")) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), json.loads(OUT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
