"""``outrider trace``: a session as a file that Perfetto opens."""

from __future__ import annotations

import json

import pytest

from .running import PLAN, TASK, Place


def test_a_session_is_printed_as_a_chrome_trace(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    ran = place.run("trace", entry["name"])
    assert (ran.code, ran.err) == (0, "")
    (found,) = ran.events
    named = [event["args"]["name"] for event in found["traceEvents"] if event["name"] == "process_name"]
    assert named == [TASK]
    assert [event["name"] for event in found["traceEvents"] if event.get("cat") == "plan" and event["ph"] == "X"] == [
        *PLAN, "finish",
    ]  # fmt: skip


def test_with_out_it_goes_into_a_file_and_nothing_is_printed(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    ran = place.here("trace", entry["name"][:3], "--out", "run.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    written = (place.folder / "run.json").read_text(encoding="utf-8")
    assert json.loads(written) == json.loads(place.here("trace", entry["name"]).out)


def test_a_place_that_cannot_be_written_is_named(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    ran = place.here("trace", entry["name"], "--out", "nowhere/run.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.sentence.startswith("outrider: the trace cannot be written to nowhere/run.json: No such file or directory; give")


@pytest.mark.parametrize("session", ["nix", ""])
def test_an_unknown_session_is_named_with_those_there_are(place: Place, session: str) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    ran = place.here("trace", session)
    assert (ran.code, ran.out) == (2, "")
    assert ran.sentence == f"outrider: no session's name begins with {session!r}; the newest are {entry['name']}"


def test_a_missing_journal_is_named_and_none_is_made(place: Place) -> None:
    ran = place.here("trace", "x")
    assert (ran.code, ran.out) == (5, "")
    assert ran.sentence.startswith(f"outrider: there is no journal {place.journal}")
    assert not place.journal.exists()
