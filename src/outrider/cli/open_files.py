"""How many files a server may have open: to the system its streams and its calls are files, and 1,024 are usual."""

from __future__ import annotations

import sys
from typing import Final

FILES_A_SESSION: Final = 8
"""A session has a stream or two, and with a lookahead of 4 up to six calls at once."""

FILES_BESIDE: Final = 200
"""For the journal, requests, and whoever only watches."""


def allow_open_files(sessions: int) -> str:
    """As many files as ``sessions`` at once need may be open, if the system lets this process say so; else what to tell of it."""
    if sys.platform == "win32":
        return ""
    import resource

    needed = sessions * FILES_A_SESSION + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    if soft == endless or soft >= needed:
        return ""
    allowed = needed if hard == endless else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):
        allowed = soft
    if allowed >= needed:
        return ""
    return (
        f"{sessions} sessions at once may need {needed} open files, and the system allows {allowed}: beyond that, calls fail and "
        f"nobody gets in; raise it with ulimit -n {needed}, or give a smaller --most-sessions"
    )
