"""A model's server in trouble, as whoever types ``outrider plan`` meets it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest
from cli.running import Place

from outrider.testing.model_server import NEVER, Asked, Sends, refuses, says

from .conftest import SILENCE_S, actions, plan
from .page import stands
from .serving import PLAN, Of, once, serving, tea

AT_ONCE = {"Retry-After": "0"}

FAULTS: Mapping[str, Sends] = {
    "429": refuses(429, "slow down", headers=AT_ONCE),
    "429 without Retry-After": refuses(429, "slow down"),
    "429 for a day": refuses(429, "slow down", headers={"Retry-After": "86400"}),
    "500": refuses(500, "out of memory", headers=AT_ONCE),
    "half-open": NEVER,
    "slow": says("Wa", then="silence"),
    "cut before a reply": Sends(status=0, then="break"),
    "cut in mid-reply": says("Wa", then="break"),
    "garbage in the stream": Sends(chunks=[b"data: {{{\xff\n\n"]),
    "garbage for HTTP": Sends(status=0, chunks=[b"\xff\x00\xfe\r\n\r\n"], then="break"),
    "a page": Sends(chunks=[b"<html>"], headers={"Content-Type": "text/html"}),
    "an empty reply": says(""),
}

PASSING = set(FAULTS) - {"429 for a day", "garbage in the stream", "a page", "an empty reply"}
"""What is tried again."""

SILENT = {"half-open", "slow"}
"""What is only found out by waiting."""

SAID_ALIKE = {"429 without Retry-After", "cut before a reply", "garbage for HTTP"}
"""What is tried again after pauses, and is told as another one here, or in the words of tests/providers."""


@pytest.fixture
def patience(request: pytest.FixtureRequest, fault: str) -> None:
    """Who waits for what never comes is impatient; else a server that is well would be given up on a busy machine."""
    if fault in SILENT:
        request.getfixturevalue("impatient")


def always(fault: str, model: str = "large") -> Of:
    """From the second step on, that model's server is in this trouble."""
    return lambda asked, at: FAULTS[fault] if asked.body["model"] == model and at >= 1 else None


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - SAID_ALIKE))
def test_a_target_whose_server_stays_in_trouble_ends_the_run_with_a_sentence_and_the_plan_kept(place: Place, fault: str) -> None:
    with serving(tea(always(fault))) as server:
        ran = plan(place, server.url, "-k", "0")
        asked = sum(PLAN[0] in each.prompt for each in server.asked)
    assert (ran.code, ran.events[-1]["outcome"], actions(ran)) == (3, "target_failed", list(PLAN[:1]))
    why, kept, _ = ran.err.splitlines()
    stands(why, **{"http://gpu:8000/v1": server.url, "120 s": f"{SILENCE_S:g} s"})
    assert kept == "outrider: 1 confirmed step kept; to go on from there:"
    assert asked == (4 if fault in PASSING else 1)


def test_what_was_kept_is_gone_on_with_as_the_last_line_says(place: Place) -> None:
    with serving(tea(always("500"))) as server:
        session = plan(place, server.url, "-k", "0").err.split("--from ")[1].split()[0]
    with serving(tea()) as server:
        ran = plan(place, server.url, "-k", "0", "--from", session)
        assert (ran.code, actions(ran)) == (0, [*PLAN, "finish"])
        assert len(server.asked) == len(PLAN), "the first step is not asked for again"


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("fault", sorted(PASSING))
def test_trouble_that_passes_is_not_seen(place: Place, fault: str) -> None:
    left = [FAULTS[fault]]

    def wrong(asked: Asked, at: int) -> Sends | None:
        return left.pop() if at == 1 and left else None

    with serving(tea(wrong)) as server:
        ran = plan(place, server.url, "-k", "0")
    assert (ran.code, ran.told, actions(ran)) == (0, [], [*PLAN, "finish"])


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_drafter_in_trouble_never_ends_a_run(place: Place, fault: str) -> None:
    """The target's second step waits until the drafter has met its trouble."""
    met = threading.Event()

    def draft(asked: Asked, at: int) -> Sends | None:
        if at >= 1:
            met.set()
        return always(fault, "small")(asked, at)

    with serving(tea(draft)) as drafter, serving(tea(once(1, met.wait))) as target:
        agents = ("-a", f"direct@{drafter.url}#small", "-t", f"direct@{target.url}#large")
        ran = place.here("plan", "Make tea", "--world", "free", *agents, "-k", "2", "--json")
    assert (ran.code, ran.told, actions(ran)) == (0, [], [*PLAN, "finish"])
