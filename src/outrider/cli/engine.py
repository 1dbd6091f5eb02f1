"""Where a session's calls are made: by this process, or, with ``--engine``, by the workers of an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outrider.errors import BadOption
from outrider.journal import JournalStore
from outrider.launch import Launch, Launches, Understood, launch
from outrider.naming import Models

if TYPE_CHECKING:
    from outrider.scale import Address


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


async def launches_at(engine: str) -> Launches:
    """What makes runs ready in the engine that is named, which is connected to when this returns; without a name, here.

    Raises:
        BadOption: it names none.
        Unreachable, AccessRefused: there is no way to it.
    """
    if not engine:
        return launch
    address = engine_at(engine)
    from outrider.scale import Engine, connected, launch_remote

    there = Engine(client=await connected(address), address=address)

    async def launch_there(understood: Understood, models: Models, journal: JournalStore) -> Launch:
        return await launch_remote(understood, there, journal)

    return launch_there
