"""What users have spent: it is there after a kill, for two servers at once, and through whatever is wrong with its file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption, JournalUnusable
from outrider.web.spending import Spending, Spent, forget, spent_by_all

spent = st.builds(Spent, st.integers(0, 9), st.integers(0, 10_000), st.integers(0, 64).map(lambda cents: cents / 64))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "team.json.spent.sqlite3"


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["ada", "ben"]), spent, st.booleans())))
def test_each_server_knows_what_all_have_spent_so_far_and_a_kill_loses_nothing_that_was_counted(
    story: list[tuple[int, str, Spent, bool]],
) -> None:
    with TemporaryDirectory() as folder, contextlib.ExitStack() as left:
        path = Path(folder) / "spent"
        servers = [Spending(path), Spending(path)]
        total = {"ada": Spent(), "ben": Spent()}
        for which, user, more, is_killed in story:
            total[user] = total[user].plus(more)
            assert servers[which].add(user, more) == total[user]
            if is_killed:
                left.callback(servers[which].close)  # which a process that is killed never does
                servers[which] = Spending(path)
        assert spent_by_all(path) == {user: total[user] for user in {user for _, user, _, _ in story}}
        for server in servers:
            server.close()


def test_servers_that_begin_at_the_same_moment_make_one_file(file: Path) -> None:
    def serve(_: int) -> None:
        with contextlib.closing(Spending(file)) as spending:
            spending.add("ada", Spent(1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(serve, range(40)))
    assert spent_by_all(file) == {"ada": Spent(40)}


def test_what_cannot_be_written_now_counts_is_said_and_is_written_later(file: Path) -> None:
    with contextlib.closing(Spending(file)) as spending, contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        spending.add("ada", Spent(1, 10, 0.5))
        other.execute("BEGIN IMMEDIATE")
        assert spending.add("ada", Spent(1, 10, 0.5)) == Spent(2, 20, 1.0)
        assert spending.of("ada") == Spent(2, 20, 1.0)
        with pytest.raises(JournalUnusable, match=r"ada has spent cannot be written .*: database is locked"):
            spending.check("ada")
        spending.check("ben")
        other.execute("ROLLBACK")
        spending.check("ada")
        assert spent_by_all(file) == {"ada": Spent(2, 20, 1.0)}


def test_what_could_not_be_written_is_tried_once_more_in_the_end(file: Path) -> None:
    spending = Spending(file)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        spending.add("ada", Spent(3))
    spending.close()
    assert spent_by_all(file) == {"ada": Spent(3)}


def test_the_file_is_its_owners_alone_and_one_who_is_forgotten_has_spent_nothing(file: Path) -> None:
    assert spent_by_all(file) == {}
    forget(file, "ada")
    assert not file.exists()
    with contextlib.closing(Spending(file)) as spending:
        spending.add("ada", Spent(3))
        assert file.stat().st_mode & 0o077 == 0
        forget(file, "ada")
        assert spending.of("ada") == Spent()


def another_programs(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE photos (name TEXT)")


def a_newer_one(path: Path) -> None:
    Spending(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (another_programs, "is not what Outrider keeps users' spending in; move it away"),
        (a_newer_one, "is of a newer Outrider"),
        (lambda path: path.write_bytes(b"not a database, but long enough to be one" * 99), "file is not a database"),
        (lambda path: path.mkdir(), "Is a directory"),
    ],
)
def test_a_file_that_is_something_else_is_one_sentence_and_is_left_as_it_is(
    file: Path, make: Callable[[Path], object], words: str
) -> None:
    make(file)
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(BadOption, match=words):
        Spending(file)
    assert (file.read_bytes() if file.is_file() else b"") == before
