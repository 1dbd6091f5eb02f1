"""The file of users: tokens that are shown once, roles, and everything that can be wrong with such a file."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cli.running import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.errors import BadOption, UnknownName, UsersUnreadable
from outrider.web.audit import Audit
from outrider.web.spending import Spending, Spent, spending_beside
from outrider.web.users import ALONE, Allowance, Users, digest_of, listed, new_token, users_in
from outrider.web.users_file import add_user, allow_user, remove_user, renew_token

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "team.json"


def test_a_user_enters_with_their_token_and_is_known_with_role_and_allowance(file: Path) -> None:
    token = add_user(file, "ada", "act", Allowance(usd=5.0, sessions=2))
    found = Users(file).enters(token)
    assert found is not None
    assert (found.user.name, found.user.role, found.user.allowance) == ("ada", "act", Allowance(usd=5.0, sessions=2))


def test_the_file_holds_no_token_only_its_digest(file: Path) -> None:
    token = add_user(file, "ada", "act", Allowance())
    text = file.read_text()
    assert token not in text
    assert token.removeprefix("outrider_") not in text
    assert digest_of(token) in text


def test_tokens_are_long_random_and_all_different() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token.removeprefix("outrider_")) == 43 for token in tokens), "256 bits, six to a character"


@pytest.mark.parametrize("given_token", ["", "outrider_", "x" * 10_000, "tökèn", "\ud800"])
def test_no_other_token_enters(file: Path, given_token: str) -> None:
    add_user(file, "ada", "act", Allowance())
    assert Users(file).enters(given_token) is None


def test_the_digest_is_no_token(file: Path) -> None:
    token = add_user(file, "ada", "act", Allowance())
    assert Users(file).enters(digest_of(token)) is None


def test_a_new_token_and_a_removal_count_at_once(file: Path) -> None:
    old = add_user(file, "ada", "act", Allowance(calls=9))
    users = Users(file)
    new = renew_token(file, "ada")
    assert users.enters(old) is None
    found = users.enters(new)
    assert found is not None
    assert found.user.allowance == Allowance(calls=9)
    remove_user(file, "ada")
    assert users.enters(new) is None


def test_roles_go_one_beyond_the_other(file: Path) -> None:
    for name, role in (("wil", "watch"), ("ada", "act"), ("root", "admin")):
        add_user(file, name, role, Allowance())  # type: ignore[arg-type]
    may = {user.name: [user.may("watch"), user.may("act"), user.may("admin")] for user, _ in listed(file)}
    assert may == {"wil": [True, False, False], "ada": [True, True, False], "root": [True, True, True]}
    assert ALONE.may("admin")


def test_a_name_that_is_taken_and_one_that_is_not_there_are_sentences(file: Path) -> None:
    add_user(file, "ada", "act", Allowance())
    with pytest.raises(BadOption, match="there is a user ada already; outrider users token ada gives"):
        add_user(file, "ada", "admin", Allowance())
    with pytest.raises(UnknownName, match="there is no user 'ben'"):
        remove_user(file, "ben")


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\nb", "-a", "x" * 65, "ö"])
def test_a_name_that_would_be_hard_to_tell_is_refused(file: Path, name: str) -> None:
    with pytest.raises(BadOption, match="a user cannot be called"):
        add_user(file, name, "act", Allowance())
    assert not file.exists()


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_an_allowance_that_allows_nothing_or_everything_is_refused(value: float) -> None:
    with pytest.raises(BadOption, match="usd makes no sense; give a positive number up to"):
        Allowance(usd=value)


def test_users_that_are_added_at_the_same_time_are_all_there(file: Path) -> None:
    names = [f"user{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: add_user(file, name, "act", Allowance()), names))
    assert sorted(user.name for user, _ in listed(file)) == sorted(names)


# What can be wrong with the file ----------------------------------------------------------------------------------------------


@posix
def test_the_file_is_its_owners_alone_and_one_that_is_open_to_others_lets_nobody_in(file: Path) -> None:
    add_user(file, "ada", "act", Allowance())
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(UsersUnreadable, match="open to others than its owner; run: chmod 600"):
        Users(file)


def test_a_file_that_is_not_there_says_what_makes_one(file: Path) -> None:
    with pytest.raises(UsersUnreadable, match="outrider users add NAME --users FILE makes one"):
        Users(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is damaged"),
        ("[]", "is no users' file of Outrider's"),
        ('{"users": {}}', "is no users' file of Outrider's"),
        ('{"outrider_users": 2, "users": {}}', "is of a newer Outrider"),
        ('{"outrider_users": 1, "users": {"ada": {"role": "act"}}}', "user 'ada': its token is missing"),
        ('{"outrider_users": 1, "users": {"ada": []}}', "user 'ada': its token is missing"),
        ('{"outrider_users": 1, "users": {"ada": {"role": "god", "digest": "", "since": ""}}}', "the role 'god' is not known"),
        (
            '{"outrider_users": 1, "users": {"ada": {"role": "act", "digest": "", "since": "", "usd": -1}}}',
            "-1 usd makes no sense",
        ),
        ('{"outrider_users": 1, "users": {"ada": {"role": "act", "digest": "", "since": "", "usd": "5"}}}', "user 'ada'"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_damaged_file_is_one_sentence_and_is_never_overwritten(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(UsersUnreadable, match=words):
        Users(file)
    with pytest.raises(UsersUnreadable):
        add_user(file, "ben", "act", Allowance())
    assert file.read_text() == text


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["outrider_users", "users", "ada", "role", "digest", "since", "usd"]), inner, max_size=5
            )
        ),
    )
)
def test_whatever_json_the_file_holds_it_is_read_or_refused_in_a_sentence(found: object) -> None:
    try:
        users_in(json.dumps(found), Path("team.json"))
    except UsersUnreadable as error:
        assert "team.json" in str(error)  # noqa: PT017 - most of them are refused, and some are not


def test_a_file_that_breaks_while_the_server_runs_lets_nobody_in_until_it_is_mended(file: Path) -> None:
    token = add_user(file, "ada", "act", Allowance())
    users, before = Users(file), file.read_text()
    file.write_text("{")
    for _ in range(2):
        with pytest.raises(UsersUnreadable):
            users.enters(token)
    file.write_text(before + " ")
    assert users.enters(token) is not None


# The commands -------------------------------------------------------------------------------------------------------------


def test_the_commands_add_list_renew_and_remove_and_the_audit_tells_of_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    added = json.loads(place.run("users", "add", "ada", "--role", "admin", "--usd", "5", "--users", "t.json", "--json").out)
    renewed = json.loads(place.run("users", "token", "ada", "--users", "t.json", "--json").out)
    assert added["token"] != renewed["token"]
    assert place.run("users", "list", "--users", "t.json").out.split()[:2] == ["ada", "admin"]
    assert place.run("users", "remove", "ada", "--users", "t.json").code == 0
    lines = place.run("audit", "--users", "t.json", "--json").out.splitlines()
    assert [json.loads(line)["did"] for line in lines] == ["add ada as admin", "new token of ada", "remove ada"]
    written = "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file() and "sqlite" not in path.name)
    assert added["token"] not in written
    assert renewed["token"] not in written


def test_what_a_user_has_spent_is_listed_and_more_can_be_allowed(tmp_path: Path) -> None:
    place, users = Place(tmp_path), ("--users", "t.json")
    place.run("users", "add", "ben", "--usd", "5", "--calls", "2000000", *users)
    (ben, _), *_ = listed(tmp_path / "t.json")
    with contextlib.closing(Spending(spending_beside(tmp_path / "t.json"))) as spending:
        spending.add(ben.account, Spent(1_234_567, 3456, 1.25))
    assert place.run("users", "list", *users).out.endswith("$5 ($1.25 spent), 2000000 calls (1234567 calls spent)\n")
    assert place.run("users", "allow", "ben", "--usd", "2.5", *users).out == (
        "ben may use: $7.5 ($1.25 spent), 2000000 calls (1234567 calls spent)\n"
    )
    told = json.loads(place.run("users", "list", *users, "--json").out)
    assert (told["allowance"]["usd"], told["spent"]) == (7.5, {"calls": 1_234_567, "tokens": 3456, "usd": 1.25, "unpriced": 0})
    (noted,) = place.run("audit", *users, "--json").out.splitlines()[1:]
    assert json.loads(noted)["did"] == "allow ben 2.5 more usd"
    place.run("users", "remove", "ben", *users)
    place.run("users", "add", "ben", "--usd", "5", *users)
    assert place.run("users", "list", *users).out.endswith("$5 ($0 spent)\n"), "whoever is added anew has spent nothing"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--tokens=5"], "no limit on tokens"),
        ([], "nothing more was allowed"),
        (["--usd=-1"], "an allowance of -1 usd makes no sense"),
        (["--usd=0"], "an allowance of 0 usd makes no sense"),
        (["--usd=nan"], "an allowance of nan usd makes no sense"),
        (["--usd=inf"], "an allowance of more than 9007199254740992 usd makes no sense"),
        (["--usd=9007199254740991"], "makes no sense"),
        (["--calls=" + 400 * "9"], "makes no sense"),
    ],
)
def test_an_allowance_that_makes_no_sense_leaves_the_file_as_it_was(tmp_path: Path, more: list[str], words: str) -> None:
    place, file = Place(tmp_path), tmp_path / "t.json"
    add_user(file, "ben", "act", Allowance(usd=5.0, calls=100))
    before = file.read_bytes()
    refused = place.here("users", "allow", "ben", *more, "--users", "t.json")
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert file.read_bytes() == before


@pytest.mark.parametrize("wrong", ["spent.sqlite3", "audit.jsonl"])
def test_a_file_beside_the_users_that_is_broken_undoes_nothing_and_is_said(tmp_path: Path, wrong: str) -> None:
    place, file = Place(tmp_path), tmp_path / "t.json"
    add_user(file, "ben", "act", Allowance(calls=5))
    (tmp_path / f"t.json.{wrong}").mkdir()
    done = place.here("users", "allow", "ben", "--calls", "2", "--users", "t.json")
    assert (done.code, done.out) == (0, "ben may use: 7 calls" + (" (0 calls spent)" if wrong == "audit.jsonl" else "") + "\n")
    assert ("this is done, but not in the audit" if wrong == "audit.jsonl" else "cannot be had") in done.err
    assert place.here("users", "list", "--users", "t.json").code == 0
    assert place.here("users", "remove", "ben", "--users", "t.json").code == 0
    assert listed(file) == []


def test_twenty_who_allow_more_at_once_are_all_heard(file: Path) -> None:
    add_user(file, "ben", "act", Allowance(calls=5))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: allow_user(file, "ben", {"calls": 1}), range(20)))
    assert listed(file)[0][0].allowance == Allowance(calls=25)


def test_the_columns_of_the_audit_line_up_whoever_did_it_and_whether_it_was_in_a_session(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl")
    audit.answered(audit.asks("(command line)", "admin", "new token of somebody-with-a-long-name"), "accepted")
    audit.answered(audit.asks("ada", "act", "take", session="5c3878ea"), "not_now")
    audit.answered(audit.asks("ben", "act", "start"), "accepted", session="b7e10c42", record=0)
    audit.close()
    lines = Place(tmp_path).run("audit", "--audit", "audit.jsonl").out.splitlines()
    ends = [line.split()[-1] for line in lines]
    assert ends == ["accepted", "not_now", "accepted"]
    assert len({line.rindex(end) for line, end in zip(lines, ends, strict=True)}) == 1
    assert len({lines[0].index("new"), lines[1].index("take"), lines[2].index("start")}) == 1
    assert lines[1].index("5c3878ea") == lines[2].index("b7e10c42 record 0")


def test_an_audit_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.run("audit").sentence.startswith("outrider: there is no audit without users; name the users' file")
    ran = place.run("audit", "--audit", "none.jsonl")
    assert (ran.code, ran.sentence[:44]) == (2, "outrider: the audit none.jsonl cannot be rea")


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadOption, match="cannot be written"):
        add_user(tmp_path / "team.json", "ada", "act", Allowance())
