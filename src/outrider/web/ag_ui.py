"""``POST /ag-ui``: a session as an AG-UI 1.0 run, for front ends that speak that protocol. Needs the extra ``ag-ui``.

The protocol has no way back while a run goes on. Ours is ``POST /api/sessions/NAME/commands``, whose address is in the stream.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from outrider.errors import BadOption, OutriderError
from outrider.journal import JournalStore
from outrider.launch import Wanted
from outrider.model import JSON
from outrider.rules.events import Record
from outrider.views.words import OUTCOMES, one_line
from outrider.web.answers import kind_of, refusal
from outrider.web.asides import Attended
from outrider.web.asked import asks, read_object, read_wanted
from outrider.web.desk import Desk
from outrider.web.guard import user_of
from outrider.web.streams import PATIENCE_S, Stream
from outrider.web.watched import Watched

if TYPE_CHECKING:
    from ag_ui.core import RunAgentInput

    from outrider.web.ag_ui_events import Projection

MISSING: Final = "AG-UI needs one more package; install it with: pip install 'outrider[ag-ui]'"

STOPPED: Final = "the server was stopped before the run had finished"


def ag_ui_route(desk: Desk) -> Route:
    """The route, over the sessions of ``desk``."""

    async def run_agent(request: Request) -> Response:
        try:
            from outrider.web.ag_ui_events import Projection
        except ImportError:
            return refusal("not_installed", MISSING, 501)
        asked = read_input(read_object(await request.body()))
        live = await desk.start(wanted_by(asked), ask=asks(_given(asked)), by=user_of(request))
        projection = Projection(thread_id=asked.thread_id, run_id=asked.run_id, session=live.name)
        return Attended(Stream(_encoded(live, desk.journal, projection), send_timeout=PATIENCE_S), desk, _told)

    return Route("/ag-ui", run_agent, methods=["POST"])


# What is asked for --------------------------------------------------------------------------------------------------


def read_input(found: dict[str, JSON]) -> RunAgentInput:
    """The protocol's ``RunAgentInput`` in a body.

    Raises:
        BadOption: it is none, or wants to resume: no run of ours ends in an interrupt.
    """
    from ag_ui.core import RunAgentInput
    from pydantic import ValidationError

    try:
        asked = RunAgentInput.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadOption(f"the body is no RunAgentInput: {where[:80]}: {one_line(first['msg'])[:200]}") from None
    if asked.resume:
        raise BadOption("there is nothing to resume: send commands while the run goes on, and start a new run after it")
    return asked


def wanted_by(asked: RunAgentInput) -> Wanted:
    """The session asked for: the last message of the user is its task, ``forwardedProps.outrider`` has its other fields.

    Raises:
        BadOption: there is no such message, it is not text alone, or a field makes no sense.
    """
    given = _given(asked)
    if "task" in given:
        raise BadOption("the task is the last message of the user; leave it out of forwardedProps.outrider")
    return read_wanted({**given, "task": _task(asked)})


def _given(asked: RunAgentInput) -> dict[str, JSON]:
    props = asked.forwarded_props
    given = props.get("outrider") if isinstance(props, dict) else None
    if given is not None and not isinstance(given, dict):
        raise BadOption('forwardedProps.outrider is no object; give {"world": ..., "approximation": ..., "target": ...}')
    return given or {}


def _task(asked: RunAgentInput) -> str:
    from ag_ui.core import TextPart, UserMessage

    said = [message for message in asked.messages if isinstance(message, UserMessage)]
    if not said:
        raise BadOption("there is no message of the user; the last one is the task")
    content = said[-1].content
    if isinstance(content, str):
        return content.strip()
    texts = [part.text for part in content if isinstance(part, TextPart)]
    if len(texts) != len(content):
        raise BadOption("the last message of the user holds more than text; a task is told in words")
    return "\n".join(texts).strip()


def _told(name: str, data: JSON) -> bytes:
    """What concerns the reader, in the protocol's words: an error ends the run for them, a notice is a custom event."""
    assert isinstance(data, dict)
    error = {"type": "RUN_ERROR", "message": data["message"], "code": data["kind"]}
    notice: JSON = {"type": "CUSTOM", "name": f"outrider.{data['kind']}", "value": data}
    return f"data: {json.dumps(error if name == 'trouble' else notice)}\n\n".encode()


# What is answered ---------------------------------------------------------------------------------------------------


async def _encoded(live: Watched, journal: JournalStore, projection: Projection) -> AsyncIterator[bytes]:
    """The run's events as the protocol's own encoder writes them."""
    from ag_ui.encoder import EventEncoder

    encoder = EventEncoder()
    unreadable: OutriderError | None = None
    try:
        async for record in _records(live, journal):
            for event in projection.receive(record):
                yield encoder.encode(event).encode()
    except OutriderError as error:
        unreadable = error
    for event in projection.close(*_why(live, unreadable)):
        yield encoder.encode(event).encode()


async def _records(live: Watched, journal: JournalStore) -> AsyncIterator[Record]:
    """The session's records as the journal has them, until no more will come."""
    since = 0
    while True:
        seen = live.n
        for record in journal.read(live.name, since=since) if since <= seen else ():
            yield record
            since = record.n + 1
        if live.over and live.n == seen:
            return
        await live.beyond(seen)


def _why(live: Watched, unreadable: OutriderError | None) -> tuple[str, str]:
    """Why there is no more, in words and as a code, for a run whose records do not say it."""
    picture = live.watch.picture
    if unreadable is not None:
        return str(unreadable), kind_of(unreadable)
    if picture.outcome is not None:  # the journal was lost, and its end with it
        return f"{OUTCOMES[picture.outcome]}: {picture.reason}", picture.outcome
    return (live.trouble, "bug") if live.trouble else (STOPPED, "interrupted")
