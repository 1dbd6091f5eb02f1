"""``outrider simulate``: draw episodes, run every one under a scheduler, say what that comes to."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, ParamSpec, TypeVar

from outrider.cli.exits import Exit
from outrider.cli.measured import Measured, measured_in
from outrider.cli.measuring import ProgressLine, provenance
from outrider.cli.views import json_line
from outrider.errors import BadOption
from outrider.simulate.arrays import np
from outrider.simulate.episode import Setting
from outrider.simulate.latency import Distribution, Empirical, distribution
from outrider.simulate.summary import Summary, ratio
from outrider.simulate.sweep import QUANTITIES, Load, Sweep, name_of, scheduler_named, simulate
from outrider.views.words import count

P = ParamSpec("P")
T = TypeVar("T")

_DIGITS: Final = 9
"""So many significant digits are printed: fewer than two machines' processors could disagree on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """What the command line said."""

    like: str
    steps: int | None
    accuracy: str
    draft_s: str
    target_s: str
    draft_tokens: str
    target_tokens: str
    lookahead: str
    episodes: int
    seed: int
    draft_price: float
    target_price: float
    slowdown: float
    calls_per_minute: float | None
    failures: float
    runtime: bool
    workers: int
    as_json: bool

    @property
    def scheduler(self) -> str:
        """The lookahead's full name."""
        return name_of(scheduler_named(self.lookahead))

    @property
    def load(self) -> Load:
        """How the provider behaves."""
        return Load(slowdown=self.slowdown, calls_per_minute=self.calls_per_minute, failures=self.failures)

    def setting(self, measured: Measured) -> Setting:
        """What the episodes are drawn from: what was written, else what was measured.

        Raises:
            BadOption: an option makes no sense; the message names it.
        """
        return Setting(
            steps=measured.steps if self.steps is None else self.steps,
            accuracy=_accuracy(self.accuracy) if self.accuracy else measured.accuracy,
            draft_s=_distribution("--draft-s", self.draft_s) or measured.draft_s,
            target_s=_distribution("--target-s", self.target_s) or measured.target_s,
            draft_tokens=_distribution("--draft-tokens", self.draft_tokens) or measured.draft_tokens,
            target_tokens=_distribution("--target-tokens", self.target_tokens) or measured.target_tokens,
        )

    def sweep(self, setting: Setting) -> Sweep:
        """What is to be simulated.

        Raises:
            BadOption: an option makes no sense.
        """
        return Sweep(
            setting=setting, schedulers=tuple(dict.fromkeys(("alone", self.scheduler))), episodes=self.episodes, seed=self.seed,
            draft_price=self.draft_price, target_price=self.target_price, load=self.load, runtime=self.runtime,
        )  # fmt: skip

    def setting_json(self, setting: Setting) -> dict[str, Any]:
        """What the episodes are drawn from, as it was written, or measured."""
        written = {name: getattr(self, name) or _shown(getattr(setting, name)) for name in ("accuracy", *_DRAWN)}
        return {"like": self.like or None, "steps": setting.steps, **written}


_DRAWN: Final = ("draft_s", "target_s", "draft_tokens", "target_tokens")


def _shown(value: object) -> str:
    if isinstance(value, Empirical):
        return f"{len(value.values)} values, mean {sum(value.values) / len(value.values):.{_DIGITS}g}"
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def _distribution(option: str, text: str) -> Distribution | None:
    try:
        return distribution(text) if text else None
    except BadOption as error:
        raise BadOption(f"{option}: {error}") from None


def _accuracy(text: str) -> float | tuple[float, ...]:
    try:
        first, *others = (float(part) for part in text.split(","))
    except ValueError:
        raise BadOption(f"--accuracy: {text!r} is no chance; give one such as 0.8, or one for each step, with commas") from None
    return (first, *others) if others else first


def run_simulate(options: SimulateOptions) -> Exit:
    """Simulate and print. Ctrl-C ends it without a result: means over half the episodes would not be the seed's."""
    setting = options.setting(measured_in(options.like) if options.like else Measured())
    sweep = options.sweep(setting)
    line = ProgressLine()
    try:
        with _workers(options.workers) as executor:
            found = simulate(sweep, executor, lambda done: line.tell(f"{done:,} of {sweep.episodes:,} episodes"))
    finally:
        line.close()
    if options.as_json:
        print(json_line(report(options, sweep, found)))
    else:
        _print_table(options, sweep, found)
    return Exit.COMPLETE


