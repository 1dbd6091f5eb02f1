"""Limits over HTTP: what a person is told and may allow at one, and what all sessions of ``outrider serve`` share."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cli.running import TASK, Place, ended

from outrider import Budget, Limits, Session, Usage, plan
from outrider.journal import SqliteJournal
from outrider.model import JSON
from outrider.rules.events import Allowed, Extended, Started
from outrider.testing import FakeAgent, run, steps
from outrider.testing.model_server import Asked, ModelServer, Sends, says

from .asking import PLAN, Said, Served, served
from .test_serve import client_of, serving

CALL = Usage(prompt_tokens=80, output_tokens=20, counted="reported", cost_usd=0.01)


def limited(server: Served, budget: Budget | None = None, *, within: Limits | None = None, max_steps: int = 30) -> Session:
    """A session of the target alone, 4 s a step, at whose limits a person is asked."""
    path = steps(*PLAN, "finish")
    return plan(
        TASK, target=FakeAgent(lambda prefix: path[len(prefix)], takes_s=4.0, usage=CALL, name="slow"), lookahead=0,
        limits=Limits(budget=budget, within=within), max_steps=max_steps, ask=True, journal=server.journal, name="tea",
    )  # fmt: skip


async def scene_of(server: Served, url: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.client.get(f"{url}/scene")).json
    return found


async def commanded(server: Served, url: str, command: str, **more: JSON) -> Said:
    number = f"command-{next(server.numbers)}"
    return await server.client.post(f"{url}/commands", {"id": number, "command": command, **more})


# What the person may allow ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "spent", "more", "reached_again"),
    [
        ({"calls": 2}, "2 of 2 calls spent", {"calls": 1}, "3 of 3 calls spent"),
        ({"tokens": 250}, "200 of 250 tokens spent", {"tokens": 50}, "300 of 300 tokens spent"),
        ({"usd": 0.02}, "$0.02 of $0.02 spent", {"usd": 0.01}, "$0.03 of $0.03 spent"),
        ({"seconds": 9}, "9 of 9 s spent", {"seconds": 5}, "14 of 14 s spent"),
    ],
)
def test_at_a_budget_the_scene_says_which_and_what_is_allowed_is_all_that_is_spent(
    budget: dict[str, Any], spent: str, more: dict[str, Any], reached_again: str
) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(limited(server, Budget(**budget)))
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert (scene["held"], scene["limit"]) == ("budget", f"the budget has no room for another call: {spent}")
            assert [step["action"] for step in scene["confirmed"]] == list(PLAN[:2])
            said = await commanded(server, url, "allow", reason="one more", **more)
            assert (said.status, said.json["accepted"]) == (200, True)
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert (scene["held"], len(scene["confirmed"])) == ("budget", 3)
            assert scene["limit"].endswith(reached_again)
            allowed = [record.event for record in server.journal.read("tea") if isinstance(record.event, Allowed)]
            assert allowed == [Allowed(**more, reason="one more")]

    run(main())


def test_more_allows_as_much_again_as_was_given_until_the_plan_is_complete() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(limited(server, Budget(calls=2)))
            for _ in range(2):
                await asyncio.sleep(100)
                assert (await commanded(server, url, "more")).status == 200
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert (scene["outcome"], scene["limit"]) == ("complete", "")

    run(main())


def test_at_the_limit_on_steps_the_plan_is_extended_by_as_many_as_are_asked_for() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(limited(server, max_steps=2))
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert (scene["held"], len(scene["confirmed"])) == ("steps", 2)
            assert "2 steps" in scene["limit"]
            assert (await commanded(server, url, "extend", steps=1, reason="nearly")).status == 200
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert (scene["held"], len(scene["confirmed"])) == ("steps", 3)
            assert (await commanded(server, url, "more")).status == 200
            await asyncio.sleep(100)
            assert len((await scene_of(server, url))["confirmed"]) == 5
            extended = [record.event for record in server.journal.read("tea") if isinstance(record.event, Extended)]
            assert extended == [Extended(steps=1, reason="nearly"), Extended(steps=2)]

    run(main())


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ({"command": "more"}, 409, "held at no limit"),
        ({"command": "allow"}, 400, "nothing more was allowed; say how many calls"),
        ({"command": "allow", "calls": 0}, 400, "0 more calls make no sense"),
        ({"command": "allow", "seconds": -1.5}, 400, "-1.5 more seconds make no sense"),
        ({"command": "allow", "usd": 1}, 400, "there is no limit on dollars, so there is none to raise"),
        ({"command": "allow", "calls": 1.5}, 400, "calls is 1.5; give a whole number"),
        ({"command": "allow", "usd": "much"}, 400, 'usd is "much"; give a number'),
        ({"command": "extend"}, 400, "extend needs a number of steps"),
        ({"command": "extend", "steps": 0}, 400, "0 more steps make no sense; give at least 1"),
    ],
)
def test_an_allowance_that_makes_no_sense_is_one_sentence_and_changes_nothing(
    command: dict[str, Any], status: int, words: str
) -> None:
    async def main() -> None:
        async with served() as server:
            budget = Budget(calls=9, tokens=9000)
            url = await server.begin(limited(server, budget))
            said = await commanded(server, url, **command)
            assert said.status == status
            assert words in said.json["error"]["message"]
            assert (budget.calls, budget.tokens) == (9, 9000)

    run(main())


def test_an_allowance_sent_twice_is_allowed_once() -> None:
    async def main() -> None:
        async with served() as server:
            budget = Budget(calls=2)
            url = await server.begin(limited(server, budget))
            await asyncio.sleep(100)
            for _ in range(2):
                said = await server.client.post(f"{url}/commands", {"id": "once", "command": "allow", "calls": 1})
                assert said.json["accepted"]
            assert budget.calls == 3

    run(main())


def test_at_the_servers_limit_a_session_is_held_and_cannot_raise_what_is_not_its_own() -> None:
    async def main() -> None:
        async with served() as server:
            everybody = Limits(budget=Budget(calls=3, whose="the budget of this server"))
            url = await server.begin(limited(server, within=everybody))
            await asyncio.sleep(100)
            scene = await scene_of(server, url)
            assert scene["limit"] == "the budget of this server has no room for another call: 3 of 3 calls spent"
            said = await commanded(server, url, "more")
            assert (said.status, said.json["accepted"]) == (400, False)
            assert "no budget of its own" in said.json["error"]["message"]
            assert (await commanded(server, url, "take", text="wait")).status == 200, "taking a step costs nothing"
            assert len((await scene_of(server, url))["confirmed"]) == 4

    run(main())


# ``outrider serve`` with limits that its sessions share --------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a recording of six calls of the target, 20 tokens each."""
    found = Place(tmp_path)
    found.write_pairs()
    return found


