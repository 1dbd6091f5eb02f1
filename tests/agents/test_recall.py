"""Drafting from memory: the longest run of actions, the most similar tasks, arguments filled, and nothing made up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider import FINISH, Step, Task, plan
from outrider.agents.agent import Meter
from outrider.agents.recall import Followed, Memory, RecallAgent
from outrider.agents.world import World
from outrider.errors import NoGuess
from outrider.journal import MemoryJournal
from outrider.model import NOTHING_USED, Prefix
from outrider.rules.events import Degraded, Failed
from outrider.testing import FakeAgent, run, steps
from outrider.worlds import WORLDS

FREE = World(name="free", about="anything goes")


def asked(text: str) -> Task:
    return Task(text, "free")


def memory_of(*plans: tuple[str, str]) -> Memory:
    """A memory of plans, each a task and its actions with spaces between them."""
    memory = Memory()
    for text, actions in plans:
        memory.learn(asked(text), steps(*actions.split()))
    return memory


def first(memory: Memory, text: str, *prefix: str) -> str | None:
    found = memory.guesses(asked(text), steps(*prefix))
    return found[0].action if found else None


# What is guessed ----------------------------------------------------------------------------------------------------


def test_the_plan_of_the_same_task_comes_again() -> None:
    memory = memory_of(("clean the noisy photo", "denoise show finish"))
    assert first(memory, "clean the noisy photo") == "denoise"
    assert first(memory, "clean the noisy photo", "denoise") == "show"
    assert first(memory, "clean the noisy photo", "denoise", "show") == FINISH


def test_where_nothing_fits_there_is_no_guess() -> None:
    memory = memory_of(("clean the noisy photo", "denoise finish"))
    assert Memory().guesses(asked("clean the noisy photo"), ()) == ()
    assert first(memory, "book flights towards Oslo") is None, "no word in common"
    assert first(memory, "clean the noisy photo", "fly") is None, "an action that nobody confirmed"
    assert memory.guesses(Task("clean the noisy photo", "other"), ()) == (), "another world"


def test_the_more_similar_task_decides() -> None:
    memory = memory_of(("clean the noisy photo", "denoise finish"), ("clean the blurry photo", "deblur finish"))
    assert first(memory, "clean a noisy photo") == "denoise"
    assert first(memory, "clean a blurry photo") == "deblur"


def test_one_very_similar_plan_counts_more_than_several_distant_ones() -> None:
    others = [(f"clean the {kind} photo of mine", "scrub finish") for kind in ("big", "old", "torn")]
    memory = memory_of(("clean the noisy photo", "denoise finish"), *others)
    assert first(memory, "clean the noisy photo") == "denoise"


def test_the_longest_run_of_actions_decides() -> None:
    memory = memory_of(("make it so", "a b c finish"), *[("make it so", "x b d finish")] * 3)
    assert first(memory, "make it so", "a", "b") == "c"
    assert first(memory, "make it so", "x", "b") == "d"
    assert first(memory, "make it so", "y", "b") == "d", "b alone is known, and was followed by d more often"


def test_shorter_runs_fill_up_what_is_left_of_the_guesses() -> None:
    memory = memory_of(("make it so", "a b c finish"), ("make it so", "x b d finish"))
    assert memory.guesses(asked("make it so"), steps("a", "b"), 2) == steps("c", "d")
    assert memory.guesses(asked("make it so"), steps("a", "b"), 9) == steps("c", "d")


def test_only_what_is_allowed_is_guessed() -> None:
    memory = memory_of(("make it so", "a b finish"), ("make it so", "c finish"), ("make it so", "a finish"))
    assert memory.guesses(asked("make it so"), (), 1, allowed=("c", FINISH)) == steps("c")


def test_steps_before_a_plan_was_gone_on_from_count_once() -> None:
    memory = memory_of(("make it so", "a"))
    memory.learn(asked("make it so"), steps("a", "b", FINISH), since=1)
    assert memory.following("free", ()) == (0, [Followed("a", 1)])
    assert memory.following("free", ("z", "a")) == (1, [Followed("b", 1)])


# Arguments ----------------------------------------------------------------------------------------------------------


def flight(to: str, people: int = 2) -> Step:
    return Step("fly", {"to": to, "people": people, "class": "economy"})


def test_an_argument_from_the_tasks_text_is_looked_up_between_the_same_words() -> None:
    memory = Memory()
    memory.learn(asked("Plan a trip to New York for 2 people"), (flight("New York"), Step(FINISH)))
    assert memory.guesses(asked("Plan a trip to Oslo for 11 people"), ()) == (flight("Oslo", 11),)
    assert memory.guesses(asked("Plan a trip to Rio de Janeiro for 2 people"), ()) == (flight("Rio de Janeiro"),)


def test_where_an_argument_cannot_be_found_there_is_no_guess() -> None:
    memory = Memory()
    memory.learn(asked("Plan a trip to Oslo for 2 people"), (flight("Oslo"),))
    assert memory.guesses(asked("Plan a trip for 2 people"), ()) == ()
    assert memory.guesses(asked("Plan a trip to Oslo for two people"), ()) == (), "two is no number in digits"
    assert memory.guesses(asked("Plan a trip to Oslo for 99999999999999999999 people"), ()) == ()


def test_an_argument_of_an_earlier_step_is_taken_from_there() -> None:
    memory = Memory()
    memory.learn(asked("find it"), (Step("search", {"for": "K-17"}), Step("open", {"what": "K-17"})))
    assert memory.guesses(asked("find it"), (Step("search", {"for": "B-2"}),)) == (Step("open", {"what": "B-2"}),)
    assert memory.guesses(asked("find it"), (Step("search"),)) == ()


# What always holds --------------------------------------------------------------------------------------------------

words = st.lists(st.sampled_from(["clean", "noisy", "blurry", "photo", "Oslo", "2", "to", "for", "!"]), min_size=1, max_size=6)
texts = words.map(" ".join)
values = st.sampled_from(["Oslo", "noisy", 2, True, None, "nowhere", [1], ""])
made_steps = st.builds(Step, st.sampled_from("abc"), st.dictionaries(st.sampled_from("xy"), values, max_size=2))
prefixes = st.lists(made_steps, max_size=5).map(tuple)
plans = st.lists(st.tuples(texts, prefixes), max_size=8)


def shape(step: Step) -> tuple[str, frozenset[str]]:
    return step.action, frozenset(step.arguments)


@given(plans, texts, prefixes, st.integers(1, 4))
def test_nothing_is_guessed_that_was_never_confirmed_its_arguments_aside(
    learned: list[tuple[str, Prefix]], text: str, prefix: Prefix, n: int
) -> None:
    memory = Memory()
    for task, confirmed in learned:
        memory.learn(asked(task), confirmed)
    guesses = memory.guesses(asked(text), prefix, n)
    assert len(set(guesses)) == len(guesses) <= n
    assert {shape(step) for step in guesses} <= {shape(step) for _, confirmed in learned for step in confirmed}
    if prefix and guesses:
        pairs = [pair for _, confirmed in learned for pair in pairwise(confirmed)]
        assert {step.action for step in guesses} <= {one.action for before, one in pairs if before.action == prefix[-1].action}


@given(plans, st.randoms(use_true_random=False), texts, prefixes)
def test_the_order_of_learning_changes_nothing(
    learned: list[tuple[str, Prefix]], random: Random, text: str, prefix: Prefix
) -> None:
    one, other = Memory(), Memory()
    for task, confirmed in learned:
        one.learn(asked(task), confirmed)
    random.shuffle(learned)
    for task, confirmed in learned:
        other.learn(asked(task), confirmed)
        other.guesses(asked(text), prefix)  # asking in between neither
    assert one.guesses(asked(text), prefix, 3) == other.guesses(asked(text), prefix, 3)


# The agent ----------------------------------------------------------------------------------------------------------


def test_the_agent_costs_nothing_and_says_so() -> None:
    agent, meter = RecallAgent(memory_of(("make it so", "a b finish")), FREE), Meter()
    answer = asyncio.run(agent.next_step(asked("make it so"), (), meter))
    assert answer.steps == steps("a")
    assert meter.usage == NOTHING_USED == agent.most(asked("make it so"), ())


def test_the_agent_keeps_to_the_worlds_actions() -> None:
    memory = Memory()
    openagi = WORLDS["openagi"]
    memory.learn(Task("a noisy photo", "openagi"), steps("Image Denoising", FINISH))
    agent = RecallAgent(memory, openagi)
    assert asyncio.run(agent.next_step(Task("a noisy photo", "openagi"), (), Meter())).steps == steps("Image Denoising")
    again = replace(openagi, allowed=lambda prefix: ("Colorization",))
    with pytest.raises(NoGuess):
        asyncio.run(RecallAgent(memory, again).next_step(Task("a noisy photo", "openagi"), (), Meter()))


def test_with_an_empty_memory_the_target_goes_on_alone_and_nothing_has_failed() -> None:
    answers = steps("a", "b", "c", "d", "e", FINISH)
    target = FakeAgent(lambda prefix: answers[len(prefix)], takes_s=1.0)

    async def drafted_from_nothing() -> None:
        journal = MemoryJournal()
        async with plan("make it so", target=target, approximation=RecallAgent(Memory(), FREE), journal=journal) as session:
            assert (await session.result()).prefix == answers
        assert session.figures.total_s == 6.0
        events = [record.event for record in journal.read(session.name)]
        assert not any(isinstance(event, Failed | Degraded) for event in events)

    run(drafted_from_nothing())
