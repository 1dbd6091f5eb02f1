"""A server for a team: who may do what, within which limits, in whose turn; what is noted of it, and how it comes to its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cli.running import TASK, Place, ended

from outrider import Limits, Session, Usage, plan
from outrider.errors import JournalCorrupt, JournalFull
from outrider.journal import MemoryJournal, SqliteJournal
from outrider.runtime.turns import Caller, Ticket
from outrider.testing import FakeAgent, run, steps
from outrider.web.audit import Audit, audit_beside, deeds
from outrider.web.rooms import Rooms
from outrider.web.spending import Spending, Spent, spending_beside, spent_by_all
from outrider.web.team import OWNERS
from outrider.web.users import Allowance
from outrider.web.users_file import add_user, allow_user, remove_user, renew_token

from .asking import PORT, Said, served, tea
from .teams import TeamServed, team_served
from .test_serve import posix, serving

CALL = Usage(prompt_tokens=80, output_tokens=20, counted="reported", cost_usd=0.01)


async def said(server: TeamServed, who: str, url: str, command: str, **more: Any) -> Said:
    return await server.clients[who].post(f"{url}/commands", {"id": f"{who} {command} {more}", "command": command, **more})


async def begun(server: TeamServed, who: str, name: str = "tea") -> str:
    """A session that ``who`` has started; its address."""
    live = await server.desk.begin(tea(server.desk.journal, name=name), server.user(who))
    return f"/api/sessions/{live.name}"


# Roles -------------------------------------------------------------------------------------------------------------------


def test_whoever_only_watches_sees_everything_and_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url, wil = await begun(server, "ada"), server.clients["wil"]
            for seen in ("/api/sessions", f"{url}/scene", f"{url}/trace", f"{url}/audit", "/api/choices", "/api/me", "/"):
                assert (await wil.get(seen)).status == 200
            for changed in ("/api/sessions", f"{url}/commands", "/ag-ui"):
                refused = await wil.post(changed, {})
                assert (refused.status, refused.error) == (403, "not_allowed")
                assert refused.json["error"]["message"] == "wil may watch, and this needs the role act; ask an admin for it"

    run(main())


def test_who_acts_takes_steps_in_anybodys_session_but_ends_and_pays_only_their_own(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url = await begun(server, "ada")
            assert (await said(server, "ben", url, "take", text="boil")).json["accepted"]
            for command, more in (("stop", {}), ("allow", {"calls": 1}), ("extend", {"steps": 1}), ("more", {})):
                assert command in OWNERS
                refused = await said(server, "ben", url, command, **more)
                assert (refused.status, refused.error) == (403, "not_allowed")
                assert "is for ada, who started the session, and for admins" in refused.json["error"]["message"]
            assert (await said(server, "root", url, "extend", steps=1)).status == 200
            assert (await said(server, "ada", url, "stop")).json["accepted"]

    run(main())


@pytest.mark.parametrize(
    ("agent", "status"),
    [
        ("recorded:/etc/passwd", 403),
        ("recorded:shared.jsonl", 400),
        ("direct@http://evil.example/v1#gpt", 403),
        ("direct@/models/own.gguf", 403),
        ("direct@x:own.gguf", 403),
        ("recall+direct@https://evil.example/#x*3", 403),
        ("direct@file:///etc/passwd#x", 403),
    ],
)
def test_who_acts_names_no_file_and_no_address_that_the_server_was_not_given(tmp_path: Path, agent: str, status: int) -> None:
    async def main() -> None:
        async with team_served(tmp_path, agents=("recorded:shared.jsonl",)) as server:
            body = {"task": "x", "world": "free", "approximation": agent, "target": "recorded:shared.jsonl"}
            refused = await server.clients["ada"].post("/api/sessions", body)
            assert refused.status == status, refused.body
            if status == 403:
                assert "only an admin names a file or an address" in refused.json["error"]["message"]

    run(main())


def test_an_admin_names_what_they_like(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            agent = "recorded:not-there.jsonl"
            body = {"task": "x", "world": "free", "approximation": agent, "target": agent}
            assert (await server.clients["root"].post("/api/sessions", body)).error == "bad_option"

    run(main())


def test_everybody_is_told_who_they_are_and_what_they_have_spent(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(calls=7)) as server:
            await begun(server, "ada")
            me = (await server.clients["ada"].get("/api/me")).json
            assert (me["name"], me["role"], me["allowance"]["calls"], me["running"]) == ("ada", "act", 7, 1)
            assert me["spent"] == "0 of 7 calls spent"

    run(main())


def test_what_is_spent_of_dollars_is_told_as_people_write_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(usd=5, tokens=1000)) as server:
            assert (await server.clients["ada"].get("/api/me")).json["spent"] == "0 of 1000 tokens spent, $0 of $5 spent"

    run(main())


def test_one_person_with_the_one_token_may_do_everything() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            assert (await server.client.get("/api/me")).json["role"] == "admin"
            assert (await server.client.get("/api/audit")).json == {"deeds": []}
            assert (await server.client.post(f"{url}/commands", {"id": "1", "command": "stop"})).json["accepted"]

    run(main())


# Tokens ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stream", "events"])
def test_a_token_that_is_revoked_ends_the_open_stream_with_a_sentence_and_the_session_goes_on(tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url, ada = await begun(server, "ada"), server.clients["ada"]
            async with ada.listening(f"{url}/{kind}") as hers, server.clients["ben"].listening(f"{url}/{kind}") as his:
                await asyncio.sleep(2)
                renew_token(server.file, "ada")
                await asyncio.sleep(1)
                assert hers.over.is_set()
                *_, last = await hers.all()
                assert (last.event, last.json["kind"]) == ("trouble", "revoked")
                assert last.json["message"].startswith("your token was revoked, so you see no more of this session")
                refused = await ada.get(f"{url}/scene")
                assert (refused.status, refused.error) == (401, "wrong_token")
                assert "or was revoked" in refused.json["error"]["message"]
                *_, last = await his.all()
                assert last.event == "end"

    run(main())


def test_a_revoked_reader_who_is_reading_nothing_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url = await begun(server, "ada")
            async with server.clients["ada"].listening(f"{url}/stream") as hers:
                hers.reads.clear()
                remove_user(server.file, "ada")
                await asyncio.sleep(30)
                assert (await server.clients["ben"].get(f"{url}/scene")).status == 200

    run(main())


def test_with_users_the_one_token_lets_nobody_in_and_their_own_moves_into_the_cookie(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            ada = server.clients["ada"]
            assert (await ada.get("/api/sessions", authorization="Bearer nobody's")).status == 401
            entered = await ada.get(f"/?token={server.tokens['ada']}", authorization="")
            assert entered.status == 303
            cookie = entered.headers["set-cookie"].partition(";")[0]
            assert cookie == f"outrider_{PORT}={server.tokens['ada']}"
            assert (await ada.get("/api/me", authorization="", cookie=cookie)).json["name"] == "ada"

    run(main())


def test_a_users_file_that_breaks_lets_nobody_in_and_tells_them_nothing_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            server.file.write_text("{")
            refused = await server.clients["ada"].get("/api/sessions")
            assert (refused.status, refused.error) == (503, "users_unreadable")
            assert str(tmp_path) not in refused.body.decode()

    run(main())
    assert "is damaged" in capsys.readouterr().err


# Limits and turns ----------------------------------------------------------------------------------------------------------


def test_the_budget_of_a_user_holds_for_all_of_their_sessions_and_for_nobody_elses(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(calls=7)) as server:
            outcomes = {}
            for who in ("ada", "ben"):
                limits = server.desk.team.limits_of(server.user(who))
                for number in range(2):
                    await server.desk.begin(slow(server, Limits(within=limits), name=f"{who}{number}"), server.user(who))
            await asyncio.sleep(60)
            for who in ("ada", "ben"):
                scenes = [(await server.clients[who].get(f"/api/sessions/{who}{n}/scene")).json for n in range(2)]
                outcomes[who] = sum(len(scene["confirmed"]) for scene in scenes)
                assert any("the budget of user" in scene["limit"] for scene in scenes)
            assert outcomes == {"ada": 7, "ben": 7}

    run(main())


def test_what_a_user_has_spent_counts_in_the_next_server_too(tmp_path: Path) -> None:
    async def main() -> None:
        for is_first, calls in ((True, 6), (False, 8)):
            async with team_served(tmp_path, allowance=Allowance(calls=8), add=is_first) as server:
                assert server.desk.team.users is not None
                ada = server.desk.team.users.named("ada")
                assert ada is not None
                await server.desk.begin(slow(server, Limits(within=server.desk.team.limits_of(ada)), name="tea"), ada)
                await asyncio.sleep(60)
                assert server.desk.team.told(ada, 0)["spent"] == f"{calls} of 8 calls spent"

    run(main())
    (spent,) = spent_by_all(spending_beside(tmp_path / "team.json")).values()
    assert spent[:2] == (8, 800)
    assert spent.usd == pytest.approx(0.08)


def test_an_admin_allows_a_user_more_and_a_session_that_was_held_for_want_of_it_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(calls=2)) as server:
            ada = server.user("ada")
            await server.desk.begin(slow(server, Limits(within=server.desk.team.limits_of(ada)), name="held"), ada)
            url = "/api/sessions/held"
            budget = server.desk.team.limits_of(ada).budget
            async with server.clients["wil"].listening(f"{url}/stream"):
                await asyncio.sleep(10)
                scene = (await server.clients["ada"].get(f"{url}/scene")).json
                assert scene["limit"] == (
                    "the budget of user ada has no room for another call: 2 of 2 calls spent; an admin allows more: outrider "
                    "users allow ada"
                )
                refused = await said(server, "ada", url, "more")
                assert "go on once that has been raised" in refused.json["error"]["message"]
                await said(server, "ada", url, "go_on")
                await asyncio.sleep(1)
                assert (await server.clients["ada"].get(f"{url}/scene")).json["limit"] == scene["limit"], "nothing was allowed"
                allow_user(server.file, "ada", {"calls": 1})
                await asyncio.sleep(1)
                assert str(budget) == "2 of 3 calls spent", "it counts while somebody watches"
            allow_user(server.file, "ada", {"calls": 99})
            await said(server, "root", url, "go_on")
            assert str(budget) == "2 of 102 calls spent", "it counts at the next command"
            await asyncio.sleep(60)
            assert (await server.clients["ada"].get(f"{url}/scene")).json["outcome"] == "complete"
            assert (await server.clients["ada"].get("/api/me")).json["spent"] == "6 of 102 calls spent"

    run(main())


def test_so_many_calls_at_once_as_the_users_file_says_now_are_made_by_sessions_that_begin_now(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            ada = server.user("ada")
            server.desk.team.limits_of(ada)
            edit(server.file, "ada", Allowance(calls_at_once=1))
            await server.clients["ada"].get("/api/me")
            for name in ("one", "two"):
                await server.desk.begin(slow(server, Limits(within=server.desk.team.limits_of(ada)), name=name), ada)
            await asyncio.sleep(6.5)
            scenes = [(await server.clients["ada"].get(f"/api/sessions/{name}/scene")).json for name in ("one", "two")]
            assert [len(scene["confirmed"]) for scene in scenes] == [3, 3], "they take turns"

    run(main())


@pytest.mark.parametrize(
    ("before", "after", "steps_of_the_running", "steps_of_the_next"),
    [
        (Allowance(), Allowance(calls=4), 6, 4),
        (Allowance(calls=2), Allowance(), 6, 6),
        (Allowance(tokens=1000), Allowance(calls=8), 6, 2),
        (Allowance(calls=100), Allowance(calls=8), 6, 2),
        (Allowance(calls=100), Allowance(calls=3), 3, 0),
        (Allowance(calls=9), Allowance(calls=8, calls_at_once=1), 6, 2),
        (Allowance(calls=100), Allowance(calls=3, calls_at_once=1), 3, 0),
        (Allowance(calls=100), Allowance(tokens=300), 3, 0),
        (Allowance(tokens=9000), Allowance(tokens=300), 3, 0),
        (Allowance(usd=9), Allowance(usd=0.03), 3, 0),
        (Allowance(calls=2), Allowance(tokens=300), 3, 0),
    ],
)
def test_limits_that_change_hold_for_what_begins_later_and_a_budgets_number_for_what_runs_too(
    tmp_path: Path, before: Allowance, after: Allowance, steps_of_the_running: int, steps_of_the_next: int
) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            team, ada = server.desk.team, server.user("ada")
            edit(server.file, "ada", before)
            stale = server.user("ada")
            await server.desk.begin(slow(server, Limits(within=team.limits_of(ada)), name="runs"), ada)
            await asyncio.sleep(1.5)
            edit(server.file, "ada", after)
            await server.clients["ada"].get("/api/me")
            team.limits_of(stale)  # for a request that began before
            await asyncio.sleep(60)
            await server.desk.begin(slow(server, Limits(within=team.limits_of(ada)), name="next"), ada)
            await asyncio.sleep(60)
            for name, steps_confirmed in (("runs", steps_of_the_running), ("next", steps_of_the_next)):
                scene = (await server.clients["ada"].get(f"/api/sessions/{name}/scene")).json
                assert (name, len(scene["confirmed"])) == (name, steps_confirmed)

    run(main())


def edit(file: Path, name: str, allowance: Allowance) -> None:
    """Somebody edits the users' file by hand."""
    found = json.loads(file.read_text())
    found["users"][name] |= asdict(allowance)
    file.write_text(json.dumps(found))


