"""A worker: one of the processes that carry sessions and make their calls, on this machine or another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from outrider.scale.activities import Activities
from outrider.scale.building import Builder
from outrider.scale.engine import Address, connected
from outrider.scale.workflow import SessionWorkflow

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
    """Of all workers of the queue together: the engine gives out no more."""


def worker(client: Client, queue: str, builder: Builder, manner: Manner) -> Worker:
    """A worker that serves ``queue`` while it is entered; leaving it drains it: no call begins, those under way end."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[SessionWorkflow],
        activities=Activities(builder).all,
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
    address: Address, builder: Builder, manner: Manner, *, again_for_s: float = 10.0
) -> AsyncIterator[None]:
    """Inside, a worker serves ``address`` on an event loop of its own, in a thread: where sessions are followed on this loop,
    what the person says is waited for here, and the worker must go on meanwhile.

    Raises:
        Unreachable, AccessRefused: there is no way to the engine.
    """
    begun: Future[Callable[[], object]] = Future()
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(lambda: asyncio.run(_serve(address, builder, manner, again_for_s, begun)))
        leave = await asyncio.wrap_future(begun)
        try:
            yield
        finally:
            leave()
            await asyncio.wrap_future(ended)


async def _serve(
    address: Address, builder: Builder, manner: Manner, again_for_s: float, begun: Future[Callable[[], object]]
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        async with worker(await connected(address, again_for_s=again_for_s), address.queue, builder, manner):
            begun.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()
    except BaseException as error:
        if begun.done():
            raise
        begun.set_exception(error)