def begun(client: httpx2.Client, *, agent: str = "recorded:pairs.jsonl@40x", **more: Any) -> str:
    """A session of the target alone; its name."""
    body = {"task": TASK, "world": "free", "approximation": agent, "target": agent, "lookahead": 0, **more}
    said = client.post("/api/sessions", json=body)
    assert said.status_code == 201, said.text
    name: str = said.json()["name"]
    return name


def settled(client: httpx2.Client, name: str) -> dict[str, Any]:
    """The scene once the session is held or has ended."""
    with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
        for line in stream.iter_lines():
            if line == "event: end" or '"held":"budget"' in line:
                break
    found: dict[str, Any] = client.get(f"/api/sessions/{name}/scene").json()
    return found


def calls_in(journal: Path) -> int:
    """How many calls all sessions have begun."""
    with SqliteJournal(journal, read_only=True) as opened:
        records = [record for entry in opened.sessions() for record in opened.read(entry.name)]
    return sum(isinstance(record.event, Started) for record in records)


@pytest.mark.parametrize(
    ("option", "amount", "calls", "spent"),
    [
        ("--budget-calls", "8", 8, "8 of 8 calls spent"),
        ("--budget-tokens", "170", 8, "160 of 170 tokens spent"),
    ],
)
def test_two_sessions_of_a_server_overshoot_its_budget_by_nothing_and_each_is_told(
    place: Place, option: str, amount: str, calls: int, spent: str
) -> None:
    sentence = f"the budget of this server has no room for another call: {spent}; whoever runs it starts it again with more"
    with serving(place, option, amount) as (process, printed), client_of(printed) as client:
        asked, alone = begun(client, ask=True), begun(client)
        scenes = [settled(client, asked), settled(client, alone)]
        assert calls_in(place.journal) == calls
        assert scenes[0]["limit"] == sentence or scenes[0]["outcome"] == "complete"
        assert sentence in scenes[1]["reason"] or scenes[1]["outcome"] == "complete"
        assert sum(len(scene["confirmed"]) for scene in scenes) == calls, "nothing is asked that is not used"
        late = settled(client, begun(client))
        assert (late["outcome"], late["confirmed"]) == ("budget", [])
        assert sentence in late["reason"]
        assert calls_in(place.journal) == calls
        process.terminate()
        assert ended(process).code == 0


def test_a_servers_seconds_end_the_calls_of_all_its_sessions(place: Place) -> None:
    place.write_pairs(slow_from=1)
    with serving(place, "--budget-seconds", "1") as (process, printed), client_of(printed) as client:
        asked, alone = begun(client, ask=True), begun(client)
        limit = settled(client, asked)["limit"]
        assert limit.startswith("the budget of this server has no room for another call: 1")
        assert " of 1 s spent; " in limit
        assert settled(client, alone)["outcome"] == "budget"
        process.terminate()
        assert ended(process).code == 0


