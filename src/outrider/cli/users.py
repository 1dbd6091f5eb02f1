"""``outrider users`` and ``outrider audit``: who may enter a server, and what they did there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from outrider.cli.exits import explained
from outrider.cli.options import JsonOption
from outrider.cli.views import json_line, tell
from outrider.model import JSON
from outrider.views.words import one_line

if TYPE_CHECKING:
    from outrider.web.spending import Spent
    from outrider.web.users import User

EXAMPLES: Final = """\b
Examples:
  outrider users add ada --role admin --users team.json
  outrider users add ben --usd 5 --most-sessions 2 --users team.json
  outrider users allow ben --usd 10 --users team.json
  outrider serve --users team.json"""

users_app = typer.Typer(
    help="The users of a server: add, list and remove them, allow them more, or give them a new token. All of it counts at once.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)

UsersOption = Annotated[
    Path, typer.Option("--users", metavar="FILE", envvar="OUTRIDER_USERS", help="The users' file; add makes it if there is none.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@users_app.command("add", help="Add a user and print their token. It is shown this once and kept nowhere.", epilog=EXAMPLES)
def add(
    name: NameArgument,
    users: UsersOption,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="watch, act (start and command sessions) or admin (everybody's, and the audit).")
    ] = "act",
    usd: Annotated[float | None, typer.Option(metavar="USD", help="The most dollars for all of their sessions.")] = None,
    tokens: Annotated[int | None, typer.Option(metavar="N", help="The same in tokens.")] = None,
    calls: Annotated[int | None, typer.Option(metavar="N", help="The same in calls.")] = None,
    calls_at_once: Annotated[int | None, typer.Option(metavar="N", help="The most calls in flight.")] = None,
    most_sessions: Annotated[int | None, typer.Option(metavar="N", help="The most sessions at once.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider users add``."""
    with explained():
        from outrider.web.users import Allowance, check_role
        from outrider.web.users_file import add_user

        allowance = Allowance(usd=usd, tokens=tokens, calls=calls, calls_at_once=calls_at_once, sessions=most_sessions)
        token = add_user(users, name, check_role(role), allowance)
        _note(users, f"add {name} as {role}")
        _show(name, token, as_json=as_json)


@users_app.command("list", help="A line a user: name, role, since when their token counts, what they may use and have spent.")
def list_all(users: UsersOption, as_json: JsonOption = False) -> None:
    """Run ``outrider users list``."""
    with explained():
        from outrider.web.users import listed

        found = listed(users)
        spent = _spent(users)
        for user, since in found:
            line = f"{user.name:<20}  {user.role:<5}  {since[:10]}  {_limits(user, spent)}"
            print(json_line({**_told(user, spent), "since": since}) if as_json else line)


