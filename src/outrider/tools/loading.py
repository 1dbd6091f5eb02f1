"""A toolbox from a word on a command line: a Python file, a module, or an MCP server."""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from outrider.errors import BadOption, OutriderError
from outrider.model import Approval, Effect
from outrider.tools.tool import Tool
from outrider.tools.toolbox import Toolbox

FORMS = 'a file such as tools.py, a module such as package.tools, "mcp:COMMAND ...", or mcp+https://...'


@asynccontextmanager
async def toolbox_from(
    text: str,
    *,
    effects: Mapping[str, Effect] | None = None,
    approvals: Mapping[str, Approval] | None = None,
    trusted: bool = False,
) -> AsyncIterator[Toolbox]:
    """The toolbox that ``text`` names. It is there until the block is left, and so is its MCP server.

    A file or a module gives ``toolbox``, a Toolbox; else ``tools``, a list; else every tool in it, in order.

    Args:
        text: ``path/to/file.py``, ``package.module``, ``mcp:COMMAND ARGUMENT ...``, ``mcp+http://...`` or ``mcp+https://...``.
        effects: the user's own list by the tools' names, which decides first.
        approvals: when the person is asked before a tool is run.
        trusted: whether an MCP server's hints count.

    Raises:
        BadOption: there is no such thing, it raises when it is imported, or it has no tools.
        ToolLost: the MCP server does not answer.
    """
    if text.startswith(("mcp:", "mcp+")):
        from outrider.tools.mcp import mcp_tools

        async with mcp_tools(**_server(text), trusted=trusted, effects=effects, approvals=approvals) as toolbox:
            yield toolbox
    else:
        yield toolbox_in(_module(text), text).check().declaring(effects, approvals)


def _server(text: str) -> dict[str, Any]:
    if text.startswith("mcp+"):
        return {"transport": "http", "url": text.removeprefix("mcp+")}
    try:
        command = shlex.split(text.removeprefix("mcp:"))
    except ValueError as error:
        raise BadOption(f"{text[:80]!r} cannot be split into words: {error}") from None
    return {"transport": "stdio", "command": command}


def toolbox_in(module: ModuleType, shown: str) -> Toolbox:
    """The toolbox that a module gives; see ``toolbox_from``.

    Raises:
        BadOption: it has none, or what it calls so is none.
    """
    given = vars(module)
    if isinstance(toolbox := given.get("toolbox"), Toolbox):
        return toolbox
    if "tools" in given and not isinstance(given["tools"], Tool | ModuleType):
        return Toolbox(_listed(given["tools"], shown))
    if found := list(dict.fromkeys(entry for entry in given.values() if isinstance(entry, Tool))):
        return Toolbox(found)
    raise BadOption(f"{shown} has no tools: put @tool on a function, or give it tools = [...] or toolbox = Toolbox(...)")


def _listed(tools: object, shown: str) -> list[Any]:
    listed = list(tools) if isinstance(tools, Iterable) and not isinstance(tools, str) else None
    if not listed or not all(isinstance(entry, Tool) or callable(entry) for entry in listed):
        raise BadOption(f"tools in {shown} is {str(tools)[:80]}; give a list of tools or functions")
    return listed


def _module(text: str) -> ModuleType:
    if text.endswith(".py") or "/" in text or "\\" in text:
        path = Path(text).expanduser()
        if not path.is_file():
            raise BadOption(f"there is no file {text}; tools come from {FORMS}")
        return _imported(text, path.parent, lambda: _executed(path))
    if not all(part.isidentifier() for part in text.split(".")):
        raise BadOption(f"{text[:80]!r} names no tools; they come from {FORMS}")
    return _imported(text, Path.cwd(), lambda: importlib.import_module(text))


def _executed(path: Path) -> ModuleType:
    name = f"_tools_of_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadOption(f"{path} is no Python file; its name has to end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and annotations look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _imported(text: str, folder: Path, load: Any) -> ModuleType:
    """What ``load`` imports, with the modules beside it in reach. Whatever it raises is the caller's mistake, and told as one."""
    try:
        with _in_reach(folder):
            module: ModuleType = load()
            return module
    except OutriderError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (text == error.name or text.startswith(f"{error.name}.")):
            raise BadOption(f"there is no module {text} here or among what is installed; tools come from {FORMS}") from None
        raise BadOption(f"{text} needs the module {error.name}, which is not installed") from error
    except (Exception, SystemExit) as error:
        raise BadOption(f"{text} cannot be imported: {type(error).__name__}: {str(error)[:300]}") from error


@contextmanager
def _in_reach(folder: Path) -> Iterator[None]:
    path = str(folder.resolve())
    sys.path.insert(0, path)
    try:
        yield
    finally:
        if path in sys.path:
            sys.path.remove(path)
