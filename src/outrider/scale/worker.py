"""A worker: one of the processes that carry sessions and make their calls, on this machine or another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from outrider.scale.activities import Activities
from outrider.scale.building import Builder
from outrider.scale.engine import Address, connected
from outrider.scale.own_tools import queue_of, told
from outrider.scale.workflow import SessionWorkflow

if TYPE_CHECKING:
    from outrider.tools import Toolbox

CALLS_AT_ONCE: Final = 100
"""So many calls a worker makes at once, if nobody says otherwise: they mostly wait for a provider."""

DRAINING_S: Final = 30.0
"""So long a worker that leaves may take to end its calls; what has not ended then is given to another."""

SIGNS_EVERY_S: Final = 0.5
"""Signs of life are sent at most so often, and a cancellation is learned of with one of them."""

STICKY_S: Final = 2.0
"""A session's next turn waits so long for the worker that still has it in memory; then any other replays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a worker works."""

    calls_at_once: int = CALLS_AT_ONCE
    draining_s: float = DRAINING_S
    calls_a_second: float | None = None
    """Of all workers of the queue together: the engine gives out no more. Sessions with own tools have a queue of their own."""


def worker(client: Client, queue: str, builder: Builder, manner: Manner) -> Worker:
    """A worker that serves ``queue`` while it is entered; leaving it drains it: no call begins, those under way end."""
    return _worker(client, queue, Activities(builder, manner.calls_at_once), manner)


@asynccontextmanager
async def serving(
    client: Client, queue: str, builder: Builder, manner: Manner, *, own_tools: Toolbox | None = None
) -> AsyncIterator[None]:
    """Inside, a worker serves ``queue``, and there also the sessions that were begun with the same ``own_tools``."""
    activities = Activities(builder, manner.calls_at_once)
    queues = {queue_of(queue, told(own_tools)), queue}
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(_worker(client, each, activities, manner)) for each in sorted(queues)]
        try:
            yield
        finally:
            async with asyncio.TaskGroup() as group:  # all at once: none takes a call while another drains
                for each in workers:
                    group.create_task(each.shutdown())


def _worker(client: Client, queue: str, activities: Activities, manner: Manner) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=[SessionWorkflow],
        activities=activities.all,
        workflow_runner=sandbox(),
        max_concurrent_activities=manner.calls_at_once,
        max_task_queue_activities_per_second=manner.calls_a_second,
        max_heartbeat_throttle_interval=timedelta(seconds=SIGNS_EVERY_S),
        default_heartbeat_throttle_interval=timedelta(seconds=SIGNS_EVERY_S),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=STICKY_S),
        graceful_shutdown_timeout=timedelta(seconds=manner.draining_s),
    )


def sandbox() -> SandboxedWorkflowRunner:
    """What a session's rules run in: the same modules of ours as outside of it, and nothing else of this process."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("outrider"))


@asynccontextmanager
async def worker_in_thread(
    address: Address, builder: Builder, manner: Manner, *, again_for_s: float = 10.0, own_tools: Toolbox | None = None
) -> AsyncIterator[None]:
    """Inside, a worker serves ``address`` on an event loop of its own, in a thread: where sessions are followed on this loop,
    what the person says is waited for here, and the worker must go on meanwhile.

    Raises:
        Unreachable, AccessRefused: there is no way to the engine.
    """
    begun: Future[Callable[[], object]] = Future()
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(lambda: asyncio.run(_serve(address, builder, manner, again_for_s, own_tools, begun)))
        leave = await asyncio.wrap_future(begun)
        try:
            yield
        finally:
            leave()
            await asyncio.wrap_future(ended)


async def _serve(
    address: Address, builder: Builder, manner: Manner, again_for_s: float, own_tools: Toolbox | None,
    begun: Future[Callable[[], object]],
) -> None:  # fmt: skip
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        client = await connected(address, again_for_s=again_for_s)
        async with serving(client, address.queue, builder, manner, own_tools=own_tools):
            begun.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()
    except BaseException as error:
        if begun.done():
            raise
        begun.set_exception(error)
