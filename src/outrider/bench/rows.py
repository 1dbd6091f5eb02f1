"""Rows: what a target and a drafter said to the same prefix, how long each took, and what it cost in tokens.

A file of rows has a JSON object a line:

    {"task": "…", "at": 0, "target": "search", "target_s": 2.9, "target_tokens": 22, "draft": "search", "draft_s": 0.6, …}

``target`` and ``draft`` are the name of an action or ``{"action": …, "arguments": {…}}``; ``drafts``, instead of ``draft``, is a
list of guesses, best first. Seconds are ``target_s`` and ``draft_s``; tokens, where known, ``target_tokens``,
``target_prompt_tokens``, ``draft_tokens`` and ``draft_prompt_tokens``. ``target_agent`` and ``draft_agent`` may say whose answers
they are. A task's rows stand together, from ``at`` 0 without a gap; ``at`` 0 again begins another run of it. Reading is strict,
one pass, and holds one task at a time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from outrider.agents.recorded import FINISH_AS_RECORDED
from outrider.errors import BadOption, BadStep
from outrider.model import FINISH, Step

MOST_STEPS: Final = 10_000
"""More rows than this for one run of a task are a mistake in the file, and would not fit into bounded memory."""

MOST_LINE: Final = 1_000_000
"""Characters of a line. A longer one is no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step as it was recorded: both agents' answers to the target's own prefix.

    ``drafts`` are the guesses, best first; none where the drafter gave none. ``draft_s`` is ``None`` where the draft was not
    there by the time of its verdict, and nobody knows how long it would have taken. Tokens are ``None`` where nobody counted
    them.
    """

    at: int
    target: Step
    target_s: float
    drafts: tuple[Step, ...]
    draft_s: float | None
    target_tokens: int | None = None
    target_prompt_tokens: int | None = None
    draft_tokens: int | None = None
    draft_prompt_tokens: int | None = None

    @property
    def right(self) -> bool:
        """Whether the first guess equals the verdict, and came."""
        return self.draft_s is not None and self.drafts[:1] == (self.target,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run of one task: its rows from ``at`` 0 without a gap. Only the last can be `finish`, and it need not be."""

    task: str
    rows: tuple[Row, ...]

    @property
    def alone_s(self) -> float:
        """The target alone: its seconds one after another."""
        return sum(row.target_s for row in self.rows)

    @property
    def has_tokens(self) -> bool:
        """Whether the output tokens of both agents are known in every row."""
        return all(row.target_tokens is not None and row.draft_tokens is not None for row in self.rows)


def read_rows(file: Path) -> Iterator[Trace]:
    """The runs in ``file``, one at a time; no more than one is held.

    Raises:
        BadOption: the file cannot be read, is empty, or a line in it is no row or does not fit those before it. The message names
            file and line.
    """
    reader = _Reader(str(file))
    try:
        with file.open(encoding="utf-8") as lines:
            number = 0
            while line := lines.readline(MOST_LINE + 1):
                number += 1
                if line.strip():
                    yield from reader.receive(line, number)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadOption(f"the file {file} cannot be read: {why}; give a file of rows, a JSON object a line") from None
    yield from reader.rest()


