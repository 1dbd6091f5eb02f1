"""The scene: everything a screen draws at one moment, as a value. Terminal and page draw it and decide nothing.

The picture says what the plan is; around it stand the interrupt window, the line of the run, what the person's steps saved, and
the lanes. Seconds that still run are left to the screen's own clock: it adds what has passed since ``picture.now_s``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outrider.figures import Figures, Taken
from outrider.rules.events import Record
from outrider.views.lanes import Bar, Lanes
from outrider.views.picture import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The interrupt window: since when the target works on the next step, ``None`` if it does not, and how long it usually takes.

    Both ends of ``usual_s`` come from the target's answers so far; ``None`` while there are too few.
    """

    asked_s: float | None
    usual_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The line of the run. ``alone_s`` is what the target alone would have needed for the confirmed steps, by estimate.

    ``alone_s`` and ``saved_s`` are ``None`` where they cannot be told: before the first step, and where calls slow one another
    down. ``calls_unpriced`` calls are missing in ``priced_usd``. ``wasted_tokens`` went into calls that were closed, or whose
    answers are not needed any more.
    """

    time_s: float
    alone_s: float | None
    saved_s: float | None
    calls_in_flight: int
    tokens: int
    wasted_tokens: int
    priced_usd: float
    calls_unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be seen after record ``n``; ``taken`` is what each step that the person took has saved, by its number."""

    n: int
    picture: Picture
    window: Window
    run: Run
    taken: dict[int, Taken]
    bars: tuple[Bar, ...]


class Watch:
    """Folds a session's records into scenes: ``receive`` each in order, read ``scene`` when there is time to draw."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.figures = Figures()
        self._lanes = Lanes()
        self._n = -1

    def receive(self, record: Record) -> None:
        """Take ``record`` in."""
        self.picture = self.picture.after(record)
        self.figures.receive(record)
        self._lanes.receive(record)
        self._n = record.n

    @property
    def scene(self) -> Scene:
        """What is to be seen now."""
        figures = self.figures
        return Scene(
            n=self._n,
            picture=self.picture,
            window=Window(asked_s=figures.asked_s(len(self.picture.confirmed)), usual_s=figures.usual_s),
            run=_run(figures),
            taken=figures.taken,
            bars=tuple(_as_shown(bar, self.picture) for bar in self._lanes.bars),
        )


def _as_shown(bar: Bar, picture: Picture) -> Bar:
    """The bar without the step it named, if that step is not on display so far: the lanes tell no more than the plan."""
    next_at = len(picture.confirmed)
    seen = bar.at < next_at or picture.outcome is not None
    verifying = bar.at == next_at and bar.lane == "approximation" and picture.verifying is not None
    return bar if seen or verifying or not bar.label else replace(bar, label="")


def _run(figures: Figures) -> Run:
    usage = figures.usage
    comparable = figures.steps > 0 and bool(figures.acceptance) and not figures.one_machine
    return Run(
        time_s=figures.now_s if figures.total_s is None else figures.total_s,
        alone_s=figures.target_alone_s if comparable else None,
        saved_s=figures.saved_s if comparable else None,
        calls_in_flight=figures.in_flight,
        tokens=usage.tokens,
        wasted_tokens=figures.tokens_lost,
        priced_usd=figures.priced_usd,
        calls_unpriced=figures.calls_unpriced,
    )
