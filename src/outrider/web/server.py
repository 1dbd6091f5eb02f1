"""The server: uvicorn on a socket that listens already, without its signals, its log and its own ideas of when to end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """Serves ``app`` on ``listening`` until ``stop``. Nothing is logged: addresses hold the token.

    Args:
        app: what answers.
        listening: the socket.
        last_words_s: how long connections may take to end after ``stop``.
    """

    def __init__(self, app: ASGIApp, listening: socket.socket, *, last_words_s: int = 2) -> None:
        super().__init__(
            uvicorn.Config(
                app, lifespan="off", log_config=None, access_log=False, log_level="critical", server_header=False, ws="none",
                timeout_graceful_shutdown=last_words_s,
            )
        )  # fmt: skip
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever started the server."""
        yield

    async def run_until_stopped(self) -> None:
        """Answer requests until ``stop``, then let those under way end."""
        await self.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Take no more connections and end those there are."""
        self.should_exit = True
