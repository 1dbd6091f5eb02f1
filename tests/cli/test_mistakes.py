"""Whatever is wrong: the documented exit code, one sentence with the value and the remedy, and no traceback."""

from __future__ import annotations

import subprocess

import pytest

from outrider import __version__
from outrider.cli.commands.planning import EXAMPLES
from outrider.cli.exits import MEANINGS, Exit, code_of
from outrider.errors import OutriderError

from .running import COMMAND, TASK, Place

QUICK = "recorded:pairs.jsonl@40x"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("", "-t", QUICK), 2, "the task is empty; say in a sentence"),
        (("   ", "-t", QUICK), 2, "the task is empty"),
        (("Fly", "-t", QUICK, "-a", QUICK), 2, "no task 'Fly'; it holds 1 task, such as 'Make tea'"),
        ((TASK, "--world", "mars", "-t", QUICK), 2, "the world 'mars' is not known; give one of free, openagi"),
        ((TASK, "-t", "oracle@local"), 2, "the agent 'oracle@local' is not known; write KIND@MODEL"),
        ((TASK, "-a", QUICK, "-t", "direct@gpt"), 2, "the model 'gpt' is not known; give local"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--matching", "roughly"), 2, "the matching 'roughly' is not known; give one of exact"),
        ((TASK, "-a", QUICK, "-t", QUICK, "-k", "far"), 2, "lookahead 'far' is not known; give auto, a number such as 4"),
        ((TASK, "--setting", "7"), 2, "setting 7 is not one of the paper's; give 1, 2, 3 or 4"),
        ((TASK, "--setting", "1", "-a", QUICK, "-t", QUICK), 2, "is an agent, not a model"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--max-steps", "0"), 2, "max_steps is 0"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--calls-at-once", "0"), 2, "0 calls at once would never start one"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--budget-calls", "0"), 2, "a budget of 0 calls allows nothing"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--budget-usd", "nan"), 2, "a budget of nan dollars allows nothing"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--budget-usd", "1"), 2, "is not known, so no dollars can be counted"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--from", "nix"), 2, "no session's name begins with 'nix'; the journal is empty"),
        ((TASK, "-a", QUICK, "-t", "recorded:nowhere"), 2, "the recording nowhere cannot be read: No such file"),
        ((TASK, "-a", QUICK, "-t", "recorded:pairs.jsonl@0x"), 2, "the speed of a recording is 0.0"),
        ((TASK, "-a", QUICK, "-t", "recorded:bad.jsonl"), 2, "bad.jsonl:1: this is no recorded pair"),
        ((TASK, "-a", QUICK, "-t", "direct@http://127.0.0.1:9/v1"), 2, "the #NAME is missing"),
        ((TASK, "-a", QUICK, "-t", "direct@http://#qwen"), 2, "is no http address"),
        ((TASK, "-a", QUICK, "-t", "direct@openai:gpt-5"), 3, "needs a key; set the environment variable OPENAI_API_KEY"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--prices", "list.json"), 2, "list.json holds a list; a mapping from models' names"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--prices", "nowhere.json"), 2, "nowhere.json cannot be read"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--journal", "no/such/folder"), 5, "there is no folder no/such for the journal"),
        ((TASK, "-a", QUICK, "-t", QUICK, "--journal", "."), 5, "is no file, so it cannot be the journal"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_exit_code(place: Place, words: tuple[str, ...], code: int, says: str) -> None:
    (place.folder / "list.json").write_text("[1]")
    (place.folder / "bad.jsonl").write_text("{}?")
    ran = place.here("plan", *words)
    assert (ran.code, ran.out) == (code, ""), ran
    assert ran.sentence.startswith("outrider: ")
    assert says in ran.sentence


@pytest.mark.parametrize(("file", "says"), [("nowhere.gguf", "cannot be read"), ("no.gguf", "is no GGUF file")])
def test_a_model_file_that_is_missing_or_none_is_named(place: Place, file: str, says: str) -> None:
    pytest.importorskip("xllamacpp", exc_type=ImportError)
    (place.folder / "no.gguf").write_text("hello")
    ran = place.plan("--target", f"direct@{file}")
    assert ran.code == 3
    assert file in ran.sentence
    assert says in ran.sentence


def test_a_target_that_fails_ends_the_run_with_what_was_confirmed(place: Place) -> None:
    rows = (place.folder / "pairs.jsonl").read_text().splitlines()
    (place.folder / "broken.jsonl").write_text("\n".join([*rows[:2], *rows[3:]]))
    ran = place.plan(pairs="broken.jsonl")
    assert ran.code == 3
    why, kept, command = ran.told
    assert why.startswith("outrider: the target agent failed: recorded:broken.jsonl@40x holds no answer after boil > warm")
    assert kept == "outrider: 2 confirmed steps kept; to go on from there:"
    assert "--from" in command
    assert "Ended: the target agent failed: 2 steps in " in ran.out


def test_a_server_that_nobody_runs_is_named_and_no_secret_of_its_url(place: Place) -> None:
    url = "http://me:hunter22hunter22@127.0.0.1:9/v1?key=abcdefgh12345678#qwen"
    ran = place.run("plan", TASK, "-a", f"direct@{url}", "-t", f"direct@{url}", "-k", "0")
    assert ran.code == 3
    assert "http://127.0.0.1:9/v1 cannot be reached" in ran.sentence
    for secret in ("hunter22", "abcdefgh"):
        assert secret not in ran.out + ran.err
        assert secret.encode() not in place.journal.read_bytes()


def test_a_task_that_is_no_text_is_refused(place: Place) -> None:
    words, environment = [*COMMAND, "plan", "-", "-t", QUICK], place.environment | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(words, cwd=place.folder, env=environment, input=b"\xff\xfe", capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"outrider: the task on standard input is no text")


@pytest.mark.parametrize("words", [(), ("plan", TASK, "--calls-at-once", "many"), ("sessions",), ("nix",), ("plan", "--nix")])
def test_words_that_are_no_command_are_bad_input(place: Place, words: tuple[str, ...]) -> None:
    ran = place.here(*words)
    assert ran.code == 2
    assert "Traceback" not in ran.out + ran.err
    assert "Usage: outrider" in ran.out + ran.err


@pytest.mark.parametrize("words", [(), ("plan",), ("sessions",), ("sessions", "list"), ("sessions", "show"), ("replay",)])
def test_every_command_has_help_that_fits_a_terminal(place: Place, words: tuple[str, ...]) -> None:
    ran = place.here(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(" ".join(["Usage: outrider", *words]))
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_help_teaches_how_agents_are_written_and_what_the_exit_codes_mean(place: Place) -> None:
    help_of_plan = place.here("plan", "--help").out
    for line in EXAMPLES.splitlines():
        assert line.strip("\b") in help_of_plan
    shown = place.here("--help").out
    for code, meaning in MEANINGS.items():
        assert f"{code.value:>3}  {meaning}" in shown


def test_the_version_is_told(place: Place) -> None:
    assert place.run("--version").out == f"outrider {__version__}\n"


def _every(kind: type[OutriderError]) -> list[type[OutriderError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _every(below))]


@pytest.mark.parametrize("kind", [kind for kind in _every(OutriderError) if not kind.__subclasses__()])
def test_every_error_that_can_reach_a_user_has_an_exit_code(kind: type[OutriderError]) -> None:
    code = code_of(kind("no"))
    assert code in MEANINGS
    assert (code is Exit.BUG) == (kind.__name__ == "ObserverTooSlow")
