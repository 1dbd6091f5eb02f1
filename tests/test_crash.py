"""Real processes, killed: a short run of ``scripts/crash_test.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "crash_test.py"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_after_three_hundred_kills_nothing_is_lost_or_done_twice() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--kills", "300", "--seed", "7"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("300 kills in ")
    assert done.stdout.endswith("0 things wrong\n")
