"""``outrider memory``, and planning with ``recall``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from outrider.cli.main import app

ROW = '{"task": "%s", "at": %d, "target": "%s", "target_s": 0.02, "draft": "Colorization", "draft_s": 0}\n'
TASK = "a noisy photo"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text(
        "".join(ROW % (TASK, at, action) for at, action in enumerate(("Image Denoising", "Image Captioning", "finish")))
    )
    return file


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def outrider(*arguments: object, fails: bool = False) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def plan(pairs: Path, journal: Path, drafter: str) -> dict[str, object]:
    lines = outrider("plan", TASK, "-a", drafter, "-t", f"recorded:{pairs}", "-k", 3, "--journal", journal, "--json")
    last: dict[str, object] = json.loads(lines.splitlines()[-1])
    return last


def accepted(last: dict[str, object]) -> int:
    figures = last["figures"]
    assert isinstance(figures, dict)
    return sum(counted["accepted"] for counted in figures["acceptance"])


def test_what_one_session_confirms_the_next_one_drafts(pairs: Path, journal: Path) -> None:
    assert accepted(plan(pairs, journal, "recall")) == 0
    assert accepted(plan(pairs, journal, "recall")) == 3


def test_beside_another_drafter_memory_goes_first(pairs: Path, journal: Path) -> None:
    both = f"recall+recorded:{pairs}"
    assert accepted(plan(pairs, journal, both)) == 0
    assert accepted(plan(pairs, journal, both)) == 3


def test_what_is_remembered_is_shown_and_written_out(pairs: Path, journal: Path, tmp_path: Path) -> None:
    plan(pairs, journal, "recall")
    assert "3 steps  a noisy photo" in outrider("memory", "list", "--journal", journal)
    assert "openagi: 1 plan, 3 confirmed steps" in outrider("memory", "list", "--journal", journal)
    assert outrider("memory", "show", "x", "Image Denoising", "--journal", journal).splitlines() == [
        "After Image Denoising:",
        "      1  Image Captioning",
    ]
    shown = json.loads(outrider("memory", "show", "--journal", journal, "--json"))
    assert shown == {"world": "openagi", "after": [], "following": [{"action": "Image Denoising", "steps": 1}]}
    out = tmp_path / "plans.jsonl"
    assert "1 plan written" in outrider("memory", "export", out, "--journal", journal)
    assert [step["action"] for step in json.loads(out.read_text())["steps"]] == ["Image Denoising", "Image Captioning", "finish"]
    assert "give a new file" in outrider("memory", "export", out, "--journal", journal, fails=True)


def test_what_is_cleared_is_not_drafted_any_more(pairs: Path, journal: Path) -> None:
    plan(pairs, journal, "recall")
    assert "1 plan forgotten" in outrider("memory", "clear", "--journal", journal)
    assert "nothing is remembered" in outrider("memory", "list", "--journal", journal)
    assert accepted(plan(pairs, journal, "recall")) == 0
    assert json.loads(outrider("memory", "clear", "--journal", journal, "--json")) == {"forgotten": 1}


@pytest.mark.parametrize("target", ["recall", "recall+direct@local", "direct@local+cot@local"])
def test_the_target_is_one_agent_that_does_not_recall(journal: Path, target: str) -> None:
    assert "can only draft" in outrider("plan", TASK, "-t", target, "--journal", journal, fails=True)
