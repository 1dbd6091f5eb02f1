"""A tool: what it is called, what it takes and returns, what running it does to the world, and how it is run."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypedDict, Unpack, get_args, overload

from outrider.errors import BadOption
from outrider.model import FINISH, JSON, Approval, Effect
from outrider.tools.text import LEAST_CHARS, OBSERVATION_CHARS
from outrider.tools.typed import Typed, typed

Arguments: TypeAlias = Mapping[str, JSON]
Runs: TypeAlias = Callable[[Arguments, str], Awaitable[object]]
"""``run(arguments, key)``: what the tool returns."""
Undoes: TypeAlias = Callable[[Arguments, str, str], Awaitable[object]]
"""``undo(arguments, observation, key)``: takes a call back."""

TIMEOUT_S: Final = 60.0
"""How long a tool may take, in seconds, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tool:
    """A tool.

    Args:
        name: the action that a step names.
        description: what it does, for agents.
        parameters: the JSON schema of its arguments, an object's.
        run: ``await run(arguments, key)`` gives the result, which JSON can carry. ``key`` is the same for every attempt at one
            confirmed step, also after a crash, and differs for another.
        returns: the JSON schema of the result; ``None`` leaves it open.
        effect: what running it does to the world. What nobody has declared is a ``write``.
        approval: when the person is asked before it is run.
        undo: ``await undo(arguments, observation, key)`` takes one call of it back.
        repeatable: run again under the same key, it has no second effect.
        timeout_s: after so many seconds without a result it counts as lost.
        observation_chars: where the text of its result is cut.
        why: why the effect is what it is, where somebody else than its author decided; for people.

    Raises:
        BadOption: one of these makes no sense.
    """

    name: str
    description: str
    parameters: Mapping[str, JSON] = field(repr=False)
    run: Runs = field(repr=False)
    returns: Mapping[str, JSON] | None = field(default=None, repr=False)
    effect: Effect = "write"
    approval: Approval = "never"
    undo: Undoes | None = field(default=None, repr=False)
    repeatable: bool = False
    timeout_s: float = TIMEOUT_S
    observation_chars: int = OBSERVATION_CHARS
    why: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not isinstance(self.parameters, Mapping) or self.parameters.get("type", "object") != "object":
            raise BadOption(f"the arguments of {self.name} need the JSON schema of an object, not {str(self.parameters)[:80]}")
        _one_of(f"the effect of {self.name}", self.effect, Effect)
        _one_of(f"the approval of {self.name}", self.approval, Approval)
        if not self.timeout_s > 0:
            raise BadOption(f"the tool {self.name} may take {self.timeout_s} s; give more than 0")
        if self.observation_chars < LEAST_CHARS:
            raise BadOption(
                f"{self.observation_chars} characters of {self.name}'s result are too few; give {LEAST_CHARS} or more"
            )


def _check_name(name: str) -> None:
    if name == FINISH:
        raise BadOption(f"no tool can be called {FINISH}: that is the action that ends a plan")
    if not isinstance(name, str) or not name or " ".join(unicodedata.normalize("NFC", name).split()) != name:
        raise BadOption(f"{name!r} is no name for a tool: a step could not name it; take one word")


def _one_of(what: str, value: object, kind: Any) -> None:
    if value not in get_args(kind):
        raise BadOption(f"{what} is {value!r}; take one of {', '.join(get_args(kind))}")


class Options(TypedDict, total=False):
    """What ``tool`` takes beside the function; all as in ``Tool``, and ``name``, ``description`` and ``returns`` in place of what
    the function says. ``undo`` may be a plain function here. ``threaded``: a function that is not async runs in a thread of its
    own, for one that waits or computes for long.
    """

    name: str
    description: str
    effect: Effect
    approval: Approval
    undo: Callable[[Arguments, str, str], object] | None
    repeatable: bool
    timeout_s: float
    observation_chars: int
    returns: Mapping[str, JSON] | None
    threaded: bool


@overload
def tool(function: Callable[..., Any], /, **options: Unpack[Options]) -> Tool: ...


@overload
def tool(**options: Unpack[Options]) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Unpack[Options]) -> Tool | Callable[..., Tool]:
    """The tool that a typed function is; a decorator, with options or without.

    The schema of its arguments comes from the annotations, and so does that of its result where they can be described; the
    descriptions come from a docstring in Google's style. A parameter annotated ``Key`` is given the idempotency key.

    A function that is not async runs on the event loop, and everything waits for it: say ``threaded=True`` where that takes long.

    Raises:
        BadOption: an option makes no sense, or a parameter cannot be described; the message names it.
    """
    if function is None:
        return lambda described: _tool(described, options)
    return _tool(function, options)


def _tool(function: Callable[..., Any], options: Options) -> Tool:
    described, rest = typed(function), dict(options)
    threaded, undo = rest.pop("threaded", False), options.get("undo")
    made: dict[str, Any] = {
        "name": described.name,
        "description": described.description,
        "returns": described.returns,
        **rest,
        "undo": None if undo is None else _undoes(undo),
    }
    return Tool(parameters=described.parameters, run=_in_a_thread(described) if threaded else _runs(described), **made)


def _runs(described: Typed) -> Runs:
    async def run(arguments: Arguments, key: str) -> object:
        result = described.call(arguments, key)
        return await result if inspect.isawaitable(result) else result

    return run


def _undoes(undo: Callable[[Arguments, str, str], object]) -> Undoes:
    async def take_back(arguments: Arguments, observation: str, key: str) -> object:
        result = undo(arguments, observation, key)
        return await result if inspect.isawaitable(result) else result

    return take_back


def _in_a_thread(described: Typed) -> Runs:
    if inspect.iscoroutinefunction(described.function):
        raise BadOption(f"{described.name} is async and needs no thread; leave threaded out")

    async def run(arguments: Arguments, key: str) -> object:
        # A daemon's thread, not the loop's pool: the program may end while a function hangs.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        work = functools.partial(described.call, arguments, key)
        threading.Thread(target=contextvars.copy_context().run, args=(_work, work, loop, done), daemon=True).start()
        return await done

    return run


def _work(work: Callable[[], object], loop: asyncio.AbstractEventLoop, done: asyncio.Future[object]) -> None:
    result: object = None
    error: BaseException | None = None
    try:
        result = work()
    except BaseException as raised:
        error = raised
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_tell, done, result, error)


def _tell(done: asyncio.Future[object], result: object, error: BaseException | None) -> None:
    if done.done():
        return
    if isinstance(error, StopIteration):  # a future refuses it
        error = RuntimeError("StopIteration")
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
