"""Several guesses of one model for a step, best first, and how sure it is of each.

Where a server tells how likely other choices were (OpenAI's `logprobs`), one request is enough. Else the model is asked again
without what it has named: the next best, exactly, for a prompt that a prefix cache has already. In free words, it is asked for
lines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

from outrider.agents.agent import MOST_GUESSES, Meter
from outrider.agents.kinds import Direct
from outrider.agents.model import Message, Model, Request
from outrider.agents.world import World
from outrider.errors import BadOption, NoStep
from outrider.model import NOTHING_USED, Answer, Prefix, Step, Task, Usage

Rated: TypeAlias = dict[Step, float | None]
"""Steps in the order in which they were named, and how likely each was, where the server tells."""

_LINES: Final = "Name up to {most} different steps that may come next, the likeliest first, one a line and nothing else."

_BULLETS: Final = " -*0123456789.)"
"""What a line of a list may begin with."""


class TopK(Direct):
    """Direct generation with up to ``guesses`` different steps an answer; only a drafter can use more than one.

    Raises:
        BadOption: there are fewer guesses than one or more than anybody could verify, or the world's actions take arguments,
            which would have to be asked for one by one.
    """

    def __init__(self, model: Model, world: World, guesses: int) -> None:
        if not 1 <= guesses <= MOST_GUESSES:
            raise BadOption(f"{guesses} guesses for a step are asked for; give 1 to {MOST_GUESSES}")
        if world.takes_arguments:
            raise BadOption(f"the actions of {world.name} take arguments, so a step is guessed once; leave *{guesses} out")
        super().__init__(model, world)
        self._guesses = guesses

    @property
    def name(self) -> str:
        return f"{super().name}*{self._guesses}"

    @property
    def requests(self) -> int:
        """As many as guesses, where the server does not say what else was likely."""
        return self._guesses

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """Up to so many different steps.

        Raises:
            NoStep: not even the first is one.
        """
        request = self._request(task, prefix)
        if not request.choices:
            return await self._lines(request, prefix, meter)
        found: Rated = {}
        while request.choices and len(found) < self._guesses:
            reply = await self._model.reply(replace(request, rates=True), meter)
            found[self._world.read(reply.text, prefix)] = reply.likelihood
            for text, likelihood in reply.others:
                found.setdefault(self._world.read(text, prefix), likelihood)
            if reply.others:
                return _ranked(found, self._guesses)
            request = replace(request, choices=self._left(request, found, prefix))
        return _ranked(_compared(found), self._guesses)

    def _left(self, request: Request, found: Rated, prefix: Prefix) -> tuple[str, ...]:
        """The choices that name none of the steps that were found: there may be several words for one action."""
        return tuple(choice for choice in request.choices if self._world.read(choice, prefix) not in found)

    async def _lines(self, request: Request, prefix: Prefix, meter: Meter) -> Answer:
        if self._guesses > 1 and self._model.writing == "chat":
            request = self._for_lines(request)
        reply = await self._model.reply(request, meter)
        steps: dict[Step, None] = {}
        for line in reply.text.splitlines():
            try:
                step = self._world.read(line.lstrip(_BULLETS), prefix)
            except NoStep:
                continue
            steps[step] = None
        if not steps:
            raise NoStep(f"the reply {reply.text[:80]!r} names no step")
        return Answer(tuple(steps)[: self._guesses])

    def _for_lines(self, request: Request) -> Request:
        *before, last = request.messages
        told = Message(last.speaker, f"{last.text}\n{_LINES.format(most=self._guesses)}")
        most = self._guesses * request.most_output_tokens
        return replace(request, messages=(*before, told), stop=(), most_output_tokens=most)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What all requests of a call could consume together."""
        request = self._request(task, prefix)
        if not request.choices:
            return self._model.most(self._for_lines(request))
        return sum([self._model.most(request) for _ in range(self._guesses)], start=NOTHING_USED)


def _ranked(found: Rated, most: int) -> Answer:
    """The first one named, then the likeliest of the others; how sure the model is, if it is known of all."""
    first, *others = found
    others.sort(key=lambda step: -(found[step] or 0.0))
    steps = (first, *others)[:most]
    known = tuple(likelihood for step in steps if (likelihood := found[step]) is not None)
    return Answer(steps, confidence=known if len(known) == len(steps) else ())


def _compared(found: Rated) -> Rated:
    """Each step's likelihood as a share of all: what is likely among all texts says little where few were allowed."""
    whole = sum(likelihood or 0.0 for likelihood in found.values())
    if len(found) < 2 or whole <= 0:
        return found
    return {step: None if likelihood is None else min(1.0, likelihood / whole) for step, likelihood in found.items()}
