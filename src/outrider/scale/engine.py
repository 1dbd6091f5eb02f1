"""The way to the engine: its address, the connection, and its errors in our words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

import outrider.errors as errors
from outrider.errors import AccessRefused, BadOption, OutriderError, ServerTrouble, UnknownName, Unreachable
from outrider.naming import without_secrets
from outrider.scale.wire import FOLLOWED_WITHIN_S, QUEUE, SILENT_AFTER_S

_ADDRESS: Final = re.compile(
    r"temporal(?:://(?P<host>[^/\s:@]+|\[[0-9a-fA-F:]+\])(?::(?P<port>[0-9]{1,5}))?(?:/(?P<namespace>[^/\s]+)(?:/(?P<queue>[^/\s]+))?)?/?)?"
)

_USUAL_PORT: Final = "7233"
_USUAL_HOST: Final = f"localhost:{_USUAL_PORT}"

CONNECTING_S: Final = 5.0

ANSWER_S: Final = 5.0
"""So long the engine may take to answer a request, what the person says among them."""

PATIENCE_S: Final = 15.0
"""So long the engine, or its workers, may be silent before the person is told."""

_TRANSIENT: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.UNKNOWN, RPCStatusCode.INTERNAL,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an engine is, and where in it sessions and workers meet. What is empty, Temporal's own configuration says."""

    host: str = ""
    namespace: str = ""
    queue: str = QUEUE

    def __str__(self) -> str:
        queue = f"/{self.queue}" if self.queue != QUEUE else ""
        return f"temporal://{self.host or _USUAL_HOST}/{self.namespace or 'default'}{queue}"


def address_of(text: str) -> Address:
    """The address that ``text`` names: ``temporal``, or ``temporal://HOST[:PORT][/NAMESPACE[/QUEUE]]``.

    Raises:
        BadOption: it names none.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise BadOption(
            f"the engine {without_secrets(text)!r} is not known; give temporal, or temporal://HOST:PORT/NAMESPACE; keys and "
            "certificates are read from the environment"
        )
    host = f"{found['host']}:{found['port'] or 7233}" if found["host"] else ""
    return Address(host=host, namespace=found["namespace"] or "", queue=found["queue"] or QUEUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A connection to an engine, and how patient to be with it."""

    client: Client
    address: Address
    silent_after_s: float = SILENT_AFTER_S
    """A worker that has said nothing of a call for so long is taken for gone."""
    patience_s: float = PATIENCE_S
    followed_within_s: float = FOLLOWED_WITHIN_S
    """A session that nobody has followed for so long after its opening ends, before its first call."""
    most_events: int = 0
    """A session's history is cut when it has so many events; with 0, when the engine suggests it."""

    @property
    def place(self) -> str:
        """Where it is, with nothing left to the environment, as ``address_of`` reads it."""
        return f"temporal://{self.client.service_client.config.target_host}/{self.client.namespace}/{self.address.queue}"


async def connected(address: Address, *, again_for_s: float = 10.0) -> Client:
    """A connection to the engine. Keys and certificates come from the environment and files that Temporal's own tools read.

    A request that nobody answers is sent again for ``again_for_s`` seconds.

    Raises:
        Unreachable: nobody answers there.
        AccessRefused: it does not let us in.
    """
    options = ClientConfig.load_client_connect_config()
    options["target_host"] = address.host or options.get("target_host") or _USUAL_HOST
    options["namespace"] = address.namespace or options.get("namespace") or "default"
    retries = RetryConfig(max_elapsed_time_millis=int(again_for_s * 1000))
    try:
        client = await Client.connect(
            **options, runtime=_quiet(), connect_timeout=timedelta(seconds=CONNECTING_S), retry_config=retries
        )
    except RuntimeError as error:
        port = options["target_host"].rpartition(":")[2]
        where = "" if port == _USUAL_PORT else f" --port {port}"
        raise Unreachable(
            f"no Temporal server answers at {options['target_host']}: {_reason(error)}; start one, such as with temporal server "
            f"start-dev{where}, or give another address with --engine temporal://HOST:PORT/NAMESPACE"
        ) from None
    except RPCError as error:
        raise our_error(error, address) from None
    return client


def reached(client: Client, address: Address) -> Address:
    """Where ``client`` has come to, with nothing left to the environment."""
    return Address(host=client.service_client.config.target_host, namespace=client.namespace, queue=address.queue)


@cache
def _quiet() -> Runtime:
    """One for a process, as the library's own default; that one writes of lost connections to standard output, where records go.

    What is wrong is in the errors too, and is said in our sentences.
    """
    return Runtime(telemetry=TelemetryConfig(logging=None))


async def has_worker(client: Client, address: Address) -> bool:
    """Whether somebody has asked for calls at the queue in the last minutes.

    Raises:
        Unreachable, UnknownName, AccessRefused: the engine does not say.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=address.queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        answer = await client.workflow_service.describe_task_queue(request, timeout=timedelta(seconds=CONNECTING_S))
    except RPCError as error:
        raise our_error(error, address) from None
    return bool(answer.pollers)


def is_transient(error: RPCError) -> bool:
    """Whether it may be gone when asked again."""
    return error.status in _TRANSIENT


def our_error(error: RPCError, address: Address) -> OutriderError:
    """The engine's error in our tree."""
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            return UnknownName(f"{address} has no such namespace or session: {error.message}")
        case RPCStatusCode.UNAUTHENTICATED | RPCStatusCode.PERMISSION_DENIED:
            return AccessRefused(f"{address} does not let us in: {error.message}; set TEMPORAL_API_KEY, or a client certificate")
        case status if status in _TRANSIENT:
            return Unreachable(f"{address} does not answer: {error.message}")
        case _:
            return ServerTrouble(f"{address} refuses: {error.message}")


def named_error(kind: str | None, message: str) -> OutriderError:
    """The error of ours that a worker named, with its sentence."""
    found = getattr(errors, kind or "", None)
    if isinstance(found, type) and issubclass(found, OutriderError):
        return found(message)
    return ServerTrouble(message)


def _reason(error: Exception) -> str:
    """What the connection said, without its layers."""
    text = str(error)
    return "connection refused" if "refused" in text.casefold() else text.rpartition(": ")[2] or text
