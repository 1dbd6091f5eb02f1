"""A real Postgres of the tests' own: on a socket in a temporary folder, as an unprivileged user, and gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

PASSWORD = "s3cret-Wörd"
"""Which no screen and no error may show."""

NUMBERS = count()


def programs() -> Path | None:
    """Where initdb and pg_ctl are; ``None`` if nowhere."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "pg_ctl").exists()), None)


def why_not() -> str:
    """Why there is no server here; empty if there can be one."""
    if importlib.util.find_spec("asyncpg") is None:
        return "asyncpg is not installed"
    if programs() is None:
        return "no Postgres is installed: initdb and pg_ctl are nowhere"
    return ""


@dataclass(frozen=True)
class Server:
    """A server with its data in ``folder`` and its socket beside. It listens elsewhere too, if that is said."""

    folder: Path
    listen: str = ""

    def address(self, database: str, *, password: str = "s3cret-W%C3%B6rd", host: str = "") -> str:
        return f"postgresql://outrider:{password}@/{database}?host={host or self.folder}"

    def control(self, *words: str) -> None:
        """Have pg_ctl do something, and wait until it is done."""
        options = f"-c listen_addresses={self.listen} -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=40"
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, *words)

    def run(self, program: str, *words: str | Path) -> None:
        """One of Postgres's own programs, for this server."""
        bin_folder = programs()
        assert bin_folder is not None
        subprocess.run(
            [bin_folder / program, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
            user=as_whom(), env=os.environ | {"PGPASSWORD": PASSWORD},
        )  # fmt: skip

    def be_gone(self) -> None:
        """It is killed as it is, if it runs."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.control("stop", "-m", "immediate")

    def do(self, database: str, *statements: str) -> None:
        """What only an administrator would do. In a thread of its own: the test may be running an event loop."""

        async def main() -> None:
            import asyncpg

            db = await asyncpg.connect(self.address(database))
            try:
                for statement in statements:
                    await db.execute(statement)
            finally:
                await db.close()

        with ThreadPoolExecutor() as pool:
            pool.submit(asyncio.run, main()).result()

    def new_database(self) -> str:
        """A database with nothing in it."""
        name = f"test_{next(NUMBERS)}"
        self.do("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
        return name


def as_whom() -> str | None:
    """Postgres refuses to run as root."""
    if os.getuid():
        return None
    return "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


@contextlib.contextmanager
def a_place(listen: str = "") -> Iterator[Server]:
    """Where a server can be. What runs there at the end is killed."""
    with tempfile.TemporaryDirectory(prefix="outrider-pg-") as folder:
        server = Server(Path(folder), listen)
        if user := as_whom():
            shutil.chown(server.folder, user)
        try:
            yield server
        finally:
            if (server.folder / "data").exists():
                server.be_gone()


@contextlib.contextmanager
def started(listen: str = "", within: Callable[[Callable[[], object]], object] = lambda start: start()) -> Iterator[Server]:
    """A server that runs as long as this is entered. It is started ``within``, and listens there to whoever has the password."""
    with a_place(listen) as server:
        (server.folder / "password").write_text(PASSWORD)
        if user := as_whom():
            shutil.chown(server.folder / "password", user)
        data = server.folder / "data"
        manner = ("--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
        server.run("initdb", "-D", data, "-U", "outrider", "--pwfile", server.folder / "password", *manner)
        if listen:
            with (data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        within(lambda: server.control("start"))
        yield server


@contextlib.contextmanager
def standing_by(primary: Server) -> Iterator[Server]:
    """A second server, which is sent what the first one writes, and can be read, until it is promoted."""
    with a_place() as server:
        copying = ("-h", primary.folder, "-U", "outrider", "-D", server.folder / "data", "-R", "-X", "stream", "-c", "fast")
        server.run("pg_basebackup", *copying, "--no-sync")
        server.control("start")
        yield server
