"""A journal in memory, for tests and for programs that keep records themselves."""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import Self

from outrider.errors import JournalUnusable
from outrider.journal.store import (
    Clock,
    SessionEntry,
    check_succession,
    out_of_turn,
    outcome_of,
    steps_after,
    task_of,
    the_one,
    utc_now,
)
from outrider.rules.events import Record


class MemoryJournal:
    """Keeps everything until it is closed, and leaves nothing behind. The contract is ``JournalStore``."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._created: dict[str, str] = {}
        self._records: dict[str, list[Record]] = {}
        self._learned: dict[str, str] = {}
        self._closed = False

    def append(self, session: str, records: list[Record]) -> None:
        """All of ``records`` are kept, or none; see ``JournalStore``."""
        self._check_open()
        if not records:
            return
        check_succession(session, records)
        expected = len(self._records.get(session, ()))
        if records[0].n != expected:
            raise out_of_turn(session, expected=expected, got=records[0].n)
        self._created.setdefault(session, self._clock().isoformat(timespec="seconds"))
        self._records.setdefault(session, []).extend(records)

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        """The records from number ``since`` on; see ``JournalStore``."""
        self._check_open()
        beginning_so = [name for name in self._records if name.startswith(session)]
        records = self._records[the_one(session, beginning_so, list(reversed(self._records)))][since:]
        return [record for record in records if record.event.kind in kinds] if kinds else records

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        """The sessions, newest first."""
        self._check_open()
        return [self._entry(name) for name in list(reversed(self._records))[:limit]]

    def _entry(self, name: str) -> SessionEntry:
        records = self._records[name]
        task = task_of(records)
        assert task is not None, "a session begins with its opened event"
        return SessionEntry(
            name=name,
            created=self._created[name],
            task=task.text,
            outcome=outcome_of(records) or "interrupted",
            steps=steps_after(records, 0) or 0,
            events=len(records),
        )

    def learned(self, topic: str) -> str:
        """What was last kept under ``topic``."""
        self._check_open()
        return self._learned.get(topic, "")

    def keep_learned(self, topic: str, text: str) -> None:
        """Keep it instead of what was kept before."""
        self._check_open()
        self._learned[topic] = text

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._learned.clear()
        self._records.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise JournalUnusable("the journal is closed; open another")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
