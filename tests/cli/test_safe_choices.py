"""What might go badly wrong with money, waiting or memory: a clear sentence and the safe choice."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest

from outrider.testing.model_server import Asked, ModelServer, Sends, refuses, says

from .running import COMMAND, TASK, Place, Ran

QUICK = "recorded:pairs.jsonl@40x"
NOBODY = "direct@http://127.0.0.1:9/v1#tea"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-t", QUICK, "--hour-worth", "-1"), "an hour of waiting is worth -1.0 dollars; give 0 or more, or inf"),
        (("-t", QUICK, "--hour-worth", "nan"), "an hour of waiting is worth nan dollars; give 0 or more"),
        (("-t", QUICK, "--hour-worth", "30", "-k", "4"), "and lookahead 4 does so too"),
        (("-t", QUICK, "--budget-tokens", "19"), "the budget of 19 tokens has no room for a single call: recorded:pairs.jsonl"),
        (("-t", NOBODY, "-a", NOBODY, "--budget-usd", "0.001", "--prices", "prices.json"), "$ has no room for a single call"),
        (("-t", NOBODY, "-a", NOBODY, "--budget-usd", "1"), "is not known, so no dollars can be counted; name a model"),
        (("-t", QUICK, "--budget-seconds", "-3"), "a budget of -3.0 seconds allows nothing"),
        (("-t", "discussion@http://127.0.0.1:9/v1#tea", "--requests-a-minute", "4"), "4 a minute are too few; give at least 5"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_asked(place: Place, words: tuple[str, ...], says: str) -> None:
    (place.folder / "prices.json").write_text(json.dumps({"tea": {"prompt": 10, "output": 100}}))
    ran = place.here("plan", TASK, "--world", "free", "-a", QUICK, *words)
    assert (ran.code, ran.out) == (2, ""), ran
    assert says in ran.sentence


# A server that asks to wait for a day --------------------------------------------------------------------------------------


def refuses_from_the_third_on(asked: list[Asked]) -> Sends:
    day = {"Retry-After": "86400"}
    return says("Boil water") if len(asked) < 3 else refuses(429, "slow down", headers=day)


async def planned(place: Place, kind: str) -> tuple[Ran, int]:
    """``outrider plan`` with a model whose server refuses from the third request on; and how often it was asked."""
    asked: list[Asked] = []

    def answers(one: Asked) -> Sends:
        asked.append(one)
        return refuses_from_the_third_on(asked)

    async with ModelServer(answers) as server:
        agent = f"{kind}@{server.url}#tea"
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "plan", TASK, "--world", "free", "-a", agent, "-t", agent, "-k", "0", "--plain", cwd=place.folder,
            env=place.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode()), len(asked)


def test_a_server_that_asks_to_wait_for_a_day_is_not_waited_for_and_the_plan_is_kept(place: Place) -> None:
    ran, asked = asyncio.run(planned(place, "direct"))
    assert ran.code == 3
    first, second, command = ran.told
    assert "limits requests to tea (429), and asks to wait 24 hours" in first
    assert "that is longer than the 60 s that are waited for: go on later, or take another model" in first
    assert second == "outrider: 2 confirmed steps kept; to go on from there:"
    assert "--from" in command
    assert asked == 3, "it is not asked again"


# Memory that cannot be read ------------------------------------------------------------------------------------------------


def damage(place: Place, how: str) -> None:
    with sqlite3.connect(place.journal) as db:
        assert db.execute(how).rowcount > 0
    db.close()


def recalled(place: Place) -> Ran:
    return place.here("plan", TASK, "--world", "free", "-a", f"recall+{QUICK}", "-t", QUICK, "--json")


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (
            "UPDATE learned SET json = '{'",
            "what earlier sessions have learned of these agents cannot be read, so it is learned anew",
        ),
        ("UPDATE event SET json = '{}' WHERE n = 0", " is not recalled: "),
    ],
)
def test_what_was_remembered_and_then_damaged_is_left_out_with_a_word_and_the_plan_is_made(
    place: Place, how: str, says: str
) -> None:
    assert recalled(place).code == 0
    damage(place, how)
    ran = recalled(place)
    assert ran.code == 0, ran.err
    assert says in ran.err
    assert ran.events[-1]["plan"][-1]["action"] == "finish"
    assert says not in recalled(place).err or "recalled" in says, "what is learned anew is kept again"


def test_where_nobody_knows_what_was_to_be_forgotten_nothing_is_recalled(place: Place) -> None:
    assert recalled(place).code == 0
    assert place.here("memory", "clear").code == 0
    damage(place, "UPDATE learned SET json = 'x' WHERE topic LIKE 'recall%'")
    ran = recalled(place)
    assert ran.code == 0
    assert "so nothing is recalled; outrider memory clear mends it" in ran.err
    assert place.here("memory", "clear").code == 0
    assert "recalled" not in recalled(place).err
