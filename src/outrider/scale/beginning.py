"""How a session begins in the engine, once; and whether the engine has one that is to be followed again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from outrider.errors import BadOption, UnknownName, Unreachable
from outrider.scale import wire
from outrider.scale.engine import ANSWER_S, Engine, has_worker
from outrider.scale.own_tools import queue_of

LOOKS: Final = 10
"""So often a worker is looked for before a session begins."""

LOOK_AGAIN_S: Final = 0.5

_BEGUN_BY: Final = "outrider-begun-by"
"""What a session is marked with in the engine, by whoever begins it."""

_ANSWER: Final = timedelta(seconds=ANSWER_S)


def handle_of(engine: Engine, session: str) -> WorkflowHandle[Any, str]:
    """The session in the engine, whether it is there or not."""
    return engine.client.get_workflow_handle(f"outrider-{session}", result_type=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A session that is to begin; ``token`` is nobody else's."""

    engine: Engine
    begin: wire.Begin
    token: str

    async def __call__(self) -> None:
        """It has begun in the engine. This may be called again where the answer got lost.

        Raises:
            BadOption: the engine has another one of that name.
            Unreachable: there is no worker.
            RPCError: the engine does not do it.
        """
        engine, handle = self.engine, handle_of(self.engine, self.begin.session)
        queue = await self._queue()
        try:
            await engine.client.start_workflow(
                wire.WORKFLOW, self.begin, id=handle.id, task_queue=queue, result_type=str,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE, rpc_timeout=_ANSWER, memo={_BEGUN_BY: self.token},
            )  # fmt: skip
        except WorkflowAlreadyStartedError:
            described = await handle.describe(rpc_timeout=_ANSWER)
            if await described.memo_value(_BEGUN_BY, default="", type_hint=str) != self.token:
                raise BadOption(f"the engine has a session {self.begin.session!r} already; give this one another name") from None

    async def _queue(self) -> str:
        """The queue of the session's tools, once somebody serves it. One that has just been started is waited for.

        Where there are only workers with other tools, or none, one of them is asked, which says what differs. Without a worker
        the session would wait in silence.
        """
        address, tools = self.engine.address, self.begin.setting.tools
        own, away = queue_of(address.queue, tools), None
        for look in range(LOOKS):
            try:
                for queue in (own,) if look < LOOKS - 1 else (own, address.queue):
                    if await has_worker(self.engine.client, replace(address, queue=queue)):
                        return queue
                away = None
            except Unreachable as error:  # or too busy
                away = error
            await asyncio.sleep(LOOK_AGAIN_S)
        command = f"outrider worker --engine {address}" + (" --tools FILE" if tools else "")
        raise away or Unreachable(f"no worker waits for sessions at {address}; start one: {command}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A session that has begun, in this process or another."""

    engine: Engine
    session: str

    async def __call__(self) -> None:
        """The engine has it.

        Raises:
            UnknownName: it has not.
            RPCError: it does not say.
        """
        try:
            await handle_of(self.engine, self.session).describe(rpc_timeout=_ANSWER)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise UnknownName(
                f"{self.engine.address} does not have session {self.session!r} any more: {error.message}; what was confirmed is "
                f"in the journal here, to go on from: outrider plan --from {self.session}"
            ) from None
