"""The command ``outrider``, in its first moments: Ctrl-C ends it in one line while all the rest is still being loaded.

It is no room of ``outrider``: whoever loads one of those loads the library first, and that takes most of the time this is about.
What is before this, the start of Python itself, is not ours.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Load the command line and run it. Where that does not hear Ctrl-C itself, the process ends at once: ``stopped``."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else who started us does not want it to be heard
        signal.signal(signal.SIGINT, stopped)
    from outrider.cli.main import main as run

    run()


def stopped(number: int, frame: FrameType | None) -> None:
    """End the process with 130, in one line: nothing is open yet, or any more, so there is nothing to be left in order.

    To raise ``KeyboardInterrupt`` would not do: what is being loaded may catch it, and where it reaches a callback of Python's
    own it is printed and forgotten.
    """
    try:
        os.write(2, b"outrider: stopped\n")
        sys.stdout.flush()
    except Exception:  # noqa: S110 - closed, or it was just being written to
        pass
    os._exit(130)
