"""Sessions whose server is gone: they are listed, gone on with over HTTP, and refused in a sentence where that cannot be."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outrider.journal import JournalStore, MemoryJournal, Owned, own
from outrider.launch import Understood
from outrider.rules.events import Executed, Opened, Paused, Resumed, Started
from outrider.runtime import Session
from outrider.testing import run
from outrider.tools import Toolbox
from outrider.web.rooms import Rooms
from outrider.web.users import Allowance

from .asking import PLAN, Served, served, tea, tea_cut_off, to_the_end
from .teams import team_served

TASK = "Make tea"
EVERY = [*PLAN, "finish"]


def wanted(pairs: str, **more: Any) -> dict[str, Any]:
    return {"task": TASK, "world": "free", "approximation": pairs, "target": pairs, "lookahead": 2, **more}


async def whole(pairs: str, **more: Any) -> tuple[MemoryJournal, str]:
    """A journal with a session that a server has run to its end, and the session's name."""
    async with served() as server:
        name: str = (await server.client.post("/api/sessions", wanted(pairs, **more))).json["name"]
        await to_the_end(server.client, name)
        assert isinstance(server.journal, MemoryJournal)
        return server.journal, name


async def cut(pairs: str, records: int = 12, **more: Any) -> tuple[MemoryJournal, str]:
    """The journal of a server that was killed after so many records, and the session's name."""
    full, name = await whole(pairs, **more)
    journal = MemoryJournal()
    journal.append(name, full.read(name)[:records])
    return journal, name


async def again(server: Served, name: str, **more: Any) -> Any:
    return await server.client.post(f"/api/sessions/{name}/resume", more)


# Going on ------------------------------------------------------------------------------------------------------------------


def test_an_interrupted_session_is_offered_and_goes_on_as_the_same_session(pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server:
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["outcome"], entry["resumable"], entry["owner"], entry["live"]) == ("interrupted", True, "", False)
            said = await again(server, name, ask=True)
            assert (said.status, said.json) == (200, {"name": name})
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["outcome"], entry["resumable"], entry["live"]) == ("running", False, True)
            scene = await to_the_end(server.client, name)
            assert [step["action"] for step in scene["confirmed"]] == EVERY
        (resumed,) = journal.read(name, kinds=("resumed",))
        assert resumed.event == Resumed(approximation="recorded:pairs.jsonl", target="recorded:pairs.jsonl", asks=True)

    run(main())


def test_wherever_the_server_was_killed_the_plan_is_that_of_the_uninterrupted_run(pairs: str) -> None:
    async def main() -> None:
        full, name = await whole(pairs)
        records = full.read(name)
        answered = {record.event.call for record in records if isinstance(record.event, Started)}
        assert len(answered) > 5
        for so_many in range(1, len(records)):
            journal = MemoryJournal()
            journal.append(name, records[:so_many])
            async with served(journal) as server:
                assert (await again(server, name)).status == 200
                scene = await to_the_end(server.client, name)
            assert ([step["action"] for step in scene["confirmed"]], scene["outcome"]) == (EVERY, "complete"), so_many
            assert journal.owner(name) == ""

    run(main())


