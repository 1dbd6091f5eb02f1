"""A network of the tests' own: two namespaces of the kernel's, joined by one wire, which can be cut and mended.

The machine's own network is left as it is: a browser gives up what it is loading whenever an interface comes or goes.
"""

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
from typing import Final

import pytest

_NEAR: Final = "198.18.0.1"  # set aside for tests of networks (RFC 2544)
_FAR: Final = "198.18.0.2"
_FAR_MAC: Final = "02:00:00:00:00:02"

_CLONE_NEWNET: Final = 0x40000000


@dataclass(frozen=True)
class Apart:
    """Another machine's network, at the address ``far``."""

    name: str
    far: str = _FAR

    def enter(self) -> None:
        """From now on, this thread and the processes and threads that it begins are there."""
        _enter(Path("/run/netns") / self.name)

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
        _ip("-n", self.name, "link", "set", "wire", "down")

    def mend(self) -> None:
        """As it was."""
        _ip("-n", self.name, "link", "set", "wire", "up")


@contextlib.contextmanager
def apart() -> Iterator[Apart]:
    """Such a network, with this thread at its near end during the block; the test is skipped where none may be made."""
    if shutil.which("ip") is None:
        pytest.skip("there is no ip here, which iproute2 brings")
    near, far = (f"outrider-{end}-{os.getpid()}" for end in ("near", "far"))
    with contextlib.ExitStack() as made:
        try:
            for name in (near, far):
                _ip("netns", "add", name)
                made.callback(_ip, "netns", "delete", name)
            _ip("-n", near, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "address", _FAR_MAC, "netns", far)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network may be made here: {error.stderr.strip()}")
        # At once: a namespace lives on as long as somebody has a socket there.
        made.callback(_ip, "-n", near, "link", "delete", "wire")
        for name, address in ((near, _NEAR), (far, _FAR)):
            _ip("-n", name, "address", "add", f"{address}/30", "dev", "wire")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "wire", "up")
        # Else the near end finds out.
        _ip("-n", near, "neighbour", "replace", _FAR, "lladdr", _FAR_MAC, "dev", "wire", "nud", "permanent")
        with _within(Path("/run/netns") / near):
            yield Apart(far)


@contextlib.contextmanager
def _within(network: Path) -> Iterator[None]:
    with Path("/proc/thread-self/ns/net").open() as before:
        _enter(network)
        try:
            yield
        finally:
            _enter(Path(f"/proc/self/fd/{before.fileno()}"))


def _enter(network: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with network.open() as there:
        if libc.setns(there.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
