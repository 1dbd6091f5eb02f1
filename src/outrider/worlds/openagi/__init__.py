"""OpenAGI (Ge et al., 2023): tasks for chains of specialised models. Plan only: a step is a tool's name.

``tasks.txt`` are its 185 task lines and ``gold.jsonl`` the 15 with a tool sequence by its authors; both under the licence beside
them. Actions, cues and worked examples are ours; no example has the tool sequence of a gold task.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from outrider.agents.world import World
from outrider.model import FINISH, Prefix
from outrider.worlds.openagi.dry_run import situation
from outrider.worlds.openagi.examples import EXAMPLES, MORE, thought
from outrider.worlds.openagi.tools import TOOLS

TRANSLATION = "Machine Translation"


def allowed(prefix: Prefix) -> tuple[str, ...]:
    """No tool twice, but translation at most twice and not at once again; and no empty plan."""
    done = [step.action for step in prefix]
    names = [tool.name for tool in TOOLS if tool.name not in done and tool.name not in (FINISH, TRANSLATION)]
    if done.count(TRANSLATION) < 2 and done[-1:] != [TRANSLATION]:
        names.append(TRANSLATION)
    return (*names, FINISH) if done else tuple(names)


@cache
def tasks() -> tuple[str, ...]:
    """The 185 task lines."""
    return tuple(_file("tasks.txt").splitlines())


@cache
def gold() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The 15 tasks with the tool sequence by OpenAGI's authors, `finish` left out."""
    rows = [json.loads(line) for line in _file("gold.jsonl").splitlines()]
    return tuple((row["task"], tuple(row["steps"])) for row in rows)


def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


WORLD = World(
    name="openagi",
    about="You plan how specialised models are chained to solve a task, one model a step.",
    actions=TOOLS,
    examples=EXAMPLES,
    more=MORE,
    allowed=allowed,
    situation=situation,
    thought=thought,
)
