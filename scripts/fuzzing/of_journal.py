"""The journal: lines, whole sessions, files whose bytes are damaged, and what else is kept in it as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fuzzing.sessions import NAME, recorded
from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider.cli.kept import kept_of
from outrider.errors import BadOption, JournalError, UnknownName
from outrider.journal import MemoryJournal, SqliteJournal, encode, examine, from_line, replay, save, to_line
from outrider.journal.rows import checksum, entry_of, record_of
from outrider.model import PlanStep, Step, Task
from outrider.rules.events import Opened, Record
from outrider.rules.kept import estimates_of
from outrider.subplans.kept import kept
from outrider.views.lines import LinesView
from outrider.views.scene import Watch
from outrider.views.trace import chrome_trace

SETTINGS: Final = {
    "wanted": {"world": "free", "approximation": "direct@local", "target": "react@local", "matching": "exact", "budget_calls": 9},
    "tools": {"sources": ["tools.py"], "effects": {"search": "none"}, "approvals": {"book": "always"}, "trusted": False},
    "prices": "prices.toml",
}
SUBTASK: Final = {
    "name": "a",
    "task": "Find a hotel",
    "world": "",
    "after": [],
    "state": "complete",
    "session": "trip.a",
    "why": "",
    "began_s": 0.5,
    "ended_s": None,
}
GRAPH: Final = {"format": 1, "subtasks": [SUBTASK, {**SUBTASK, "name": "b", "after": ["a"], "session": "", "state": "failed"}]}


class Journals:
    """Sessions that were run, as records, as lines, and as the bytes of a file."""

    def __init__(self, folder: Path) -> None:
        self.sessions = recorded()
        self.lines: list[list[dict[str, Any]]] = [[encode(record) for record in records] for records in self.sessions]
        rules = [replay(records).rules for records in self.sessions]
        self.known = [json.loads(each.learned) for each in rules if each is not None and each.learned]
        self.lines.append([encode(Record(n=0, time_s=0.0, event=self._going_on()))])
        self.folder = folder
        whole = folder / "whole"
        self.written = {f"{NAME}-{number}": records for number, records in enumerate(self.sessions[:3])}
        self.written["long"] = self._long(self.sessions[6])
        with SqliteJournal(whole) as journal:
            for name, records in self.written.items():
                journal.append(name, records)
            journal.keep_learned("drafts", "are often right")
        self.whole = whole.read_bytes()
        self.places = [place for place in range(len(self.whole)) if self.whole.startswith(b'{"n":', place)]

    def _going_on(self) -> Opened:
        """The opening of a session that goes on from a plan."""
        opened = self.sessions[0][0].event
        assert isinstance(opened, Opened), "sessions begin so"
        plan = (PlanStep(Step("search", {"to": "Oslo"}, "3 hotels")), PlanStep(Step("pay"), "person"))
        return replace(opened, plan=plan, known="{}", drafters=2)

    def _long(self, records: list[Record]) -> list[Record]:
        """The same for a task that does not fit on one of the file's pages."""
        opened = records[0].event
        assert isinstance(opened, Opened), "sessions begin so"
        return [replace(records[0], event=replace(opened, task=Task("to Oslo " + "and further " * 1200))), *records[1:]]

    def some(self, spoiler: Spoiler) -> dict[str, Any]:
        """Any record of any session."""
        entry: dict[str, Any] = spoiler.one_of(spoiler.one_of(self.lines))
        return entry

    # Lines ----------------------------------------------------------------------------------------------------------

    def line(self, spoiler: Spoiler) -> None:
        """A record is read or refused; one that is read is written and read again as the same."""
        line = spoiler.json(self.some(spoiler), self.lines[0])
        # Two halves of a character, side by side, are that character to whatever a line can be stored in.
        record = from_line(line.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))
        holds(from_line(to_line(record)) == record, "a record that was read is not what it is written as")

    def row(self, spoiler: Spoiler) -> None:
        """A row of a store, of values of any type."""
        line = spoiler.json(self.some(spoiler)) if spoiler.rarely(0.5) else to_line(self.sessions[0][0])
        row = spoiler.value([3, line, 1234567])
        n, text, crc = row if isinstance(row, list) and len(row) == 3 else (0, line, row)
        if isinstance(text, str) and spoiler.rarely(0.5):
            crc = checksum(NAME, text)
        with suppress(JournalError):
            holds(record_of(NAME, n, text, crc).n == n, "a record stands in the place of another")
        entry = spoiler.value([NAME, "2026-03-01T12:00:00+00:00", "Plan a trip", "complete", 4, 20])
        if isinstance(entry, list) and len(entry) == 6:
            entry_of(tuple(entry))

    # Sessions -------------------------------------------------------------------------------------------------------

    def session(self, spoiler: Spoiler) -> None:
        """Records that are out of order, missing, doubled or altered replay, or are refused; what replays can be drawn."""
        records = list(spoiler.one_of(self.sessions))
        del records[spoiler.dice.randint(1, len(records)) :]
        for _ in range(spoiler.few()):
            records = self._spoilt(records, spoiler)
        if spoiler.rarely(0.1) and isinstance(opened := records[0].event if records else None, Opened):
            records[0] = replace(records[0], event=replace(opened, lookahead="of-my-own"))  # then no rules are asked
        if spoiler.rarely(0.8):
            records = [replace(record, n=n) for n, record in enumerate(records)]
        spoiler.last = f"{len(records)} records"
        replay(records)
        for _ in drawn(records):
            pass

    def _spoilt(self, records: list[Record], spoiler: Spoiler) -> list[Record]:
        if not records:
            return records
        at, other = (spoiler.dice.randrange(len(records)) for _ in range(2))
        match spoiler.dice.randrange(6):
            case 0:
                return [*records[:at], *records[at + 1 :]]
            case 1:
                return [*records[: at + 1], *records[at:]]
            case 2:
                records[at], records[other] = records[other], records[at]
                return records
            case 3:
                return [*records[:at], spoiler.one_of(spoiler.one_of(self.sessions)), *records[at:]]
            case _:
                with suppress(JournalError):
                    records[at] = from_line(spoiler.json(encode(records[at]), self.lines[0]))
                return records

    # Files ----------------------------------------------------------------------------------------------------------

    def file(self, spoiler: Spoiler) -> None:
        """A damaged file is read as what was written or refused; what is salvaged is a beginning of what was written."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            path = Path(name) / "journal"
            path.write_bytes(spoiler.data(self.whole, self.places))
            with suppress(JournalError):
                self._read(path)
            if spoiler.rarely(0.2):
                with suppress(JournalError), SqliteJournal(Path(name) / "journal") as journal:
                    journal.append("another", self.sessions[5])
                return
            examined = examine(path)
            save(examined, Path(name) / "new")
            with SqliteJournal(Path(name) / "new", read_only=True) as journal:
                saved = {entry.name: journal.read(entry.name) for entry in journal.sessions()}
            for session, records in saved.items():
                holds(records == self.written[session][: len(records)], "what was salvaged is not what was written")

    def _read(self, path: Path) -> None:
        with SqliteJournal(path, read_only=True) as journal:
            for entry in journal.sessions():
                holds(journal.read(entry.name) == self.written[entry.name], "a damaged file reads as something else")

    # What else is kept ----------------------------------------------------------------------------------------------

    def estimates(self, spoiler: Spoiler) -> None:
        """What was learned of agents."""
        estimates_of(spoiler.json(spoiler.one_of(self.known)))

    def settings(self, spoiler: Spoiler) -> None:
        """How a session was launched."""
        opened = self.sessions[0][0].event
        assert isinstance(opened, Opened), "sessions begin so"
        kept_of(replace(opened, settings=spoiler.json(SETTINGS)))

    def graph(self, spoiler: Spoiler) -> None:
        """A run of several sub-tasks."""
        with MemoryJournal() as journal:
            journal.keep_learned("subplans | trip", spoiler.json(GRAPH))
            kept(journal, "trip")


def drawn(records: list[Record]) -> Iterator[object]:
    """What screens, pages, traces and logs make of the records."""
    watch, lines = Watch(), LinesView(lambda line: None)
    for record in records:
        watch.receive(record)
        lines.receive(record)
    yield watch.scene
    yield json.dumps(chrome_trace(records))


def targets(folder: Path) -> list[Target]:
    """The journal's parsers."""
    of = Journals(folder)
    return [
        Target(name="lines", group="journal", parts=30, feed=of.line, refuses=(JournalError,)),
        Target(name="rows", group="journal", parts=5, feed=of.row, refuses=(JournalError,)),
        Target(name="sessions", group="journal", parts=1.5, feed=of.session, refuses=(JournalError,)),
        Target(name="files", group="journal", parts=0.25, feed=of.file, refuses=(JournalError,)),
        Target(name="estimates", group="journal", parts=4, feed=of.estimates, refuses=(ValueError,)),
        Target(name="settings", group="journal", parts=3, feed=of.settings, refuses=(BadOption,)),
        Target(name="sub-tasks' graphs", group="journal", parts=2, feed=of.graph, refuses=(JournalError, UnknownName)),
    ]
