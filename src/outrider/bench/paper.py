"""The paper's settings: what its authors published of each, what was fitted to that, and suites of runs drawn from it.

``data/paper/published.json`` has their total time, cost and most calls at once (arXiv 2410.00079). Their seconds a step, tokens,
tokens a step and minima are not in it: we do not have them. ``data/paper/calibrated.json`` has what ``calibration`` fitted, with
what it assumed; ``python scripts/calibrate_paper.py`` writes it anew. A suite is runs drawn from that by a fixed seed.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from outrider.bench.rows import Row, Trace
from outrider.bench.traces import TOKENS_IN_A_PRICE, TokenPrices
from outrider.model import FINISH, Step
from outrider.worlds import openagi, travel

SUITE_RUNS: Final = 200
"""So many runs are drawn for a suite."""

TOKENS_A_VERDICT: Final = 1000
"""The mean length of a target's answer, in units of its own: what their answers have in tokens is not known here."""

SMALL_MODEL_PRICE: Final = 0.1
"""What a token of setting 4's small model costs, over the strong one's. Assumed."""

TARGET_SPREAD: Final = 0.346
DRAFT_SPREAD: Final = 0.254
"""Standard deviation over mean of the seconds of a call. Assumed: that of our recorded pairs, the 0.5B drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A row of the authors' tables: mean seconds and dollars of a run, with batches of 4 and without speculation."""

    name: str
    world: str
    drafter: str
    target: str
    one_model: bool
    total_s: float
    alone_s: float
    cost_usd: float
    alone_usd: float
    calls_max: float

    @property
    def time_ratio(self) -> float:
        return self.total_s / self.alone_s

    @property
    def cost_ratio(self) -> float:
        return self.cost_usd / self.alone_usd

    @property
    def lengths(self) -> Mapping[int, int]:
        """How many plans have how many steps. Assumed: see ``plan_lengths``."""
        return plan_lengths(self.world)

    @property
    def steps(self) -> float:
        """The mean of that."""
        return sum(steps * plans for steps, plans in self.lengths.items()) / sum(self.lengths.values())

    @property
    def target_s(self) -> float:
        """Seconds of a target call: the time without speculation over the steps."""
        return self.alone_s / self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What was fitted to one setting, each with the range that the published figures leave open.

    ``acceptance`` is the chance that a draft is right; ``draft_share`` the seconds of a draft over those of a target call;
    ``slowdown`` by what factor calls take longer when they run beside others, the same for all calls of a run. Where nothing
    reproduces the figures within the tolerance, ``fits`` is false and the values are the nearest.
    """

    acceptance: float
    draft_share: float
    slowdown: float
    acceptance_range: tuple[float, float]
    draft_share_range: tuple[float, float]
    slowdown_range: tuple[float, float]
    fits: bool


@cache
def plan_lengths(world: str) -> Mapping[int, int]:
    """Steps of a plan, `finish` included: of OpenAGI's 15 gold sequences; of TravelPlanner's 45 train tasks, a step a day."""
    if world == "OpenAGI":
        steps = [len(names) + 1 for _, names in openagi.gold()]
    else:
        steps = [query.days + 1 for query in travel.queries()]
    return MappingProxyType(dict(sorted(Counter(steps).items())))


@cache
def published() -> tuple[Published, ...]:
    """Every setting that the authors measured."""
    return tuple(Published(**entry) for entry in _data("published.json")["settings"])


@cache
def calibrated() -> Mapping[str, Fit]:
    """What was fitted to each, by its name."""
    return MappingProxyType({name: fit_from(entry) for name, entry in _data("calibrated.json")["settings"].items()})


def fit_from(entry: Mapping[str, Any]) -> Fit:
    """As ``calibrated.json`` has it."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Fit(**fields)


def _data(name: str) -> Any:
    return json.loads(files("outrider.bench").joinpath("data", "paper", name).read_text(encoding="utf-8"))


def draft_length(setting: Published, draft_share: float) -> float:
    """Tokens of a draft over those of a verdict. Assumed: one model writes at one speed; two direct answers are equally long."""
    return draft_share if setting.one_model else 1.0


def draft_price(setting: Published) -> float:
    """What a token of the drafter costs, over the target's."""
    return 1.0 if setting.one_model else SMALL_MODEL_PRICE


def prices(setting: Published) -> TokenPrices:
    """Prices at which the target alone costs what the authors paid."""
    target = setting.alone_usd / setting.steps / TOKENS_A_VERDICT * TOKENS_IN_A_PRICE
    return TokenPrices(target=target, draft=target * draft_price(setting))


# Runs ---------------------------------------------------------------------------------------------------------------


def drawn(setting: Published, fit: Fit, runs: int = SUITE_RUNS, seed: int = 0) -> Iterator[Trace]:
    """So many runs of the setting: the same for the same seed. The slowdown is left out: recorded times know of no others."""
    dice = random.Random(f"{setting.name} {seed}")  # noqa: S311 - dice, no secrets
    lengths = [steps for steps, plans in setting.lengths.items() for _ in range(plans)]
    for run in range(runs):
        steps = lengths[run % len(lengths)]
        rows = tuple(_row(setting, fit, at, Step(FINISH) if at == steps - 1 else Step(f"step {at}"), dice) for at in range(steps))
        yield Trace(task=f"{setting.name}, drawn run {run + 1}", rows=rows)


def _row(setting: Published, fit: Fit, at: int, step: Step, dice: random.Random) -> Row:
    right = dice.random() < fit.acceptance
    draft, target = _about_one(DRAFT_SPREAD, dice), _about_one(TARGET_SPREAD, dice)
    return Row(
        at=at,
        target=step,
        target_s=round(setting.target_s * target, 5),
        drafts=(step if right else Step("astray", {"at": at}),),
        draft_s=round(setting.target_s * fit.draft_share * draft, 5),
        target_tokens=round(TOKENS_A_VERDICT * target),
        draft_tokens=round(TOKENS_A_VERDICT * draft_length(setting, fit.draft_share) * draft),
    )


def _about_one(spread: float, dice: random.Random) -> float:
    """A log-normal number with mean 1 and this standard deviation."""
    variance = math.log1p(spread * spread)
    return math.exp(dice.gauss(-variance / 2, math.sqrt(variance)))
