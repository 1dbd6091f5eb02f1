"""The tools of an MCP server, a program's or one behind an address. Needs ``pip install 'outrider[mcp]'``.

What a server hints about its tools is believed only where the server is trusted, and after the user's own list: a hint costs a
server nothing. What nobody has declared writes.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from outrider.errors import BadOption, ToolLost, first_of
from outrider.model import Approval, Effect
from outrider.tools.mcp_words import hinted, result_of
from outrider.tools.text import cut
from outrider.tools.tool import TIMEOUT_S, Arguments, Runs, Tool
from outrider.tools.toolbox import Toolbox

try:
    import httpx2
    import mcp_types
    from mcp import Client, MCPError, StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client
except ImportError as _missing:
    raise BadOption("MCP servers need the package mcp; run pip install 'outrider[mcp]'") from _missing

Transport: TypeAlias = Literal["stdio", "http"]

OPEN_S: Final = 30.0
"""How long a server may take, in seconds, to start and to list its tools, unless something else is said."""

KEY: Final = "outrider/idempotency-key"
"""Where in a call's ``_meta`` the idempotency key stands, for a server that honours it."""

_MOST_TOOLS: Final = 1000
_DESCRIPTION_CHARS: Final = 2000

# The client's own words for "there is no answer that could be read", and a server's for "I failed". Other codes are answers.
_NO_ANSWER: Final = frozenset(
    {
        mcp_types.CONNECTION_CLOSED,
        mcp_types.REQUEST_TIMEOUT,
        mcp_types.PARSE_ERROR,
        mcp_types.INTERNAL_ERROR,
        mcp_types.INVALID_REQUEST,
        mcp_types.METHOD_NOT_FOUND,
    }
)


@asynccontextmanager
async def mcp_tools(
    transport: Transport,
    *,
    command: Sequence[str] = (),
    url: str = "",
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    headers: Mapping[str, str] | None = None,
    trusted: bool = False,
    effects: Mapping[str, Effect] | None = None,
    approvals: Mapping[str, Approval] | None = None,
    only: Collection[str] | None = None,
    timeout_s: float = TIMEOUT_S,
    open_s: float = OPEN_S,
) -> AsyncIterator[Toolbox]:
    """The tools of an MCP server; it is closed, and its program ended, when the block is left.

    Args:
        transport: ``"stdio"`` starts ``command`` and speaks with it over its standard input and output; ``"http"`` speaks with
            the server at ``url``.
        command: the program and its arguments.
        env: environment variables for the program, beside the few that every program needs.
        cwd: the folder that the program starts in.
        headers: HTTP headers, such as a key.
        trusted: whether to believe the server's hints. ``readOnlyHint`` is a ``read``, and ``none`` where ``openWorldHint`` is
            said to be false; ``idempotentHint`` is ``repeatable``. Without trust every tool is a ``write``.
        effects: the user's own list by the tools' names, which decides first.
        approvals: when the person is asked before a tool is run.
        only: the tools to take; all without it.
        timeout_s: how long one call may take, in seconds.
        open_s: how long the server may take, in seconds, to start and to list its tools.

    Raises:
        BadOption: the arguments make no sense, the program does not exist, or the server's tools have no usable schema or name.
        ToolLost: the server does not start or does not answer.
    """
    with _quietly(), tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        connect = _connecting(transport, list(command), url, env, cwd, headers, log)
        link = _Link(_shown(transport, command, url), connect, log)
        left: BaseException | None = None
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(link.keep())
            try:
                listed = await link.tools(open_s)
                tools = (_tool(entry, link, trusted, timeout_s) for entry in listed if only is None or entry.name in only)
                yield Toolbox(tools).check().declaring(effects, approvals)
            except BaseException as error:  # it goes on below: the group would make a group of it
                left = error
            if link.opened:
                link.leave.set()
            else:
                keeping.cancel()
        if left is not None:
            raise left


@contextmanager
def _quietly() -> Iterator[None]:
    """What the package logs reaches whoever set logging up, and else nobody: by default it goes across the person's screen."""
    logger, nobody = logging.getLogger("mcp"), logging.NullHandler()
    logger.addHandler(nobody)
    try:
        yield
    finally:
        logger.removeHandler(nobody)


def _shown(transport: Transport, command: Sequence[str], url: str) -> str:
    """The server's name in errors, without what may be a secret: arguments, user, query."""
    if transport == "stdio":
        return Path(command[0]).name
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _connecting(
    transport: Transport,
    command: list[str],
    url: str,
    env: Mapping[str, str] | None,
    cwd: str | Path | None,
    headers: Mapping[str, str] | None,
    log: IO[str],
) -> _Connect:
    """What opens the connection, once."""
    if transport == "stdio":
        if not command or url:
            raise BadOption('a server over stdio is a program: give command=["program", "argument"], and no url')
        server = StdioServerParameters(command=command[0], args=command[1:], env=dict(env or {}), cwd=cwd)
        # What the program writes to its standard error would go across the person's screen.
        return lambda stack: stdio_client(server, log)  # type: ignore[arg-type]
    if transport != "http" or command or not url.startswith(("http://", "https://")):
        raise BadOption('a server over HTTP has an address: give url="https://...", and no command')
    return lambda stack: streamable_http_client(url, http_client=_http(stack, headers))


