"""How long a run was held: by the person, by a limit, or by a tool that waits for the person's word."""

from __future__ import annotations

from outrider.rules.events import (
    Allowed,
    Approved,
    Asked,
    Ended,
    Extended,
    Limit,
    Paused,
    Reached,
    Record,
    Settled,
    Steered,
    Took,
    Waiting,
    WentBack,
    WentOn,
)


class Holding:
    """``receive`` a run's records in order."""

    __slots__ = ("_asking", "_held", "_limit", "_since_s", "past_s", "verdict_in_at")

    def __init__(self) -> None:
        self.past_s = 0.0
        """Seconds that the run was held, without those of a hold that goes on."""
        self.verdict_in_at: int | None = None
        """The step whose verdict came while the run was held, and waits."""
        self._held = False
        self._asking = False
        self._limit: Limit | None = None
        self._since_s: float | None = None

    def receive(self, record: Record) -> None:
        """Count ``record`` in."""
        match record.event:
            case Paused():
                self._hold(record.time_s)
            case WentBack(at=at):
                self._asking = False
                self._hold(record.time_s, verdict_in_at=at)
            case Reached(limit=limit):
                self._hold(record.time_s, limit=limit)
            case Waiting(at=at):
                self.verdict_in_at = at
            case Asked():
                self._ask(record.time_s, asking=True)
            case Approved() | Settled():
                self._ask(record.time_s, asking=False)
            case Allowed() if self._limit == "budget":
                self._go_on(record.time_s)
            case Extended() if self._limit == "steps":
                self._go_on(record.time_s)
            case WentOn() | Steered() | Took():
                self._go_on(record.time_s)
            case Ended():
                self._asking = False
                self._go_on(record.time_s)
            case _:
                pass

    def so_far_s(self, time_s: float) -> float:
        """How long the run has been held by ``time_s``."""
        return self.past_s + (time_s - self._since_s if self._since_s is not None else 0.0)

    def _hold(self, time_s: float, verdict_in_at: int | None = None, limit: Limit | None = None) -> None:
        self.verdict_in_at, self._limit, self._held = verdict_in_at, limit, True
        self._note(time_s)

    def _go_on(self, time_s: float) -> None:
        self.verdict_in_at, self._limit, self._held = None, None, False
        self._note(time_s)

    def _ask(self, time_s: float, *, asking: bool) -> None:
        self._asking = asking
        self._note(time_s)

    def _note(self, time_s: float) -> None:
        if self._held or self._asking:
            self._since_s = time_s if self._since_s is None else self._since_s
        elif self._since_s is not None:
            self.past_s += time_s - self._since_s
            self._since_s = None
