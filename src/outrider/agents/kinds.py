"""The agents of the paper (arXiv 2410.00079, section 5): what a call asks of a model, and in how many requests.

| kind | requests per step |
|---|---|
| direct | 1: the action |
| cot | 1: a thought, then the action |
| react | 2: a thought; then the action |
| discussion | 5 in sequence: A, B, A, B, conclusion |

Where the action takes arguments, one more request asks for them, whatever the kind (``acting.py``).

Prompts are functions of the task and the prefix alone. What an agent thinks is kept for display and stays out of the prefix.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final, TypeAlias

from outrider.agents.acting import act, most_of_acting
from outrider.agents.agent import Agent, Meter
from outrider.agents.model import Model, Preparing, Reply, Request
from outrider.agents.prompts import Style, prompt
from outrider.agents.world import World
from outrider.errors import UnknownName
from outrider.model import NOTHING_USED, Answer, Prefix, Task, Usage

DISCUSSION: Final = (
    "You are planner A. Say in a sentence or two which step you would take next, and why.",
    "You are planner B. Say in a sentence or two what speaks for and against planner A's step, and which one you would take.",
    "You are planner A. Answer planner B in a sentence or two, and say which step you would take now.",
    "You are planner B. Answer planner A in a sentence or two, and say which step you would take now.",
)
"""The four turns before the conclusion."""


class ModelAgent:
    """What the four kinds have in common: a model, a world and a name."""

    kind: str
    turns: ClassVar[int] = 0
    """How many requests come before the one for the action."""

    def __init__(self, model: Model, world: World) -> None:
        self._model = model
        self._world = world

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The step that the model's last reply names."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        return f"{self.kind}@{self._model.name}"

    @property
    def requests(self) -> int:
        """How many requests a call makes, where none is asked again."""
        return self.turns + (2 if self._world.takes_arguments else 1)

    @property
    def server(self) -> str:
        """Whose limits its calls count on: agents over one model share them."""
        return str(getattr(self._model, "server", "") or self._model.name)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """The most that all requests of a call could consume together."""
        return self._most_of_the_end(self._request(task, prefix), prefix)

    async def prepare(self, task: Task) -> None:
        """Let the model read what is the same in all prompts for ``task``, if it is one that gains by it."""
        if isinstance(self._model, Preparing):
            await self._model.prepare(self._request(task, ()))

    def _request(self, task: Task, prefix: Prefix, said: tuple[str, ...] = ()) -> Request:
        """The request for the action; ``said`` is what has been said about it within this call."""
        return prompt(self._model.writing, self._world, task, prefix, style=Style.ACTION, said=said)

    async def _act(self, task: Task, prefix: Prefix, request: Request, meter: Meter, thought: str = "") -> Answer:
        """The answer that ``request`` leads to: the action and, where it takes some, its arguments."""
        parted = partial(_parted, request)
        step, thought_first = await act(self._model, self._world, task, prefix, request, meter, parted=parted)
        return Answer((step,), thought or thought_first)

    def _most_of_the_end(self, request: Request, prefix: Prefix) -> Usage:
        return most_of_acting(self._model, self._world, prefix, request)

    def _most_of_turns(self, task: Task, prefix: Prefix, turns: tuple[str, ...]) -> Usage:
        """All ``turns``, each with the longest ones before it in its prompt, and what follows from them."""
        total = NOTHING_USED
        said: tuple[str, ...] = ()
        for turn in turns:
            asked = prompt(self._model.writing, self._world, task, prefix, style=Style.THOUGHT, said=said, turn=turn)
            total += self._model.most(asked)
            # A token is at most a few bytes long in any tokeniser that is in use; 16 is beyond all of them on average.
            said += ("x" * 16 * asked.most_output_tokens,)
        return total + self._most_of_the_end(self._request(task, prefix, said), prefix)


def _parted(request: Request, reply: Reply) -> Reply:
    """The reply with its thought told apart: in free words nothing makes the model keep to the form."""
    if request.thought is None or request.choices:
        return reply
    thought, then, step = reply.text.partition(request.thought.then)
    return Reply(step, thought=thought.strip()) if then else reply


class Direct(ModelAgent):
    """Direct generation: the action, and nothing else."""

    kind = "direct"

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """One request: the action."""
        return await self._act(task, prefix, self._request(task, prefix), meter)


class ChainOfThought(ModelAgent):
    """A thought first, then the action, in one reply."""

    kind = "cot"

    def _request(self, task: Task, prefix: Prefix, said: tuple[str, ...] = ()) -> Request:
        return prompt(self._model.writing, self._world, task, prefix, style=Style.THOUGHT_AND_ACTION, said=said)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """One request: a thought and the action it leads to."""
        return await self._act(task, prefix, self._request(task, prefix), meter)


class ReAct(ModelAgent):
    """Reason, then act: the thought is a request of its own."""

    kind = "react"
    turns = 1

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """Two requests: a thought; then, with the thought in the prompt, the action."""
        asked = prompt(self._model.writing, self._world, task, prefix, style=Style.THOUGHT)
        thought = " ".join((await self._model.reply(asked, meter)).text.split())
        return await self._act(task, prefix, self._request(task, prefix, (self._thought(thought),)), meter, thought)

    def _thought(self, thought: str) -> str:
        """A thought as a line of the prompt: in a chat it says what it is, so that it is not taken for a step."""
        return thought if self._model.writing == "continued" else f"Thought: {thought}"

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Both requests, with the longest thought in the second's prompt."""
        return self._most_of_turns(task, prefix, ("",))


