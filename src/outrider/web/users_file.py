"""Changing the file of users: add, remove, a new token. Whole or not at all, one process after the other, for its owner alone."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from outrider.errors import BadOption, UnknownName
from outrider.web.users import FORMAT, Allowance, Role, User, check_name, digest_of, listed, new_token, user_in, users_in


def add_user(path: Path, name: str, role: Role, allowance: Allowance) -> str:
    """There is a user ``name`` now; their token, which is kept nowhere.

    Raises:
        BadOption: there is one already, or nobody can be called so.
        UsersUnreadable: the file is there and cannot be read.
    """
    check_name(name)
    token = new_token()
    with _changing(path) as users:
        if name in users:
            raise BadOption(f"there is a user {name} already; outrider users token {name} gives them a new token")
        limits = {key: value for key, value in asdict(allowance).items() if value is not None}
        users[name] = {"role": role, "id": secrets.token_hex(4), **_made(token), **limits}
    return token


def allow_user(path: Path, name: str, more: Mapping[str, Any]) -> User:
    """The user may spend so much ``more`` in all: ``usd``, ``tokens``, ``calls``; who that is now.

    Raises:
        BadOption: a number is not positive, none is given, or the user has no limit on what it counts. Nothing has changed.
        UnknownName: there is no such user.
        UsersUnreadable: the file cannot be read.
    """
    given = {what: value for what, value in more.items() if value is not None}
    if not given:
        raise BadOption("nothing more was allowed; say how many dollars (--usd), --tokens or --calls")
    Allowance(**given)  # each makes sense
    with _changing(path) as users:
        entry = _find(users, name)
        for what, value in given.items():
            if entry.get(what) is None:
                raise BadOption(f"{name} has no limit on {what}, so there is none to raise; leave --{what} out")
            entry[what] += value
        return user_in(name, entry)  # the sum makes sense, or nothing is written


def remove_user(path: Path, name: str) -> None:
    """There is no user ``name`` any more, and their token lets nobody in.

    Raises:
        UnknownName: there was none.
        UsersUnreadable: the file cannot be read.
    """
    with _changing(path) as users:
        _find(users, name)
        del users[name]


def renew_token(path: Path, name: str) -> str:
    """A new token of user ``name``; the one before lets nobody in any more.

    Raises:
        UnknownName: there is no such user.
        UsersUnreadable: the file cannot be read.
    """
    token = new_token()
    with _changing(path) as users:
        _find(users, name).update(_made(token))
    return token


def _made(token: str) -> dict[str, str]:
    return {"digest": digest_of(token), "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _find(users: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in users:
        raise UnknownName(f"there is no user {name[:80]!r}; outrider users list names them")
    found: dict[str, Any] = users[name]
    return found


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[dict[str, Any]]:
    """The users, to be changed inside and written at the end; nobody else changes them meanwhile."""
    with _alone(path):
        if path.exists():
            listed(path)  # refuses what is open to others
            users = dict(users_in(path.read_text(encoding="utf-8"), path))
        else:
            users = {}
        yield users
        _write(path, json.dumps({"outrider_users": FORMAT, "users": users}, indent=1) + "\n")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadOption(f"the users' file {path} cannot be written: {error.strerror}; choose one in a folder of yours") from None
    try:
        with contextlib.suppress(ImportError):  # Windows has no such lock: the last one to write wins there
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, text: str) -> None:
    """Whoever reads meanwhile sees the old file or the new one."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadOption(f"the users' file {path} cannot be written: {error.strerror}") from None
