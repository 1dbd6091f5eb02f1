"""A trip on the screens: its steps as a traveller says them, where it stands, and the trip at its end."""

from __future__ import annotations

import pytest

from outrider import Sliding, Step, Task, plan
from outrider.rules.events import Record
from outrider.testing import FakeAgent, run
from outrider.views.lines import LinesView, to_read, whole_plan
from outrider.views.scene import Watch
from outrider.views.screen.drawing import head
from outrider.worlds.travel import greedy, query_of

TASK = "Fresno to 2 cities in Oregon, 5 days from March 21, two people, pet-friendly, Mexican food, $1,500"
STEPS = greedy(query_of(TASK))
TAXI = Step("taxi", {"origin": "Fresno", "destination": "Eugene"})


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A run whose first draft is rejected."""
    target = FakeAgent(lambda prefix: STEPS[len(prefix)], takes_s=1)
    drafter = FakeAgent(lambda prefix: STEPS[len(prefix)] if prefix else TAXI, takes_s=0.1)

    async def main() -> list[Record]:
        session = plan(Task(TASK, "travel"), target=target, approximation=drafter, lookahead=Sliding(2))
        async with session, session.events() as events:
            return [record async for record in events]

    return run(main())


def watched(records: list[Record]) -> Watch:
    watch = Watch()
    for record in records:
        watch.receive(record)
    return watch


def test_plain_lines_tell_the_steps_and_then_the_trip(records: list[Record]) -> None:
    lines: list[str] = []
    view = LinesView(lines.append)
    for record in records:
        view.receive(record)
    view.close()
    assert lines[2] == "  0  drive to Eugene, $51  (instead of taxi to Eugene, $1,038, 1.00 s)"
    assert lines[-1] == "Sum: $1,137 of $1,500, $363 left"
    assert "  self-driving to Eugene, 1,038 km in 9 hours 56 mins, $51" in lines


def test_the_head_says_where_the_trip_stands_until_it_is_over(records: list[Record]) -> None:
    half = watched([record for record in records if record.time_s <= 2.0]).picture
    assert "$143 of $1,500 spent" in "".join(line.plain for line in head(half, 80))
    assert "spent" not in "".join(line.plain for line in head(watched(records).picture, 80))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_trip_is_broken_where_the_terminal_ends(records: list[Record], width: int) -> None:
    picture = watched(records).picture
    lines = to_read(picture, width)
    assert all(len(line) <= width for line in lines)
    assert "".join(" ".join(lines).split()) == "".join(" ".join(to_read(picture)).split())
    assert whole_plan(picture)[2].startswith("  0  drive to Eugene, $51")


def test_the_page_draws_words_and_sends_back_what_the_step_is(records: list[Record]) -> None:
    scenes = pytest.importorskip("outrider.web.scenes", reason="the extra outrider[web] is not installed")
    scene = scenes.drawn(watched(records))
    first = scene["confirmed"][0]
    assert (first["text"], first["replaced"]) == ("drive to Eugene, $51", "taxi to Eugene, $1,038")
    assert (first["action"], first["arguments"]) == ("drive", dict(STEPS[0].arguments))
    assert scene["to_read"][-1] == "Sum: $1,137 of $1,500, $363 left"
    assert "drive to Portland, $8" in [bar["label"] for bar in scene["bars"]]


def test_the_form_offers_trips_and_their_own_agents() -> None:
    choices = pytest.importorskip("outrider.web.choices", reason="the extra outrider[web] is not installed").choices()
    worlds = {world["name"]: world for world in choices["worlds"]}
    assert worlds["travel"]["usual"] == {"approximation": "greedy@travel", "target": "solver@travel"}
    assert worlds["travel"]["agents"] == ["greedy@travel", "solver@travel", "solver@travel:rated"]
    assert worlds["openagi"]["usual"]["approximation"] == choices["defaults"]["approximation"]
