"""The users of a server: who they are, what their role lets them do, what they may spend. Kept in a file of their own.

A token is 256 random bits, so nobody finds it by trying, and its SHA-256 says nothing of it: what makes scrypt and its kind slow
protects what people can remember, and would cost every request 50 ms and more. Only the digest is kept; a token is shown once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from outrider.errors import BadOption, UsersUnreadable

Role: TypeAlias = Literal["watch", "act", "admin"]
"""Each may do what the one before may: see everything; start and command sessions; command others' and read the audit."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

PREFIX: Final = "outrider_"
"""What every token begins with, so that programs that look for secrets know it."""

FORMAT: Final = 1

MOST: Final = 2**53
"""No number of an allowance is above it: so many are counted exactly."""

SPENT: Final = ("usd", "tokens", "calls")
"""What of an allowance is used up; the rest is how much there may be at once."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What all of a user's sessions may use together; ``None`` is no limit of theirs."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    calls_at_once: int | None = None
    sessions: int | None = None
    """The most at once."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not 0 < value <= MOST:
                told = f"{value:.6g}" if not abs(value) > MOST else f"more than {MOST}" if value > 0 else "less than nothing"
                raise BadOption(
                    f"an allowance of {told} {name} makes no sense; give a positive number up to {MOST} or leave it out"
                )

    @property
    def counts(self) -> frozenset[str]:
        """What of it is counted for good: of calls, tokens and dollars those that are limited."""
        return frozenset(name for name in SPENT if getattr(self, name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who acts. Without a name it is the one person of a server that has no users."""

    name: str
    role: Role
    allowance: Allowance = Allowance()
    id: str = ""
    """Whoever is added anew under a name that was removed has another one."""

    @property
    def account(self) -> str:
        """What they spend is kept under this name."""
        return f"{self.name} {self.id}" if self.id else self.name

    def may(self, role: Role) -> bool:
        """Whether the user's role goes as far as ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


ALONE: Final = User(name="", role="admin")
"""The one person of a server without users: whoever has its one token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What lets a request in: the user, and the digest of the token that they showed."""

    user: User
    digest: str = ""


def new_token() -> str:
    """A token that nobody guesses: 256 bits from the system's source."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Users:
    """The users in the file at ``path``, as it is now: it is read again whenever it has changed.

    Raises:
        UsersUnreadable: there is no such file, or it is damaged, or others may read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._passes: dict[str, Pass] = {}
        self._named: dict[str, User] = {}
        self._look()

    def enters(self, token: str) -> Pass | None:
        """Who comes in with ``token``; ``None`` if nobody does. Found by its digest, so how long it takes tells nothing of it."""
        return self.holds(digest_of(token))

    def holds(self, digest: str) -> Pass | None:
        """Who has the token with this digest now; ``None`` once it was revoked."""
        self._look()
        return self._passes.get(digest)

    def named(self, name: str) -> User | None:
        """The user called ``name`` when the file was read last; ``None`` if there was none."""
        return self._named.get(name)

    @property
    def version(self) -> object:
        """Another one whenever the file has been read again."""
        return self._seen

    def _look(self) -> None:
        found = _state(self.path)
        if found == self._seen:
            return
        entries = _read(self.path)
        self._named = {name: user_in(name, entry) for name, entry in entries.items()}
        self._passes = {entry["digest"]: Pass(user=self._named[name], digest=entry["digest"]) for name, entry in entries.items()}
        self._seen = found


def listed(path: Path) -> list[tuple[User, str]]:
    """Every user with the day on which their token was made, in the order in which they were added.

    Raises:
        UsersUnreadable: as ``Users`` does.
    """
    _state(path)
    return [(user_in(name, entry), entry["since"]) for name, entry in _read(path).items()]


# Reading ----------------------------------------------------------------------------------------------------------------


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when somebody writes the file, which only its owner may."""
    try:
        found = path.stat()
    except OSError as error:
        raise UsersUnreadable(
            f"the users' file {path} cannot be read: {error.strerror}; outrider users add NAME --users FILE makes one"
        ) from None
    if os.name == "posix" and found.st_mode & _OTHERS:
        raise UsersUnreadable(f"the users' file {path} is open to others than its owner; run: chmod 600 {path}")
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path) -> Mapping[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsersUnreadable(f"the users' file {path} cannot be read: {error}") from None
    return users_in(text, path)


def users_in(text: str, path: Path) -> Mapping[str, dict[str, Any]]:
    """The users that ``text``, the content of the file at ``path``, holds, by their names.

    Raises:
        UsersUnreadable: it is no users' file, or one of a later format.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsersUnreadable(f"the users' file {path} is damaged: {error}") from None
    users = found.get("users") if isinstance(found, dict) else None
    if not isinstance(users, dict) or not isinstance(found.get("outrider_users"), int):
        raise UsersUnreadable(f"{path} is no users' file of Outrider's; choose another file")
    if found["outrider_users"] > FORMAT:
        raise UsersUnreadable(f"the users' file {path} is of a newer Outrider; install that one")
    for name, entry in users.items():
        _check(name, entry, path)
    return users


def _check(name: str, entry: object, path: Path) -> None:
    try:
        check_name(name)
        sound = isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("digest", "since"))
        why = "" if isinstance(entry, dict) and sound and user_in(name, entry) else "its token is missing"
    except (BadOption, TypeError) as error:
        why = str(error)
    if why:
        raise UsersUnreadable(f"the users' file {path} is damaged: user {name[:80]!r}: {why}")


def user_in(name: str, entry: Mapping[str, Any]) -> User:
    """The user ``name`` of whom the file has this ``entry``.

    Raises:
        BadOption: their role or their allowance makes no sense.
    """
    given = {key: entry[key] for key in Allowance.__slots__ if entry.get(key) is not None}
    return User(name=name, role=check_role(entry.get("role")), allowance=Allowance(**given), id=str(entry.get("id", "")))


def check_name(name: str) -> None:
    """Raise ``BadOption`` unless a user may be called so."""
    if not _NAME.fullmatch(name):
        raise BadOption(f"a user cannot be called {name[:80]!r}; give up to 64 letters, digits and . _ - @, none of these first")


def check_role(role: object) -> Role:
    """The role that ``role`` names.

    Raises:
        BadOption: it names none.
    """
    found = next((known for known in ROLES if known == role), None)
    if found is None:
        raise BadOption(f"the role {str(role)[:80]!r} is not known; give one of {', '.join(ROLES)}")
    return found
