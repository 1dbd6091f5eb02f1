"""The structured log: a line of JSON for each finding of note, without texts unless asked."""

from __future__ import annotations

import io
import json
import logging

from outrider import plan
from outrider.errors import ServerTrouble
from outrider.model import Prefix, Step
from outrider.providers.redaction import Secrets
from outrider.telemetry import JsonLines, Texts
from outrider.telemetry.logs import EVENTS
from outrider.testing import FakeAgent

from .test_spans import PATH, session, tell_of
from .watching import Outlets, tell, watch

TEXTS = ("task", "step", "sentence", "why")


def logged(*, texts: bool = False) -> Outlets:
    outlets = Outlets(Texts(wanted=texts))
    watch(
        session, outlets,
        (0.5, lambda it: it.steer("with lemon")), (1.5, lambda it: it.take("mine")), (1.6, lambda it: it.pause()),
        (1.7, lambda it: it.go_on()), (1.8, lambda it: it.go_back(0)), (1.9, lambda it: it.stop("enough of tea")),
    )  # fmt: skip
    return outlets


def test_each_finding_of_note_is_one_line() -> None:
    told = [line["event"] for line in logged().log]
    assert told == ["opened", "steered", "took", "confirmed", "paused", "went_on", "went_back", "ended", "finished"]


def test_a_line_says_when_how_serious_which_session_and_which_record() -> None:
    line = next(line for line in logged().log if line["event"] == "confirmed")
    assert line["level"] == "info"
    assert line["session"] == "tea"
    assert (line["at"], line["by"], line["at_s"]) == (0, "person", 1.5)
    assert line["n"] > 0
    assert line["time"].endswith("+00:00")


def test_texts_are_there_only_if_they_are_asked_for() -> None:
    without, within = logged(), logged(texts=True)
    for text in ("Make tea", "with lemon", "mine", "enough of tea"):
        assert text not in without.written.getvalue()
        assert text in within.written.getvalue()
    assert not any(name in line for line in without.log for name in TEXTS)


def test_fields_are_those_that_are_documented() -> None:
    for line in [*logged().log, *logged(texts=True).log]:
        for name in set(line) - {"time", "level", "event", "session", "n", "at_s"}:
            assert f"`{name}`" in EVENTS[line["event"]], line


def test_what_goes_wrong_is_a_warning_and_a_run_that_it_ends_an_error() -> None:
    def breaks(prefix: Prefix) -> Step | Exception:
        return PATH[0] if not prefix else ServerTrouble("the server said something private")

    outlets = Outlets()
    watch(lambda: plan("Make tea", target=FakeAgent(breaks, takes_s=1.0)), outlets)
    levels = {line["event"]: line["level"] for line in outlets.log}
    assert levels["failed"] == "warning"
    assert levels["ended"] == "error"
    assert "private" not in outlets.written.getvalue()


def test_the_last_line_sums_up_the_calls() -> None:
    outlets = Outlets()
    watch(session, outlets)
    last = outlets.log[-1]
    assert (last["used"], last["rejected"], last["wasted"], last["cancelled"], last["failed"]) == (9, 1, 1, 3, 0)
    assert last["cost_usd"] is None  # the drafter's price is not known


def test_a_session_that_breaks_off_is_a_warning() -> None:
    outlets = tell(tell_of(session)[:6], Outlets())
    assert outlets.log[-1]["event"] == "broken_off"
    assert outlets.log[-1]["level"] == "warning"


def test_secrets_are_hidden_even_in_texts() -> None:
    outlets = Outlets(Texts(wanted=True, secrets=Secrets(["with lemon"])))
    watch(session, outlets, (0.5, lambda it: it.steer("with lemon")), (1.0, lambda it: it.stop()))
    assert "lemon" not in outlets.written.getvalue()
    assert "[hidden]" in outlets.written.getvalue()


def test_a_foreign_record_is_a_line_too() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("foreign")
    logger.addHandler(handler)
    logger.warning("so %s", "what")
    line = json.loads(written.getvalue())
    assert (line["event"], line["message"], line["level"]) == ("message", "so what", "warning")
