"""A network of the tests' own: a namespace of the kernel's, joined to ours by one wire, which can be cut and mended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest

_FAR_MAC = "02:00:00:00:00:02"

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Apart:
    """Another machine's network, at the address ``far``, as we are at ``near``."""

    name: str
    near: str
    far: str

    def enter(self) -> None:
        """From now on, this thread and the processes that it begins are there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (Path("/run/netns") / self.name).open() as there:
            if libc.setns(there.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def do(self, what: Callable[[], object]) -> None:
        """Do it there, in a thread of its own."""
        done: Future[object] = Future()

        def there() -> None:
            try:
                self.enter()
                done.set_result(what())
            except BaseException as error:
                done.set_exception(error)

        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        done.result()

    def cut(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        _ip("-n", self.name, "link", "set", "far", "down")

    def mend(self) -> None:
        """As it was."""
        _ip("-n", self.name, "link", "set", "far", "up")


@contextlib.contextmanager
def apart() -> Iterator[Apart]:
    """Such a network, for the length of the block; the test is skipped where none may be made."""
    if shutil.which("ip") is None:
        pytest.skip("there is no ip here, which iproute2 brings")
    name = f"outrider-{os.getpid()}"
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network may be made here: {error.stderr.strip()}")
    wire = f"or{os.getpid()}"
    ours = f"198.18.{os.getpid() // 64 % 256}"  # set aside for tests of networks (RFC 2544)
    near, far = (f"{ours}.{os.getpid() % 64 * 4 + host}" for host in (1, 2))
    try:
        _ip("link", "add", wire, "type", "veth", "peer", "name", "far", "address", _FAR_MAC, "netns", name)
    except subprocess.CalledProcessError as error:
        _ip("netns", "delete", name)
        pytest.skip(f"no wire may be made here: {error.stderr.strip()}")
    try:
        _ip("address", "add", f"{near}/30", "dev", wire)
        _ip("link", "set", wire, "up")
        _ip("neighbour", "replace", far, "lladdr", _FAR_MAC, "dev", wire, "nud", "permanent")  # else the near end finds out
        _ip("-n", name, "address", "add", f"{far}/30", "dev", "far")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "set", "far", "up")
        yield Apart(name, near, far)
    finally:
        _ip("link", "delete", wire)  # at once: a namespace lives on as long as somebody has a socket there
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
