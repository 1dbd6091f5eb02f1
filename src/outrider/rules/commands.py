"""What the person may say. Each is an event: it counts, and is on record, from when the rules have taken it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from outrider.model import Step
from outrider.rules.acts import ADDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The person lets the tool of confirmed step ``at`` run: for the first time, or again after it gave no answer."""

    kind: ClassVar[str] = "approved"
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The person says what executing step ``at`` has come to, instead of running its tool: done by hand, happened, declined."""

    kind: ClassVar[str] = "settled"
    at: int
    observation: str
    happened: bool = field(default=False, metadata=ADDED)
    """Whether the tool's effect, of which that was not known, is there: going back behind it takes it back. What else the person
    says has been done is theirs to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """The person took the step at the frontier: their step is the verdict."""

    kind: ClassVar[str] = "took"
    at: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack:
    """The person moved the frontier up to step ``at``, which is open again until they take it or go on."""

    kind: ClassVar[str] = "went_back"
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOn:
    """After going back or pausing: the verdict that is there counts, and calls are made again."""

    kind: ClassVar[str] = "went_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The person holds the frontier where it is: no call begins, and a verdict that arrives waits until they go on."""

    kind: ClassVar[str] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """The person added ``sentence`` to the task, from step ``at`` on. An empty one takes back all before it."""

    kind: ClassVar[str] = "steered"
    at: int
    sentence: str

    def after(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        """The sentences in force once it is added to those before it."""
        return (*sentences, self.sentence) if self.sentence else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The person raised the budget by so much, for ``reason``; if the run was held for want of it, it goes on."""

    kind: ClassVar[str] = "allowed"
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The person gave the plan so many steps more, for ``reason``; if the run was held for want of them, it goes on."""

    kind: ClassVar[str] = "extended"
    steps: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Somebody stopped the run, or the journal was lost and nothing could be written down any more."""

    kind: ClassVar[str] = "stopped"
    reason: str
    outcome: Literal["stopped", "journal_lost"] = "stopped"


Command: TypeAlias = Took | WentBack | WentOn | Paused | Steered | Allowed | Extended | Approved | Settled | Stopped
"""What the person may say."""
