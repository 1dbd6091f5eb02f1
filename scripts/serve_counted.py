"""``outrider serve``, as it is, in a process that says how much it holds whenever it is asked (SIGUSR1).

    python scripts/serve_counted.py FILE serve --port 0 --json …

FILE gets one line of JSON: how many tasks of asyncio, threads and objects of Python's there are; how many blocks of memory Python
had given out after it had last looked for garbage; and for how many seconds it has looked, in all and at most at once. With
``OUTRIDER_PROFILE=FILE`` what the process spends its time on is kept there at the end, for ``python -m pstats``.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from outrider.cli.main import main


def count_into(path: Path) -> None:
    """From now on, SIGUSR1 has the counts written to ``path``, whole."""
    collecting = Collecting()

    def told(number: int, frame: FrameType | None) -> None:
        found = {
            "tasks": len(asyncio.all_tasks()),
            "threads": threading.active_count(),
            "objects": len(gc.get_objects()),
            "blocks": collecting.blocks,
            "garbage_s": round(collecting.in_all_s, 3),
            "garbage_most_s": round(collecting.most_s, 3),
        }
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(found))
        beside.rename(path)

    gc.callbacks.append(collecting)
    signal.signal(signal.SIGUSR1, told)


class Collecting:
    """How long Python has collected garbage, during which nothing else runs, and what it held afterwards."""

    def __init__(self) -> None:
        self.blocks = sys.getallocatedblocks()
        self.in_all_s = self.most_s = self._began_s = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """A collection begins, or has ended."""
        if phase == "start":
            self._began_s = time.perf_counter()
        else:
            took_s = time.perf_counter() - self._began_s
            self.in_all_s += took_s
            self.most_s = max(self.most_s, took_s)
            self.blocks = sys.getallocatedblocks()


if __name__ == "__main__":
    count_into(Path(sys.argv.pop(1)))
    profile = cProfile.Profile() if "OUTRIDER_PROFILE" in os.environ else None
    try:
        if profile is not None:
            profile.enable()
        main()
    finally:
        if profile is not None:
            profile.dump_stats(os.environ["OUTRIDER_PROFILE"])
