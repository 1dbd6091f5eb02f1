"""Who may speak to the server: the token, where a request comes from, how large it is. Pure ASGI, before everything else.

The page of a stranger can make a browser send requests here. It does not know the token, cannot name itself as this origin, and
may not read what it gets. A name of the stranger's that points to this machine (DNS rebinding) is not one of ours.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from http import cookies
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outrider.errors import NotAllowed, UsersUnreadable
from outrider.web.answers import kind_of, refusal
from outrider.web.entrance import NO_PAGES, SIGN_IN, SIGN_OUT, is_a_browser, sign_in_page, signed_out, token_in
from outrider.web.team import Team
from outrider.web.users import ALONE, Pass, User, Users

MOST_BODY: Final = 64 * 1024
"""So many bytes may a body have."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_HOST: Final = re.compile(r"(?P<name>[^\s:@/?#\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

_HOW_TO_ENTER: Final = "open the URL with the token in it that outrider serve has printed"

_HOW_TO_ENTER_A_TEAM: Final = (
    "open the server's URL with ?token= and yours, or send Authorization: Bearer TOKEN; whoever runs it can give you a new one"
)

_STARTS: Final = ("/api/sessions", "/ag-ui")

_IN_A_SESSION: Final = re.compile(r"/api/sessions/(?P<session>[^/]{1,80})/(?P<did>commands|resume)")

OPEN: Final = ("/healthz", "/readyz")
"""What is told without a token: whether the server lives, and takes sessions. Those who ask have none."""

PASS: Final = "outrider.pass"  # noqa: S105 - the name of a field
"""Where in the scope of a request its ``Pass`` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where the server stands and who may enter: the token, the port, and the names by which the server may be called.

    With ``any_address`` it listens on every address of the machine, so any of them in figures is ours too. With ``users`` each of
    them has a token of their own, and ``token`` lets nobody in. With ``tls``, what stands before the server encrypts.
    """

    token: str
    port: int
    names: frozenset[str] = frozenset(LOOPBACK)
    any_address: bool = False
    users: Users | None = None
    tls: bool = False

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies know no ports, so the port is in it: two servers do not take each other's place."""
        return f"outrider_{self.port}"

    def is_token(self, given: str) -> bool:
        """Whether ``given`` is the token, in a time that tells nothing of it."""
        return secrets.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def enters(self, given: str) -> Pass | None:
        """Who comes in with the token ``given``; ``None`` if nobody does.

        Raises:
            UsersUnreadable: nobody can say.
        """
        if self.users is not None:
            return self.users.enters(given)
        return Pass(user=ALONE) if self.is_token(given) else None

    def is_ours(self, host: str) -> bool:
        """Whether a ``Host`` header names this server. The port does not matter: it may be forwarded."""
        name = _name_in(host)
        return name in self.names or (self.any_address and _is_address(name))


def user_of(request: HTTPConnection) -> User:
    """Who sent ``request``, which the guard has let in."""
    shown: Pass = request.scope[PASS]
    return shown.user


class _Refused(Exception):
    def __init__(self, kind: str, message: str, status: int) -> None:
        super().__init__(message)
        self.kind, self.message, self.status = kind, message, status


class Guard:
    """Lets pass to ``app`` what may pass, and gives every answer the headers that keep a browser careful.

    What a user's role does not allow is noted in the audit of ``team``.
    """

    def __init__(self, app: ASGIApp, doors: Doors, team: Team | None = None) -> None:
        self._app = app
        self._doors = doors
        self._team = team

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or say why not."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            if scope["path"] in OPEN:
                await self._app({**scope, PASS: None}, receive, send)
                return
            if (entered := self._entered(scope)) is not None:
                await entered(scope, receive, send)
                return
            if scope["path"] in (SIGN_IN, SIGN_OUT) and scope["method"] == "POST":
                await (await self._at_the_door(scope, headers, receive))(scope, receive, send)
                return
            shown = self._check_token(headers, scope)
            if scope["method"] not in ("GET", "HEAD"):
                self._check_role(shown.user, scope["method"], scope["path"])
                self._check_post(headers)
                receive = await _whole_body(headers, receive)
            scope = {**scope, PASS: shown}
        except _Refused as refused:
            form = refused.status == 401 and is_a_browser(scope["method"], scope["path"], headers)
            answered = self._sign_in(wrong=refused.kind == "wrong_token") if form else _refuse(refused, scope["path"])
            await answered(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._doors.is_ours(hosts[0]):
            raise _Refused("foreign_host", "this server does not go by that name; start it with --host to give it one", 403)

    def _entered(self, scope: Scope) -> Response | None:
        """Where the URL of a page brings the token, it moves into a cookie and out of the address bar."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        page = scope["path"] == "/" or (scope["method"] == "GET" and not scope["path"].startswith(NO_PAGES))
        if given is None or not page or self._shown(given[0]) is None:
            return None
        return self._let_in(given[0])

    def _let_in(self, token: str) -> Response:
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(self._doors.cookie, token, httponly=True, samesite="strict", secure=self._doors.tls)
        return response

    async def _at_the_door(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        """Whoever shows a token in a form comes in; whoever is in may leave, whatever their role."""
        _check_origin(headers)
        if scope["path"] == SIGN_OUT:
            self._check_token(headers)
            return signed_out(self._doors.cookie)
        message = await (await _whole_body(headers, receive))()
        token = token_in(message["body"])
        return self._sign_in(wrong=True) if self._shown(token) is None else self._let_in(token)

    def _sign_in(self, *, wrong: bool) -> Response:
        return sign_in_page(team=self._doors.users is not None, wrong=wrong)

    def _check_token(self, headers: Headers, scope: Scope | None = None) -> Pass:
        """Who asks, in ``scope``."""
        given = _bearer(headers) if "authorization" in headers else self._from_cookie(headers)
        how = _HOW_TO_ENTER if self._doors.users is None else _HOW_TO_ENTER_A_TEAM
        tried = scope is not None and b"token=" in scope["query_string"]
        if given is None and scope is not None and tried and scope["path"].startswith(NO_PAGES):
            raise _Refused("no_token", "a token in the URL counts for a page; here send it as Authorization: Bearer TOKEN", 401)
        if given is None and not tried:
            raise _Refused("no_token", f"the token is missing; {how}", 401)
        shown = None if given is None else self._shown(given)
        if shown is None:
            lost = "" if self._doors.users is None else ", or was revoked"
            raise _Refused("wrong_token", f"the token is not this server's{lost}; {how}", 401)
        return shown

    def _shown(self, given: str) -> Pass | None:
        try:
            return self._doors.enters(given)
        except UsersUnreadable as error:
            sys.stderr.write(f"outrider: {error}\n")
            raise _Refused(
                "users_unreadable", "the server cannot read who its users are, so it lets nobody in; its log says why", 503
            ) from None

    def _from_cookie(self, headers: Headers) -> str | None:
        try:
            found = cookies.SimpleCookie(headers.get("cookie", "")).get(self._doors.cookie)
        except cookies.CookieError:
            return None
        return None if found is None else found.value

    def _check_role(self, user: User, method: str, path: str) -> None:
        """Whoever only watches sends nothing that changes anything."""
        if user.may("act"):
            return
        error = NotAllowed(f"{user.name} may watch, and this needs the role act; ask an admin for it")
        if self._team is not None and method == "POST" and (deed := _deed(path)) is not None:
            self._team.note_refusal(user, error, *deed)
        raise _Refused(kind_of(error), str(error), 403)

    def _check_post(self, headers: Headers) -> None:
        _check_origin(headers)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _Refused("not_json", "send the body as JSON, with Content-Type: application/json", 415)


def _check_origin(headers: Headers) -> None:
    origin = headers.get("origin")
    if origin is None and "authorization" not in headers:
        raise _Refused("no_origin", "a request with the cookie names the page it comes from; send an Origin header", 403)
    if origin is not None and origin.partition("://")[2] != headers["host"]:
        raise _Refused("foreign_origin", "the request comes from another site's page", 403)


def _deed(path: str) -> tuple[str, str] | None:
    """What is done by sending something to ``path``, as the audit calls it, and in which session. The body is not read for it."""
    if path in _STARTS:
        return "start", ""
    found = _IN_A_SESSION.fullmatch(path)
    return (found["did"].removesuffix("s"), found["session"]) if found else None


def _name_in(host: str) -> str:
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers["authorization"].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _refuse(refused: _Refused, path: str) -> Response:
    if path.startswith(("/api/", "/ag-ui")):
        response = refusal(refused.kind, refused.message, refused.status)
    else:
        sentence = refused.message[0].upper() + refused.message[1:]
        page = f"<!doctype html><html lang=en><meta charset=utf-8><title>Outrider</title><h1>Outrider</h1><p>{sentence}.</p>"
        response = HTMLResponse(page, refused.status)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refused.status == 413:
        response.headers["Connection"] = "close"
    return response


async def _whole_body(headers: Headers, receive: Receive) -> Receive:
    """The body read to its end, and given once more; one that is too long is left where it is."""
    too_large = _Refused("too_large", f"the body is larger than {MOST_BODY // 1024} kB", 413)
    if _length(headers) > MOST_BODY:
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise too_large
        if not message.get("more_body", False):
            return _again([{"type": "http.request", "body": bytes(body), "more_body": False}], receive)


def _length(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def _again(messages: Iterable[Message], receive: Receive) -> Receive:
    waiting = list(messages)

    async def given() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return given


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
