"""``outrider plan`` where a person sits: on a terminal of its own, with its keys, its end, and the terminal given back."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from .running import COMMAND, TASK, Place, recorded, stubborn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")

if sys.platform != "win32":
    import fcntl
    import pty
    import struct
    import termios

OPENED, LEFT = "\x1b[?1049h", "\x1b[?1049l"
"""A terminal's other screen, opened and left again."""


class Seat:
    """A terminal with a command at work in it. ``said`` is everything that was written to it."""

    def __init__(self, place: Place, command: tuple[str, ...], *, stdin: int | None, environment: dict[str, str]) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.modes = termios.tcgetattr(self.theirs)
        self.said = ""
        keys = self.theirs if stdin is None else stdin
        self.process = subprocess.Popen(
            command, cwd=place.folder, env=place.environment | {"TERM": "xterm-256color"} | environment,
            stdin=keys, stdout=self.theirs, stderr=self.theirs,
        )  # fmt: skip

    def until(self, what: str) -> None:
        """Wait until ``what`` has been written."""
        while what not in self.said:
            self._read(f"{what!r} was never written")

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def leave(self) -> int:
        """Press Enter at the end, once more if the first came too soon; return the exit code."""
        self.until("Enter leaves")
        self.press("\r")
        while LEFT not in self.said:
            self._read("the screen was never left")
            if "once more leaves" in self.said:
                self.press("\r")
        return self.ended()

    def ended(self) -> int:
        """Its exit code, with all it wrote in ``said``."""
        os.close(self.theirs)
        self.theirs = -1
        try:
            while True:
                self._read("")
        except OSError:  # nobody has the other end any more
            return self.process.wait(timeout=60)

    @property
    def after(self) -> str:
        """What stands in the terminal once the screen is gone, in plain lines."""
        return self.said.rpartition(LEFT)[2].replace("\r\n", "\n")

    @property
    def modes_now(self) -> list[Any]:
        return termios.tcgetattr(self.ours)

    def _read(self, complaint: str) -> None:
        while not select.select([self.ours], [], [], 1)[0]:
            assert self.process.poll() is None, f"{complaint}; it wrote:\n{self.said}"
        read = os.read(self.ours, 65536)
        self.said += read.decode(errors="replace")


@contextmanager
def seated(
    place: Place,
    *words: str,
    pairs: str = "pairs.jsonl",
    stdin: int | None = None,
    command: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Seat]:
    """``outrider plan`` with recorded agents, on a terminal."""
    seat = Seat(
        place, command or (*COMMAND, "plan", TASK, *recorded(pairs), *words), stdin=stdin, environment=dict(environment or {})
    )
    try:
        yield seat
    finally:
        if seat.process.poll() is None:
            seat.process.kill()
        seat.process.wait()
        os.close(seat.ours)
        if seat.theirs >= 0:
            os.close(seat.theirs)


def test_at_a_terminal_the_screen_opens_and_leaves_plan_and_summary_behind(place: Place) -> None:
    with seated(place) as seat:
        seat.until("Enter leaves")
        seat.press("l")
        seat.until("▓ unused")
        assert seat.leave() == 0, seat.said
        assert seat.said.count(OPENED) == seat.said.count(LEFT) == 1
        lines = seat.after[seat.after.index("Task: ") :].splitlines()
        assert lines[0] == f"Task: {TASK}"
        assert [line[5:].split("  ")[0] for line in lines[2:8]] == ["boil", "warm the pot", "pour", "wait", "sip", "finish"]
        assert lines[8].startswith("Plan complete: 6 steps in ")
        assert "?1000h" not in seat.said  # nobody asked for a mouse


def test_the_person_takes_a_step_at_the_terminal(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=1)
    with seated(place, "--world", "free", pairs="slow.jsonl") as seat:
        seat.until("warm the pot")
        seat.until("verifying, 1.")
        seat.press("\r")
        seat.until("taken by you")
        seat.press("q")
        assert seat.ended() == 130
        assert "  1  warm the pot  (taken by you, " in seat.after


