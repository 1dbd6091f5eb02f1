"""``outrider journal``: what of a journal is sound, and a new one with just that."""

from __future__ import annotations

import sys
from pathlib import Path

from outrider.cli.exits import Exit
from outrider.cli.views import json_line
from outrider.errors import BadOption
from outrider.journal import Examined, FoundSession, default_path, examine, examine_store, is_address, open_journal, save
from outrider.model import JSON
from outrider.naming import without_secrets
from outrider.views.words import count


def check(where: str, *, as_json: bool) -> Exit:
    """Say of every session what is sound, and of the whole journal whether it is."""
    examined = _examined(where)
    _tell(examined, as_json=as_json)
    if not examined.sound and not as_json and not is_address(where):
        print(f"outrider: outrider journal salvage {_file(where)} --to NEW saves what is sound", file=sys.stderr)
    return Exit.COMPLETE if examined.sound else Exit.JOURNAL


def salvage(where: str, to: Path, *, as_json: bool) -> Exit:
    """Write what is sound to a new journal ``to``, and say what is lost.

    Raises:
        BadOption: it is no file.
        JournalError: it is no journal, or ``to`` cannot be written.
    """
    if is_address(where):
        raise BadOption(f"{without_secrets(where)} is a server: its own backups bring back what is damaged there; name a file")
    examined = _examined(where)
    save(examined, to)
    _tell(examined, as_json=as_json)
    if not as_json:
        kept = sum(len(session.records) for session in examined.sessions)
        print(f"{count(kept, 'event')} written to {to}; leases and commands not yet carried out are not")
    return Exit.COMPLETE


def _examined(where: str) -> Examined:
    if not is_address(where):
        return examine(_file(where))
    with open_journal(where, read_only=True) as journal:
        return examine_store(journal)


def _file(where: str) -> Path:
    return Path(where) if where else default_path()


def _tell(examined: Examined, *, as_json: bool) -> None:
    for session in examined.sessions:
        print(json_line(_as_json(session)) if as_json else _line(session))
    if as_json:
        return
    events, lost = (sum(numbers) for numbers in ([s.events for s in examined.sessions], [s.lost for s in examined.sessions]))
    if examined.trouble:
        print(f"The file is damaged: {examined.trouble}")
    told = "all sound" if not lost else f"{lost} lost"
    print(f"{count(len(examined.sessions), 'session')}, {count(events, 'event')}: {told}")


def _line(session: FoundSession) -> str:
    kept = len(session.records)
    if not session.lost:
        return f"{session.name}  {count(kept, 'event')}, sound"
    sound = f"events 0 to {kept - 1} sound, " if kept else ""
    return f"{session.name}  {sound}{kept} to {session.events - 1} lost: {session.why}"


def _as_json(session: FoundSession) -> dict[str, JSON]:
    return {"name": session.name, "sound": len(session.records), "lost": session.lost, "why": session.why}
