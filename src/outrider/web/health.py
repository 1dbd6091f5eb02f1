"""Whether the server lives, and whether it takes sessions: for what watches over it, which has no token and learns no more."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from outrider.errors import JournalError
from outrider.web.answers import answer
from outrider.web.desk import Desk

BELIEVED_S: Final = 1.0
"""So long it is believed what the journal last said: whoever asks more often makes it write no more often."""

TOPIC: Final = "readyz"
"""Under which the journal is written to, to see whether it can be."""


def health_routes(desk: Desk) -> list[Route]:
    """``/healthz`` and ``/readyz``, over ``desk``."""
    ready = _Ready(desk)

    async def healthz(request: Request) -> Response:
        return answer({"alive": True})

    async def readyz(request: Request) -> Response:
        why = ready.why_not()
        return answer({"ready": not why, "why": why}, 503 if why else 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


class _Ready:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looked_s = float("-inf")
        self._journal_trouble = ""

    def why_not(self) -> str:
        """Why no session can begin now; empty if one can."""
        if self._desk.draining.is_set():
            return "the server is stopping"
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s >= BELIEVED_S:
            self._looked_s = now_s
            self._look()
        return self._journal_trouble

    def _look(self) -> None:
        before, self._journal_trouble = self._journal_trouble, ""
        try:
            self._desk.journal.keep_learned(TOPIC, "")
        except JournalError as error:
            self._journal_trouble = "the journal cannot be written; the server's log says why"
            if not before:
                sys.stderr.write(f"outrider: {error}\n")
