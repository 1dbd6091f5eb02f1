"""Sessions over HTTP: the list, the form's choices, starting one, what is asked of one, and everything that is bad input."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.journal import MemoryJournal
from outrider.launch import Wanted, understand
from outrider.testing import run
from outrider.web.app import MOST_LISTED

from .asking import KITCHEN, PLAN, served, to_the_end

TASK = "Make tea"


def wanted(pairs: str, **more: Any) -> dict[str, Any]:
    return {"task": TASK, "world": "free", "approximation": pairs, "target": pairs, **more}


# Starting ------------------------------------------------------------------------------------------------------------------


def test_a_session_is_started_by_names_listed_watched_and_kept(pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.post("/api/sessions", wanted(pairs, lookahead=2, max_steps=9))
            name = said.json["name"]
            assert (said.status, said.headers["location"]) == (201, f"/api/sessions/{name}/scene")
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["name"], entry["task"], entry["outcome"], entry["live"], entry["steps"]) == (
                name,
                TASK,
                "running",
                True,
                0,
            )
            scene = await to_the_end(server.client, name)
            assert (scene["task"], scene["lookahead"], scene["target"]) == (TASK, "lookahead-2", "recorded:pairs.jsonl")
            assert [step["action"] for step in scene["confirmed"]] == [*PLAN, "finish"]
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["outcome"], entry["live"], entry["steps"]) == ("complete", False, 6)
            assert entry["events"] == len(server.journal.read(name))

    run(main())


def test_the_line_of_one_session_is_the_lists_and_there_however_old_it_is(pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            for _ in range(2):
                name = (await server.client.post("/api/sessions", wanted(pairs))).json["name"]
                url = f"/api/sessions/{name}"
                listed = (await server.client.get("/api/sessions")).json["sessions"][0]
                assert (await server.client.get(url)).json == listed
                assert listed["live"]
                await to_the_end(server.client, name)
                assert (await server.client.get(url)).json == (await server.client.get("/api/sessions")).json["sessions"][0]
            opened = server.journal.read(name)[:1]
            for number in range(MOST_LISTED):
                server.journal.append(f"newer{number}", opened)
            assert name not in {entry["name"] for entry in (await server.client.get("/api/sessions")).json["sessions"]}
            assert (await server.client.get(url)).json["outcome"] == "complete"

    run(main())


def test_fields_that_are_null_have_their_defaults(pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.post(
                "/api/sessions", wanted(pairs, setting=None, lookahead=None, matching=None, budget_usd=None)
            )
            assert said.status == 201

    run(main())


def test_a_session_goes_on_from_an_earlier_one(pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            first = (await server.client.post("/api/sessions", wanted(pairs))).json["name"]
            await asyncio.sleep(5)
            await server.client.post(f"/api/sessions/{first}/commands", {"id": "1", "command": "stop"})
            again = (await server.client.post("/api/sessions", {**wanted(pairs), "task": "", "from": first})).json["name"]
            scene = await to_the_end(server.client, again)
            assert (scene["carried"], scene["confirmed"][0]["how"], len(scene["confirmed"])) == (2, "from the earlier session", 6)

    run(main())


@pytest.mark.parametrize(("more", "kind", "words"), [
    ({"task": ""}, "empty_task", "the task is empty"),
    ({"task": "  "}, "empty_task", "the task is empty"),
    ({"task": 7}, "bad_option", "task is 7; give a text"),
    ({"tusk": "x"}, "bad_option", "a session has no field 'tusk'"),
    ({"world": "mars"}, "unknown_name", "the world 'mars' is not known"),
    ({"target": "wizard@local"}, "unknown_name", "the agent 'wizard@local' is not known"),
    ({"target": "cot@what"}, "unknown_name", "the model 'what' is not known"),
    ({"target": "recorded:/nowhere"}, "bad_option", "cannot be read"),
    ({"task": "Fly"}, "unknown_name", "has no task 'Fly'"),
    ({"matching": "fuzzy"}, "unknown_name", "the matching 'fuzzy' is not known"),
    ({"setting": 9}, "bad_option", "setting 9 is not one of the paper's"),
    ({"setting": "2"}, "bad_option", 'setting is "2"; give a whole number'),
    ({"max_steps": 0}, "bad_option", "max_steps is 0"),
    ({"max_steps": True}, "bad_option", "max_steps is true"),
    ({"max_steps": 1.5}, "bad_option", "max_steps is 1.5"),
    ({"lookahead": "far"}, "bad_option", "lookahead 'far' is not known"),
    ({"lookahead": -1}, "bad_option", "lookahead '-1' is not known"),
    ({"lookahead": []}, "bad_option", "lookahead is []"),
    ({"calls_at_once": 0}, "bad_option", "0 calls at once would never start one"),
    ({"budget_calls": -1}, "bad_option", "a budget of -1 calls allows nothing"),
    ({"budget_usd": "much"}, "bad_option", 'budget_usd is "much"'),
    ({"budget_usd": 10**400}, "bad_option", "beyond all measure"),
    ({"budget_usd": 1.0}, "bad_option", "the price of recorded:pairs.jsonl is not known"),
    ({"from": "nothing"}, "unknown_name", "the journal is empty"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_starts(more: dict[str, Any], kind: str, words: str, pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.post("/api/sessions", wanted(pairs) | more)
            assert (said.status, said.error) == (400, kind)
            assert words in said.json["error"]["message"]
            assert (await server.client.get("/api/sessions")).json == {"sessions": []}

    run(main())


@pytest.mark.parametrize("body", [
    b"", b"{", b"\xff\xfe", b"[]", b"7", b"NaN", b'{"task": NaN}', b"[" * 60_000, b'{"max_steps": ' + b"9" * 5_000 + b"}",
])  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.ask("POST", "/api/sessions", body=body, headers={"content-type": "application/json"})
            assert (said.status, said.error) == (400, "bad_option")

    run(main())


def test_a_key_that_is_missing_is_named_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    async def main() -> None:
        async with served() as server:
            body = {"task": "x", "approximation": "direct@openai:gpt", "target": "cot@http://me:word@127.0.0.1:9/v1?key=hush#m"}
            said = await server.client.post("/api/sessions", body)
            assert (said.status, said.error) == (502, "access_refused")
            assert said.json["error"]["message"] == "openai:gpt needs a key; set the environment variable OPENAI_API_KEY"
            assert b"hush" not in said.body

    run(main())


# Asking about one ----------------------------------------------------------------------------------------------------------


def test_actions_that_may_come_next_are_offered_with_what_they_do_and_take() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea(world=KITCHEN)
            said = (await server.client.get(f"{url}/actions?text=po")).json
            schema = {"type": "object", "properties": {"ml": {"type": "integer"}}}
            assert said == {"free": False, "actions": [
                {"name": "pour", "does": "Pours water", "schema": schema},
                {"name": "warm the pot", "does": "Does warm the pot", "schema": None},
            ]}  # fmt: skip
            assert len((await server.client.get(f"{url}/actions")).json["actions"]) == 6
            assert (await server.client.get(f"{url}/actions?at=0&text=fill")).json["actions"][0]["name"] == "pour"
            assert (await server.client.get(f"{url}/actions?at=x")).status == 400

    run(main())


def test_where_steps_are_free_words_there_is_nothing_to_choose_from() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            assert (await server.client.get(f"{url}/actions?text=b")).json == {"free": True, "actions": []}

    run(main())


def test_a_session_can_be_had_as_a_trace_of_its_lanes() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await to_the_end(server.client, "tea")
            said = (await server.client.get(f"{url}/trace")).json
            assert {entry["ph"] for entry in said["traceEvents"]} >= {"M", "X"}

    run(main())


@pytest.mark.parametrize("what", ["", "/scene", "/stream", "/events", "/actions", "/trace"])
def test_a_session_that_nobody_knows_is_not_found(what: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.get(f"/api/sessions/nobody{what}")
            assert (said.status, said.error) == (404, "not_found")
            assert said.json["error"]["message"] == "no session's name begins with 'nobody'; the journal is empty"

    run(main())


def test_a_journal_that_is_closed_is_said_to_be_the_trouble() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with served(journal) as server:
            journal.close()
            said = await server.client.get("/api/sessions")
            assert (said.status, said.error) == (503, "journal_unusable")

    run(main())


def test_the_choices_are_names_that_a_session_can_be_started_with() -> None:
    async def main() -> None:
        async with served() as server:
            said = (await server.client.get("/api/choices")).json
            for world in said["worlds"]:
                assert world["about"]
                for task in world["tasks"]:
                    understand(Wanted(task=task, world=world["name"]))
            for kind in said["kinds"]:
                understand(Wanted(task="x", target=f"{kind}@local"))
            for setting in said["settings"]:
                understand(Wanted(task="x", setting=setting["setting"]))
            defaults = {name: value for name, value in said["defaults"].items() if name != "lookahead"}
            understand(Wanted(task="x", **defaults))

    run(main())


# The page's files and all else -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "none.js", "", ".", "css", "a\x00b.js"]
)
def test_only_the_pages_own_files_are_served(path: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.get(f"/page/{path}")
            assert (said.status, said.error) == (404, "not_found")

    run(main())


@pytest.mark.parametrize(("method", "url", "status"), [
    ("GET", "/api/nothing", 404), ("DELETE", "/api/sessions", 405), ("PUT", "/", 405), ("GET", "/docs", 404),
])  # fmt: skip
def test_an_address_or_a_verb_that_is_not_there_is_told_in_json(method: str, url: str, status: int) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.ask(method, url, headers={"content-type": "application/json"})
            assert (said.status, said.error) == (status, {404: "not_found", 405: "method_not_allowed"}[status])
            assert ("allow" in said.headers) == (status == 405), "RFC 9110, section 15.5.6"

    run(main())


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=8,
)
fields = st.sampled_from([
    "task", "world", "setting", "lookahead", "max_steps", "matching", "calls_at_once", "budget_calls", "budget_tokens",
    "budget_usd", "from", "other",
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.one_of(anything, st.dictionaries(fields, anything)))
def test_whatever_is_asked_for_is_refused_in_a_sentence_or_begins(body: Any) -> None:
    async def main() -> None:
        async with served() as server:
            if isinstance(body, dict):
                body.update(approximation="recorded:none", target="recorded:none")
            said = await server.client.post("/api/sessions", body)
            assert said.status == 400
            assert said.json["error"]["message"]

    run(main())