class _Reader:
    """Puts rows together to runs, and holds what must be the same all through a file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task = ""
        self._rows: list[Row] = []
        self._counted: frozenset[str] | None = None
        self._agents: tuple[str, str] | None = None
        self._began = False

    def receive(self, line: str, number: int) -> Iterator[Trace]:
        where = f"{self._name}:{number}"
        fields = _fields(line, where)
        row = row_from(fields, where)
        task = _text(fields, "task", where)
        self._check_same(fields, where)
        if row.at == 0 or task != self._task:
            yield from self._complete()
            self._task = task
        self._check_succession(row, where)
        self._began = True
        self._rows.append(row)

    def rest(self) -> Iterator[Trace]:
        """The last run."""
        if not self._began:
            raise BadOption(f"the file {self._name} is empty; give rows, a JSON object a line")
        yield from self._complete()

    def _complete(self) -> Iterator[Trace]:
        if self._rows:
            trace = Trace(task=self._task, rows=tuple(self._rows))
            self._rows = []
            yield trace

    def _check_succession(self, row: Row, where: str) -> None:
        due = len(self._rows)
        if due == 0 and row.at != 0:
            raise BadOption(
                f"{where}: at is {row.at} where the rows of task {self._task!r:.80} begin; they begin at 0, and stand together"
            )
        if row.at != due:
            raise BadOption(f"{where}: at is {row.at} after {due - 1}; the rows of a task follow one another without a gap")
        if self._rows and self._rows[-1].target.is_finish:
            raise BadOption(f"{where}: a step follows {FINISH}; the plan is complete there")
        if due >= MOST_STEPS:
            raise BadOption(f"{where}: more than {MOST_STEPS} steps of one task; give another file")

    def _check_same(self, fields: Mapping[str, Any], where: str) -> None:
        """The same counts in every row, and the same two agents: sums over a mixture would mean nothing."""
        counted = frozenset(name for name in COUNTS if fields.get(name) is not None)
        if self._counted is not None and counted != self._counted:
            raise BadOption(
                f"{where}: counted are {_listed(counted)} here, and {_listed(self._counted)} in the rows before; be consistent"
            )
        agents = tuple(_text(fields, name, where) if name in fields else "" for name in AGENTS)
        if self._agents is not None and agents != self._agents:
            raise BadOption(
                f"{where}: the agents are {agents} here and {self._agents} in the rows before; give a file for each pair"
            )
        self._counted, self._agents = counted, (agents[0], agents[1])


# One row ------------------------------------------------------------------------------------------------------------

COUNTS: Final = ("target_tokens", "target_prompt_tokens", "draft_tokens", "draft_prompt_tokens")
AGENTS: Final = ("target_agent", "draft_agent")
_NEEDED: Final = ("task", "at", "target", "target_s")
_HOW: Final = "a row has task, at, target, target_s, draft (or drafts) and draft_s"
_OTHER_UNITS: Final = ("ms", "us", "ns", "msec", "millis", "milliseconds", "sec", "seconds", "min", "minutes", "h", "hours")


def _fields(line: str, where: str) -> dict[str, Any]:
    if len(line) > MOST_LINE:
        raise BadOption(f"{where}: the line is longer than {MOST_LINE} characters; {_HOW}, and nothing so long")
    try:
        fields = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadOption(f"{where}: this is no JSON object ({error}); {_HOW}") from None
    if not isinstance(fields, dict):
        raise BadOption(f"{where}: this is JSON, but no object; {_HOW}")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands there twice")
    return found


def row_from(fields: Mapping[str, Any], where: str) -> Row:
    """The row that ``fields`` are.

    Raises:
        BadOption: they are none; the message begins with ``where``.
    """
    _check_units(fields, where)
    for name in (*_NEEDED, "draft_s"):
        if name not in fields:
            raise BadOption(f"{where}: the field {name!r} is missing; {_HOW}")
    return Row(
        at=_count(fields["at"], "at", where),
        target=_step(fields["target"], "target", where),
        target_s=_seconds(fields["target_s"], "target_s", where),
        drafts=_drafts(fields, where),
        draft_s=_seconds(fields["draft_s"], "draft_s", where),
        target_tokens=_tokens(fields, "target_tokens", where),
        target_prompt_tokens=_tokens(fields, "target_prompt_tokens", where),
        draft_tokens=_tokens(fields, "draft_tokens", where),
        draft_prompt_tokens=_tokens(fields, "draft_prompt_tokens", where),
    )


def _check_units(fields: Mapping[str, Any], where: str) -> None:
    for name in fields:
        agent, _, unit = name.partition("_")
        if agent in ("target", "draft") and unit in _OTHER_UNITS:
            raise BadOption(f"{where}: {name!r} is not in seconds; give {agent}_s, in seconds, in every row")


def _drafts(fields: Mapping[str, Any], where: str) -> tuple[Step, ...]:
    given = [name for name in ("draft", "drafts") if name in fields]
    if len(given) != 1:
        raise BadOption(
            f"{where}: {'both draft and drafts are' if given else 'draft is'} {'given' if given else 'missing'}; {_HOW}"
        )
    if given == ["draft"]:
        return () if fields["draft"] is None else (_step(fields["draft"], "draft", where),)
    if not isinstance(fields["drafts"], list):
        raise BadOption(f"{where}: drafts is {fields['drafts']!r:.80}; give a list of guesses, best first")
    return tuple(dict.fromkeys(_step(guess, "a draft", where) for guess in fields["drafts"]))


def _step(value: object, what: str, where: str) -> Step:
    try:
        match value:
            case str():
                return _named(value)
            case {"action": str(action), **rest} if not rest.keys() - {"arguments"}:
                arguments: Any = rest.get("arguments", {})
                return Step(action, arguments)
    except BadStep as error:
        raise BadOption(f"{where}: {what} is no step: {error}") from None
    raise BadOption(
        f"{where}: {what} is {value!r:.80}, which is no step; give the name of an action, or an object with action and arguments"
    )


@lru_cache(maxsize=4096)
def _named(action: str) -> Step:
    """The step of that name; a file names few actions, many times each."""
    return Step(FINISH if action == FINISH_AS_RECORDED else action)


def _seconds(value: object, name: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOption(f"{where}: {name} is {value!r:.80}; give a number of seconds")
    if not 0 <= value <= sys.float_info.max:  # a whole number may be too big for a float
        raise BadOption(f"{where}: {name} is {value!r:.80}; seconds are a number from 0")
    return float(value)


def _count(value: object, name: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadOption(f"{where}: {name} is {value!r:.80}; give a whole number from 0")
    return value


def _tokens(fields: Mapping[str, Any], name: str, where: str) -> int | None:
    value = fields.get(name)
    return None if value is None else _count(value, name, where)


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise BadOption(f"{where}: {name} is {value!r:.80}; give a text")
    return value


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "no tokens"