@pytest.mark.parametrize("word", ["--plain", "--json"])
def test_with_plain_lines_or_json_no_screen_opens(place: Place, word: str) -> None:
    with seated(place, word) as seat:
        assert seat.ended() == 0
        assert OPENED not in seat.said


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "latin-1"}], ids=["dumb", "latin-1"])
def test_on_a_terminal_that_cannot_draw_it_no_screen_opens(place: Place, environment: dict[str, str]) -> None:
    with seated(place, environment=environment) as seat:
        assert seat.ended() == 0
        assert OPENED not in seat.said


def test_where_nobody_can_press_keys_the_live_lines_stay(place: Place) -> None:
    with open(os.devnull) as nothing, seated(place, stdin=nothing.fileno()) as seat:
        assert seat.ended() == 0
        assert OPENED not in seat.said
        assert "Plan complete" in seat.said


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "Ctrl-C"])
def test_stopping_ends_in_order_and_says_how_to_go_on(place: Place, key: str) -> None:
    place.write_pairs("slow.jsonl", slow_from=3)
    with seated(place, pairs="slow.jsonl") as seat:
        seat.until("✓  2  ")
        seat.press(key)
        assert seat.ended() == 130
        assert "Stopped: 3 steps in " in seat.after
        assert "outrider: 3 confirmed steps kept; to go on from there:" in seat.after
        assert "Traceback" not in seat.said
        assert seat.modes_now == seat.modes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_from_outside_stops_in_order_too(place: Place, number: signal.Signals) -> None:
    place.write_pairs("slow.jsonl", slow_from=3)
    with seated(place, pairs="slow.jsonl") as seat:
        seat.until("✓  2  ")
        seat.process.send_signal(number)
        assert seat.ended() == 130
        assert "Stopped: 3 steps in " in seat.after
        assert seat.modes_now == seat.modes


def test_a_second_ctrl_c_leaves_at_once_and_gives_the_terminal_back(place: Place) -> None:
    (place.folder / "stubborn.py").write_text(
        stubborn("plan", "Make tea", "-a", "recorded:pairs.jsonl", "-t", "recorded:pairs.jsonl")
    )
    with seated(place, command=(sys.executable, "stubborn.py")) as seat:
        seat.until("the target is at work, 1.")
        seat.press("\x03")
        seat.until("closing 2 calls")
        seat.press("q")
        assert seat.ended() == 130
        assert "outrider: broken off; what was confirmed is in the journal" in seat.after
        assert "\x1b[?25h" in seat.said.rpartition(LEFT)[2]
        assert seat.modes_now == seat.modes


def test_a_process_that_is_killed_leaves_a_terminal_that_can_be_used(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=3)
    with seated(place, pairs="slow.jsonl") as seat:
        seat.until("✓  2  ")
        seat.process.kill()
        seat.until(LEFT)
        seat.until("\x1b[?25h\x1b[0m")


BROKEN = """
from outrider.agents.recorded import RecordedAgent
from outrider.cli.main import app

class Bug(BaseException):
    pass

async def breaks(self, answer, meter):
    raise Bug("no agent may raise this")

RecordedAgent._take_its_time = breaks
app(["plan", "Make tea", "-a", "recorded:pairs.jsonl", "-t", "recorded:pairs.jsonl"])
"""


def test_an_error_of_our_own_gives_the_terminal_back_before_it_is_told(place: Place) -> None:
    (place.folder / "broken.py").write_text(BROKEN)
    with seated(place, command=(sys.executable, "broken.py")) as seat:
        assert seat.ended() == 1
        assert "no agent may raise this" in seat.after.splitlines()[-1]
        assert seat.modes_now == seat.modes


def test_compare_goes_on_after_the_screen_is_left(place: Place) -> None:
    with seated(place, "--compare") as seat:
        assert seat.leave() == 0
        assert "Target alone, measured: " in seat.after