class Discussion(ModelAgent):
    """Two voices of one model argue, then the step is concluded from what they said."""

    kind = "discussion"
    turns = len(DISCUSSION)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """Five requests in sequence: A, B, A, B, conclusion."""
        said: tuple[str, ...] = ()
        for number, turn in enumerate(DISCUSSION):
            asked = prompt(self._model.writing, self._world, task, prefix, style=Style.THOUGHT, said=said, turn=turn)
            reply = await self._model.reply(asked, meter)
            said += (f"Planner {'AB'[number % 2]}: {' '.join(reply.text.split())}",)
        return await self._act(task, prefix, self._request(task, prefix, said), meter, "\n".join(said))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """All five requests, each with the longest turns before it in its prompt."""
        return self._most_of_turns(task, prefix, DISCUSSION)


Kind: TypeAlias = type[Direct] | type[ChainOfThought] | type[ReAct] | type[Discussion]

KINDS: Final[dict[str, Kind]] = {kind.kind: kind for kind in (Direct, ChainOfThought, ReAct, Discussion)}

SETTINGS: Final[dict[int, tuple[str, str]]] = {
    1: ("direct", "react"),
    2: ("direct", "cot"),
    3: ("cot", "discussion"),
    4: ("direct", "direct"),
}
"""The paper's settings 1 to 4: the kinds of the approximation and the target agent."""


def agent_of_kind(kind: str, model: Model, world: World) -> ModelAgent:
    """An agent of ``kind`` over ``model``, in ``world``.

    Raises:
        UnknownName: there is no such kind.
    """
    if kind not in KINDS:
        raise UnknownName(f"the kind {kind!r} is not known; give one of {', '.join(KINDS)}")
    return KINDS[kind](model, world)


def setting(number: int, *, fast: Model, strong: Model, world: World) -> tuple[Agent, Agent]:
    """The approximation and the target agent of the paper's setting ``number``.

    In settings 1 to 3 the paper uses one strong model throughout, in setting 4 a small one drafts: give them as ``fast`` and
    ``strong``.

    Raises:
        UnknownName: there is no such setting.
    """
    if number not in SETTINGS:
        raise UnknownName(f"setting {number} is not one of the paper's; give 1, 2, 3 or 4")
    approximation, target = SETTINGS[number]
    return agent_of_kind(approximation, fast, world), agent_of_kind(target, strong, world)
