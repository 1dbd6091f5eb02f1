"""The person's commands over HTTP: what they do, what is refused and how kindly, and that one sent twice does nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Step
from outrider.journal import MemoryJournal, SessionEntry, replay
from outrider.model import JSON
from outrider.rules.events import Took
from outrider.testing import run
from outrider.web.commands import FIELDS

from .asking import KITCHEN, PLAN, Said, Served, served, tea


async def says(server: Served, url: str, command: str, **more: JSON) -> Said:
    """Send a command with an id of its own."""
    number = f"command-{next(server.numbers)}"
    return await server.client.post(f"{url}/commands", {"id": number, "command": command, **more})


async def actions(server: Served, url: str) -> list[str]:
    """The confirmed plan, as the scene tells it."""
    scene = (await server.client.get(f"{url}/scene")).json
    return [step["action"] for step in scene["confirmed"]]


async def ended(server: Served, url: str) -> list[str]:
    """The confirmed plan, once the session has ended."""
    async with server.client.listening(f"{url}/stream") as listener:
        await listener.all()
    return await actions(server, url)


# What they do --------------------------------------------------------------------------------------------------------------


def test_the_step_on_display_can_be_taken_while_the_target_thinks() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await asyncio.sleep(1.5)
            shown = (await server.client.get(f"{url}/scene")).json["verifying"]
            said = await says(server, url, "take", at=0, step={"action": shown["action"], "arguments": shown["arguments"]})
            assert (said.status, said.json["accepted"]) == (200, True)
            scene = (await server.client.get(f"{url}/scene")).json
            assert [(step["text"], step["by"], step["how"]) for step in scene["confirmed"]] == [
                ("boil", "person", "taken by you")
            ]
            assert await ended(server, url) == [*PLAN, "finish"]

    run(main())


def test_another_step_can_be_typed_with_its_arguments() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea(world=KITCHEN)
            assert (await says(server, url, "take", text="Pour(ml=200)")).status == 200
            scene = (await server.client.get(f"{url}/scene")).json
            assert scene["confirmed"][0]["text"] == "pour(ml=200)"
            assert scene["confirmed"][0]["arguments"] == {"ml": 200}

    run(main())


def test_going_back_holds_the_plan_until_the_person_goes_on() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await asyncio.sleep(6)
            assert await actions(server, url) == ["boil", "warm the pot"]
            assert (await says(server, url, "go_back", at=1)).status == 200
            scene = (await server.client.get(f"{url}/scene")).json
            assert (scene["held"], scene["waiting"]["text"], scene["next_at"]) == ("back", "warm the pot", 1)
            await asyncio.sleep(100)
            assert await actions(server, url) == ["boil"]
            assert (await says(server, url, "go_on")).status == 200
            assert await ended(server, url) == [*PLAN, "finish"]

    run(main())


def test_a_confirmed_step_can_be_replaced_in_one() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await asyncio.sleep(6)
            assert (await says(server, url, "take_instead", at=0, text="fill the kettle")).status == 200
            assert await actions(server, url) == ["fill the kettle"]
            assert (await ended(server, url))[:2] == ["fill the kettle", "warm the pot"]

    run(main())


def test_pausing_steering_and_stopping() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            assert (await says(server, url, "pause")).status == 200
            assert (await server.client.get(f"{url}/scene")).json["held"] == "paused"
            assert (await says(server, url, "steer", sentence="with  lemon")).status == 200
            scene = (await server.client.get(f"{url}/scene")).json
            assert (scene["held"], scene["sentences"]) == ("", [{"at": 0, "text": "with lemon"}])
            assert (await says(server, url, "steer", sentence="")).status == 200
            assert (await server.client.get(f"{url}/scene")).json["sentences"] == []
            assert (await says(server, url, "stop")).status == 200
            assert await ended(server, url) == []
            scene = (await server.client.get(f"{url}/scene")).json
            assert (scene["outcome_text"], scene["reason"]) == ("Stopped", "on request")
            assert scene["summary"][0].startswith("Stopped: 0 steps in ")

    run(main())


# What is refused -----------------------------------------------------------------------------------------------------------


def test_a_step_that_the_target_has_just_named_is_over_and_the_answer_says_what_it_was() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await asyncio.sleep(4.5)
            said = await says(server, url, "take", at=0, text="fill the kettle")
            assert said.status == 409
            assert said.json["accepted"] is False
            error = said.json["error"]
            assert (error["kind"], error["at"]) == ("not_now", 0)
            assert error["answer"] == {"action": "boil", "arguments": {}, "text": "boil"}
            assert "has its verdict already: boil" in error["message"]
            assert await ended(server, url) == [*PLAN, "finish"]

    run(main())


@pytest.mark.parametrize(("command", "words"), [
    ({"command": "take", "at": 7, "text": "fly"}, "step 7 is not there yet; the next one is 0"),
    ({"command": "take", "at": 10**30, "step": {"action": "fly"}}, "is not there yet; the next one is 0"),
    ({"command": "take", "at": -1, "text": "fly"}, "there is no step -1"),
    ({"command": "take_instead", "at": 0, "text": "fly"}, "step 0 is not confirmed"),
    ({"command": "take_instead", "at": -1, "text": "fly"}, "step -1 is not confirmed"),
    ({"command": "go_back", "at": 3}, "step 3 is not confirmed"),
    ({"command": "go_on"}, "the run is going on already"),
    ({"command": "steer", "sentence": " "}, "there is no sentence to take back"),
])  # fmt: skip
def test_what_does_not_fit_the_moment_is_refused_and_the_session_goes_on(command: dict[str, Any], words: str) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea(world=KITCHEN)
            said = await server.client.post(f"{url}/commands", {"id": "1", **command})
            assert (said.status, said.error) == (409, "not_now")
            assert words in said.json["error"]["message"]
            assert await ended(server, url) == [*PLAN, "finish"]

    run(main())


@pytest.mark.parametrize(("step", "words"), [
    ({"text": "fly"}, "the action 'fly' is not to be had here"),
    ({"text": "  "}, "nothing is typed"),
    ({"text": 'pour(ml="much")'}, "the arguments of pour do not fit: ml: 'much' is not of type 'integer'"),
    ({"text": "pour(ml=1, ml=2)"}, "the argument ml is given twice"),
    ({"text": '{"action": 1}'}, "a step in JSON is"),
    ({"step": {"action": "fly"}}, "the action 'fly' is not to be had here"),
    ({"step": {"action": "boil", "arguments": {"x": 1}}}, "boil takes no arguments"),
    ({"step": {"action": "pour", "arguments": {"ml": [1]}}}, "the arguments of pour do not fit"),
])  # fmt: skip
def test_a_step_that_the_world_does_not_have_is_refused_and_the_session_goes_on(step: dict[str, Any], words: str) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea(world=KITCHEN)
            said = await server.client.post(f"{url}/commands", {"id": "1", "command": "take", "at": 0, **step})
            assert (said.status, said.json["accepted"], said.error) == (400, False, "bad_step")
            assert words in said.json["error"]["message"]
            assert await ended(server, url) == [*PLAN, "finish"]

    run(main())


@pytest.mark.parametrize(("body", "words"), [
    (None, "not a JSON object"),
    ([], "not a JSON object"),
    ({}, "id is null; give a text"),
    ({"id": 7, "command": "pause"}, "id is 7; give a text"),
    ({"id": "", "command": "pause"}, "1 to 100 characters"),
    ({"id": "x" * 101, "command": "pause"}, "1 to 100 characters"),
    ({"id": "1"}, "command is null; give a text"),
    ({"id": "1", "command": "explode"}, "the command 'explode' is not known"),
    ({"id": "1", "command": "pause", "at": 0}, "the command pause has no field 'at'"),
    ({"id": "1", "command": "take"}, "take needs either a step"),
    ({"id": "1", "command": "take", "text": "boil", "step": {"action": "boil"}}, "take needs either a step"),
    ({"id": "1", "command": "take", "text": 7}, "text is 7; give a text"),
    ({"id": "1", "command": "take", "text": "boil", "at": "0"}, 'at is "0"; give a whole number'),
    ({"id": "1", "command": "take", "text": "boil", "at": True}, "at is true; give a whole number"),
    ({"id": "1", "command": "take", "text": "boil", "at": 0.5}, "at is 0.5; give a whole number"),
    ({"id": "1", "command": "take", "step": "boil"}, "a step is"),
    ({"id": "1", "command": "take", "step": {"action": "boil", "by": "me"}}, "a step is"),
    ({"id": "1", "command": "take", "step": {"action": 7}}, "a step is"),
    ({"id": "1", "command": "take", "step": {"action": "boil", "arguments": []}}, "a step is"),
    ({"id": "1", "command": "take", "step": {"action": " "}}, "a step needs the name of an action"),
    ({"id": "1", "command": "go_back"}, "go_back needs the number of the step"),
    ({"id": "1", "command": "take_instead", "text": "x"}, "take_instead needs the number of the step"),
    ({"id": "1", "command": "steer"}, "steer needs a sentence"),
])  # fmt: skip
def test_what_is_no_command_is_told_so(body: JSON, words: str) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            said = await server.client.post(f"{url}/commands", body)
            assert said.status == 400
            assert words in said.json["error"]["message"]
            assert (await server.client.get(f"{url}/scene")).json["held"] == ""

    run(main())


# Twice, and two at once ----------------------------------------------------------------------------------------------------


def test_a_command_sent_twice_gets_the_same_answer_and_does_nothing_twice() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            take = {"id": "mine", "command": "take", "text": "fill the kettle"}
            first = await server.client.post(f"{url}/commands", take)
            again = await server.client.post(f"{url}/commands", take)
            assert (first.status, first.body) == (again.status, again.body) == (200, b'{"id": "mine", "accepted": true}')
            assert await actions(server, url) == ["fill the kettle"]

    run(main())


def test_a_refusal_is_given_again_too_even_when_the_command_would_fit_now() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            back = {"id": "mine", "command": "go_back", "at": 0}
            first = await server.client.post(f"{url}/commands", back)
            await asyncio.sleep(6)
            again = await server.client.post(f"{url}/commands", back)
            assert (first.status, first.body) == (again.status, again.body)
            assert first.status == 409
            assert len(await actions(server, url)) == 2

    run(main())


def test_an_id_that_was_given_to_another_command_is_refused() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await server.client.post(f"{url}/commands", {"id": "mine", "command": "pause"})
            said = await server.client.post(f"{url}/commands", {"id": "mine", "command": "go_on"})
            assert said.status == 409
            assert said.json["error"]["message"] == "the id 'mine' was given to another command before; make a new id for each"
            assert (await server.client.get(f"{url}/scene")).json["held"] == "paused"

    run(main())


def test_a_command_whose_answer_was_lost_may_be_sent_again_after_the_end() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            stop = {"id": "mine", "command": "stop"}
            first = await server.client.post(f"{url}/commands", stop)
            await ended(server, url)
            assert (await server.client.post(f"{url}/commands", stop)).body == first.body

    run(main())


def test_of_two_steps_taken_at_once_the_first_counts_and_the_other_is_told_which() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with asyncio.TaskGroup() as group:
                one = group.create_task(says(server, url, "take", at=0, text="one"))
                two = group.create_task(says(server, url, "take", at=0, text="two"))
            assert (one.result().status, two.result().status) == (200, 409)
            assert two.result().json["error"]["answer"]["text"] == "one"
            assert await actions(server, url) == ["one"]

    run(main())


def test_what_the_person_did_is_in_the_journal_and_replays() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            for at in itertools.count():
                said = await says(server, url, "take", at=at, text=f"step {at}" if at < 3 else "finish")
                assert said.status == 200
                if at == 3:
                    break
            assert len(await ended(server, url)) == 4
            records = server.journal.read("tea")
            assert next(record.event.step for record in records if isinstance(record.event, Took)) == Step("step 0")
            assert replay(records).checked

    run(main())


# Sessions that do not run here ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [{"command": "stop"}, {"command": "take", "text": "boil"}])
def test_a_session_that_has_ended_takes_no_command_and_says_what_to_do(command: dict[str, Any]) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await says(server, url, "stop")
            await ended(server, url)
            said = await server.client.post(f"{url}/commands", {"id": "late", **command})
            assert (said.status, said.error) == (409, "not_now")
            assert said.json["error"]["message"] == (
                'session tea has finished; start one with "from": "tea" to go on from its plan'
            )

    run(main())


class Long(MemoryJournal):
    """So long that nobody lists all of it."""

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        assert limit is not None, "what is asked of one session costs the same however many there are"
        return super().sessions(limit=limit)


def test_what_is_asked_of_a_session_that_has_ended_costs_the_same_however_many_there_are() -> None:
    async def main() -> None:
        async with served(journal=Long()) as server:
            url = await server.tea()
            await says(server, url, "stop")
            await ended(server, url)
            assert (await says(server, url, "pause")).status == 409
            assert (await server.client.post(f"{url}/resume", {})).status == 409
            for address in (f"{url}/scene", f"{url}/events?since=0", f"{url}/trace", "/api/sessions", "/api/choices", "/"):
                assert (await server.client.get(address)).status == 200, address

    run(main())


def test_a_session_that_runs_elsewhere_takes_no_command_here() -> None:
    async def main() -> None:
        async with served() as server, tea(server.journal) as elsewhere:
            await asyncio.sleep(1)
            said = await says(server, "/api/sessions/tea", "pause")
            assert (said.status, said.error) == (409, "not_now")
            assert len((await elsewhere.result()).steps) == 6

    run(main())


def test_a_command_for_a_session_that_nobody_knows_is_not_found() -> None:
    async def main() -> None:
        async with served() as server:
            said = await says(server, "/api/sessions/nobody", "pause")
            assert (said.status, said.error) == (404, "not_found")

    run(main())


# Anything ------------------------------------------------------------------------------------------------------------------

texts = st.one_of(
    st.text(max_size=20), st.sampled_from(["boil", "pour(ml=1)", "finish", '{"action": "boil"}', "pour(", "\ud800", "{" * 900])
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {"id": st.one_of(texts, anything), "command": st.sampled_from([*FIELDS, "other"])},
    optional={
        "at": st.one_of(st.integers(-2, 4), anything), "text": st.one_of(texts, anything), "sentence": st.one_of(texts, anything),
        "step": st.one_of(st.fixed_dictionaries({"action": texts}, optional={"arguments": anything}), anything),
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.one_of(bodies, anything), st.integers(0, 3)), max_size=12))
def test_whatever_is_sent_gets_an_answer_and_the_session_comes_to_its_end(sent: list[tuple[Any, int]]) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea(world=KITCHEN)
            for body, pause_s in sent:
                await asyncio.sleep(pause_s)
                said = await server.client.post(f"{url}/commands", body)
                assert said.status in (200, 400, 409)
                assert (said.status == 200) == ("error" not in said.json)
            await says(server, url, "stop")
            await ended(server, url)
            assert replay(server.journal.read("tea")).checked

    run(main())
