"""Agents that call tools: the action, then its arguments; what will not do is asked for once more, and then is no step."""

from __future__ import annotations

import asyncio
import json

import pytest

from outrider import FINISH, Answer, Step
from outrider.agents.agent import Agent, Meter, server_of
from outrider.agents.kinds import KINDS, agent_of_kind
from outrider.agents.model import Request, Writing
from outrider.agents.own_tools import world_of_tools
from outrider.errors import NoStep
from outrider.model import Prefix, Task
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.testing import run
from outrider.testing.model_server import Asked, ModelServer, Sends, says
from outrider.worlds.openagi import WORLD

from .scripted import ScriptedModel, text_of
from .toys import TOYS, Toy, calling, taking

TASK = Task("How warm is it in Oslo?", "tools")
OSLO = '{"city": "Oslo"}'
REQUESTS = {"direct": 1, "cot": 1, "react": 2, "discussion": 5}
RAN = (Step("weather", {"city": "Oslo"}, '{"c":-3}'),)

every_kind = pytest.mark.parametrize("kind", KINDS)
both_writings = pytest.mark.parametrize("writing", ["chat", "continued"])


def ask(agent: Agent, prefix: Prefix = (), meter: Meter | None = None) -> Answer:
    return run(agent.next_step(TASK, prefix, meter or Meter()))


@every_kind
@both_writings
def test_an_action_with_arguments_takes_one_request_more(kind: str, writing: Writing) -> None:
    model = calling("weather", lambda _: OSLO, writing=writing)
    agent = agent_of_kind(kind, model, TOYS)
    assert ask(agent).steps == (Step("weather", {"city": "Oslo"}),)
    assert len(model.asked) == REQUESTS[kind] + 1 == server_of(agent).requests
    assert model.most_under_way == 1


@every_kind
@pytest.mark.parametrize("action", ["clock", FINISH])
def test_an_action_without_arguments_does_not(kind: str, action: str) -> None:
    model = calling(action, lambda _: OSLO)
    assert ask(agent_of_kind(kind, model, TOYS)).steps == (Step(action),)
    assert len(model.asked) == REQUESTS[kind]
    assert server_of(agent_of_kind(kind, model, WORLD)).requests == REQUESTS[kind]


@every_kind
@both_writings
def test_the_request_for_arguments_begins_as_the_one_for_the_action_did_and_is_bound_to_the_schema(
    kind: str, writing: Writing
) -> None:
    model = calling("weather", lambda _: OSLO, writing=writing)
    ask(agent_of_kind(kind, model, TOYS), RAN)
    named, asked = model.asked[-2:]
    assert asked.schema == taking("city")
    assert not asked.choices
    assert text_of(asked).startswith(text_of(named))
    assert asked.messages[:-1] == named.messages[:-1] if writing == "continued" else asked.messages[: len(named.messages)]


def test_in_a_chat_the_schema_is_also_said_for_servers_that_cannot_be_bound() -> None:
    model = calling("weather", lambda _: OSLO)
    ask(agent_of_kind("direct", model, TOYS))
    assert json.dumps(taking("city")) in model.asked[-1].messages[-1].text


@both_writings
def test_a_thought_before_the_action_stands_before_its_arguments_too(writing: Writing) -> None:
    model = calling("weather", lambda _: OSLO, writing=writing)
    model._thought = "Oslo is asked for"
    answer = ask(agent_of_kind("cot", model, TOYS))
    assert "Oslo is asked for. Next: weather" in text_of(model.asked[-1])
    assert answer.thought == "Oslo is asked for"


@every_kind
@both_writings
@pytest.mark.parametrize(
    ("rubbish", "wrong"),
    [
        ("", "no JSON object"),
        ("Oslo, I should say", "no JSON object"),
        ('{"city": "Os', "no JSON object"),
        ('["Oslo"]', "no JSON object"),
        ("{}", "'city' is a required property"),
        ('{"city": 7}', "7 is not of type 'string'"),
        ('{"city": "Oslo", "country": "Norway"}', "Additional properties"),
        ('{"city": NaN}', "finite number"),
        ("[" * 5000, "no JSON object"),
    ],
)
def test_arguments_that_will_not_do_are_asked_for_once_more_with_what_is_wrong(
    kind: str, writing: Writing, rubbish: str, wrong: str
) -> None:
    model = calling("weather", lambda at: OSLO if at else rubbish, writing=writing)
    assert ask(agent_of_kind(kind, model, TOYS)).steps == (Step("weather", {"city": "Oslo"}),)
    assert len(model.asked) == REQUESTS[kind] + 2
    first, again = model.asked[-2:]
    assert again.schema == first.schema
    assert text_of(again).startswith(text_of(first))
    assert wrong[:20] in text_of(again)[len(text_of(first)) :]
    assert len(text_of(again)) < len(text_of(first)) + 2000


