"""Who may speak to the server: the token, the names it goes by, the pages it listens to, the size of what it reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from outrider.testing import run
from outrider.web.guard import MOST_BODY, Doors, Guard
from outrider.web.users import Allowance, Users
from outrider.web.users_file import add_user

from .asking import HOST, ORIGIN, PORT, TOKEN, Client, Said, served

COOKIE = f"outrider_{PORT}={TOKEN}"
TEA = {"task": "Make tea", "world": "free", "approximation": "recorded:none", "target": "recorded:none"}


def asked(method: str, url: str, *, body: bytes = b"", doors: Doors | None = None, **headers: str) -> Said:
    """The whole server's answer; a header with an empty value is left out."""

    async def main() -> Said:
        async with served(doors=doors) as server:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await server.client.ask(method, url, body=body, headers=named)

    return run(main())


# The token ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/", "/page/app.js", "/api/sessions", "/api/choices", "/api/sessions/x/stream"])
def test_without_the_token_nothing_is_told(url: str) -> None:
    said = asked("GET", url, authorization="")
    assert said.status == 401
    assert b"the token is missing" in said.body.lower()


@pytest.mark.parametrize("headers", [
    {"authorization": "Bearer wrong"}, {"authorization": "Bearer "}, {"authorization": f"Bearer {TOKEN}x"},
    {"authorization": "Bearer tökèn"}, {"authorization": "", "cookie": f"outrider_{PORT}=wrong"},
])  # fmt: skip
def test_a_wrong_token_is_refused_in_a_sentence_that_says_where_the_right_one_is(headers: dict[str, Any]) -> None:
    said = asked("GET", "/api/sessions", **headers)
    assert (said.status, said.error) == (401, "wrong_token")
    assert said.json["error"]["message"] == (
        "the token is not this server's; open the URL with the token in it that outrider serve has printed"
    )


@pytest.mark.parametrize("authorization", ["", "Bearer wrong"])
def test_in_a_team_a_program_is_told_how_it_shows_its_token(authorization: str, tmp_path: Path) -> None:
    add_user(tmp_path / "team.json", "ada", "act", Allowance())
    doors = Doors(token="nobody's", port=PORT, users=Users(tmp_path / "team.json"))
    said = asked("GET", "/api/sessions", doors=doors, authorization=authorization)
    assert said.status == 401
    assert "or send Authorization: Bearer TOKEN" in said.json["error"]["message"]


def test_for_the_page_a_wrong_token_is_a_small_page_that_says_so() -> None:
    said = asked("GET", "/?token=wrong", authorization="")
    assert (said.status, said.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert b"The token is not this server's" in said.body


def test_the_token_in_the_url_moves_into_a_cookie_and_out_of_the_address_bar() -> None:
    said = asked("GET", f"/?token={TOKEN}", authorization="")
    assert (said.status, said.headers["location"]) == (303, "/")
    assert said.headers["set-cookie"] == f"{COOKIE}; HttpOnly; Path=/; SameSite=strict"


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_the_token_in_the_url_of_any_page_moves_into_the_cookie_too(accept: str) -> None:
    said = asked("GET", f"/sessions/tea?token={TOKEN}", authorization="", accept=accept)
    assert (said.status, said.headers["location"], said.headers["set-cookie"].split(";")[0]) == (303, "/", COOKIE)
    wrong = asked("GET", "/sessions/tea?token=wrong", authorization="", accept="text/html")
    assert (wrong.status, b"This is not this server" in wrong.body, "set-cookie" in wrong.headers) == (401, True, False)


@pytest.mark.parametrize("token", [TOKEN, "wrong"])
def test_for_a_program_a_token_in_the_url_does_not_count_and_it_is_told_where_it_does(token: str) -> None:
    said = asked("GET", f"/api/sessions?token={token}", authorization="", accept="text/html")
    assert (said.status, said.error) == (401, "no_token")
    assert said.json["error"]["message"] == "a token in the URL counts for a page; here send it as Authorization: Bearer TOKEN"


@pytest.mark.parametrize("headers", [{"authorization": "", "cookie": COOKIE}, {"authorization": f"bearer {TOKEN}"}])
def test_the_cookie_and_the_header_both_let_in(headers: dict[str, Any]) -> None:
    assert asked("GET", "/api/sessions", **headers).status == 200


@pytest.mark.parametrize("cookie", ["outrider_1=the-token", "nonsense", "a=\x00; ;;", f"outrider={TOKEN}"])
def test_another_cookie_does_not(cookie: str) -> None:
    assert asked("GET", "/api/sessions", authorization="", cookie=cookie).status == 401


# Names -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8765", "192.168.1.5:8765", "", "[::1", "localhost:x:y", "me@localhost"]
)
def test_a_name_that_is_not_the_servers_is_refused_whoever_asks(host: str) -> None:
    said = asked("GET", "/api/sessions", host=host)
    assert (said.status, said.error) == (403, "foreign_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765", "localhost:9000"])
