"""The confirmed plans of a journal's sessions, for an agent that drafts from memory; and how they are forgotten.

Nothing is kept twice: the sessions are the memory. Clearing it leaves a mark in the journal: the newest session of that time and
all before it do not count any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from outrider.errors import JournalCorrupt, UnknownName
from outrider.journal.store import JournalStore
from outrider.model import Prefix, Step, Task
from outrider.rules.events import Confirmed, Opened, Record, Steered, WentBack

MOST_SESSIONS: Final = 2000
"""So many of the newest sessions are looked at."""

KINDS: Final = frozenset(kind.kind for kind in (Opened, Confirmed, WentBack, Steered))
"""What of a session tells its confirmed plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedPlan:
    """The steps that a session confirmed, for the task with what the person had added to it by the end.

    Those before ``since`` it has from the session that it went on from.
    """

    session: str
    task: Task
    steps: Prefix
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The plans, newest first, and what had to be left out, in sentences."""

    plans: tuple[ConfirmedPlan, ...] = ()
    notes: tuple[str, ...] = ()


def remembered(journal: JournalStore, world: str = "") -> Remembered:
    """What the newest sessions have confirmed since the memory was last cleared; in ``world`` alone, if one is given.

    A session that cannot be read is left out. Where the mark of the last clearing cannot be read, nothing is remembered: it might
    be what was to be forgotten.

    Raises:
        JournalError: the list of sessions cannot be read.
    """
    entries = journal.sessions(limit=MOST_SESSIONS)
    marks = _Marks(journal, [entry.name for entry in entries])
    plans: list[ConfirmedPlan] = []
    for i, entry in enumerate(entries[: marks.cleared("")]):
        try:
            plan = _fold(entry.name, journal.read(entry.name, kinds=KINDS))
        except (JournalCorrupt, UnknownName) as error:
            marks.notes.append(f"session {entry.name} is not recalled: {error}")
            continue
        fits = plan.task.world == world if world else True
        if fits and len(plan.steps) > plan.since and i < marks.cleared(plan.task.world):
            plans.append(plan)
    return Remembered(plans=tuple(plans), notes=tuple(marks.notes))


@dataclass(slots=True)
class _Marks:
    """Where the memory was cleared: in all worlds or in one."""

    journal: JournalStore
    names: list[str]
    notes: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)

    def cleared(self, world: str) -> int:
        """How many of the newest sessions still count."""
        if world not in self.found:
            self.found[world] = self._look(world)
        return self.found[world]

    def _look(self, world: str) -> int:
        try:
            mark = self.journal.learned(_topic(world))
        except JournalCorrupt as error:
            self.notes.append(
                f"when the memory was cleared cannot be read, so nothing is recalled; outrider memory clear mends it: {error}"
            )
            return 0
        return self.names.index(mark) if mark in self.names else len(self.names)


def forget(journal: JournalStore, world: str = "") -> None:
    """No session that is in the journal now is remembered any more; of ``world`` alone, if one is given.

    Raises:
        JournalError: the journal cannot be read or written.
    """
    newest = journal.sessions(limit=1)
    journal.keep_learned(_topic(world), newest[0].name if newest else "")


def _topic(world: str) -> str:
    return f"recall | {world}" if world else "recall"


def _fold(session: str, records: list[Record]) -> ConfirmedPlan:
    if not records or not isinstance(records[0].event, Opened):
        raise JournalCorrupt("it does not begin with its opened event")
    opened = records[0].event
    steps: list[Step] = []
    sentences: tuple[str, ...] = ()
    for record in records:
        match record.event:
            case Confirmed(at=at, step=step) if at <= len(steps):
                steps[at:] = [step]
            case Confirmed(at=at):
                raise JournalCorrupt(f"step {at} is confirmed after {len(steps)} steps")
            case WentBack(at=at):
                del steps[at:]
            case Steered() as steered:
                sentences = steered.after(sentences)
            case _:
                pass
    since = min(len(opened.plan), len(steps))
    while any(given.step != step for given, step in zip(opened.plan[:since], steps, strict=False)):
        since -= 1  # the person went back to before where it went on from
    return ConfirmedPlan(session=session, task=opened.task.steered(sentences), steps=tuple(steps), since=since)
