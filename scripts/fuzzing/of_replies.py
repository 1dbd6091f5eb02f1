"""What models say, and what people type: through the agents' kinds, in worlds with and without arguments."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider.agents.agent import FunctionAgent, Meter, checked, sound
from outrider.agents.kinds import KINDS, agent_of_kind
from outrider.agents.model import Reply, Request, Writing
from outrider.agents.own_tools import world_of_tools
from outrider.agents.topk import TopK
from outrider.agents.typed import completions, typed_step
from outrider.agents.world import World
from outrider.errors import BadStep, NoStep
from outrider.journal import from_line, to_line
from outrider.model import JSON, Answer, Prefix, Step, Task, Usage
from outrider.rules.events import Record, Verified
from outrider.tools.toolbox import Described
from outrider.worlds import FREE, WORLDS

TOYS: Final = world_of_tools(
    (
        Described(
            "search",
            "searches",
            {
                "type": "object",
                "properties": {"to": {"type": "string"}, "nights": {"type": "integer", "minimum": 1}},
                "required": ["to"],
                "additionalProperties": False,
            },
        ),
        Described(
            "note",
            "writes a note",
            {
                "type": "object",
                "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "more": {"type": ["object", "null"]}},
            },
        ),
        Described("clock", "what time it is", {"type": "object", "properties": {}}),
    )
)
OPENAGI: Final = WORLDS["openagi"]
WORLD_OF: Final[tuple[World, ...]] = (FREE, OPENAGI, TOYS)
SAID: Final = {
    FREE.name: (
        "Boil water",
        "finish",
        "Boil water. Next: Pour it",
        "1. Boil water\n2. Put a tea bag into a cup\n- finish",
        "**Boil** `water`",
    ),
    OPENAGI.name: ("Colorization", "finish", "It is grey. Next: Colorization", "image super resolution", "'Colorization'."),
    TOYS.name: ("search", "note", "clock", "finish", "Something is missing. Next: search"),
}
ARGUMENTS: Final[tuple[dict[str, JSON], ...]] = (
    {"to": "Oslo", "nights": 2},
    {"tags": ["a", "b"], "more": {"x": None}},
    {},
    {"to": "\u00c5lesund", "nights": 1.0},
)
TYPED: Final = (
    "search",
    'search(to="Oslo", nights=2)',
    "search(to=Oslo, nights=2)",
    '{"action": "search", "arguments": {"to": "Oslo"}}',
    "finish",
    "note(tags=[1, 2], more=null)",
    "Colorization",
    "Boil water",
)
TASK: Final = Task("Given a grey image, how to return the caption in German?", "fuzz")
PREFIXES: Final[tuple[Prefix, ...]] = (
    (),
    (Step("search", {"to": "Oslo"}, "3 hotels\n  | Step 7: pay"),),
    (Step("Colorization"),),
)


class Saying:
    """A model that says what is to be said next."""

    name = "saying"
    writing: Writing

    def __init__(self, spoiler: Spoiler, writing: Writing) -> None:
        self.writing = writing
        self._spoiler = spoiler
        self.asked: list[Request] = []

    async def reply(self, request: Request, meter: Meter) -> Reply:
        """A reply of the form that is asked for, spoilt."""
        self.asked.append(request)
        spoiler = self._spoiler
        if request.schema is not None:
            text = spoiler.json(spoiler.one_of(ARGUMENTS), ARGUMENTS)
            text = f"```json\n{text}\n```" if spoiler.rarely(0.2) else text
        else:
            said = spoiler.one_of((*SAID.values(), request.choices or ("I would begin",)))
            text = spoiler.text(spoiler.one_of(said), said) if spoiler.rarely(0.6) else spoiler.one_of(said)
        others = tuple((spoiler.one_of(request.choices), 0.1) for _ in range(2)) if request.rates and spoiler.rarely(0.5) else ()
        return Reply(text, thought=spoiler.odd_text("It is grey"), likelihood=spoiler.one_of((None, 0.5)), others=others)

    def most(self, request: Request) -> Usage:
        """Nothing is reserved."""
        return Usage()

    async def close(self) -> None:
        """Nothing is open."""


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """What ``work`` returns, which waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


class Replies:
    """The readers of what models and people say."""

    def kinds(self, spoiler: Spoiler) -> None:
        """Each kind of agent names a step that is in the world, or none."""
        world, prefix = spoiler.one_of(WORLD_OF), spoiler.one_of(PREFIXES)
        model = Saying(spoiler, spoiler.one_of(("chat", "continued")))
        kind = spoiler.one_of((*KINDS, "topk"))
        agent = (
            TopK(model, world, 3)
            if kind == "topk" and world is not TOYS
            else agent_of_kind(kind if kind in KINDS else "direct", model, world)
        )
        answer = checked(done(agent.next_step(TASK, prefix, Meter())), agent.name)
        for step in answer.steps:
            self._stands(step, world, prefix)

    def _stands(self, step: Step, world: World, prefix: Prefix) -> None:
        """The step may come there, can be asked after, and can be written down."""
        world.check(step, prefix)
        holds(isinstance(str(step), str), "a step has no text")
        record = Record(n=0, time_s=0.0, event=Verified(call=0, at=len(prefix), step=step))
        holds(from_line(to_line(record)) == record, "a step is not what it is written as")

    def typed(self, spoiler: Spoiler) -> None:
        """What a person types is a step of the world, or none."""
        world, prefix = spoiler.one_of(WORLD_OF), spoiler.one_of(PREFIXES)
        text = spoiler.text(spoiler.one_of(TYPED), TYPED)
        completions(text, world, prefix)
        self._stands(typed_step(text, world, prefix), world, prefix)

    def functions(self, spoiler: Spoiler) -> None:
        """Whatever a user's function answers is an answer, or none."""
        said = spoiler.value(["search", {"to": "Oslo"}, 0.5, [0.5, 2, None]])
        shapes = (said, Step("a"), Answer((Step("a"), Step("b")), thought=said, confidence=said), Answer(said), None)

        async def says(task: Task, prefix: Prefix) -> Any:
            return spoiler.one_of(shapes)

        answer = checked(done(FunctionAgent(says).next_step(TASK, (), Meter())), "says")
        holds(all(0 <= sure <= 1 for sure in answer.confidence), "a confidence is none")
        number: Any = said[2] if isinstance(said, list) and len(said) > 2 else said
        counted = sound(Usage(number, number, number, cost_usd=number))
        holds(counted.output_tokens >= 0, "a count is below 0")


def targets(folder: Path) -> list[Target]:
    """The readers of what models and people say."""
    of = Replies()
    return [
        Target(name="kinds of agents", group="replies", parts=8, feed=of.kinds, refuses=(NoStep,)),
        Target(name="typed steps", group="replies", parts=10, feed=of.typed, refuses=(BadStep,)),
        Target(name="functions", group="replies", parts=4, feed=of.functions, refuses=(NoStep,)),
    ]
