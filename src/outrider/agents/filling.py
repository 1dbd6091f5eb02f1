"""Arguments of a confirmed step, as a rule for other tasks: a value that came from its own task is looked up in the next one.

A value that stands in its task's text, word for word, is taken from the new task's text: what stands there between the same two
neighbouring words (a text's start and end are neighbours too). A value that an earlier step had as an argument is taken from the
step as many places back. Every other value stays as it is. Where a value cannot be found, the step is no guess.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from outrider.errors import BadStep
from outrider.model import JSON, Prefix, Step

MOST_WORDS: Final = 8
"""A value that is taken from a task's text has at most so many words."""

_WORD: Final = re.compile(r"\w+(?:[-'.,:/]\w+)*")


class Text:
    """A task's text, cut into words; their case does not count."""

    __slots__ = ("spans", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [found.span() for found in _WORD.finditer(text)]
        self.words = [text[begin:end].casefold() for begin, end in self.spans]

    def around(self, value: str) -> tuple[str, str] | None:
        """The words before and after ``value``, empty at the text's start and end; ``None`` where it does not stand there."""
        wanted = [found[0].casefold() for found in _WORD.finditer(value)]
        for i in range(len(self.words) - len(wanted) + 1):
            if wanted and self.words[i : i + len(wanted)] == wanted:
                return self._word(i - 1), self._word(i + len(wanted))
        return None

    def between(self, before: str, after: str) -> str | None:
        """The first and shortest text between those two words; ``None`` where there is none."""
        for i in range(len(self.words)):
            if self._word(i - 1) == before:
                for end in range(i + 1, min(i + MOST_WORDS, len(self.words)) + 1):
                    if self._word(end) == after:
                        return self.text[self.spans[i][0] : self.spans[end - 1][1]]
        return None

    def _word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same value in every task, as JSON."""

    json: str


@dataclass(frozen=True, slots=True)
class FromTask:
    """What stands between two words of the task's text."""

    before: str
    after: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class FromStep:
    """What the step ``back`` places before had as its argument ``name``."""

    back: int
    name: str


Source: TypeAlias = Fixed | FromTask | FromStep


@dataclass(frozen=True, slots=True)
class Template:
    """A confirmed step, with a rule for each argument."""

    action: str
    arguments: tuple[tuple[str, Source], ...] = ()

    def filled(self, task: Text, prefix: Prefix) -> Step | None:
        """The step for another task after ``prefix``; ``None`` where a value cannot be found."""
        arguments: dict[str, JSON] = {}
        for name, source in self.arguments:
            value = _value(source, task, prefix)
            if value is None and not isinstance(source, Fixed):
                return None
            arguments[name] = value
        try:
            return Step(self.action, arguments)
        except BadStep:  # what stands in the task may be nothing that a step can hold
            return None


def template_of(task: Text, prefix: Prefix, step: Step) -> Template:
    """``step``, which was confirmed after ``prefix``, as a rule."""
    return Template(step.action, tuple((name, _source(value, task, prefix)) for name, value in step.arguments.items()))


def _source(value: JSON, task: Text, prefix: Prefix) -> Source:
    fixed = Fixed(json.dumps(value, ensure_ascii=False, sort_keys=True))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return fixed
    if (around := task.around(str(value))) is not None:
        return FromTask(*around, is_number=isinstance(value, int))
    for back, earlier in enumerate(reversed(prefix), 1):
        for name, other in earlier.arguments.items():
            if type(other) is type(value) and other == value:
                return FromStep(back, name)
    return fixed


def _value(source: Source, task: Text, prefix: Prefix) -> JSON:
    match source:
        case Fixed(json=text):
            value: JSON = json.loads(text)
            return value
        case FromTask(before=before, after=after, is_number=is_number):
            found = task.between(before, after)
            if found is None or not is_number:
                return found
            return int(found) if found.isascii() and found.isdigit() and len(found) < MOST_DIGITS else None
        case FromStep(back=back, name=name):
            return prefix[-back].arguments.get(name) if back <= len(prefix) else None


MOST_DIGITS: Final = 16
"""Longer numbers are no amounts."""
