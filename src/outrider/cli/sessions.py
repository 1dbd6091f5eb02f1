"""``outrider sessions`` and ``outrider replay``: read the journal, print."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from outrider.cli.views import JsonView, write_line
from outrider.journal import SqliteJournal, encode_plan, replay
from outrider.rules.events import Record
from outrider.views.lines import LinesView


def _read(journal: Path | None, session: str) -> list[Record]:
    with SqliteJournal(journal, read_only=True) as opened:
        return opened.read(session)


def print_list(journal: Path | None, *, as_json: bool) -> None:
    """A line a session, newest first."""
    with SqliteJournal(journal, read_only=True) as opened:
        entries = opened.sessions()
    for entry in entries:
        if as_json:
            print(json.dumps(asdict(entry), ensure_ascii=False))
        else:
            outcome = entry.outcome.replace("_", " ")
            print(f"{entry.name}  {entry.created[:19]}  {outcome:<13}  {entry.steps:>3} steps  {entry.task}")
    if not entries and not as_json:
        print("no session in this journal yet; outrider plan makes one")


def print_one(session: str, journal: Path | None, *, as_json: bool) -> None:
    """The session's plan and figures, as its journal tells them."""
    records = _read(journal, session)
    if as_json:
        replayed = replay(records)
        view = {"plan": encode_plan(replayed.plan), "outcome": replayed.outcome, "figures": replayed.figures.as_json()}
        print(json.dumps(view, ensure_ascii=False))
    else:
        _draw(records)


def print_replay(session: str, journal: Path | None, *, as_json: bool) -> None:
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
        if not replayed.checked:
            print("Not checked: this session ran with a lookahead or matching of the caller's own.")


def _draw(records: list[Record]) -> None:
    view = LinesView(write_line)
    for record in records:
        view.receive(record)
    view.close()
