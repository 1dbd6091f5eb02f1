"""Several drafters as one approximation agent: each is asked for a step after those before it have said what they know."""

from __future__ import annotations

from outrider.agents.agent import Agent, Meter, checked
from outrider.errors import BadOption, NoGuess
from outrider.model import NOTHING_USED, Answer, Prefix, Task, Usage


class Several:
    """Drafters in the order in which they are asked: the cheapest first.

    A session takes them apart (``drafters_of``): each has calls of its own, and its guesses are children of their own. Asked as
    one agent, it gives the answer of the first that has one.

    Raises:
        BadOption: there is none, or one of them is ``Several`` itself.
    """

    __slots__ = ("drafters", "name")

    def __init__(self, *drafters: Agent) -> None:
        if not drafters:
            raise BadOption("several drafters are none; give at least one agent")
        if any(isinstance(drafter, Several) for drafter in drafters):
            raise BadOption("one of several drafters is several itself; give them all in one list")
        self.drafters = drafters
        self.name = "+".join(drafter.name for drafter in drafters)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The answer of the first that has a guess.

        Raises:
            NoGuess: none has. A drafter that fails ends the call with its error.
        """
        for drafter in self.drafters:
            try:
                return checked(await drafter.next_step(task, prefix, meter), drafter.name)
            except NoGuess:
                continue
        raise NoGuess(f"none of {self.name} has a guess here")

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What all of them could consume together; ``None`` where one cannot say."""
        total = NOTHING_USED
        for drafter in self.drafters:
            most = drafter.most(task, prefix)
            if most is None:
                return None
            total += most
        return total


def drafters_of(agent: Agent) -> tuple[Agent, ...]:
    """The agents that ``agent`` is made of: itself, unless it is ``Several``."""
    return agent.drafters if isinstance(agent, Several) else (agent,)
