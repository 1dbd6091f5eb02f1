"""What turns one state into the next, as a JSON Patch (RFC 6902)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from outrider.model import JSON

_GROWING: Final = ("confirmed", "sentences", "summary")
"""Lists of the state that grow at their end: of these only the end is sent anew."""


def patch(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
    """What turns ``before`` into ``after``, two states with the same names in them (RFC 6902)."""
    for name, value in after.items():
        old = before[name]
        if old == value:
            continue
        if name in _GROWING and isinstance(old, list) and isinstance(value, list):
            yield from _list_patch(f"/{name}", old, value)
        else:
            yield {"op": "replace", "path": f"/{name}", "value": value}


def _list_patch(path: str, old: list[JSON], new: list[JSON]) -> Iterator[dict[str, JSON]]:
    differs = (i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one is not other and one != other)
    keep = next(differs, min(len(old), len(new)))
    for i in range(len(old) - 1, keep - 1, -1):
        yield {"op": "remove", "path": f"{path}/{i}"}
    for value in new[keep:]:
        yield {"op": "add", "path": f"{path}/-", "value": value}
