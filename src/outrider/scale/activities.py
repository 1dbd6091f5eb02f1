"""What a worker does for sessions: open their agents, ask one of them, run a step's tool. It waits and never decides.

A call that is cancelled through the engine cancels the agent's task, which closes the socket; what it has used by then is in what
it returns. What goes wrong is returned as well: the engine gives a call to another worker only if this one is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from outrider.agents.agent import Agent, Meter, checked, server_of, sound
from outrider.agents.several import drafters_of
from outrider.errors import OutriderError, sentence_of
from outrider.launch import check_priced, each_of
from outrider.model import Answer, Declared, Task, Usage
from outrider.rules.events import Lost, Observed, Opened, Undone
from outrider.runtime.ending import ended
from outrider.runtime.hands import leaves_unsure
from outrider.scale import wire
from outrider.scale.building import Builder, Built
from outrider.scale.own_tools import agreed, unrehearsed

SIGNS_OF_LIFE: Final = 10
"""So many in the time after which a worker is taken for gone; a cancellation comes back with one of them."""

BROKEN_OFF: Final = "it was broken off"


class Activities:
    """The activities of one worker process.

    Args:
        builder: makes the agents and the tools that a setting names.
        at_once: so many calls and tools are under way at once, whatever queues they come from.
    """

    def __init__(self, builder: Builder, at_once: int) -> None:
        self._builder = builder
        self._room = asyncio.Semaphore(at_once)

    @property
    def all(self) -> list[Callable[..., Any]]:
        """What the worker registers."""
        return [self.open, self.bound, self.ask, self.run_tool]

    @activity.defn(name=wire.OPEN)
    async def open(self, setting: wire.Setting, opened: str, in_dollars: bool) -> str:
        """The event that opens the session, with the agents' own names in place of their specs.

        If calls are counted ``in_dollars``, each of them has a price.

        Raises:
            ApplicationError: they cannot be built; its type is the name of our error, and trying again would not help.
        """
        event = wire.from_text(opened)
        assert isinstance(event, Opened), "a session begins with what opens it"
        try:
            async with _signs_of_life(Meter()):
                built = await self._builder.built(setting)
            if in_dollars:
                for agent in each_of(built.agents):
                    check_priced(agent, event.task)
            tools = _declared(event, built)
        except OutriderError as error:
            raise ApplicationError(
                str(error), type=type(error).__name__, non_retryable=True, category=ApplicationErrorCategory.BENIGN
            ) from None  # whoever began it is told, and the worker's own log has nothing to say of it
        agents = built.agents
        return wire.to_text(
            replace(
                event,
                approximation=agents["approximation"].name,
                target=agents["target"].name,
                drafters=len(drafters_of(agents["approximation"])),
                tools=tools,
            )
        )

    @activity.defn(name=wire.ASK)
    async def ask(self, asking: wire.Asking) -> str:
        """The report that the call ends as."""
        meter, before = Meter(), _used_before()
        result: Answer | Exception | None
        try:
            async with _signs_of_life(meter), self._room:
                agent, task = await self._agent(asking)
                steps = wire.steps_from_text(asking.prefix)
                result = checked(await agent.next_step(task, steps, meter), agent.name)
        except asyncio.CancelledError:
            if not _is_closed():
                raise  # this worker is leaving: another one is given the call
            result = None
        except Exception as error:
            result = error
        used = sound(meter.usage)
        closed = BROKEN_OFF if result is None else ""  # why it was closed is for the session to say
        usage = used if before is None else before + used
        return wire.to_text(ended(asking.call, asking.role, asking.at, usage=usage, result=result, closed=closed))

    @activity.defn(name=wire.BOUND)
    async def bound(self, asking: wire.Asking) -> wire.Bound:
        """The most that the call can use, and, beside it, the target's call for the same step."""
        async with _signs_of_life(Meter()):
            agent, task = await self._agent(asking)
            target = (await self._builder.built(asking.setting)).agents["target"]
        steps = wire.steps_from_text(asking.prefix)
        return wire.Bound(most=agent.most(task, steps), keep=target.most(task, steps), server=server_of(agent))

    async def _agent(self, asking: wire.Asking) -> tuple[Agent, Task]:
        built = await self._builder.built(asking.setting)
        agent = drafters_of(built.agents[asking.role])[asking.drafter]
        return agent, Task(asking.setting.task, asking.setting.world).steered(tuple(asking.sentences))

    @activity.defn(name=wire.RUN_TOOL)
    async def run_tool(self, doing: wire.Doing) -> str:
        """The report that the run of the tool ends as. Under the same key, an effect is the same effect."""
        (step,) = wire.steps_from_text(doing.step)
        number, at = doing.execution, doing.at
        try:
            async with _signs_of_life(Meter()), self._room:
                tools = (await self._builder.built(doing.setting)).tools
                assert tools is not None, "nothing is executed without tools"
                tools = tools if doing.live else tools.fork()
                if doing.undoes:
                    await tools.undo(step, key=doing.key)
                    return wire.to_text(Undone(execution=number, at=at))
                observation = await tools.run(step, key=doing.key)
        except asyncio.CancelledError:
            if not _is_closed():
                raise
            return wire.to_text(Lost(execution=number, at=at, reason=BROKEN_OFF))
        except Exception as error:
            unsure = doing.undoes and leaves_unsure(error)
            return wire.to_text(Lost(execution=number, at=at, reason=sentence_of(error), unsure=unsure))
        if not isinstance(observation, str):
            reason = f"an observation is a text, and {step.action} returned a {type(observation).__name__}"
            return wire.to_text(Lost(execution=number, at=at, reason=reason))
        return wire.to_text(Observed(execution=number, at=at, observation=observation))


def _declared(opened: Opened, built: Built) -> tuple[Declared, ...]:
    """What counts of the tools: those that the session was begun with, or, where it was with none, what its world brings."""
    if built.tools is None:
        return ()
    return agreed(opened.tools, built.tools.declared) if opened.tools else unrehearsed(built.tools.declared)


@asynccontextmanager
async def _signs_of_life(meter: Meter) -> AsyncIterator[None]:
    """Inside, the engine is told that this worker lives, and what ``meter`` says until now."""
    silent_after = activity.info().heartbeat_timeout
    every_s = silent_after.total_seconds() / SIGNS_OF_LIFE if silent_after is not None else 1.0

    async def tell() -> None:
        while True:
            activity.heartbeat(asdict(meter.usage))
            await asyncio.sleep(every_s)

    try:
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(tell())
            yield
            telling.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _used_before() -> Usage | None:
    """What an earlier worker had used of the call when it died, as far as it has said so; ``None`` if this is the first."""
    info = activity.info()
    if info.attempt == 1:
        return None
    said = info.heartbeat_details[0] if info.heartbeat_details else {}
    try:
        return replace(sound(Usage(**said)), counted="estimated")
    except TypeError:  # another version's usage
        return Usage()


def _is_closed() -> bool:
    """Whether the session has closed this call, and not the worker."""
    why = activity.cancellation_details()
    return why is not None and why.cancel_requested
