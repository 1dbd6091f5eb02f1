"""The audit: who started, took, steered, approved and stopped what. Lines at the end of a file, keyed by session and record.

The journal tells what a record says; the audit who said it. A line goes before the deed and one after it: what cannot be noted is
not done, and a line without its second is a deed during which the process died. What a role does not allow is one line, since
nothing is done. No token, task, step or sentence is in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from outrider.errors import BadOption, JournalCorrupt, JournalUnusable
from outrider.model import JSON

MOST_READ: Final = 1_000
"""So many deeds are given at once, the newest."""

COMMAND_LINE: Final = "(command line)"
"""Who changed the users."""


class Audit:
    """The audit in the file at ``path``, made now for its owner alone if there is none. Nothing in it is ever changed.

    Raises:
        BadOption: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise BadOption(f"the audit {path} cannot be written: {error.strerror}; choose another file with --audit") from None

    def asks(self, user: str, role: str, did: str, *, session: str = "", **more: JSON) -> str:
        """``user`` is about to do this; the deed's key.

        Raises:
            JournalUnusable: it cannot be noted, so it must not be done.
        """
        key = secrets.token_hex(6)
        self._append({"deed": key, "at": _now(), "user": user, "role": role, "did": did, "session": session, **more})
        return key

    def refused(self, user: str, role: str, did: str, answer: str, *, session: str = "") -> None:
        """``user`` wanted to do this and was not let: one line. Where it cannot be noted, it is refused all the same."""
        told = {"deed": secrets.token_hex(6), "at": _now(), "user": user, "role": role, "did": did, "session": session}
        with contextlib.suppress(JournalUnusable):
            self._append(told | {"answer": answer})

    def answered(self, key: str, answer: str, *, session: str = "", record: int | None = None) -> None:
        """What came of it: ``accepted``, or the kind of the refusal; ``record`` is the number of the first record that it made.

        It is done by now, so where this cannot be noted, its answer stays unknown.
        """
        told: dict[str, JSON] = {"of": key, "answer": answer}
        with contextlib.suppress(JournalUnusable):
            self._append(told | ({"session": session} if session else {}) | ({} if record is None else {"record": record}))

    def _append(self, line: Mapping[str, JSON]) -> None:
        text = json.dumps(line).encode() + b"\n"
        try:
            done = os.write(self._file, text)  # in one piece: several processes may share the file
        except OSError as error:
            raise JournalUnusable(f"the audit {self.path} cannot be written: {error.strerror}; make room for it") from None
        if done != len(text):
            raise JournalUnusable(f"the audit {self.path} could only be written in part; make room for it")

    def close(self) -> None:
        """Nothing more can be noted."""
        os.close(self._file)


def deeds(path: Path, *, session: str = "", most: int = MOST_READ) -> list[dict[str, JSON]]:
    """What was done, the newest ``most`` of it, oldest first; of ``session`` alone if one is given.

    A deed has ``at``, ``user``, ``role``, ``did``, ``session``, ``answer`` (``unknown`` where the process died) and, where it
    made one, ``record``.

    Raises:
        BadOption: there is no audit.
        JournalCorrupt: a line is none.
    """
    found: OrderedDict[str, dict[str, JSON]] = OrderedDict()
    for line in _lines(path):
        if "deed" in line:
            key = str(line.pop("deed"))
            found[key] = {"answer": "unknown", **line}
        elif (key := str(line.pop("of"))) in found:
            found[key].update(line)
        while len(found) > most and not session:
            found.popitem(last=False)
    # A session has no name before it is started, so whose a deed is can be told only here.
    return [deed for deed in found.values() if session in ("", deed["session"])][-most:]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith("\n"):
                    return  # torn by a full disk or a dead process
                yield _line(text, path, number)
    except UnicodeDecodeError as error:
        raise JournalCorrupt(f"the audit {path} is damaged: {error}") from None
    except OSError as error:
        raise BadOption(f"the audit {path} cannot be read: {error.strerror}; name it with --audit") from None


def _line(text: str, path: Path, number: int) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not _is_deed(found):
        raise JournalCorrupt(f"line {number} of the audit {path} is damaged")
    return found


def _is_deed(found: Mapping[str, object]) -> bool:
    """Whether it is one, or what came of one."""
    told = ("at", "user", "role", "did", "session") if "deed" in found else ("of",)
    return all(isinstance(found.get(name), str) for name in told) and all(
        isinstance(found.get(name, ""), str) for name in ("session", "answer")
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def audit_beside(users: Path) -> Path:
    """Where the audit is by default: beside the users' file."""
    return users.with_name(f"{users.name}.audit.jsonl")
