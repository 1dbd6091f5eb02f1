"""What a language model is to an agent: a prompt in, a reply out, metered. ``providers/`` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from outrider.agents.agent import Meter
from outrider.model import JSON, Usage

Writing: TypeAlias = Literal["chat", "continued"]
"""How a model wants to be written to: as a chat, or with a bare text that it continues."""

Speaker: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may call: its arguments as a JSON schema."""

    name: str
    description: str
    schema: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that a model wrote. ``arguments`` were read from its JSON."""

    name: str
    arguments: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class ThoughtFirst:
    """Before it chooses, the model writes one sentence of so many characters, and then the words ``then``."""

    least_chars: int = 10
    most_chars: int = 120
    then: str = ". Next: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to a model. Decoding is greedy.

    At most one of ``choices``, ``schema`` and ``tools`` is given: the reply is then exactly one of the choices (after a thought,
    if one is asked for), JSON under the schema, or may call the tools.
    """

    messages: tuple[Message, ...]
    most_output_tokens: int = 512
    stop: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    thought: ThoughtFirst | None = None
    schema: dict[str, JSON] | None = None
    tools: tuple[ToolSpec, ...] = ()
    rates: bool = False
    """Whether it is to be said how likely the choice was, and what else was likely, as far as the server tells."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's whole reply. ``thought`` is what it wrote before its choice, if it was asked to.

    ``likelihood`` is how likely the choice was, from 0 to 1, and ``others`` are other choices with theirs, the likeliest first:
    where that was asked for and the server tells.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    thought: str = ""
    likelihood: float | None = None
    others: tuple[tuple[str, float], ...] = ()


@runtime_checkable
class Preparing(Protocol):
    """A model that answers faster once it has read how its prompts begin."""

    async def prepare(self, request: Request) -> None:
        """Be ready for prompts that begin as ``request`` does: with all of its messages but the last."""
        ...


@runtime_checkable
class Model(Protocol):
    """A language model behind some server. ``name`` stands in journals; it holds no secret."""

    @property
    def name(self) -> str: ...

    @property
    def writing(self) -> Writing: ...

    async def reply(self, request: Request, meter: Meter) -> Reply:
        """The reply to ``request``. The meter is kept up to date while it arrives, and settled when it ends.

        Cancelling closes the connection, so that the server stops generating.

        Raises:
            ProviderError: there is no reply; retries are over by then.
        """
        ...

    def most(self, request: Request) -> Usage:
        """The most that ``request`` could consume, for a budget to reserve. Its cost is ``None`` if the price is unknown."""
        ...

    async def close(self) -> None:
        """Close connections, and stop the server if it is ours."""
        ...
