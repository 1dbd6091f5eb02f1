"""Server-sent events: bytes in, the data of whole events out. No I/O (WHATWG HTML standard, section 9.2.6)."""

from __future__ import annotations

import re
from typing import Final

from outrider.errors import ServerTrouble

MOST_BYTES: Final = 16 * 1024 * 1024
"""A longer event is refused, so that a server that never ends one cannot fill the memory."""

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class EventParser:
    """Cuts a stream into events, wherever its chunks happen to end.

    Only data is kept: a comment, an event's name, its id and its retry time mean nothing to a chat completion.
    """

    __slots__ = ("_data", "_first", "_rest", "_size", "_waiting")

    def __init__(self) -> None:
        self._rest = b""
        self._waiting: list[bytes] = []
        self._data: list[str] = []
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that is whole with this chunk.

        Raises:
            ServerTrouble: an event is longer than ``MOST_BYTES``.
        """
        if b"\n" not in chunk and b"\r" not in chunk and not self._rest.endswith(b"\r"):
            self._waiting.append(chunk)  # the middle of a long line: it is not looked through again and again
            self._size += len(chunk)
            if self._size + len(self._rest) > MOST_BYTES:
                raise _too_long()
            return []
        received = b"".join([self._rest, *self._waiting, chunk])
        self._size -= sum(map(len, self._waiting))
        self._waiting.clear()
        # A CR at the very end may be the first half of a CRLF: it waits for what comes next.
        held = received[-1:] if received.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(received[: len(received) - len(held)])
        self._rest = rest + held
        if self._size + len(self._rest) > MOST_BYTES:
            raise _too_long()
        return [data for line in lines if (data := self._line(line)) is not None]

    def end(self) -> list[str]:
        """The last event, if the stream ended without the empty line behind it: many servers forget that line."""
        lines = _LINE_END.split(b"".join([self._rest, *self._waiting]))
        self._waiting.clear()
        self._rest = b""
        events = [data for line in [*lines, b""] if (data := self._line(line)) is not None]
        self._data.clear()
        return events

    def _line(self, raw: bytes) -> str | None:
        """Take one line; the event's data if the line ends an event."""
        line = self._decoded(raw)
        if not line:
            return self._whole_event()
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
            self._size += len(raw)
        return None

    def _decoded(self, raw: bytes) -> str:
        line = raw.decode("utf-8", errors="replace")
        if self._first:
            self._first = False
            return line.removeprefix("\ufeff")
        return line

    def _whole_event(self) -> str | None:
        if not self._data:
            return None
        data = "\n".join(self._data)
        self._data.clear()
        self._size = 0
        return data


def _too_long() -> ServerTrouble:
    return ServerTrouble(f"the server sent one event of more than {MOST_BYTES} bytes, which is no chat completion")