def test_a_session_that_runs_here_already_is_that_one(pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server:
            await again(server, name)
            assert (await again(server, name)).json == {"name": name}
            assert len(journal.read(name, kinds=("resumed",))) == 1

    run(main())


def test_of_two_browsers_that_go_on_with_one_session_at_once_one_does(pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server, asyncio.TaskGroup() as group:
            both = [group.create_task(again(server, name)) for _ in range(2)]
            statuses = sorted([(await said).status for said in both])
            assert statuses in ([200, 200], [200, 409])
            assert len(journal.read(name, kinds=("resumed",))) == 1

    run(main())


def test_a_command_is_told_how_the_session_is_gone_on_with(pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server:
            said = await server.client.post(f"/api/sessions/{name}/commands", {"id": "1", "command": "pause"})
            assert (said.status, said.error) == (409, "not_now")
            assert said.json["error"]["message"].endswith(f"was interrupted; POST /api/sessions/{name}/resume goes on with it")

    run(main())


def test_what_another_process_says_to_a_session_of_the_server_is_carried_out(pairs: str) -> None:
    async def main() -> None:
        async with served() as server:
            name = (await server.client.post("/api/sessions", wanted(pairs))).json["name"]
            server.journal.command(name, Paused(), by="outrider resume")
            await asyncio.sleep(1)
            assert (await server.client.get(f"/api/sessions/{name}/scene")).json["held"] == "paused"

    run(main())


# What is refused -----------------------------------------------------------------------------------------------------------


def test_a_session_that_another_process_runs_is_watched_and_says_whose_it_is(pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        own(journal, name, owner="process 7 on another (00000000-1)")
        async with served(journal) as server:
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["owner"], entry["resumable"]) == ("process 7 on another", False)
            refused = await again(server, name)
            assert (refused.status, refused.error) == (409, "session_owned")
            sentence = "is run by process 7 on another, so it is only watched here; commands go to where it runs"
            assert sentence in refused.json["error"]["message"]
            said = await server.client.post(f"/api/sessions/{name}/commands", {"id": "1", "command": "pause"})
            assert sentence in said.json["error"]["message"]

    run(main())


def test_a_finished_session_says_so_and_an_unknown_one_is_not_there(pairs: str) -> None:
    async def main() -> None:
        journal, name = await whole(pairs)
        async with served(journal) as server:
            refused = await again(server, name)
            assert (refused.status, refused.error) == (409, "not_now")
            assert (
                "has finished: complete; its plan is kept; to go on from it: outrider plan --from"
                in refused.json["error"]["message"]
            )
            assert (await again(server, "nothing")).error == "not_found"

    run(main())


def test_a_session_that_keeps_nothing_of_how_it_was_launched_is_refused_in_a_sentence() -> None:
    async def main() -> None:
        async with served(await tea_cut_off()) as server:
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert (entry["outcome"], entry["resumable"]) == ("interrupted", False)
            refused = await again(server, "tea")
            assert (refused.status, refused.error) == (400, "bad_option")
            assert "it is not known how: resume it where it was launched" in refused.json["error"]["message"]

    run(main())


def test_a_server_whose_sessions_run_in_an_engine_resumes_none_that_ran_elsewhere(pairs: str) -> None:
    def follows(journal: JournalStore, name: str, owned: Owned | None, understood: Understood | None) -> Session:
        raise AssertionError(f"{name} runs in no engine")

    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server:
            server.desk.follows = follows
            refused = await again(server, name)
            assert refused.json["error"]["message"] == (
                f"this server's calls are made by an engine's workers; to go on with it: outrider resume {name}"
            )

    run(main())


def test_a_session_that_an_engine_carries_is_told_where_it_goes_on(pairs: str) -> None:
    async def main() -> None:
        full, name = await whole(pairs)
        first = full.read(name)[0]
        assert isinstance(first.event, Opened)
        journal, settings = MemoryJournal(), json.dumps({"engine": "temporal://there:7233"})
        journal.append(name, [replace(first, event=replace(first.event, settings=settings))])
        async with served(journal) as server:
            (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
            assert not entry["resumable"]
            assert (await again(server, name)).json["error"]["message"] == (
                f"session {name} runs in the engine at temporal://there:7233, and goes on there by itself; outrider resume "
                f"{name} shows it"
            )

    run(main())


@pytest.mark.parametrize(("more", "words"), [
    ({"asks": True}, "going on has no field 'asks'; its fields are approximation, target, ask, world_is_there, run_again"),
    ({"ask": 1}, "ask is 1; give true or false"),
    ({"target": 7}, "target is 7; give a text"),
    ({"target": "cot@what"}, "the model 'what' is not known"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_the_session_stays_free(more: dict[str, Any], words: str, pairs: str) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with served(journal) as server:
            refused = await again(server, name, **more)
            assert refused.status == 400
            assert words in refused.json["error"]["message"]
            assert (len(journal.read(name)), journal.owner(name)) == (12, "")

    run(main())


def test_a_recording_that_is_gone_is_named_and_can_be_given_again(pairs: str, tmp_path: Path) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        moved = tmp_path / "moved.jsonl"
        (tmp_path / "pairs.jsonl").rename(moved)
        async with served(journal) as server:
            refused = await again(server, name)
            assert (refused.status, refused.error) == (400, "bad_option")
            assert "pairs.jsonl" in refused.json["error"]["message"]
            assert journal.owner(name) == ""
            there = f"recorded:{moved}"
            assert (await again(server, name, approximation=there, target=there)).status == 200
            assert (await to_the_end(server.client, name))["outcome"] == "complete"

    run(main())


def test_an_agent_whose_address_holds_a_secret_is_to_be_given_again(pairs: str) -> None:
    async def main() -> None:
        full, name = await whole(pairs)
        first = full.read(name)[0]
        assert isinstance(first.event, Opened)
        settings = json.loads(first.event.settings)
        settings["wanted"]["target"] = "direct@http://[hidden]@there/v1#m"
        journal = MemoryJournal()
        journal.append(name, [replace(first, event=replace(first.event, settings=json.dumps(settings)))])
        async with served(journal) as server:
            refused = await again(server, name)
            told = refused.json["error"]["message"]
            assert told.startswith(f"the target agent of session {name} was direct@http://[hidden]")
            assert told.endswith("what may hold a secret is not kept in the journal; give it again")
            assert (await again(server, name, target=pairs)).status == 200

    run(main())


# A world in the server's memory --------------------------------------------------------------------------------------------


class Shop:
    """Where things are bought: an object that goes with its process."""

    def __init__(self) -> None:
        self.bought: list[str] = []

    def buy(self, what: str = "tea") -> str:
        """Buy it."""
        self.bought.append(what)
        return f"{len(self.bought)} bought"


async def bought(pairs: str) -> tuple[MemoryJournal, str]:
    """The journal of a server that was killed when the first of two things had been bought."""
    full, journal = MemoryJournal(), MemoryJournal()
    async with served(full) as server:
        server.desk.own_tools = Toolbox.around(Shop())
        name: str = (await server.client.post("/api/sessions", wanted(pairs, world="tools"))).json["name"]
        await to_the_end(server.client, name)
    records = full.read(name)
    first = next(i for i, record in enumerate(records) if isinstance(record.event, Executed))
    journal.append(name, records[: first + 1])
    return journal, name


@pytest.mark.parametrize(("said", "has"), [("world_is_there", 1), ("run_again", 2)])
def test_what_went_with_the_server_is_asked_for_and_what_is_said_counts(said: str, has: int, tmp_path: Path) -> None:
    rows = [
        {"task": TASK, "at": at, "target": action, "target_s": 1.0, "draft": action, "draft_s": 0.2}
        for at, action in enumerate(("buy", "buy", "TERMINATE"))
    ]
    (tmp_path / "shop.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    async def main() -> None:
        journal, name = await bought(f"recorded:{tmp_path / 'shop.jsonl'}")
        async with served(journal) as server:
            shop = Shop()
            server.desk.own_tools = Toolbox.around(shop)
            refused = await again(server, name)
            assert (refused.status, refused.error) == (400, "bad_option")
            assert "have had an effect, and its tools act on an environment in this process's memory" in str(refused.json)
            assert (await again(server, name, **{said: True})).status == 200
            await to_the_end(server.client, name)
            assert len(shop.bought) == has

    run(main())


# A team --------------------------------------------------------------------------------------------------------------------


def test_going_on_needs_the_role_act_and_room_and_is_in_the_audit(pairs: str, tmp_path: Path) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with team_served(
            tmp_path, journal=journal, agents=(pairs,), rooms=Rooms(1), allowance=Allowance(sessions=1)
        ) as server:
            url = f"/api/sessions/{name}/resume"
            assert (await server.clients["wil"].post(url, {})).status == 403
            other = await server.desk.begin(tea(journal, name="other"), server.user("ben"))
            full = await server.clients["ada"].post(url, {})
            assert (full.status, full.error, full.headers["retry-after"]) == (429, "too_many", "5")
            other.session.stop()
            await to_the_end(server.clients["wil"], "other")
            await asyncio.sleep(1)
            assert (await server.clients["ada"].post(url, {})).status == 200
            scene = await to_the_end(server.clients["wil"], name)
            assert scene["outcome"] == "complete"
            audit = (await server.clients["wil"].get(f"/api/sessions/{name}/audit")).json["deeds"]
            assert [(deed["user"], deed["did"], deed["answer"]) for deed in audit] == [
                ("wil", "resume", "not_allowed"), ("ada", "resume", "accepted"),
            ]  # fmt: skip
            assert audit[1]["record"] == 12

    run(main())


def test_who_may_not_name_a_file_does_not_go_on_with_a_session_that_does(pairs: str, tmp_path: Path) -> None:
    async def main() -> None:
        journal, name = await cut(pairs)
        async with team_served(tmp_path, journal=journal) as server:
            refused = await server.clients["ada"].post(f"/api/sessions/{name}/resume", {})
            assert (refused.status, refused.error) == (403, "not_allowed")
            assert (await server.clients["root"].post(f"/api/sessions/{name}/resume", {})).status == 200

    run(main())
