"""The scene as JSON, and what changes from one to the next."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from laws import worlds
from views.telling import confirmed, opened, told

from outrider.model import Step
from outrider.rules import Lookahead
from outrider.rules.events import Failed, Record, Shown, Started, Took
from outrider.views.scene import Watch
from outrider.web.scenes import Drawing, changes, drawn

from .asking import applied


def watch(*records: Record) -> Watch:
    found = Watch()
    for record in records:
        found.receive(record)
    return found


@settings(max_examples=60, deadline=None)
@given(worlds.worlds, worlds.lookaheads, worlds.deeds, worlds.stops, st.data())
def test_the_changes_between_two_scenes_make_the_second_of_the_first_in_any_run(
    world: worlds.World, lookahead: Lookahead, deeds: list[worlds.Deed], stops: list[worlds.Deed], data: st.DataObject
) -> None:
    records = worlds.drive(world, lookahead, deeds=[*deeds, *stops]).records
    watched = Watch()
    drawing = Drawing(watched)
    page = before = drawing.scene()
    for record in records:
        watched.receive(record)
        if record is records[-1] or data.draw(st.booleans()):  # others are in one burst with the next
            after = drawing.scene()
            assert after == drawn(watched)
            page = applied(page, json.loads(json.dumps(changes(before, after))))
            assert page == json.loads(json.dumps(after))
            before = after


def test_a_scene_without_a_record_is_one_too_and_nothing_changes_in_it() -> None:
    empty = drawn(Watch())
    assert (empty["n"], empty["confirmed"], empty["verifying"], empty["summary"]) == (-1, [], None, [])
    assert changes(empty, empty) == {"n": -1, "changes": {}, "lists": {}}


def test_what_a_model_has_written_is_drawn_as_one_line_and_sent_back_as_it_is() -> None:
    nasty = Step("search\x1b[2J", {"to": "Oslo\u202e"})
    scene = drawn(watch(*told((0.0, opened()), (1.0, Shown(at=0, step=nasty)))))
    assert scene["verifying"] == {
        "at": 0, "action": "search\x1b[2J", "arguments": {"to": "Oslo\u202e"}, "text": 'search�[2J(to="Oslo�")', "since_s": 1.0,
    }  # fmt: skip


def test_a_step_that_was_corrected_says_what_it_replaced() -> None:
    scene = drawn(
        watch(*told((0.0, opened()), (1.0, Shown(at=0, step=Step("jump"))), (2.0, confirmed(0, "walk", call=0, drafts=(1,)))))
    )
    assert isinstance(scene["confirmed"], list)
    (step,) = scene["confirmed"]
    assert isinstance(step, dict)
    assert (step["text"], step["how"], step["replaced"], step["saved"]) == ("walk", "instead of jump", "jump", None)


def test_a_step_that_the_person_took_says_what_it_saved_or_that_this_is_unknown() -> None:
    happened = told((0.0, opened()), (0.0, Started(call=0, role="target", at=0)), (1.0, Took(at=0, step=Step("walk"))))
    scene = drawn(watch(*happened, *told(*[(0.0, opened())] * 3, (1.0, confirmed(0, "walk")))[3:]))
    assert isinstance(scene["confirmed"], list)
    (step,) = scene["confirmed"]
    assert isinstance(step, dict)
    assert (step["by"], step["saved"], step["saved_s"]) == ("person", "what it saved is unknown", None)


def test_an_agents_name_and_a_failure_tell_no_secret() -> None:
    from dataclasses import replace

    scene = drawn(
        watch(*told((0.0, replace(opened(), target="cot@http://me:secret@host/v1?key=hidden#m")),
                    (0.0, Started(call=0, role="target", at=0)),
                    (1.0, Failed(call=0, role="target", at=0, error="no"))))
    )  # fmt: skip
    assert scene["target"] == "cot@http://[hidden]host/v1?[hidden]#m"
    assert "secret" not in json.dumps(scene)
