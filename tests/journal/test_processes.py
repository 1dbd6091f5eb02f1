"""Several processes, killed processes, and processes that may not write: each test runs real ones."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.journal import SqliteJournal
from outrider.rules.events import Record, WentBack

from .samples import numbered, opened, short_run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, resource limits and user ids are POSIX's")

PREAMBLE = """
import os, sys
from outrider.errors import JournalError
from outrider.journal import SqliteJournal
from outrider.model import Task
from outrider.rules.events import Opened, Record, WentBack

path, name = sys.argv[1:3]
OPENED = Opened(task=Task("Plan a trip to Oslo"), approximation="small", target="large", lookahead="lookahead-2", max_steps=9)

def record(n):
    return Record(n=n, time_s=n / 4, event=WentBack(at=n) if n else OPENED)
"""

APPEND = """
sys.stdin.readline()  # they set off together
with SqliteJournal(path, wait_s=60) as journal:
    for n in range(0, 400, 2):
        journal.append(name, [record(n), record(n + 1)])
"""

APPEND_FOR_EVER = """
with SqliteJournal(path) as journal:
    n = 0
    while True:
        journal.append(name, [record(n), record(n + 1), record(n + 2)])
        n += 3
        print(n, flush=True)
"""

APPEND_UNTIL_FULL = """
import resource
journal = SqliteJournal(path)
journal.append(name, [record(0)])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
n = 1
try:
    while n < 100_000:
        journal.append(name, [record(n), record(n + 1)])
        n += 2
except JournalError as error:
    print(type(error).__name__, n, error)
journal.close()
"""

AS_NOBODY = """
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
def attempt(what):
    try:
        print(what())
    except JournalError as error:
        print(type(error).__name__, error)
"""

READ_AS_NOBODY = AS_NOBODY + "attempt(lambda: len(SqliteJournal(path, read_only=True).read(name)))"
WRITE_AS_NOBODY = AS_NOBODY + "attempt(lambda: SqliteJournal(path).append('new', [record(0)]))"


def start(script: str, path: Path, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", PREAMBLE + script, str(path), name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(script: str, path: Path, name: str = "trip") -> str:
    """What the script printed, once it has ended well."""
    process = start(script, path, name)
    out, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "")
    return out


def backwards(events: int) -> list[Record]:
    """What the scripts append."""
    return numbered(opened(), *(WentBack(at=n) for n in range(1, events)))


# Killed -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_writer_killed_in_the_middle_leaves_whole_batches_and_no_gap(path: Path, after: int) -> None:
    process = start(APPEND_FOR_EVER, path, "trip")
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(after)][-1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with SqliteJournal(path, read_only=True) as journal:
        records = journal.read("trip")
        (entry,) = journal.sessions()
    assert len(records) >= acknowledged, "what was acknowledged is there"
    assert len(records) % 3 == 0, "a batch is there in full or not at all"
    assert records == backwards(len(records))
    assert (entry.outcome, entry.events) == ("interrupted", len(records))
    with SqliteJournal(path) as journal:
        journal.append("trip", [Record(n=len(records), time_s=0.0, event=WentBack(at=0))])


# At once ------------------------------------------------------------------------------------------------------------


def test_processes_make_one_journal_together_and_write_their_sessions_at_once(path: Path) -> None:
    processes = [start(APPEND, path, f"trip-{i}") for i in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 4
    with SqliteJournal(path) as journal:
        assert sorted(entry.name for entry in journal.sessions()) == [f"trip-{i}" for i in range(4)]
        for i in range(4):
            assert journal.read(f"trip-{i}") == backwards(400)


def test_of_two_processes_that_write_one_session_one_is_refused(path: Path) -> None:
    processes = [start(APPEND, path, "trip") for _ in range(2)]
    complaints = "".join(process.communicate("\n")[1] for process in processes)
    assert "JournalUnusable: there is a session 'trip' in the journal already" in complaints
    assert sorted(process.returncode for process in processes) == [0, 1]
    with SqliteJournal(path) as journal:
        assert journal.read("trip") == backwards(400)


def test_a_journal_can_be_read_while_another_process_writes_it(path: Path) -> None:
    process = start(APPEND_FOR_EVER, path, "trip")
    assert process.stdout is not None
    lengths = []
    with process.stdout:
        process.stdout.readline()
        with SqliteJournal(path, read_only=True) as journal:
            for _ in range(8):
                acknowledged = int(process.stdout.readline())
                records = journal.read("trip")
                assert records == backwards(len(records))
                assert len(records) >= acknowledged
                lengths.append(len(records))
        process.kill()
    process.communicate()
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]


# No room, no leave --------------------------------------------------------------------------------------------------


def test_a_file_that_may_not_grow_is_told_and_what_was_written_stands(path: Path) -> None:
    kind, appended, *_ = told(APPEND_UNTIL_FULL, path).split()
    assert kind == "JournalFull"
    with SqliteJournal(path) as journal:
        assert journal.read("trip") == backwards(int(appended))


@pytest.fixture
def public(path: Path) -> Iterator[Path]:
    """A journal that somebody who owns nothing may read, in a folder that they may read."""
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder) / "journal"
        with SqliteJournal(public) as journal:
            journal.append("trip", short_run())
        public.chmod(0o444)
        Path(folder).chmod(0o555)
        yield public
        Path(folder).chmod(0o755)


def test_a_journal_in_a_folder_that_may_not_be_written_can_be_read(public: Path) -> None:
    assert told(READ_AS_NOBODY, public) == "7\n"


def test_a_journal_that_may_not_be_written_refuses_to_be(public: Path) -> None:
    kind, rest = told(WRITE_AS_NOBODY, public).split(maxsplit=1)
    assert kind in ("JournalFull", "JournalUnusable")
    assert str(public) in rest


def test_a_file_that_may_not_be_written_is_told_as_such(public: Path) -> None:
    public.parent.chmod(0o777)
    assert told(WRITE_AS_NOBODY, public).startswith(f"JournalFull the journal {public} may be read but not written")


def test_a_journal_that_may_not_be_read_is_told(public: Path) -> None:
    public.chmod(0o000)
    for script in (READ_AS_NOBODY, WRITE_AS_NOBODY):
        assert told(script, public).startswith(f"JournalUnusable the journal {public} cannot be opened")


def test_a_folder_that_may_not_be_entered_is_told(public: Path) -> None:
    public.parent.chmod(0o000)
    for script in (READ_AS_NOBODY, WRITE_AS_NOBODY):
        assert told(script, public) == f"JournalUnusable the journal {public} cannot be reached: Permission denied\n"


def test_a_new_journal_in_a_folder_that_may_not_be_written_is_told(public: Path) -> None:
    assert told(WRITE_AS_NOBODY, public.with_name("new")).startswith("JournalUnusable the journal")
