"""The four kinds of agent over a scripted model: how many requests, what goes into them, and what never does."""

from __future__ import annotations

import pytest

from outrider import FINISH, Answer, Step
from outrider.agents.agent import Agent, Meter
from outrider.agents.kinds import KINDS, SETTINGS, Kind, agent_of_kind, setting
from outrider.agents.model import Request, Writing
from outrider.errors import NoStep, UnknownName
from outrider.model import Prefix, Task, Usage
from outrider.testing import run, steps
from outrider.worlds import FREE, WORLDS
from outrider.worlds.openagi import WORLD

from .scripted import ScriptedModel, text_of

TASK = Task("Given noisy gray photo, how to return the caption in German step by step?", "openagi")
REQUESTS = {"direct": 1, "cot": 1, "react": 2, "discussion": 5}
SECRET_THOUGHT = "Perhaps the colours of autumn"

every_kind = pytest.mark.parametrize("kind", KINDS)
both_writings = pytest.mark.parametrize("writing", ["chat", "continued"])


def ask(agent: Agent, prefix: Prefix = (), meter: Meter | None = None) -> Answer:
    return run(agent.next_step(TASK, prefix, meter or Meter()))


def thinking_aloud(request: Request) -> str:
    return request.choices[0] if request.choices else SECRET_THOUGHT


@every_kind
@both_writings
def test_a_step_takes_as_many_requests_as_the_paper_says_one_after_another(kind: str, writing: Writing) -> None:
    model = ScriptedModel(writing=writing)
    ask(agent_of_kind(kind, model, WORLD))
    assert len(model.asked) == REQUESTS[kind]
    assert model.most_under_way == 1


@every_kind
@both_writings
def test_equal_prefixes_are_asked_with_equal_requests(kind: str, writing: Writing) -> None:
    model = ScriptedModel(thinking_aloud, writing=writing)
    agent = agent_of_kind(kind, model, WORLD)
    for _ in range(2):
        ask(agent, (Step("Image  Denoising"),))
    ask(agent, (Step("Image Denoising", {}),))
    number = REQUESTS[kind]
    assert model.asked[:number] == model.asked[number : 2 * number] == model.asked[2 * number :]


@every_kind
@both_writings
def test_what_an_agent_thought_stays_out_of_its_step_and_of_later_prompts(kind: str, writing: Writing) -> None:
    model = ScriptedModel(thinking_aloud, writing=writing, thought=SECRET_THOUGHT)
    agent = agent_of_kind(kind, model, WORLD)
    answer = ask(agent)
    assert SECRET_THOUGHT not in str(answer.steps[0])
    before = len(model.asked)
    ask(agent, answer.steps)
    assert SECRET_THOUGHT not in text_of(model.asked[before])


@pytest.mark.parametrize("kind", ["react", "discussion"])
def test_what_was_said_within_a_call_stands_in_its_later_requests(kind: str) -> None:
    model = ScriptedModel(thinking_aloud)
    answer = ask(agent_of_kind(kind, model, WORLD))
    assert SECRET_THOUGHT not in text_of(model.asked[0])
    assert all(SECRET_THOUGHT in text_of(request) for request in model.asked[1:])
    assert SECRET_THOUGHT in answer.thought


def test_in_a_discussion_a_and_b_take_turns_and_both_are_heard() -> None:
    turns = iter(["first", "second", "third", "fourth"])
    model = ScriptedModel(lambda request: "Colorization" if request.choices else next(turns))
    answer = ask(agent_of_kind("discussion", model, WORLD))
    assert answer.thought.splitlines() == ["Planner A: first", "Planner B: second", "Planner A: third", "Planner B: fourth"]
    assert answer.steps == steps("Colorization")


@every_kind
@pytest.mark.parametrize("said", ["", "   \n", "I cannot help with that.", "Image Deblurring, Colorization", "{}"])
def test_an_empty_reply_and_rubbish_are_no_step(kind: str, said: str) -> None:
    with pytest.raises(NoStep):
        ask(agent_of_kind(kind, ScriptedModel(lambda request: said), WORLD))


