"""What is said while the embedded model is fetched and loaded: on a terminal in one line, elsewhere once."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest

from outrider.cli.preparing import Fetching, preparing, tell_preparing
from outrider.errors import ModelMissing

from .running import COMMAND, Place
from .test_on_terminal import seated

PREPARING = "loading the model, and letting it read its examples …"


class Terminal(io.StringIO):
    """Standard error on a terminal. ``line`` is what a person sees in its last line."""

    def isatty(self) -> bool:
        return True

    @property
    def line(self) -> str:
        shown = ""
        for part in self.getvalue().rpartition("\n")[2].split("\r"):
            text, erased, _ = part.partition("\x1b[K")
            shown = text + ("" if erased else shown[len(text) :])
        return shown


def test_on_a_terminal_nothing_of_a_longer_line_is_left_beside_the_progress() -> None:
    with contextlib.redirect_stderr(Terminal()) as terminal, preparing(loads=True):
        assert terminal.line == PREPARING
        Fetching(tell_preparing)(46_000_000, 92_871_040)
        assert terminal.line == "fetching the embedded model, once:  46.0 of 92.9 MB"


def test_once_all_has_arrived_it_says_that_the_model_is_loaded_and_nothing_of_it_is_left() -> None:
    with contextlib.redirect_stderr(Terminal()) as terminal:
        with preparing(loads=True):
            fetching = Fetching(tell_preparing)
            for arrived in (0, 92_000_000, 92_871_040, 92_871_040):
                fetching(arrived, 92_871_040)
            assert terminal.line == PREPARING
        assert terminal.line == ""
    shown = [part.partition("\x1b")[0] for part in terminal.getvalue().split("\r")]
    assert shown[-3:] == ["fetching the embedded model, once:  92.9 of 92.9 MB", PREPARING, ""]


def test_where_nobody_says_that_it_is_loaded_the_line_ends_once() -> None:
    with contextlib.redirect_stderr(Terminal()) as terminal:
        fetching = Fetching()
        for arrived in (0, 50, 50, 50):
            fetching(arrived, 50)
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().endswith("\n")


def test_the_line_is_gone_where_the_model_cannot_be_had() -> None:
    def fails() -> None:
        with preparing(loads=True):
            Fetching(tell_preparing)(7, 50)
            raise ModelMissing("offline")

    with contextlib.redirect_stderr(Terminal()) as terminal, pytest.raises(ModelMissing):
        fails()
    assert terminal.line == ""


@pytest.mark.parametrize("first", [0, 130, 50_000])
def test_in_a_file_it_is_said_once_for_each_run_however_much_has_arrived_by_then(first: int) -> None:
    for _ in range(2):
        with contextlib.redirect_stderr(io.StringIO()) as file, preparing(loads=True):
            fetching = Fetching(tell_preparing)
            for arrived in (first, 60_000, 92_871_040):
                fetching(arrived, 92_871_040)
        assert file.getvalue() == "fetching the embedded model, once: 92.9 MB\n"


def test_in_a_pipe_a_plan_announces_that_the_model_is_fetched(place: Place, offline: Path) -> None:
    ran = place.run("plan", "Given noisy image, how to return the caption in German step by step?")
    announced, failed = ran.told
    assert announced == "fetching the embedded model, once: 92.9 MB"
    assert failed.startswith("outrider: the embedded model could not be fetched")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_on_a_terminal_the_error_of_a_fetch_has_a_line_of_its_own(place: Place, offline: Path) -> None:
    with seated(place, command=(*COMMAND, "plan", "Given noisy image, how to return the caption in German?")) as seat:
        assert seat.ended() == 3
    assert "\r\x1b[Koutrider: the embedded model could not be fetched" in seat.said
