"""Signing in on a page, and out again: the token is in no URL, and programs are answered as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from outrider.testing import run
from outrider.web.guard import Doors

from .asking import HOST, ORIGIN, PORT, TOKEN, Client, Said, served
from .teams import team_served

HTML = "text/html,application/xhtml+xml"
FORM = "application/x-www-form-urlencoded"


def browser(client: Client, **headers: str) -> Client:
    """The same server, seen by a browser that has no token so far."""
    return Client(client.app, {"host": HOST, "accept": HTML, **headers})


async def signs_in(shown: Client, token: str, **headers: str) -> Said:
    body = urlencode({"token": token}).encode()
    return await shown.ask("POST", "/sign-in", body=body, headers={"content-type": FORM, "origin": ORIGIN, **headers})


def test_a_browser_without_a_token_is_shown_a_form_and_a_program_is_told() -> None:
    async def main() -> None:
        async with served() as server:
            for url in ("/", "/elsewhere"):
                page = await browser(server.client).get(url)
                assert (page.status, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
                assert b'<form method="post" action="/sign-in">' in page.body
                assert b"after token=" in page.body
            for url, accept in (("/api/sessions", HTML), ("/page/app.js", "*/*"), ("/", "application/json")):
                said = await browser(server.client, accept=accept).get(url)
                assert (said.status, b"<form" in said.body) == (401, False)
            assert (await browser(server.client).get("/api/sessions")).error == "no_token"

    run(main())


def test_the_page_that_asks_runs_nothing_and_names_where_its_form_comes_from() -> None:
    async def main() -> None:
        async with served() as server:
            page = await browser(server.client).get("/")
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'; style-src 'sha256-" in policy
            assert "form-action 'self'; frame-ancestors 'none'" in policy
            assert "script" not in policy
            assert b"<script" not in page.body
            assert page.headers["referrer-policy"] == "same-origin"
            assert page.headers["cache-control"] == "no-store"
            usual = await server.client.get("/")
            assert "form-action 'none'" in usual.headers["content-security-policy"]
            assert usual.headers["referrer-policy"] == "no-referrer"

    run(main())


def test_the_right_token_becomes_a_cookie_and_the_page_is_there() -> None:
    async def main() -> None:
        async with served() as server:
            shown = browser(server.client)
            said = await signs_in(shown, f" {TOKEN} ")
            assert (said.status, said.headers["location"]) == (303, "/")
            cookie = said.headers["set-cookie"]
            assert cookie.startswith(f"outrider_{PORT}={TOKEN};")
            assert "httponly" in cookie.lower()
            assert "samesite=strict" in cookie.lower()
            assert (await shown.get("/", cookie=cookie.split(";")[0])).status == 200

    run(main())


@pytest.mark.parametrize("body", [b"", b"token=", b"token=wrong", b"tok\xffen=x", b"a=1&" * 50, b"token=" + b"x" * 5_000])
def test_a_wrong_one_is_told_on_the_form(body: bytes) -> None:
    async def main() -> None:
        async with served() as server:
            said = await browser(server.client).ask(
                "POST", "/sign-in", body=body, headers={"content-type": FORM, "origin": ORIGIN}
            )
            assert (said.status, "set-cookie" in said.headers) == (401, False)
            assert b"This is not this server's token" in said.body
            assert b"wrong" not in said.body

    run(main())


@pytest.mark.parametrize(("headers", "status"), [
    ({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403), ({"origin": ""}, 403), ({"host": "evil.example"}, 403),
])  # fmt: skip
def test_a_form_of_another_site_signs_nobody_in(headers: dict[str, Any], status: int) -> None:
    async def main() -> None:
        async with served() as server:
            said = await signs_in(browser(server.client), TOKEN, **headers)
            assert (said.status, "set-cookie" in said.headers) == (status, False)

    run(main())


def test_what_is_too_long_for_a_token_is_not_read() -> None:
    async def main() -> None:
        async with served() as server:
            said = await signs_in(browser(server.client), "x" * 70_000)
            assert said.status == 413

    run(main())


def test_behind_tls_the_cookie_is_for_that_alone() -> None:
    async def main() -> None:
        async with served(doors=Doors(token=TOKEN, port=PORT, tls=True)) as server:
            assert "; Secure" in (await signs_in(browser(server.client), TOKEN)).headers["set-cookie"]

    run(main())


def test_users_sign_in_with_their_own_and_out_again_whatever_their_role(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            shown = browser(server.clients["wil"])
            assert b"when you were added" in (await shown.get("/")).body
            assert b"or it was revoked" in (await signs_in(shown, "outrider_nobodys")).body
            cookie = (await signs_in(shown, server.tokens["wil"])).headers["set-cookie"].split(";")[0]
            assert (await shown.get("/api/me", cookie=cookie)).json["name"] == "wil"
            assert (await shown.post("/api/sign-out", {}, cookie=cookie)).status == 403  # without its page
            out = await shown.post("/api/sign-out", {}, cookie=cookie, origin=ORIGIN)
            assert (out.status, out.json) == (200, {"signed_out": True})
            assert f'outrider_{PORT}=""; ' in out.headers["set-cookie"]
            assert "Max-Age=0" in out.headers["set-cookie"]
            assert (await shown.post("/api/sign-out", {}, origin=ORIGIN)).error == "no_token"

    run(main())


def test_the_addresses_of_the_door_take_no_other_verb() -> None:
    async def main() -> None:
        async with served() as server:
            assert (await server.client.get("/sign-in")).status == 404
            assert (await server.client.get("/api/sign-out")).status == 404

    run(main())
