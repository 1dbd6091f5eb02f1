"""The person's own tools, in the engine: this process declares them, and workers that were started with the same ones run them.

No session makes a worker load anything: what a worker runs was named on its own command line. Sessions and workers with the same
tools meet at a queue of their own, so that no step goes to a worker that has none or others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from outrider.errors import BadOption
from outrider.model import Approval, Declared

if TYPE_CHECKING:
    from outrider.tools import Toolbox
    from outrider.tools.tool import Tool

REMEDY: Final = "start the workers with the same tools: outrider worker --tools FILE, and the same --effect and --trust"

_CARE: Final[tuple[Approval, ...]] = ("never", "unsure", "always")


def told(own_tools: Toolbox | None) -> str:
    """The tools in a text, the same wherever they are the same in all that agents and rules know of them; empty for none.

    When the person is asked before one runs is not in it: whoever plans says more of that, see ``agreed``.
    """
    return json.dumps({tool.name: f"{tool.effect} {_print(tool)}" for tool in own_tools.tools}) if own_tools is not None else ""


def _print(tool: Tool) -> str:
    known = (tool.description, tool.parameters, tool.returns, tool.observation_chars, tool.undo is not None, tool.repeatable)
    return _digest(json.dumps(known, sort_keys=True, default=dict))[:8]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def queue_of(queue: str, tools: str) -> str:
    """Where at ``queue`` sessions with these tools meet the workers that have them; without any it is ``queue`` itself."""
    return f"{queue}-tools-{_digest(tools)[:12]}" if tools else queue


def check_same(begun: str, own_tools: Toolbox | None) -> None:
    """Hold a worker's tools against those that a session was begun with, as ``told`` told them.

    Raises:
        BadOption: they are others; the message names them.
    """
    here = told(own_tools)
    if begun == here:
        return
    theirs, mine = _read(begun), _read(here)
    if not mine:
        raise BadOption(f"the worker has no tools, and the session's steps are executed with {', '.join(theirs)}; {REMEDY}")
    raise BadOption(f"the worker's tools are not those that the session was begun with: {_differences(theirs, mine)}; {REMEDY}")


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text or "{}")
    return found


def _differences(theirs: dict[str, str], mine: dict[str, str]) -> str:
    """What a worker's tools are, against what the session was told."""
    found = [f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} missing" for names in [_without(theirs, mine)] if names]
    found += [f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} new" for names in [_without(mine, theirs)] if names]
    found += [_otherwise(name, said, mine[name]) for name, said in theirs.items() if mine.get(name, said) != said]
    return "; ".join(found) or "they are the same in another order"


def _without(these: Iterable[str], those: Iterable[str]) -> list[str]:
    known = set(those)
    return [name for name in these if name not in known]


def _otherwise(name: str, said: str, is_here: str) -> str:
    effect, is_effect = said.partition(" ")[0], is_here.partition(" ")[0]
    if effect != is_effect:
        return f"the effect of {name} is {is_effect} there, and {effect} was declared"
    return f"{name} describes itself, its arguments or its result otherwise"


def agreed(begun: Iterable[Declared], has: Iterable[Declared]) -> tuple[Declared, ...]:
    """What counts of the tools that a session was ``begun`` with, at a worker that ``has`` them.

    The person may be asked more often than the worker's operator demands, and not less often.

    Raises:
        BadOption: it would be less often.
    """
    here = {tool.name: tool.approval for tool in has}
    for tool in begun:
        demanded = here[tool.name]
        if _CARE.index(tool.approval) < _CARE.index(demanded):
            raise BadOption(
                f"the workers run {tool.name} only with the person's approval; plan with --approve {tool.name}={demanded}, or "
                f"start the workers with --approve {tool.name}={tool.approval}"
            )
    return unrehearsed(begun)


def check_as_before(was: Iterable[Declared], own_tools: Toolbox | None) -> None:
    """Hold the tools that are given now against those that a session in the engine was begun with.

    Raises:
        BadOption: they are declared otherwise, or there are none.
    """
    before = {tool.name: tool for tool in was}
    now = {tool.name: tool for tool in unrehearsed(own_tools.declared if own_tools is not None else ())}
    if differ := [name for name in before | now if before.get(name) != now.get(name)]:
        raise BadOption(
            f"the session goes on in the engine with the tools it was begun with, and {', '.join(differ)} "
            f"{'is' if len(differ) == 1 else 'are'} missing, new, or declared otherwise; give them as they were, with --tools"
        )


def unrehearsed(tools: Iterable[Declared]) -> tuple[Declared, ...]:
    """The tools as they are in the engine: a copy of a world stays in one worker, so that nothing is rehearsed."""
    return tuple(replace(tool, rehearses=False) for tool in tools)