@users_app.command(
    "allow",
    help="Let a user spend so much more than so far. It counts at once; a session held for want of it goes on when told to.",
    epilog=EXAMPLES,
)
def allow(
    name: NameArgument,
    users: UsersOption,
    usd: Annotated[float | None, typer.Option(metavar="USD", help="So many dollars more.")] = None,
    tokens: Annotated[int | None, typer.Option(metavar="N", help="So many tokens more.")] = None,
    calls: Annotated[int | None, typer.Option(metavar="N", help="So many calls more.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider users allow``."""
    with explained():
        from outrider.web.users_file import allow_user

        more = {"usd": usd, "tokens": tokens, "calls": calls}
        user = allow_user(users, name, more)
        said = ", ".join(f"{value:.10g} more {what}" for what, value in more.items() if value is not None)
        _note(users, f"allow {name} {said}")
        spent = _spent(users)
        print(json_line(_told(user, spent)) if as_json else f"{name} may use: {_limits(user, spent)}")


@users_app.command("remove", help="Remove a user: their token lets nobody in any more. Their sessions that run go on.")
def remove(name: NameArgument, users: UsersOption) -> None:
    """Run ``outrider users remove``."""
    with explained():
        from outrider.web.users_file import remove_user

        remove_user(users, name)
        _note(users, f"remove {name}")
        print(f"{name} is removed; what they watch ends within a second, and their sessions go on until they end or are stopped")


@users_app.command("token", help="Give a user a new token and print it. The one before lets nobody in any more.")
def token(name: NameArgument, users: UsersOption, as_json: JsonOption = False) -> None:
    """Run ``outrider users token``."""
    with explained():
        from outrider.web.users_file import renew_token

        renewed = renew_token(users, name)
        _note(users, f"new token of {name}")
        _show(name, renewed, as_json=as_json)


def audit(
    session: Annotated[str, typer.Argument(metavar="[SESSION]", help="Of this session alone.")] = "",
    users: Annotated[
        Path | None, typer.Option("--users", metavar="FILE", envvar="OUTRIDER_USERS", help="The audit beside this users' file.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--audit", metavar="FILE", help="The audit, if it is elsewhere.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider audit``."""
    with explained():
        from outrider.errors import BadOption
        from outrider.web.audit import audit_beside, deeds

        where = file or (audit_beside(users) if users else None)
        if where is None:
            raise BadOption("there is no audit without users; name the users' file with --users, or the audit with --audit")
        found = deeds(where, session=session)
        for line in [json_line(deed) for deed in found] if as_json else _table(found):
            print(line)


def _note(users: Path, did: str) -> None:
    """What was done to the users is in the audit too. Where it cannot be noted it is done all the same, and that is said."""
    from outrider.errors import BadOption, JournalError
    from outrider.web.audit import COMMAND_LINE, Audit, audit_beside

    try:
        with contextlib.closing(Audit(audit_beside(users))) as audit:
            audit.answered(audit.asks(COMMAND_LINE, "admin", did), "accepted")
    except (BadOption, JournalError) as error:
        tell(f"this is done, but not in the audit: {error}")


def _spent(users: Path) -> dict[str, Spent] | None:
    """What each has spent, by their account; ``None``, and that is said, where it cannot be read."""
    from outrider.errors import BadOption
    from outrider.web.spending import spending_beside, spent_by_all

    try:
        return spent_by_all(spending_beside(users))
    except BadOption as error:
        tell(str(error))
        return None


def _so_far(user: User, spent: dict[str, Spent] | None) -> dict[str, float] | None:
    """What the user has spent, by its names; ``None`` where that cannot be read."""
    from outrider.web.spending import Spent

    return None if spent is None else spent.get(user.account, Spent())._asdict()


def _told(user: User, spent: dict[str, Spent] | None) -> dict[str, object]:
    """For scripts."""
    return {**asdict(user), "spent": _so_far(user, spent)}


def _show(name: str, token: str, *, as_json: bool) -> None:
    if as_json:
        print(json_line({"name": name, "token": token}))
    else:
        print(f"The token of {name}, shown this once: {token}")


_UNITS: Final = {"usd": "${}", "tokens": "{} tokens", "calls": "{} calls", "calls_at_once": "{} calls at once",
                 "sessions": "{} sessions at once"}  # fmt: skip


def _limits(user: User, spent: dict[str, Spent] | None) -> str:
    """What the user may use, and what of it is used up."""
    so_far = _so_far(user, spent) or {}
    allowed = [(what, value) for what, value in asdict(user.allowance).items() if value is not None]
    told = [_UNITS[what].format(f"{value:.10g}") + _spent_of(what, so_far) for what, value in allowed]
    return ", ".join(told) or "no limit of their own"


def _spent_of(what: str, so_far: Mapping[str, float]) -> str:
    return f" ({_UNITS[what].format(f'{so_far[what]:.6f}'.rstrip('0').rstrip('.'))} spent)" if what in so_far else ""


def _table(deeds: Iterable[Mapping[str, JSON]]) -> list[str]:
    """The deeds, a line each, in columns that line up: time (UTC), user, what, session and record, what came of it."""
    rows = [_cells(deed) for deed in deeds]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(deed: Mapping[str, JSON]) -> list[str]:
    where = f"{deed['session']}" + (f" record {deed['record']}" if "record" in deed else "")
    at = str(deed["at"])[:19].replace("T", " ")
    return [one_line(cell) for cell in (at, deed["user"], deed["did"], where, deed["answer"])]
