"""Where a session's calls are made: by this process, or, with ``--engine``, by the workers of an engine."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outrider.errors import BadOption
from outrider.journal import JournalStore, Owned
from outrider.launch import Follows, Launch, Launches, Understood, launch
from outrider.naming import Models
from outrider.runtime import Session

if TYPE_CHECKING:
    from outrider.scale import Address
    from outrider.tools import Toolbox


def engine_at(text: str) -> Address:
    """The address of the engine that ``--engine`` names.

    Raises:
        BadOption: it names none, or what it takes is not installed.
    """
    try:
        from outrider.scale import address_of
    except ImportError:
        raise BadOption("an engine needs more packages; install them with: pip install 'outrider[temporal]'") from None
    return address_of(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Where calls are made: what makes runs ready there and, elsewhere than here, what follows again one that goes on there."""

    launches: Launches = launch
    follows: Follows | None = None


async def calls_at(engine: str, own_tools: Toolbox | None = None) -> Calls:
    """Calls are made in the engine that is named, which is connected to when this returns; without a name, here.

    What goes on there with the person's own tools is followed again with ``own_tools``.

    Raises:
        BadOption: it names none.
        Unreachable, AccessRefused: there is no way to it.
    """
    if not engine:
        return Calls()
    address = engine_at(engine)
    from outrider.scale import Engine, connected, launch_remote, reached, resume_remote

    client = await connected(address)
    there = Engine(client=client, address=reached(client, address))

    async def launch_there(understood: Understood, models: Models, journal: JournalStore) -> Launch:
        return await launch_remote(understood, there, journal)

    def follow_there(journal: JournalStore, name: str, owned: Owned | None, understood: Understood | None) -> Session:
        limits = understood.limits if understood else None
        return resume_remote(name, journal=journal, engine=there, owned=owned, limits=limits, own_tools=own_tools)

    return Calls(launches=launch_there, follows=follow_there)


def end_at_once(code: object) -> None:
    """End this process, whose work is done, without taking the interpreter down; return if its last words cannot be written.

    The engine's library has threads of its own, which nothing closes. One that is still handing over a result while the
    interpreter is taken down would abort the process (temporalio/sdk-python, issue 300).
    """
    if code is not None and not isinstance(code, int):
        return  # a message, which Python writes
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return  # Python says so
    os._exit(code or 0)