def _http(stack: AsyncExitStack, headers: Mapping[str, str] | None) -> httpx2.AsyncClient:
    # No limit on reading: how long an answer may take is the tool's to say.
    client = httpx2.AsyncClient(headers=dict(headers or {}), timeout=httpx2.Timeout(30.0, read=None))
    stack.push_async_callback(client.aclose)
    return client


_Connect: TypeAlias = Any
"""From an exit stack to a transport of the package ``mcp``, whose type it does not name in public."""


class _Link:
    """The connection, kept in a task of its own: its end is an answer to those who call, and cancels nobody else."""

    def __init__(self, name: str, connect: _Connect, log: IO[str]) -> None:
        self.name = name
        self.leave = asyncio.Event()
        self.opened = False
        self._connect = connect
        self._log = log
        self._client: Client | None = None
        self._listed: asyncio.Future[list[mcp_types.Tool]] = asyncio.get_running_loop().create_future()

    async def keep(self) -> None:
        """Open the connection, list the tools, and keep it until it breaks or nobody needs it."""
        try:
            async with AsyncExitStack() as stack, Client(self._connect(stack)) as client:
                listed = await _list(client)
                self._client, self.opened = client, True
                if not self._listed.done():
                    self._listed.set_result(listed)
                await self.leave.wait()
        except (Exception, BaseExceptionGroup) as error:  # whatever the package raises stops here
            self._end(first_of(error) if isinstance(error, BaseExceptionGroup) else error)
        finally:
            self._client = None

    def _end(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise error
        if not self._listed.done():
            self._listed.set_exception(self._unopened(error))

    def _unopened(self, error: BaseException) -> BadOption | ToolLost:
        if isinstance(error, BadOption):
            return error
        if isinstance(error, FileNotFoundError | PermissionError):
            return BadOption(f"the MCP server {self.name} cannot be started: {error.strerror}; give a program that can be run")
        return ToolLost(f"the MCP server {self.name} did not open: {_text(error)}{self._last_words()}")

    def _last_words(self) -> str:
        self._log.seek(0)
        words = " ".join(self._log.read()[-2000:].split())
        return f"; its last words: {words[-300:]}" if words else ""

    async def tools(self, open_s: float) -> list[mcp_types.Tool]:
        """The server's tools.

        Raises:
            BadOption: it cannot be started.
            ToolLost: it does not answer.
        """
        try:
            async with asyncio.timeout(open_s):
                return await self._listed
        except TimeoutError:
            raise ToolLost(
                f"the MCP server {self.name} has not listed its tools within {open_s:g} s{self._last_words()}"
            ) from None

    async def call(self, name: str, arguments: Arguments, key: str) -> object:
        """What the server's tool returned, or what it said went wrong.

        Raises:
            ToolLost: the server is gone, or has no answer that could be read.
        """
        client = self._client
        if client is None:
            raise ToolLost(f"the MCP server {self.name} of {name} is gone; start it again")
        try:
            return result_of(await client.call_tool(name, dict(arguments), meta=_meta(key)))
        except MCPError as error:
            if error.error.code in _NO_ANSWER:
                raise ToolLost(f"the MCP server {self.name} gave no answer to {name}: {_text(error)}") from None
            raise


def _meta(key: str) -> mcp_types.RequestParamsMeta:
    meta: Any = {KEY: key}  # the package's type knows its own entries only
    return cast("mcp_types.RequestParamsMeta", meta)


def _text(error: BaseException) -> str:
    said = error.error.message if isinstance(error, MCPError) else str(error)
    return cut(said or type(error).__name__, 300)


async def _list(client: Client) -> list[mcp_types.Tool]:
    """All tools, page by page."""
    found: list[mcp_types.Tool] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found
        if len(found) > _MOST_TOOLS or not page.tools:
            raise BadOption(f"the server's list of tools does not end: {len(found)} so far; name a server with fewer")


def _tool(entry: mcp_types.Tool, link: _Link, trusted: bool, timeout_s: float) -> Tool:
    effect, repeatable, why = hinted(entry.annotations, trusted)
    return Tool(
        name=entry.name,
        description=cut(entry.description or entry.title or "", _DESCRIPTION_CHARS),
        parameters=entry.input_schema,
        run=_runs(link, entry.name),
        returns=entry.output_schema,
        effect=effect,
        repeatable=repeatable,
        timeout_s=timeout_s,
        why=why,
    )


def _runs(link: _Link, name: str) -> Runs:
    async def run(arguments: Arguments, key: str) -> object:
        return await link.call(name, arguments, key)

    return run