def test_a_budget_that_one_call_may_overshoot_and_a_minute_without_room_for_one_are_refused(place: Place) -> None:
    with serving(place, "--budget-tokens", "19") as (process, printed), client_of(printed) as client:
        agent = "recorded:pairs.jsonl"
        said = client.post("/api/sessions", json={"task": TASK, "world": "free", "approximation": agent, "target": agent})
        assert said.status_code == 400
        assert said.json()["error"]["message"] == (
            "the budget of this server of 19 tokens has no room for a single call: recorded:pairs.jsonl may use up to 20 tokens"
        )
        process.terminate()
        ended(process)
    ran = place.run("serve", "--requests-a-minute", "0")
    assert (ran.code, ran.sentence) == (2, "outrider: 0 requests a minute would never start a call; give at least 1")


# With models whose server counts too ---------------------------------------------------------------------------------------


def sentence_by_sentence(asked: Asked) -> Sends:
    """A plan that never ends, and what each reply is said to have used."""
    return says("Boil water", usage={"prompt_tokens": 300, "completion_tokens": 5})


PRICE = {"prompt": 10.0, "output": 100.0}
COST_USD = (300 * 10.0 + 5 * 100.0) / 1_000_000


async def both(client: httpx2.AsyncClient, url: str, kind: str = "direct") -> list[str]:
    """Two sessions of the target alone, over one model; their names."""
    agent = f"{kind}@{url}#tea"
    body = {"task": TASK, "world": "free", "approximation": agent, "target": agent, "lookahead": 0}
    said = [await client.post("/api/sessions", json=body) for _ in range(2)]
    assert [answer.status_code for answer in said] == [201, 201], [answer.text for answer in said]
    return [answer.json()["name"] for answer in said]


def asynchronous(printed: dict[str, Any]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{printed['port']}", headers={"Authorization": f"Bearer {printed['token']}"}, timeout=30
    )


async def outcome(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    async with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
        async for _ in stream.aiter_lines():
            pass
    found: dict[str, Any] = (await client.get(f"/api/sessions/{name}/scene")).json()
    return found


def test_dollars_of_two_sessions_stay_within_the_servers_budget(place: Place) -> None:
    (place.folder / "prices.json").write_text(json.dumps({"tea": PRICE}))

    async def main(client: httpx2.AsyncClient) -> None:
        async with ModelServer(sentence_by_sentence) as model, client:
            scenes = [await outcome(client, name) for name in await both(client, model.url)]
            assert {scene["outcome"] for scene in scenes} == {"budget"}
            assert all("the budget of this server has no room for another call" in scene["reason"] for scene in scenes)
            assert len(model.asked) >= 2
            assert len(model.asked) * COST_USD <= 0.1

    with serving(place, "--budget-usd", "0.1", "--prices", "prices.json") as (process, printed):
        asyncio.run(main(asynchronous(printed)))
        process.terminate()
        ended(process)


def test_a_model_without_a_price_is_refused_where_the_server_counts_dollars(place: Place) -> None:
    with serving(place, "--budget-usd", "1") as (process, printed), client_of(printed) as client:
        agent = "direct@http://127.0.0.1:9/v1#nobodys"
        said = client.post("/api/sessions", json={"task": TASK, "world": "free", "approximation": agent, "target": agent})
        assert said.status_code == 400
        assert said.json()["error"]["message"].endswith(
            "is not known, so no dollars can be counted; name a model whose price is, or give it with --prices FILE where "
            "Outrider is started"
        )
        process.terminate()
        ended(process)


@pytest.mark.parametrize(
    ("kind", "option", "amount", "least", "most"),
    [
        ("direct", "--requests-a-minute", "5", 5, 5),
        ("react", "--requests-a-minute", "6", 6, 6),
        ("direct", "--tokens-a-minute", "1800", 2, 5),  # what a call may use counts until it has ended, so there are fewer
    ],
)
def test_two_sessions_ask_a_model_no_more_in_a_minute_than_the_server_allows(
    place: Place, kind: str, option: str, amount: str, least: int, most: int
) -> None:
    async def main(client: httpx2.AsyncClient) -> None:
        async with ModelServer(sentence_by_sentence) as model, client:
            names = await both(client, model.url, kind)
            await model.until(lambda model: len(model.asked) >= least and not model.under_way)
            for name in names:
                assert (await client.get(f"/api/sessions/{name}/scene")).json()["outcome"] is None
            for name in names:
                said = await client.post(f"/api/sessions/{name}/commands", json={"id": "1", "command": "stop"})
                assert said.json()["accepted"]
                await outcome(client, name)
            assert least <= len(model.asked) <= most

    with serving(place, option, amount) as (process, printed):
        asyncio.run(main(asynchronous(printed)))
        process.terminate()
        ended(process)


def test_a_minute_with_fewer_requests_than_one_call_makes_is_refused(place: Place) -> None:
    with serving(place, "--requests-a-minute", "4") as (process, printed), client_of(printed) as client:
        agent = "discussion@http://127.0.0.1:9/v1#tea"
        said = client.post("/api/sessions", json={"task": TASK, "world": "free", "approximation": agent, "target": agent})
        assert said.status_code == 400
        assert "makes 5 requests; 4 a minute are too few; give at least 5" in said.json()["error"]["message"]
        process.terminate()
        ended(process)
