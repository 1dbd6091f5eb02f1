"""``outrider journal``: a damaged journal says what can be saved, and saves it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .running import Place


def damage(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("UPDATE event SET crc = 0 WHERE n = 3")


def test_a_sound_journal_is_said_to_be(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    told = f"{entry['name']}  {entry['events']} events, sound\n1 session, {entry['events']} events: all sound\n"
    for words in ((), (str(place.journal),)):
        checked = place.here("journal", "check", *words)
        assert (checked.code, checked.out, checked.err) == (0, told, "")


def test_a_damaged_journal_says_what_is_lost_and_how_to_save_the_rest(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    damage(place.journal)
    checked = place.here("journal", "check")
    assert checked.code == 5
    last = entry["events"] - 1
    assert checked.out.splitlines() == [
        f"{entry['name']}  events 0 to 2 sound, 3 to {last} lost: event 3 is not what was written",
        f"1 session, {entry['events']} events: {last - 2} lost",
    ]
    assert checked.sentence == f"outrider: outrider journal salvage {place.journal} --to NEW saves what is sound"
    (told,) = place.here("journal", "check", "--json").events
    assert told == {"name": entry["name"], "sound": 3, "lost": last - 2, "why": "event 3 is not what was written"}


def test_what_is_sound_is_saved_in_a_new_journal(place: Place) -> None:
    place.plan()
    place.plan()
    newest, oldest = place.here("sessions", "list", "--json").events
    with closing(sqlite3.connect(place.journal)) as db, db:
        db.execute("UPDATE event SET crc = 0 WHERE n = 3 AND session = 2")
    new = place.folder / "new.sqlite3"
    saved = place.here("journal", "salvage", str(place.journal), "--to", str(new))
    assert saved.code == 0
    assert (
        saved.out.splitlines()[-1]
        == f"{oldest['events'] + 3} events written to {new}; leases and commands not yet carried out are not"
    )
    listed = place.here("sessions", "list", "--journal", str(new), "--json").events
    assert listed == [newest | {"outcome": "interrupted", "steps": 0, "events": 3}, oldest]
    assert place.here("replay", oldest["name"], "--journal", str(new)).code == 0
    again = place.here("journal", "salvage", str(place.journal), "--to", str(new))
    assert (again.code, again.out) == (5, "")
    assert "exists already; give the name of a new file" in again.sentence


@pytest.mark.parametrize("command", [["check"], ["salvage", "--to", "new.sqlite3"]])
def test_what_is_no_journal_is_refused(place: Place, command: list[str]) -> None:
    (place.folder / "diary").write_text("Dear diary\n" * 999)
    refused = place.here("journal", command[0], "diary", *command[1:])
    assert refused.code == 5
    assert "diary is no journal of Outrider's" in refused.sentence
    assert not (place.folder / "new.sqlite3").exists()


@pytest.mark.parametrize("words", [["sessions", "list"], ["journal", "check"], ["plan", "Make tea"], ["memory", "list"]])
def test_a_server_that_is_not_there_is_told_without_its_password(place: Place, words: list[str]) -> None:
    pytest.importorskip("asyncpg")
    address = f"postgresql://ida:s3cret@/trips?host={place.folder}"
    refused = place.here(*words, *(["--journal", address] if words[0] != "journal" else [address]))
    assert refused.code == 5
    assert "the journal postgresql://ida@/trips cannot be reached" in refused.sentence
    assert "s3cret" not in refused.out + refused.err


def test_a_server_cannot_be_salvaged(place: Place) -> None:
    refused = place.here("journal", "salvage", "postgresql://ida:s3cret@db/trips", "--to", "new")
    assert refused.code == 2
    assert "is a server: its own backups bring back what is damaged there; name a file" in refused.sentence
    assert "s3cret" not in refused.sentence
