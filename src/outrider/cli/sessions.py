"""``outrider sessions``, ``outrider replay`` and ``outrider trace``: read the journal, print."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from outrider.cli.views import JsonView, json_line, write_line
from outrider.errors import BadOption
from outrider.journal import SessionEntry, encode_plan, open_journal, owner_of, replay
from outrider.resuming import full_name
from outrider.rules.events import Record
from outrider.views.lines import LinesView
from outrider.views.trace import chrome_trace
from outrider.views.words import count, one_line


def _read(journal: str | None, session: str) -> list[Record]:
    with open_journal(journal, read_only=True) as opened:
        return opened.read(session)


def print_list(journal: str | None, *, as_json: bool) -> None:
    """A line a session, newest first."""
    with open_journal(journal, read_only=True) as opened:
        entries = opened.sessions()
        running = {entry.name for entry in entries if entry.outcome == "interrupted" and owner_of(opened, entry.name)}
    for entry in entries:
        outcome = "running" if entry.name in running else entry.outcome
        print(json_line(asdict(entry) | {"outcome": outcome}) if as_json else _entry(entry, outcome))
    if not entries and not as_json:
        print("no session in this journal yet; outrider plan makes one")


def _entry(entry: SessionEntry, outcome: str) -> str:
    """The session in a line: name, time (UTC), outcome, steps, task."""
    created = entry.created[:16].replace("T", " ")
    return f"{entry.name}  {created}  {outcome.replace('_', ' '):<13}  {count(entry.steps, 'step'):>8}  {one_line(entry.task)}"


def print_one(session: str, journal: str | None, *, as_json: bool) -> None:
    """The session's plan and figures, as its journal tells them."""
    with open_journal(journal, read_only=True) as opened:
        name = full_name(opened, session)
        records, running = opened.read(name), bool(owner_of(opened, name))
    if as_json:
        replayed = replay(records)
        view = {"plan": encode_plan(replayed.plan), "outcome": replayed.outcome, "figures": replayed.figures.as_json()}
        print(json_line(view))
    else:
        _draw(records, unended="Running" if running else "Interrupted")


def print_replay(session: str, journal: str | None, *, as_json: bool) -> None:
    """The session's records once more, after the rules have found the same in them as they did live.

    Raises:
        JournalCorrupt: the rules find something else than is recorded.
    """
    records = _read(journal, session)
    replayed = replay(records)
    if as_json:
        view = JsonView(write_line)
        for record in records:
            view.receive(record)
    else:
        _draw(records)
        if replayed.checked:
            print(f"Replayed {count(len(records), 'event')}: the rules find the same.")
        else:
            print("Not checked: this session ran with a lookahead or matching of the caller's own.")


def print_trace(session: str, journal: str | None, out: Path | None) -> None:
    """The session as a Chrome trace, in ``out`` or on standard output.

    Raises:
        BadOption: ``out`` cannot be written.
    """
    text = json_line(chrome_trace(_read(journal, session)))
    if out is None:
        print(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadOption(
            f"the trace cannot be written to {out}: {error.strerror}; give --out a file in a folder of yours"
        ) from None


def _draw(records: list[Record], unended: str = "Interrupted") -> None:
    view = LinesView(write_line, unended=unended)
    for record in records:
        view.receive(record)
    view.close()
