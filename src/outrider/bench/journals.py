"""Rows from a session's records: what both agents said on the confirmed path, how long they took and what it cost in tokens.

On the confirmed path the target's call and the drafts for the same step were asked about the same prefix, so they are a row.
Several drafters' guesses are several guesses of the row, those of the drafter that was there first before the others'. A row has
one time for them, the longest of those drafts', and the tokens of all: as if one drafter had made all guesses, so what a quick
one gains by being early is not in it.
Where no draft came in time (it was closed because the verdict was there first, or the lookahead did not reach so far), the row
has none (``draft_s`` is ``None``): what it would have been, nobody knows. A session is cut where the person took a step, since
the target's time for it is unknown, and where the records end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from outrider.bench.rows import Row, Trace
from outrider.errors import BadOption, JournalCorrupt, UnknownName
from outrider.journal import SqliteJournal
from outrider.model import Step, Usage
from outrider.rules.events import (
    Accepted,
    Confirmed,
    Drafted,
    Finished,
    Opened,
    Record,
    Rejected,
    Started,
    Verified,
    WentBack,
)

Note = Callable[[str], None]
"""Told, in a sentence, what could not be taken from a source and why."""

SQLITE: Final = b"SQLite format 3\0"
"""How a SQLite file begins."""


def is_journal(file: Path) -> bool:
    """Whether ``file`` is a SQLite file, as journals are."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


def read_journal(file: Path, note: Note) -> Iterator[Trace]:
    """The sessions in the journal ``file`` that can be compared on, oldest first, one at a time.

    A session that is damaged, or tells of no draft, is left out, and one that was cut off gives what is there; ``note`` is told.

    Raises:
        JournalError: the journal cannot be read at all.
        BadOption: nothing in it can be compared on.
    """
    found = 0
    with SqliteJournal(file, read_only=True) as journal:
        for entry in reversed(journal.sessions()):
            try:
                records = journal.read(entry.name)
            except (JournalCorrupt, UnknownName) as error:
                note(f"{file}: session {entry.name} is left out: {error}")
                continue
            trace = trace_from(records, _about(f"{file}: session {entry.name}", note))
            if trace is not None:
                found += 1
                yield trace
    if not found:
        raise BadOption(f"the journal {file} has no session with drafts and verdicts; plan something with outrider plan first")


def _about(what: str, note: Note) -> Note:
    return lambda why: note(f"{what} {why}")


@dataclass(slots=True)
class _Call:
    started_s: float
    ended_s: float = 0.0
    usage: Usage = field(default_factory=Usage)
    steps: tuple[Step, ...] = ()


def trace_from(records: Iterable[Record], note: Note) -> Trace | None:
    """The session as a recorded run; ``None``, and ``note`` is told, if it has no confirmed step with a draft beside it."""
    fold = _Fold()
    for record in records:
        fold.receive(record)
    rows, task = _with_late_drafts(fold.rows), fold.task
    if task is None or not rows:
        note("is left out: the target confirmed no step in it")
        return None
    if not any(row.drafts for row in rows):
        note("is left out: there is no draft in it; it was the target alone, or the drafter always came too late")
        return None
    if fold.by_person:
        note(f"is cut after {len(rows)} steps, where the person took one: what the target would have taken is unknown")
    elif not fold.finished:
        note(f"is cut off after {len(rows)} confirmed steps: its records end before the run did")
    if fold.one_machine:
        note("ran with both agents on one machine: its calls slowed one another down, and its times are what that left")
    return Trace(task=task, rows=rows)


@dataclass(slots=True)
class _Fold:
    """What the records say, in order. A verdict is followed by what it said of each guess: that is how calls find their step."""

    task: str | None = None
    one_machine: bool = False
    finished: bool = False
    by_person: bool = False
    carried: int = 0
    rows: list[Row] = field(default_factory=list)
    calls: dict[int, _Call] = field(default_factory=dict)
    judged: dict[int, list[int]] = field(default_factory=dict)
    last_verdict: int = -1

    def receive(self, record: Record) -> None:
        match record.event:
            case Opened() as event:
                self.task, self.one_machine, self.carried = event.task.text, event.one_machine, len(event.plan)
            case Started(call=call):
                self.calls[call] = _Call(record.time_s)
            case Drafted(call=call, steps=steps, usage=usage):
                self._answer(call, record.time_s, steps, usage)
            case Verified(call=call, step=step, usage=usage):
                self._answer(call, record.time_s, (step,), usage)
                self.last_verdict = call
            case Accepted(call=call) | Rejected(call=call):
                self.judged.setdefault(self.last_verdict, []).append(call)
            case Confirmed(at=at, call=call) if at >= self.carried:
                self._confirm(at - self.carried, call)
            case WentBack(at=at):
                del self.rows[max(0, at - self.carried) :]
            case Finished():
                self.finished = True
            case _:
                pass

    def _answer(self, number: int, time_s: float, steps: tuple[Step, ...], usage: Usage) -> None:
        if (call := self.calls.get(number)) is not None:
            call.ended_s, call.steps, call.usage = time_s, steps, usage

    def _confirm(self, at: int, number: int | None) -> None:
        if self.by_person or at > len(self.rows):
            return
        del self.rows[at:]
        target = self.calls.get(number) if number is not None else None
        if number is None or target is None:
            self.by_person = True
            return
        drafts = [self.calls[call] for call in dict.fromkeys(self.judged.get(number, ())) if call in self.calls]
        self.rows.append(_row(at, target, sorted(drafts, key=lambda draft: draft.ended_s)))


def _row(at: int, target: _Call, drafts: list[_Call]) -> Row:
    return Row(
        at=at,
        target=target.steps[0],
        target_s=target.ended_s - target.started_s,
        drafts=tuple(dict.fromkeys(guess for draft in drafts for guess in draft.steps)),
        draft_s=max((draft.ended_s - draft.started_s for draft in drafts), default=None),
        target_tokens=_counted(target.usage, target.usage.output_tokens),
        target_prompt_tokens=_counted(target.usage, target.usage.prompt_tokens),
        draft_tokens=_together([_counted(draft.usage, draft.usage.output_tokens) for draft in drafts]),
        draft_prompt_tokens=_together([_counted(draft.usage, draft.usage.prompt_tokens) for draft in drafts]),
    )


def _together(counts: list[int | None]) -> int | None:
    """Their sum; unknown where one of them is, or there are none."""
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _counted(usage: Usage, tokens: int) -> int | None:
    return None if usage.counted == "unknown" else tokens


def _with_late_drafts(rows: list[Row]) -> tuple[Row, ...]:
    """Late drafts used tokens too, which nobody counted: the mean of the session's other drafts stands in for them."""
    output = _average([row.draft_tokens for row in rows if row.drafts])
    prompt = _average([row.draft_prompt_tokens for row in rows if row.drafts])
    return tuple(row if row.drafts else replace(row, draft_tokens=output, draft_prompt_tokens=prompt) for row in rows)


def _average(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return round(sum(known) / len(known)) if known and len(known) == len(counts) else None