@every_kind
@both_writings
def test_arguments_that_will_not_do_twice_are_no_step(kind: str, writing: Writing) -> None:
    model = calling("weather", lambda _: "{}", writing=writing)
    with pytest.raises(NoStep, match="the arguments of weather do not fit: 'city' is a required property"):
        ask(agent_of_kind(kind, model, TOYS))
    assert len(model.asked) == REQUESTS[kind] + 2


@pytest.mark.parametrize("said", [f"```json\n{OSLO}\n```", f"Here they are: {OSLO}. Good luck!", f"\n {OSLO}"])
def test_what_a_model_puts_around_its_json_is_passed_over(said: str) -> None:
    model = calling("weather", lambda _: said)
    assert ask(agent_of_kind("direct", model, TOYS)).steps == (Step("weather", {"city": "Oslo"}),)


@every_kind
@both_writings
def test_a_tool_that_does_not_exist_is_asked_for_once_more_and_then_is_no_step(kind: str, writing: Writing) -> None:
    names = iter(["teleport", "clock", "teleport", "abracadabra"])
    model = ScriptedModel(lambda request: next(names) if request.choices else "hm", writing=writing)
    agent = agent_of_kind(kind, model, TOYS)
    assert ask(agent).steps == (Step("clock"),)
    assert "'teleport' is none of the actions allowed" in text_of(model.asked[-1])
    with pytest.raises(NoStep, match="'abracadabra' is none of the actions"):
        ask(agent)
    assert len(model.asked) == 2 * (REQUESTS[kind] + 1)


@every_kind
@both_writings
def test_equal_prefixes_are_asked_with_equal_requests_and_others_with_others(kind: str, writing: Writing) -> None:
    model = calling("weather", lambda _: OSLO, writing=writing)
    agent = agent_of_kind(kind, model, TOYS)
    for prefix in (RAN, (Step(" weather", {"city": "Oslo"}, '{"c":-3}'),), (RAN[0].named,), (RAN[0].observed('{"c":4}'),)):
        ask(agent, prefix)
    number = REQUESTS[kind] + 1
    first, same, unrun, other = (model.asked[i * number : (i + 1) * number] for i in range(4))
    assert first == same
    assert len({text_of(asked[0]) for asked in (first, unrun, other)}) == 3


@every_kind
@both_writings
def test_the_most_of_a_call_is_a_bound_on_what_it_uses_with_every_reply_asked_for_twice(kind: str, writing: Writing) -> None:
    world = world_of_tools((Toy("a", parameters=taking("x")), Toy("long name " * 5 + "end", parameters=taking("y" * 300))))
    tools = [action.name for action in world.actions]
    names = iter(["?" * 2000, tools[1]])

    def as_long_as_may_be(request: Request) -> str:
        if request.schema is not None:
            return "🙈" * 2000
        return next(names) if request.choices else "word " * request.most_output_tokens

    agent, meter = agent_of_kind(kind, ScriptedModel(as_long_as_may_be, writing=writing, thought="x" * 120), world), Meter()
    most = agent.most(TASK, RAN)
    with pytest.raises(NoStep):
        ask(agent, RAN, meter)
    assert most is not None
    assert meter.usage.prompt_tokens <= most.prompt_tokens
    assert meter.usage.output_tokens <= most.output_tokens
    assert (meter.usage.cost_usd or 0) <= (most.cost_usd or 0)


def test_over_a_model_server_the_name_and_then_the_arguments_are_bound_by_schemas() -> None:
    def answers(asked: Asked) -> Sends:
        schema = asked.body["response_format"]["json_schema"]["schema"]
        if "choice" in schema["properties"]:
            return says('{"choice": "weather"}')
        return says('{"city": 7}') if asked.body["messages"][-2]["content"] == "weather" else says('{"city": ', '"Oslo"}')

    async def asked_of(server: ModelServer) -> tuple[Answer, int]:
        model = OpenAICompatible(server.url, "m", retries=0)
        try:
            return await agent_of_kind("direct", model, TOYS).next_step(TASK, RAN, Meter()), len(server.asked)
        finally:
            await model.close()

    async def served() -> tuple[Answer, int]:
        async with ModelServer(answers) as server:
            return await asked_of(server)

    assert asyncio.run(served()) == (Answer((Step("weather", {"city": "Oslo"}),)), 3)