def test_who_is_added_anew_under_the_same_name_has_spent_nothing_and_other_servers_calls_count(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(calls=2)) as server:
            ada, spent = server.user("ada"), spending_beside(server.file)
            limits = Limits(within=server.desk.team.limits_of(ada))
            with contextlib.closing(Spending(spent)) as other_server:
                other_server.add(ada.account, Spent(2))
            assert (await server.clients["ada"].get("/api/me")).json["spent"] == "2 of 2 calls spent"
            await server.desk.begin(slow(server, limits, name="held"), ada)
            await asyncio.sleep(10)
            async with server.clients["wil"].listening("/api/sessions/held/stream"):
                remove_user(server.file, "ada")
                add_user(server.file, "ada", "act", Allowance(calls=2))
                await asyncio.sleep(1)
                again = server.desk.team.users.named("ada") if server.desk.team.users else None
                assert again is not None
                await server.desk.begin(slow(server, Limits(within=server.desk.team.limits_of(again)), name="anew"), again)
                await asyncio.sleep(10)
                assert spent_by_all(spent)[again.account].calls == 2
            assert spent_by_all(spent)[ada.account].calls == 2, "whose sessions they were"

    run(main())


def test_while_what_a_user_has_spent_cannot_be_written_they_begin_nothing_and_all_of_it_counts(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(calls=7)) as server:
            ada = server.user("ada")
            with contextlib.closing(sqlite3.connect(spending_beside(server.file), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                await server.desk.begin(slow(server, Limits(within=server.desk.team.limits_of(ada)), name="first"), ada)
                await asyncio.sleep(60)
                assert (await server.clients["ada"].get("/api/me")).json["spent"] == "6 of 7 calls spent"
                wanted = {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
                refused = await server.clients["ada"].post("/api/sessions", wanted)
                assert (refused.status, refused.error) == (503, "spending_unusable")
                other_user = await server.clients["ben"].post("/api/sessions", wanted)
                assert other_user.error != "spending_unusable", "who has spent nothing is not held up by it"
                assert str(tmp_path) not in refused.body.decode()
                other.execute("ROLLBACK")
            await server.clients["ada"].get("/api/me")

    run(main())
    assert [spent.calls for spent in spent_by_all(spending_beside(tmp_path / "team.json")).values()] == [6]


def slow(server: TeamServed, limits: Limits, name: str) -> Session:
    """A session whose target takes a second for each of six steps."""
    path = steps(*"abcde", "finish")
    target = FakeAgent(lambda prefix: path[len(prefix)], takes_s=1.0, usage=CALL, name="slow")
    return plan(TASK, target=target, lookahead=0, limits=limits, journal=server.desk.journal, name=name, ask=True)


def test_users_take_turns_however_many_sessions_each_has() -> None:
    async def main() -> None:
        limits = Limits(calls_at_once=1)
        users = {"many": Caller(), "one": Caller()}
        sessions = [("many", Caller(of=users["many"])) for _ in range(9)] + [("one", Caller(of=users["one"]))]
        order: list[str] = []

        async def calls(name: str, caller: Caller) -> None:
            for _ in range(3):
                async with limits.turn(Ticket(urgent=True, caller=caller)):
                    order.append(name)
                    await asyncio.sleep(1)

        async with asyncio.TaskGroup() as group:
            for name, caller in sessions:
                group.create_task(calls(name, caller))
        assert order[:7].count("one") == 3, order

    run(main())


def test_a_user_has_no_more_sessions_than_they_may_and_is_told_when_to_ask_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, allowance=Allowance(sessions=1)) as server:
            url = await begun(server, "ada")
            body = {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
            refused = await server.clients["ada"].post("/api/sessions", body)
            assert (refused.status, refused.error, refused.headers["retry-after"]) == (429, "too_many", "5")
            assert refused.json["error"]["message"].startswith("1 sessions of ada run, and 1 may")
            assert (await server.clients["ben"].post("/api/sessions", body)).status != 429
            await said(server, "ada", url, "stop")
            await asyncio.sleep(10)
            assert (await server.clients["ada"].post("/api/sessions", body)).status != 429

    run(main())


def test_a_full_server_lets_some_wait_refuses_the_rest_and_users_take_turns_in_waiting(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, rooms=Rooms(1, most_waiting=3, wait_s=1000.0)) as server:
            began: list[str] = []

            async def start(who: str, name: str) -> None:
                await begun(server, who, name)
                began.append(name)

            async with asyncio.TaskGroup() as group:
                group.create_task(start("ada", "ada1"))
                for who, name in (("ada", "ada2"), ("ada", "ada3"), ("ben", "ben1")):
                    await asyncio.sleep(0.1)
                    group.create_task(start(who, name))
                await asyncio.sleep(0.1)
                body = {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
                refused = await server.clients["ben"].post("/api/sessions", body)
                assert (refused.status, refused.error) == (429, "too_many")
                assert "1 sessions run at once, which is the most, and 3 wait" in refused.json["error"]["message"]
            assert began[:2] == ["ada1", "ben1"] or began.index("ben1") < began.index("ada3")

    run(main())


def test_who_waits_too_long_for_a_room_is_told_to_come_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, rooms=Rooms(1, most_waiting=1, wait_s=3.0)) as server:
            await begun(server, "ada")
            body = {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
            refused = await server.clients["ben"].post("/api/sessions", body)
            assert (refused.status, refused.headers["retry-after"]) == (429, "5")
            assert server.desk.running_of(server.user("ben")) == 0

    run(main())


# The audit -------------------------------------------------------------------------------------------------------------------


def test_the_audit_says_who_made_which_record(tmp_path: Path) -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with team_served(tmp_path, journal=journal) as server:
            url = await begun(server, "ada")
            await said(server, "ben", url, "take", text="boil")
            await said(server, "ada", url, "steer", sentence="a secret sentence")
            await said(server, "ben", url, "take", at=0, text="too late")
            await said(server, "ada", url, "stop")
            found = (await server.clients["wil"].get(f"{url}/audit")).json["deeds"]
            assert [(deed["user"], deed["did"], deed["answer"]) for deed in found] == [
                ("ben", "take", "accepted"), ("ada", "steer", "accepted"),
                ("ben", "take", "not_now"), ("ada", "stop", "accepted"),
            ]  # fmt: skip
            kinds = {record.n: record.event.kind for record in journal.read("tea")}
            assert [kinds[deed["record"]] for deed in found if "record" in deed] == ["took", "steered", "stopped"]
            assert (await server.clients["ada"].get("/api/audit")).status == 403
            everything = (await server.clients["root"].get("/api/audit")).json["deeds"]
            assert [(deed["user"], deed["did"], deed["answer"]) for deed in everything[4:]] == [("ada", "audit", "not_allowed")]
            text = audit_beside(server.file).read_text()
            assert "secret" not in text
            assert not any(token in text for token in server.tokens.values())

    run(main())


def test_a_start_that_fails_is_noted_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            agent = "recorded:not-there.jsonl"
            body = {"task": "x", "world": "free", "approximation": agent, "target": agent}
            await server.clients["root"].post("/api/sessions", body)
            (deed,) = (await server.clients["root"].get("/api/audit")).json["deeds"]
            assert (deed["user"], deed["did"], deed["answer"]) == ("root", "start", "bad_option")

    run(main())


def test_what_a_role_does_not_allow_is_noted_in_a_line(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url, wil, ben = await begun(server, "ada"), server.clients["wil"], server.clients["ben"]
            body = {"task": "x", "world": "free", "approximation": "recorded:/etc/a", "target": "recorded:/etc/a"}
            await said(server, "ben", url, "stop")
            for address in ("/api/sessions", f"{url}/commands", f"{url}/resume", "/ag-ui", "/no/address"):
                assert (await wil.post(address, body)).status == 403
            assert (await ben.post("/api/sessions", body)).status == 403
            found = (await server.clients["root"].get("/api/audit")).json["deeds"]
            assert [(deed["user"], deed["role"], deed["did"], deed["session"]) for deed in found] == [
                ("ben", "act", "stop", "tea"), ("wil", "watch", "start", ""), ("wil", "watch", "command", "tea"),
                ("wil", "watch", "resume", "tea"), ("wil", "watch", "start", ""), ("ben", "act", "start", ""),
            ]  # fmt: skip
            assert {deed["answer"] for deed in found} == {"not_allowed"}
            lines = audit_beside(server.file).read_text().splitlines()
            assert len(lines) == len(found)
            assert "/etc/a" not in "".join(lines)

    run(main())


def test_a_refusal_that_cannot_be_noted_is_one_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url = await begun(server, "ada")
            full = server.desk.team.audit = Audit(Path("/dev/full"))
            assert (await said(server, "ben", url, "stop")).error == "not_allowed"
            assert (await said(server, "wil", url, "stop")).error == "not_allowed"
            full.close()

    if not Path("/dev/full").exists():
        pytest.skip("no device here that is full")
    run(main())


def test_what_cannot_be_noted_is_not_done(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path) as server:
            url = await begun(server, "ada")
            assert server.desk.team.audit is not None
            full = server.desk.team.audit = Audit(Path("/dev/full"))
            refused = await said(server, "ada", url, "take", text="boil")
            assert (refused.status, refused.error) == (503, "journal_unusable")
            assert (await server.clients["ada"].get(f"{url}/scene")).json["confirmed"] == []
            full.close()

    if not Path("/dev/full").exists():
        pytest.skip("no device here that is full")
    run(main())


def test_an_audit_whose_last_line_is_torn_is_read_up_to_there(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = Audit(file)
    audit.answered(audit.asks("ada", "act", "take", session="tea"), "accepted", record=4)
    audit.asks("ada", "act", "stop", session="tea")
    audit.close()
    with file.open("a") as torn:
        torn.write('{"deed": "x", "at')
    assert [(deed["did"], deed["answer"]) for deed in deeds(file)] == [("take", "accepted"), ("stop", "unknown")]


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b'{"deed": "x"}', b'{"deed": "x", "at": 1}', b'{"of": 3}', b'{"of": "x", "session": 5}', b'{"of": "\xff"}'],
    ids=["deep", "no fields", "no moment", "of a number", "a session that is none", "no UTF-8"],
)
def test_an_audit_with_a_line_that_is_none_is_refused(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_bytes(line + b"\n")
    with pytest.raises(JournalCorrupt, match="is damaged"):
        deeds(file)


# Health, and the end ---------------------------------------------------------------------------------------------------------


class Full(MemoryJournal):
    """A journal on a disk that fills up."""

    full = False

    def keep_learned(self, topic: str, text: str) -> None:
        if self.full:
            raise JournalFull("there is no room on /a/secret/place")
        super().keep_learned(topic, text)


def test_health_is_told_without_a_token_and_readiness_follows_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        journal = Full()
        async with served(journal) as server:
            assert (await server.client.get("/healthz", authorization="")).json == {"alive": True}
            assert (await server.client.get("/readyz", authorization="")).json == {"ready": True, "why": ""}
            journal.full = True
            await asyncio.sleep(1)
            said = await server.client.get("/readyz", authorization="")
            assert (said.status, said.json["why"]) == (503, "the journal cannot be written; the server's log says why")
            assert (await server.client.get("/healthz", authorization="", host="evil.example")).status == 403

    run(main())
    assert capsys.readouterr().err == "outrider: there is no room on /a/secret/place\n"


def test_a_server_that_drains_lets_sessions_finish_takes_no_new_ones_and_tells_who_watches() -> None:
    async def main() -> None:
        async with served() as server, asyncio.TaskGroup() as group:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                await asyncio.sleep(1)
                draining = group.create_task(server.desk.drain(1000.0))
                await asyncio.sleep(1)
                refused = await server.client.post(
                    "/api/sessions", {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
                )
                assert (refused.status, refused.error) == (503, "shutting_down")
                assert refused.json["error"]["message"] == (
                    "the server is stopping and begins no session; another one may be up soon, so try again in a moment, or ask "
                    "whoever runs it"
                )
                assert (await server.client.get("/readyz")).status == 503
                assert (await server.client.post(f"{url}/commands", {"id": "1", "command": "take", "text": "boil"})).status == 200
                heard = await listener.all()
            assert [event.event for event in heard if event.event != "message"] == ["notice", "end"]
            assert next(event for event in heard if event.event == "notice").json["kind"] == "draining"
            await draining
            assert (await server.client.get(f"{url}/scene")).json["outcome"] == "complete"

    run(main())


def test_what_has_not_finished_by_then_is_stopped_with_its_plan_kept() -> None:
    async def main() -> None:
        async with served() as server:
            said: list[str] = []
            server.desk.says = said.append
            url = await server.tea()
            await server.desk.drain(6.0)
            await asyncio.sleep(1)
            scene = (await server.client.get(f"{url}/scene")).json
            assert (scene["outcome"], len(scene["confirmed"])) == ("stopped", 3)
            assert said == ["draining: 1 session runs, for up to 6 s", "stopped tea"]

    run(main())


def test_who_waits_for_a_room_when_the_server_drains_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with team_served(tmp_path, rooms=Rooms(1, most_waiting=1, wait_s=1000.0)) as server, asyncio.TaskGroup() as group:
            await begun(server, "ada")
            body = {"task": "x", "world": "free", "approximation": "direct@openai:a", "target": "cot@openai:b"}
            waiting = group.create_task(server.clients["ben"].post("/api/sessions", body))
            await asyncio.sleep(1)
            server.desk.close()
            assert ((await waiting).status, (await waiting).error) == (503, "shutting_down")

    run(main())


def of_user(place: Place, printed: dict[str, Any], name: str, role: str = "act") -> httpx2.Client:
    token = json.loads(place.run("users", "add", name, "--role", role, "--users", "team.json", "--json").out)["token"]
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{printed.get('port')}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


@posix
def test_a_second_sigterm_ends_the_drain_and_the_journal_is_kept(place: Place) -> None:
    place.run("users", "add", "first", "--users", "team.json")
    words = ("--users", "team.json", "--drain-s", "3600", "--agent", "recorded:pairs.jsonl")
    with serving(place, *words) as (process, printed), of_user(place, printed, "ada") as client:
        assert "token" not in printed
        agent = "recorded:pairs.jsonl"
        body = {"task": TASK, "world": "free", "approximation": agent, "target": agent}
        begun = client.post("/api/sessions", json=body)
        assert begun.status_code == 201, begun.text
        name = begun.json()["name"]
        with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if '"next_at":2' in line)
            process.send_signal(signal.SIGTERM)
            next(line for line in lines if line == "event: notice")
            assert client.post("/api/sessions", json=body).status_code == 503
            process.send_signal(signal.SIGTERM)
            assert "event: end" in list(lines)
        ran = ended(process)
    assert ran.code == 0
    assert ran.err == f"outrider: draining: 1 session runs, for up to 3600 s\noutrider: stopped {name}\n"
    with SqliteJournal(place.journal, read_only=True) as journal:
        (entry,) = journal.sessions()
    assert (entry.name, entry.outcome, entry.steps) == (name, "stopped", 2)
    told = [json.loads(line) for line in place.run("audit", name, "--users", "team.json", "--json").out.splitlines()]
    assert [(deed["user"], deed["did"], deed["session"], deed["record"]) for deed in told] == [("ada", "start", name, 0)]
