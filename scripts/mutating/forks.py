"""Work done in forks of this process, which say what they have found as they go and may die of it."""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final, NoReturn, TypeAlias

Say: TypeAlias = Callable[[object], None]
Work: TypeAlias = Callable[[Say], None]


DIED_OF: Final[dict[int, str]] = {signal.SIGXCPU: "it used too much CPU", signal.SIGKILL: "it hung"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a fork has said, and what it died of: nothing, if its work was done."""

    things: tuple[object, ...]
    trouble: str = ""


def in_forks(works: Sequence[Work], hangs_after_s: float | None = None) -> list[Said]:
    """Do the works at the same time, each in a fork of its own; those that take longer than this are killed."""
    forks = [_fork(work) for work in works]
    heard = _hear({reading: pid for pid, reading in forks}, hangs_after_s)
    return [Said(_things(heard[reading]), _trouble(pid)) for pid, reading in forks]


def _fork(work: Work) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    return pid, reading


def _work(work: Work, writing: int) -> NoReturn:
    code = 1
    try:
        work(lambda thing: _write(writing, pickle.dumps(thing)))
        code = 0
    finally:
        os._exit(code)


def _write(writing: int, data: bytes) -> None:
    while data:
        data = data[os.write(writing, data) :]


def _hear(forks: dict[int, int], hangs_after_s: float | None) -> dict[int, bytes]:
    """Read until all have said their last."""
    heard = dict.fromkeys(forks, b"")
    until = None if hangs_after_s is None else time.monotonic() + hangs_after_s
    with selectors.DefaultSelector() as selector:
        for reading in forks:
            selector.register(reading, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(None if until is None else max(0.0, until - time.monotonic()))
            for key, _ in ready:
                if more := os.read(key.fd, 2**16):
                    heard[key.fd] += more
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
            if not ready:
                for key in list(selector.get_map().values()):
                    os.kill(forks[key.fd], signal.SIGKILL)
                until = None
    return heard


def _things(heard: bytes) -> tuple[object, ...]:
    stream, found = BytesIO(heard), []
    while stream.tell() < len(heard):
        try:
            found.append(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError):
            break  # it died in the middle of a word
    return tuple(found)


def _trouble(pid: int) -> str:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code >= 0:
        return f"it ended with exit code {code}" if code else ""
    return DIED_OF.get(-code, f"it died of signal {-code}")
