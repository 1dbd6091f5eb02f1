"""The routes: every address of the page and of the API, and what is done there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from outrider.agents.typed import completions
from outrider.agents.world import World
from outrider.errors import BadOption, NotAllowed, OutriderError, TooMany, UnknownName
from outrider.journal import SessionEntry
from outrider.model import JSON
from outrider.resuming import full_name
from outrider.views.trace import chrome_trace
from outrider.views.words import one_line
from outrider.web.ag_ui import ag_ui_route
from outrider.web.answers import answer, error_json, refusal, status_of, tell_bug
from outrider.web.asides import Attended
from outrider.web.asked import asks, read_again, read_object, read_wanted
from outrider.web.audit import deeds
from outrider.web.choices import choices
from outrider.web.commands import read_command
from outrider.web.desk import Desk
from outrider.web.guard import Doors, Guard, user_of
from outrider.web.health import health_routes
from outrider.web.live import Live, not_live
from outrider.web.metrics import metrics_route
from outrider.web.resuming import Openings, runner_of
from outrider.web.streams import records, scenes, stream_of
from outrider.web.watched import Followed, Watched
from outrider.worlds import FREE, world_of

PAGE: Final = Path(__file__).parent / "page"
"""The page's own files."""

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served of them; all else there is not."""

MOST_LISTED: Final = 200
"""So many sessions are listed, the newest first."""

_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def application(desk: Desk, doors: Doors) -> ASGIApp:
    """The page and its API over the sessions of ``desk``, behind ``doors``. The caller enters and leaves the desk."""
    api = _Api(desk)
    routes = [
        Route("/", api.index),
        Route("/page/{path:path}", api.file),
        Route("/api/choices", api.choices),
        Route("/api/sessions", api.sessions),
        Route("/api/sessions", api.start, methods=["POST"]),
        Route("/api/sessions/{name}", api.session),
        Route("/api/sessions/{name}/scene", api.scene),
        Route("/api/sessions/{name}/stream", api.stream),
        Route("/api/sessions/{name}/events", api.events),
        Route("/api/sessions/{name}/actions", api.actions),
        Route("/api/sessions/{name}/trace", api.trace),
        Route("/api/sessions/{name}/commands", api.command, methods=["POST"]),
        Route("/api/sessions/{name}/resume", api.resume, methods=["POST"]),
        Route("/api/me", api.me),
        Route("/api/audit", api.audit),
        Route("/api/sessions/{name}/audit", api.audit),
        *health_routes(desk),
        metrics_route(desk),
        ag_ui_route(desk),
    ]
    handlers = {OutriderError: _refused, HTTPException: _not_here, Exception: _broke}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), doors, desk.team)


class _Api:
    """What each address answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._openings = Openings(desk.journal)

    # The page -------------------------------------------------------------------------------------------------------

    async def index(self, request: Request) -> Response:
        return _file("index.html")

    async def file(self, request: Request) -> Response:
        return _file(request.path_params["path"])

    # Sessions -------------------------------------------------------------------------------------------------------

    async def choices(self, request: Request) -> Response:
        return answer(choices(self._desk.own_tools))

    async def sessions(self, request: Request) -> Response:
        return answer({"sessions": [self._listed(entry) for entry in self._desk.journal.sessions(limit=MOST_LISTED)]})

    async def session(self, request: Request) -> Response:
        with _not_here_if_unknown():
            return answer(self._listed(self._desk.journal.entry(request.path_params["name"])))

    def _listed(self, entry: SessionEntry) -> dict[str, JSON]:
        """Of one that runs here also whose it is; of another that has not finished who runs it, and whether it can go on here."""
        found = self._desk.find(entry.name)
        live = found is not None and not found.over
        open_here = entry.outcome == "interrupted" and not live
        owner = runner_of(self._desk.journal, entry.name) if open_here else ""
        resumable = open_here and not owner and self._openings.resumable(entry.name, in_engine=self._desk.follows is not None)
        user = found.owner.name if found is not None and live else ""
        own_budget = found is not None and live and found.session.has_budget
        return {**_entry(entry, live=live), "user": user, "owner": owner, "resumable": resumable, "own_budget": own_budget}

    async def start(self, request: Request) -> Response:
        asked = read_object(await request.body())
        with self._desk.telemetry.within(request.headers):
            live = await self._desk.start(read_wanted(asked), ask=asks(asked), by=user_of(request))
        return answer({"name": live.name}, 201, {"Location": f"/api/sessions/{live.name}/scene"})

    async def resume(self, request: Request) -> Response:
        again = read_again(read_object(await request.body()))
        with _not_here_if_unknown():
            name = full_name(self._desk.journal, request.path_params["name"])
        with self._desk.telemetry.within(request.headers):
            live = await self._desk.resume(name, again, by=user_of(request))
        return answer({"name": live.name})

    async def command(self, request: Request) -> Response:
        command = read_command(read_object(await request.body()))
        live = self._desk.find(request.path_params["name"])
        if live is None:
            status, body = not_live(command, self._seen(request).name, self._desk.journal)
        else:
            status, body = await live.answer(command, user_of(request))
        return answer(body, status)

    # What is to be seen of one --------------------------------------------------------------------------------------

    async def scene(self, request: Request) -> Response:
        return answer(self._seen(request).scene())

    async def stream(self, request: Request) -> Response:
        return Attended(stream_of(scenes(self._seen(request))), self._desk)

    async def events(self, request: Request) -> Response:
        return Attended(stream_of(records(self._seen(request), self._desk.journal, _since(request))), self._desk)

    async def actions(self, request: Request) -> Response:
        seen = self._seen(request)
        prefix = seen.watch.picture.plan.prefix[: _at(request)]
        world = _world(seen)
        names = completions(request.query_params.get("text", ""), world, prefix)
        return answer({"free": not world.allowed(prefix), "actions": [_action(world, name) for name in names]})

    async def trace(self, request: Request) -> Response:
        return answer(chrome_trace(self._desk.journal.read(self._seen(request).name)))

    # Who -------------------------------------------------------------------------------------------------------------

    async def me(self, request: Request) -> Response:
        user = user_of(request)
        return answer(self._desk.team.told(user, self._desk.running_of(user)))

    async def audit(self, request: Request) -> Response:
        """Of one session for all who may see it; of everything for admins."""
        session = self._seen(request).name if "name" in request.path_params else ""
        team, user = self._desk.team, user_of(request)
        with team.noting_refusals(user, "audit"):
            if not session and not user.may("admin"):
                raise NotAllowed("the audit of everything is for admins; ask for that of a session: /api/sessions/NAME/audit")
        audit = team.audit
        return answer({"deeds": list(deeds(audit.path, session=session)) if audit else []})

    def _seen(self, request: Request) -> Watched:
        name = request.path_params["name"]
        with _not_here_if_unknown():
            return self._desk.find(name) or Followed(name, self._desk.journal, self._desk.closing)


