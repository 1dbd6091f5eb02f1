"""What users have spent: it is there after a kill, for two servers at once, and through whatever is wrong with its file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption, SpendingUnusable
from outrider.web.spending import Account, Spending, Spent, spending_beside, spent_by_all

spent = st.builds(
    Spent, st.integers(0, 9), st.integers(0, 10_000), st.integers(0, 64).map(lambda cents: cents / 64), st.integers(0, 9)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "team.json.spent.sqlite3"


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Inside, another process holds the file."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["ada", "ben"]), spent, st.booleans())))
def test_each_server_knows_what_all_have_spent_so_far_and_a_kill_loses_nothing_that_was_entered(
    story: list[tuple[int, str, Spent, bool]],
) -> None:
    with TemporaryDirectory() as folder, contextlib.ExitStack() as left:
        path = Path(folder) / "spent"
        servers = [Spending(path), Spending(path)]
        total = {"ada": Spent(), "ben": Spent()}
        for which, user, more, is_killed in story:
            total[user] = total[user].plus(more)
            servers[which].add(user, more)
            assert [server.of(name) for server in servers for name in total] == 2 * [*total.values()]
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


def test_what_cannot_be_written_now_counts_is_said_once_and_is_written_later(file: Path) -> None:
    said: list[str] = []
    with contextlib.closing(Spending(file, said.append)) as spending:
        spending.add("ada", Spent(1, 10, 0.5))
        with held(file):
            for _ in range(3):
                spending.add("ada", Spent(1, 10, 0.5))
            assert spending.of("ada") == Spent(4, 40, 2.0)
            assert spending.of("ben") == Spent()
            with pytest.raises(SpendingUnusable, match=r"spent cannot be written .*: database is locked; another process"):
                spending.check("ada")
            spending.check("ben")
        spending.check("ada")
        assert spent_by_all(file) == {"ada": Spent(4, 40, 2.0)}
    assert [sentence.partition(f" to {file}")[0] for sentence in said] == [
        "what users spend cannot be written", "what users spend is written",
    ]  # fmt: skip


def test_what_could_not_be_written_is_tried_once_more_in_the_end(file: Path) -> None:
    spending = Spending(file)
    with held(file):
        spending.add("ada", Spent(3))
    spending.close()
    assert spent_by_all(file) == {"ada": Spent(3)}


def test_a_file_that_is_deleted_moved_or_put_in_its_place_is_noticed_before_anything_is_lost_in_it(file: Path) -> None:
    with contextlib.closing(Spending(file)) as spending:
        spending.add("ada", Spent(3))
        elsewhere = file.rename(file.with_suffix(".moved"))
        spending.add("ada", Spent(1))
        assert spending.of("ada") == Spent(4)
        with pytest.raises(SpendingUnusable, match="it is not where it was; bring it back, or start the server again"):
            spending.check("ada")
        file.write_bytes(elsewhere.read_bytes())
        with pytest.raises(SpendingUnusable, match="it is not where it was"):
            spending.check("ada")
        elsewhere.rename(file)
        spending.check("ada")
        assert spent_by_all(file) == {"ada": Spent(4)}


def test_the_file_is_its_owners_alone_and_to_read_it_makes_and_changes_nothing(file: Path) -> None:
    assert spent_by_all(file) == {}
    assert not file.exists()
    with contextlib.closing(Spending(file)) as spending:
        spending.add("ada", Spent(3))
        assert file.stat().st_mode & 0o077 == 0
        assert spending.of("ben") == Spent()
        assert spent_by_all(file) == {"ada": Spent(3)}


def test_a_users_file_that_is_a_link_has_its_spending_where_it_really_is(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "team.json").touch()
    (tmp_path / "link.json").symlink_to(real / "team.json")
    assert spending_beside(tmp_path / "link.json") == spending_beside(real / "team.json")


def test_a_call_whose_price_is_not_known_is_told_and_not_taken_for_a_free_one(file: Path) -> None:
    with contextlib.closing(Spending(file)) as spending:
        account = Account(spending, "ada")
        account.enter(100, 0.25)
        account.enter(50, None)
        assert account.spent() == (2, 150, 0.25)
        assert spending.of("ada") == Spent(2, 150, 0.25, unpriced=1)


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
        (lambda path: path.mkdir(), "unable to open database file"),
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