def test_names_of_this_machine_are_its_own_with_any_port_since_it_may_be_forwarded(host: str) -> None:
    assert asked("GET", "/api/sessions", host=host).status == 200


def test_a_server_for_other_machines_goes_by_its_addresses_and_the_name_it_was_given() -> None:
    doors = Doors(token=TOKEN, port=PORT, names=frozenset(("here",)), any_address=True)
    hosts = ("192.168.1.5:1", "here", "evil.example")
    assert [asked("GET", "/api/sessions", host=host, doors=doors).status for host in hosts] == [200, 200, 403]


# Pages of strangers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "http://127.0.0.1:8765.evil.example"])
@pytest.mark.parametrize("how", [{"authorization": "", "cookie": COOKIE}, {}])
def test_a_post_from_another_sites_page_is_refused(origin: str, how: dict[str, Any]) -> None:
    said = asked("POST", "/api/sessions", body=b"{}", origin=origin, content_type="application/json", **how)
    assert (said.status, said.error) == (403, "foreign_origin")


def test_a_post_with_the_cookie_names_its_page() -> None:
    said = asked("POST", "/api/sessions", body=b"{}", authorization="", cookie=COOKIE, content_type="application/json")
    assert (said.status, said.error) == (403, "no_origin")


@pytest.mark.parametrize("headers", [{}, {"authorization": "", "cookie": COOKIE, "origin": ORIGIN}])
def test_a_post_from_our_page_or_from_a_program_with_the_token_passes(headers: dict[str, Any]) -> None:
    said = asked("POST", "/api/sessions", body=b"{}", content_type="application/json; charset=utf-8", **headers)
    assert (said.status, said.error) == (400, "empty_task")


def test_a_forwarded_port_is_still_our_page() -> None:
    headers: dict[str, Any] = {"host": "localhost:9000", "origin": "http://localhost:9000", "authorization": "", "cookie": COOKIE}
    assert asked("POST", "/api/sessions", body=b"{}", content_type="application/json", **headers).error == "empty_task"


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_no_command(kind: str) -> None:
    said = asked("POST", "/api/sessions", body=b"{}", content_type=kind)
    assert (said.status, said.error) == (415, "not_json")


@pytest.mark.parametrize("url", ["/api/sessions/x/commands"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_changes_something_cannot_be_asked_by_following_a_link(method: str, url: str) -> None:
    assert asked(method, url).status == 405


# Sizes -------------------------------------------------------------------------------------------------------------------


def test_a_body_of_ten_megabytes_is_refused_by_its_length_alone() -> None:
    read: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("it is not read")

    said = through_the_guard(receive, content_length=str(10_000_000))
    assert (said.status, said.error, read) == (413, "too_large", [])
    assert said.headers["connection"] == "close"


def test_a_body_that_does_not_say_how_long_it_is_is_read_only_up_to_the_limit() -> None:
    chunks = [b"x" * 10_000] * 1_000

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(), "more_body": bool(chunks)}

    said = through_the_guard(receive)
    assert (said.status, said.error) == (413, "too_large")
    assert len(chunks) == 1_000 - MOST_BODY // 10_000 - 1


@pytest.mark.parametrize("length", ["-1", "many", "9" * 30])
def test_a_length_that_makes_no_sense_is_not_believed(length: str) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    assert through_the_guard(receive, content_length=length).body == b"passed: {}"


def through_the_guard(receive: Receive, **headers: str) -> Said:
    """What the guard lets through, or what it says."""

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"].decode()
        await PlainTextResponse(f"passed: {body}")(scope, receive, send)

    came: list[Message] = []

    async def send(message: Message) -> None:
        came.append(message)

    async def main() -> None:
        client = Client(passed)
        named = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        await Guard(passed, Doors(token=TOKEN, port=PORT))(client.scope("POST", "/api/sessions", named), receive, send)

    run(main())
    start, *rest = came
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Said(start["status"], found, b"".join(message.get("body", b"") for message in rest))


# What every answer says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/", "/page/none.js", "/api/sessions", "/api/nothing", "/api/sessions/none/scene"])
@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", ""])
def test_every_answer_keeps_a_browser_careful(url: str, authorization: str) -> None:
    headers = asked("GET", url, authorization=authorization).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert (headers["x-content-type-options"], headers["referrer-policy"], headers["cache-control"]) == (
        "nosniff", "no-referrer", "no-store",
    )  # fmt: skip


def test_a_websocket_is_closed_at_once() -> None:
    sent: list[Message] = []

    async def main() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        async def app(scope: Any, receive: Receive, send: Send) -> None:
            raise AssertionError("nothing passes")

        await Guard(app, Doors(token=TOKEN, port=PORT))({"type": "websocket"}, asyncio.Queue[Message]().get, send)

    run(main())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_host_is_checked_before_the_token_so_that_a_stranger_learns_nothing() -> None:
    assert asked("GET", "/", host="evil.example", authorization="").status == 403
    assert HOST.startswith("127.0.0.1")
