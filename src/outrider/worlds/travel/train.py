"""TravelPlanner's train set: 45 tasks, the plans that its annotators made for them, and which ways their reference covers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from outrider.errors import UnknownName
from outrider.model import JSON
from outrider.worlds.travel import dataset, tables
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.reading import read_query
from outrider.worlds.travel.trip import Trip


@cache
def lines() -> tuple[Mapping[str, JSON], ...]:
    """The 45 tasks and plans as they are written: ``query`` and ``plan``."""
    return tuple(json.loads(line) for line in tables.original("train45.jsonl").decode().splitlines())


@cache
def queries() -> tuple[Query, ...]:
    """The 45 tasks, read from their text, with the legs of their reference: 15 easy ones, 15 medium, 15 hard."""
    return tuple(read_query(str(line["query"]), legs_of=index) for index, line in enumerate(lines()))


@cache
def annotated() -> tuple[Trip, ...]:
    """The plans that the authors' annotators made for the 45 tasks."""
    return tuple(dataset.read(line["plan"]) for line in lines())


def numbered(number: int) -> Query:
    """The task of that number, from 0.

    Raises:
        UnknownName: there is none.
    """
    if not 0 <= number < len(queries()):
        raise UnknownName(f"there is no task {number} of TravelPlanner's train set; they are 0 to {len(queries()) - 1}")
    return queries()[number]
