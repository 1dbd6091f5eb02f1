"""Several servers in one address of a Postgres journal: which of them is asked first."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

_LISTS: Final = re.compile(r"(?<=[?&])(?P<name>host|port)=(?P<listed>[^&#]*)")


def orders(address: str) -> list[str]:
    """``address`` with each of its hosts in turn as the first; their ports go with them."""
    scheme, there, rest = address.partition("://")
    place = re.match(r"[^/?#]*", rest)
    assert place is not None, "which may be empty"
    user, at, hosts = place[0].rpartition("@")
    rest = rest[place.end() :]
    several = max(listed.count(",") for listed in (hosts, *(found["listed"] for found in _LISTS.finditer(rest)))) + 1
    return [
        f"{scheme}{there}{user}{at}{_from(first, hosts)}" + _LISTS.sub(partial(_in_query, first), rest)
        for first in range(several)
    ]


def _in_query(first: int, found: re.Match[str]) -> str:
    return f"{found['name']}={_from(first, found['listed'])}"


def _from(first: int, listed: str) -> str:
    parts = listed.split(",")
    first %= len(parts)
    return ",".join(parts[first:] + parts[:first])