@every_kind
def test_the_meter_adds_up_over_all_requests(kind: str) -> None:
    meter, model = Meter(), ScriptedModel()
    ask(agent_of_kind(kind, model, WORLD), meter=meter)
    assert meter.usage.output_tokens == 10 * REQUESTS[kind]
    assert meter.usage.cost_usd == pytest.approx(0.01 * REQUESTS[kind])
    assert meter.usage.prompt_tokens == sum(len(text_of(request)) - len(request.messages) + 1 for request in model.asked)


@every_kind
def test_what_was_used_before_a_later_request_failed_still_counts(kind: str) -> None:
    model, meter = ScriptedModel(lambda request: "rubbish"), Meter()
    with pytest.raises(NoStep):
        ask(agent_of_kind(kind, model, WORLD), meter=meter)
    assert meter.usage.output_tokens == 10 * REQUESTS[kind]


@every_kind
@both_writings
def test_the_most_of_a_call_is_a_bound_on_what_it_uses(kind: str, writing: Writing) -> None:
    def as_long_as_may_be(request: Request) -> str:
        return "Colorization" if request.choices else "word " * request.most_output_tokens

    agent, meter = agent_of_kind(kind, ScriptedModel(as_long_as_may_be, writing=writing), WORLD), Meter()
    most = agent.most(TASK, steps("Image Denoising"))
    ask(agent, steps("Image Denoising"), meter)
    assert most is not None
    assert most.cost_usd is not None
    assert meter.usage.prompt_tokens <= most.prompt_tokens
    assert meter.usage.output_tokens <= most.output_tokens
    assert (meter.usage.cost_usd or 0) <= most.cost_usd


@every_kind
def test_an_unknown_price_of_a_request_makes_the_most_of_dollars_unknown(kind: str) -> None:
    class Unpriced(ScriptedModel):
        def most(self, request: Request) -> Usage:
            return Usage(1, 0, 1, "estimated", None)

    most = agent_of_kind(kind, Unpriced(), WORLD).most(TASK, ())
    assert most is not None
    assert most.cost_usd is None


@every_kind
def test_a_free_world_takes_a_sentence_for_a_step_and_finish_for_the_end(kind: str) -> None:
    def ends(request: Request) -> str:
        return "Finish."

    said = ask(agent_of_kind(kind, ScriptedModel(lambda request: "Call the neighbours."), FREE))
    assert said.steps == steps("Call the neighbours")
    assert ask(agent_of_kind(kind, ScriptedModel(ends), FREE)).steps == (Step(FINISH),)


@every_kind
def test_an_agents_name_is_its_kind_and_its_model(kind: str) -> None:
    assert agent_of_kind(kind, ScriptedModel(), WORLD).name == f"{kind}@scripted"


def test_a_kind_or_setting_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="'oracle' is not known; give one of direct, cot, react, discussion"):
        agent_of_kind("oracle", ScriptedModel(), WORLD)
    with pytest.raises(UnknownName, match="setting 5"):
        setting(5, fast=ScriptedModel(), strong=ScriptedModel(), world=WORLD)


@pytest.mark.parametrize(
    ("number", "kinds"), [(1, ("direct", "react")), (2, ("direct", "cot")), (3, ("cot", "discussion")), (4, ("direct", "direct"))]
)
def test_the_papers_settings_are_pairs_of_kinds_over_the_fast_and_the_strong_model(number: int, kinds: tuple[str, str]) -> None:
    assert SETTINGS[number] == kinds
    fast, strong = ScriptedModel(), ScriptedModel()
    approximation, target = setting(number, fast=fast, strong=strong, world=WORLD)
    assert (approximation.name, target.name) == tuple(f"{kind}@scripted" for kind in kinds)
    ask(approximation)
    assert (len(fast.asked), len(strong.asked)) == (REQUESTS[kinds[0]], 0)
    ask(target)
    assert len(strong.asked) == REQUESTS[kinds[1]]


@pytest.mark.parametrize("kind", KINDS.values())
@pytest.mark.parametrize("world", WORLDS.values(), ids=lambda world: world.name)
def test_every_kind_works_in_every_world(kind: Kind, world: object) -> None:
    assert isinstance(kind(ScriptedModel(), WORLDS[getattr(world, "name", "")]), Agent)
