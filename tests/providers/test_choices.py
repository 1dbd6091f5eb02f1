from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.agents.model import Message, Reply, Request, ThoughtFirst
from outrider.providers.choices import grammar_of, matched, schema_of, separated, unwrapped


def one_of(*choices: str, thought: ThoughtFirst | None = None) -> Request:
    return Request(messages=(Message("user", "?"),), choices=choices, thought=thought)


THINKING = one_of("go", "stay", thought=ThoughtFirst(then=". Next: "))


def literals(grammar: str) -> list[str]:
    """What the quoted parts of a grammar stand for, read back by llama.cpp's rules for escapes."""

    def plain(match: re.Match[str]) -> str:
        return chr(int(match[1][1:], 16)) if match[1][0] == "u" else match[1]

    return [re.sub(r"\\(u[0-9a-f]{4}|.)", plain, text) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', grammar)]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_grammar_allows_exactly_the_choices(choices: list[str]) -> None:
    grammar = grammar_of(one_of(*choices))
    assert literals(grammar) == choices
    assert "\n" not in grammar


def test_a_grammar_puts_one_sentence_of_thought_before_the_choice() -> None:
    thinking = one_of("go", "stay", thought=ThoughtFirst(least_chars=1, most_chars=99, then=". Next: "))
    assert grammar_of(thinking) == r'root ::= [^:.\n\r]{1,99} ". Next: " ("go" | "stay")'


def test_a_schema_allows_exactly_the_choices_after_the_thought() -> None:
    assert schema_of(one_of("a", "b"))["properties"] == {"choice": {"type": "string", "enum": ["a", "b"]}}
    assert schema_of(THINKING)["required"] == ["thought", "choice"]


@given(st.lists(st.text(), min_size=1, max_size=5).flatmap(lambda choices: st.tuples(st.just(choices), st.sampled_from(choices))))
def test_a_wrapped_choice_is_unwrapped_to_itself(case: tuple[list[str], str]) -> None:
    choices, chosen = case
    assert unwrapped(json.dumps({"choice": chosen}), one_of(*choices)).text == chosen


@pytest.mark.parametrize("text", ["go", " Go \n", "GO"])
def test_a_choice_is_recognised_whatever_its_case_and_the_spaces_around(text: str) -> None:
    assert matched(text, ("stay", "go")) == "go"


def test_an_exact_choice_goes_before_one_that_only_looks_alike() -> None:
    assert matched("Go", ("go", "Go")) == "Go"


@pytest.mark.parametrize("text", ["", "going", "go stay", '{"choice": 3}', "[" * 100_000])
def test_what_names_no_choice_is_returned_as_it_is(text: str) -> None:
    assert unwrapped(text, one_of("go", "stay")).text == text


def test_a_server_that_ignores_the_schema_is_still_understood() -> None:
    assert unwrapped("Stay", one_of("go", "stay")).text == "stay"


def test_the_thought_is_told_apart_from_the_choice() -> None:
    wanted = Reply("go", thought="It is late")
    assert separated("It is late. Next: go", THINKING) == wanted
    assert separated("It is late\nNext: GO ", THINKING) == wanted
    assert unwrapped('{"thought": "It is late", "choice": "go"}', THINKING) == wanted


def test_the_last_of_the_dividing_words_divides() -> None:
    assert separated("Next: think. Next: go", THINKING) == Reply("go", thought="Next: think")


def test_a_choice_without_the_thought_is_a_choice() -> None:
    assert separated("stay", THINKING) == Reply("stay")