@contextmanager
def _workers(number: int) -> Iterator[Executor | None]:
    if number < 1:
        raise BadOption(f"--workers is {number}; give at least 1")
    if number == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    executor = _Workers(number, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield executor
    finally:
        with _held_back():  # they end when they have done what they are at
            executor.shutdown(cancel_futures=True)


class _Workers(ProcessPoolExecutor):
    """Ctrl-C reaches every process of a terminal; the workers leave it to us, from their first moment on."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _held_back():  # else a worker that has begun and is not on record yet would be waited for for ever
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _held_back() -> Iterator[None]:
    """Inside, Ctrl-C waits until the end; a process that is begun inside does not get it."""
    pressed: list[bool] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(True))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if sys.platform != "win32" else set[int]()
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


# As JSON ------------------------------------------------------------------------------------------------------------


def report(options: SimulateOptions, sweep: Sweep, found: Mapping[str, Mapping[str, Summary]]) -> dict[str, Any]:
    """One object, the same for the same seed: five quantities, the target alone's beside them, and what they hang on."""
    ours, alone = found[options.scheduler], found["alone"]
    quotient, interval = ratio(ours["total_s"], ours["alone_s"], ours["saved_s"])
    low, high = interval or (None, None)
    return {
        **{name: _figure(ours[name]) for name in QUANTITIES},
        "alone": {name: _figure(alone[name]) for name in QUANTITIES},
        "saved_s": _figure(ours["saved_s"]),
        "time_ratio": {"mean": _rounded(quotient), "low": _rounded(low), "high": _rounded(high)},
        "complete": _rounded(ours["complete"].mean),
        "lookahead": options.scheduler,
        "setting": options.setting_json(sweep.setting),
        "load": asdict(options.load),
        "draft_price_usd": options.draft_price,
        "target_price_usd": options.target_price,
        "episodes": options.episodes,
        "seed": options.seed,
        "engine": "runtime" if sweep.by_runtime else "numpy",
        **provenance(),
        "numpy": np.__version__,
    }


def _figure(summary: Summary) -> dict[str, float | None]:
    low, high = summary.interval() or (None, None)
    return {"mean": _rounded(summary.mean), "low": _rounded(low), "high": _rounded(high), "min": _rounded(summary.least)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


# As a table ---------------------------------------------------------------------------------------------------------

_LABELS: Final = {
    "total_s": "time, s",
    "cost_usd": "cost, $",
    "output_tokens": "output tokens",
    "wasted_tokens": "wasted tokens",
    "calls_max": "most calls at once",
}


def _print_table(options: SimulateOptions, sweep: Sweep, found: Mapping[str, Mapping[str, Summary]]) -> None:
    ours, alone = found[options.scheduler], found["alone"]
    rows = [("", options.scheduler, "95 % of the mean", "least", "alone")]
    rows += [(_LABELS[name], *_cells(ours[name]), f"{alone[name].mean:.5g}") for name in QUANTITIES]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join((f"{first:<{widths[0]}}", *cells)))
    quotient, interval = ratio(ours["total_s"], ours["alone_s"], ours["saved_s"])
    print(f"\ntime over the target alone's: {quotient:.4f}" + (f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""))
    if ours["complete"].mean < 1:
        print(f"runs that came to their end: {ours['complete'].mean:.1%}; the others count with what they had come to")
    print(_conditions(options, sweep))


def _cells(summary: Summary) -> tuple[str, str, str]:
    interval = summary.interval()
    between = f"{interval[0]:.5g} to {interval[1]:.5g}" if interval else "one episode"
    return f"{summary.mean:.5g}", between, f"{summary.least:.5g}"


def _conditions(options: SimulateOptions, sweep: Sweep) -> str:
    engine = "the live runtime" if sweep.by_runtime else "the NumPy model of the rules"
    return (
        f"{count(options.episodes, 'episode')} of {count(sweep.setting.steps, 'step')} by {engine}, seed {options.seed}. "
        f"Prices: ${options.target_price:g} and ${options.draft_price:g} for a million output tokens of target and drafter."
    )
