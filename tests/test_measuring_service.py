"""What ``scripts/measure_service.py`` reports is what its server, its provider and its people have seen: a short run of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "measure_service.py"

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it reads in /proc what its processes hold")


@linux
def test_a_short_run_ends_every_session_carries_out_every_command_and_leaves_no_call_open(tmp_path: Path) -> None:
    words = ("--sessions", "8", "--within-s", "0", "--takes-s", "0.2", "--steps", "5", "--out", str(tmp_path / "figures.json"))
    subprocess.run([sys.executable, str(SCRIPT), *words], check=True, capture_output=True)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["sessions_started"], figures["sessions_ended"], figures["streams_cut_off"]) == (8, 8, 0)
    assert figures["calls"]["left_open"] == 0
    assert figures["calls"]["answered"] >= 8 * 5
    assert figures["verdict_to_screen_ms"]["n"] > 0
    assert figures["verdict_to_screen_ms"]["p50"] >= 0
    assert figures["cancel_to_close_ms"]["p50"] >= 0


@linux
def test_told_to_stop_it_ends_its_processes_too() -> None:
    running = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--sessions", "4", "--takes-s", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=0,
    )
    assert running.stderr is not None
    running.stderr.read(1)  # the line that tells how far it is
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate()
    assert len(children) == 2
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert "nothing was measured" in said
    assert running.returncode == 1
