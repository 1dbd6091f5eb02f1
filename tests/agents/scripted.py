"""A language model that answers from a script, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable

from outrider import Usage
from outrider.agents.agent import Meter
from outrider.agents.model import Reply, Request, Writing


class ScriptedModel:
    """Answers by request; without a script, the first choice, or a thought where nothing is to be chosen.

    Each request uses ten tokens of output and a cent.
    """

    name = "scripted"

    def __init__(self, says: Callable[[Request], str] | None = None, *, writing: Writing = "chat", thought: str = "") -> None:
        self.writing: Writing = writing
        self.asked: list[Request] = []
        self.under_way = 0
        self.most_under_way = 0
        self._says = says or (lambda request: request.choices[0] if request.choices else "I would begin")
        self._thought = thought

    async def reply(self, request: Request, meter: Meter) -> Reply:
        self.asked.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        text = self._says(request)
        meter.settle(Usage(self._prompt_tokens(request), 0, 10, "reported", 0.01))
        self.under_way -= 1
        return Reply(text, thought=self._thought)

    def most(self, request: Request) -> Usage:
        return Usage(self._prompt_tokens(request), 0, request.most_output_tokens, "estimated", 0.02)

    @staticmethod
    def _prompt_tokens(request: Request) -> int:
        return sum(len(message.text) for message in request.messages)

    async def close(self) -> None:
        pass


def text_of(request: Request) -> str:
    """All that a request says."""
    return "\n".join(message.text for message in request.messages)
