"""Each scheduler, by hand and against the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from outrider.bench.harness import Run, played, run_once
from outrider.bench.rows import Trace
from outrider.bench.schedulers import SCHEDULERS, STANDARD, scheduler_named, schedulers_named
from outrider.bench.traces import TokenPrices
from outrider.errors import UnknownName
from outrider.model import Step
from outrider.rules import Sliding

from .making import few, some, trace, traces

PRICES = TokenPrices()


def under(name: str, found: Trace) -> Run:
    return run_once(found, scheduler_named(name)(found), PRICES)


@some
@given(traces())
def test_the_oracle_is_as_fast_as_unlimited_lookahead_and_wastes_nothing(found: Trace) -> None:
    oracle, unlimited = under("oracle", found), under("lookahead-99", found)
    assert oracle.total_s == unlimited.total_s
    assert oracle.wasted_tokens == oracle.cancelled_tokens == 0
    assert oracle.tokens is not None
    assert unlimited.tokens is not None
    assert oracle.tokens <= unlimited.tokens


@some
@given(traces())
def test_the_oracles_time_is_that_of_the_figures(found: Trace) -> None:
    assert under("oracle", found).total_s == played(found, Sliding(99), PRICES).oracle_s


@few
@given(traces(guesses=3))
def test_nothing_is_faster_than_the_oracle_or_slower_than_the_target_alone(found: Trace) -> None:
    oracle = under("oracle", found)
    assert oracle.wasted_tokens == oracle.cancelled_tokens == 0
    for name in STANDARD:
        assert oracle.total_s <= under(name, found).total_s <= found.alone_s


@some
@given(traces())
def test_alone_takes_the_sum_of_the_verdicts_and_one_call(found: Trace) -> None:
    alone = under("alone", found)
    assert (alone.total_s, alone.calls_max, alone.wasted_tokens) == (found.alone_s, 1, 0)
    assert under("lookahead-0", found) == alone


@some
@given(traces())
def test_one_guess_deep_is_lookahead_1(found: Trace) -> None:
    assert under("topk-1", found) == under("lookahead-1", found)


@some
@given(traces())
def test_without_anything_said_tools_only_is_lookahead_4(found: Trace) -> None:
    assert under("tools-only", found) == under("lookahead-4", found)


# By hand: verdicts take 3 s, drafts 1 s ------------------------------------------------------------------------------

ALL_RIGHT, ONE_WRONG = trace("yyyyyy"), trace("yyn" + "yyy")


@pytest.mark.parametrize(
    ("name", "right_s", "wrong_s"),
    [
        ("alone", 18, 18),
        # Steps in pairs, begun at 0 and 1, 4 and 5, 8 and 9. With step 2 wrong: 0, 1, 4; then 7 and 8, 11.
        ("lookahead-1", 12, 14),
        # Begun at 0, 1, 2, 3, 4, 5. With step 2 wrong: 0, 1, 2; its verdict is there at 5; then 5, 6, 7.
        ("lookahead-4", 8, 10),
        ("lookahead-99", 8, 10),
        ("oracle", 8, 10),
        ("batch-1", 18, 18),
        # Batches at 0, 4, 8. With step 2 wrong: at 0, 4; the second ends at its first verdict; at 7 and 11.
        ("batch-2", 12, 14),
        # Batches at 0 and 6. With step 2 wrong the first ends at 5.
        ("batch-4", 10, 10),
        ("topk-1", 12, 14),
        ("topk-2", 12, 14),
        ("tools-only", 8, 10),
    ],
)
def test_a_run_takes_what_the_scheduler_lets_it(name: str, right_s: float, wrong_s: float) -> None:
    assert (under(name, ALL_RIGHT).total_s, under(name, ONE_WRONG).total_s) == (right_s, wrong_s)


@pytest.mark.parametrize(
    ("name", "total_s", "calls_max"),
    [("lookahead-4", 18, 4), ("topk-1", 18, 2), ("topk-2", 12, 3), ("lookahead-1x2", 12, 3), ("oracle", 8, 4)],
)
def test_a_second_guess_helps_who_asks_about_it(name: str, total_s: float, calls_max: int) -> None:
    rows = tuple(replace(row, drafts=(Step("wrong"), row.target)) for row in ALL_RIGHT.rows)
    found = under(name, replace(ALL_RIGHT, rows=rows))
    assert (found.total_s, found.calls_max) == (total_s, calls_max)


def test_what_is_said_to_the_user_is_not_guessed_at() -> None:
    found = trace("yyyyyy", actions=["look", "say", "look", "look", "say"])
    # Begun at 0 and 1; step 1 speaks, and its verdict is there at 4; then 4, 5, 6; step 4 speaks until 9.
    assert under("tools-only", found).total_s == 12
    assert under("lookahead-4", found).total_s == 8


def test_the_oracle_does_not_ask_for_a_draft_that_never_comes() -> None:
    late = replace(ALL_RIGHT, rows=tuple(replace(row, draft_s=None) for row in ALL_RIGHT.rows))
    found = under("oracle", late)
    assert (found.total_s, found.calls_max, found.cancelled_tokens) == (18, 1, 0)


def test_every_kind_has_a_name_that_is_known() -> None:
    assert set(schedulers_named(STANDARD)) == set(STANDARD)
    for name in STANDARD:
        assert scheduler_named(name)(ALL_RIGHT).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lookahead",
        "lookahead-",
        "lookahead-4x1",
        "lookahead-0x2",
        "lookahead-4x",
        "batch-0",
        "batch-11",
        "topk-0",
        "auto@never",
        "ALONE",
        "oracle ",
    ],
)
def test_an_unknown_name_is_told_what_there_is(name: str) -> None:
    with pytest.raises(UnknownName, match="not known; there is alone") as error:
        scheduler_named(name)
    assert all(kind in str(error.value) for kind in SCHEDULERS)
