"""A target: a parser of ours that foreign bytes reach, and what may come out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fuzzing.spoiling import Spoiler

Group: TypeAlias = Literal["journal", "replies", "streams", "results", "mailbox", "users"]

Feed: TypeAlias = Callable[[Spoiler], None]
"""Spoil an input and feed it to the parser. It returns if the parser has read it as something, which must hold then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parser.

    ``parts`` is its part of all inputs, in relation to the others'. ``refuses`` are the errors by which it may refuse an input;
    whatever else comes out is a defect.
    """

    name: str
    group: Group
    parts: float
    feed: Feed
    refuses: tuple[type[Exception], ...]


class Broken(Exception):
    """A parser has read an input as something that cannot be."""


def holds(true: bool, what: str) -> None:
    """Raise ``Broken`` unless it is true."""
    if not true:
        raise Broken(what)