# Small answers --------------------------------------------------------------------------------------------------------


@contextmanager
def _not_here_if_unknown() -> Iterator[None]:
    """Inside, a session that nobody knows is an address with nothing there: 404."""
    try:
        yield
    except UnknownName as error:
        raise HTTPException(404, one_line(error)) from None


def _file(path: str) -> Response:
    found = (PAGE / path.replace("\0", "")).resolve()
    if not found.is_relative_to(PAGE.resolve()) or found.suffix not in _TYPES or not found.is_file():
        raise HTTPException(404, f"there is no file {path[:80]!r} in the page")
    return Response(found.read_bytes(), media_type=_TYPES[found.suffix])


def _entry(entry: SessionEntry, *, live: bool) -> dict[str, JSON]:
    return {
        "name": entry.name,
        "created": entry.created,
        "task": one_line(entry.task),
        "outcome": "running" if live else entry.outcome,
        "steps": entry.steps,
        "events": entry.events,
        "live": live,
    }


def _world(seen: Watched) -> World:
    """Where the session plans; for one that does not run here, the world that goes by its name."""
    if isinstance(seen, Live):
        return seen.session.world or FREE
    picture = seen.watch.picture
    try:
        return world_of(picture.world).world(picture.task)
    except OutriderError:  # a journal may hold a task that makes no world any more
        return FREE


def _at(request: Request) -> int | None:
    """The number of the step that completions are wanted for; by default the next one."""
    given = request.query_params.get("at")
    return None if given is None else _number(given, "step")


def _action(world: World, name: str) -> dict[str, JSON]:
    found = next((action for action in world.actions if action.name == name), None)
    schema = None if found is None or found.schema is None else dict(found.schema)
    return {"name": name, "does": one_line(found.does) if found else "", "schema": schema}


def _since(request: Request) -> int:
    """The number of the first record that the client wants: the one after the last it has seen, or the one it asks for."""
    last, since = request.headers.get("last-event-id"), request.query_params.get("since")
    given = since if last is None else last
    if given is None:
        return 0
    return _number(given, "event") + (0 if last is None else 1)


def _number(given: str, what: str) -> int:
    if not _NUMBER.fullmatch(given):
        raise BadOption(f"{given[:80]!r} is no {what}'s number; give a whole number from 0")
    return int(given)


# Errors -----------------------------------------------------------------------------------------------------------------


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, OutriderError)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else None
    return answer({"error": error_json(error)}, status_of(error), headers)


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "not_found", 405: "method_not_allowed"}
    plain = {
        404: "there is nothing at this address; docs/api.md lists what there is",
        405: "this address does not take that verb",
    }
    usual = error.detail == HTTPStatus(error.status_code).phrase
    told = plain.get(error.status_code, error.detail) if usual else error.detail
    return refusal(kinds.get(error.status_code, "bad_request"), told, error.status_code, error.headers)


async def _broke(request: Request, error: Exception) -> Response:
    return refusal("bug", tell_bug(error), 500)
