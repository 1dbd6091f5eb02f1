"""What a trip is to be: from where to where, when, for how many, for how much, and what must hold."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.worlds.travel import tables
from outrider.worlds.travel.records import Accommodation
from outrider.worlds.travel.trip import Mode

HouseRule: TypeAlias = Literal["pets", "smoking", "parties", "visitors", "children under 10"]
RoomWish: TypeAlias = Literal["entire room", "private room", "shared room", "not shared room"]
Avoid: TypeAlias = Literal["no flight", "no self-driving"]

_ROOMS: Final[dict[RoomWish, tuple[str, ...]]] = {
    "entire room": ("Entire home/apt",),
    "private room": ("Private room",),
    "shared room": ("Shared room",),
    "not shared room": ("Entire home/apt", "Private room"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A way that the reference information covers: from where to where, on which day of the trip, from 1."""

    origin: str
    destination: str
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A task of TravelPlanner, read.

    Args:
        destination: a city, or a state of which ``cities`` different ones are to be visited.
        budget_usd: for everybody and everything; ``None``: any sum will do.
        house_rule: what an accommodation must not forbid.
        legs: the ways of the reference information, in order; empty: which cities to visit is open.
        assumed: what the text did not say and was taken for granted, in words.
        unread: the clauses of the text that no rule could read, as they stand.
    """

    text: str
    origin: str
    destination: str
    start: datetime.date
    days: int
    people: int = 1
    cities: int = 1
    budget_usd: int | None = None
    house_rule: HouseRule | None = None
    cuisines: tuple[str, ...] = ()
    room: RoomWish | None = None
    avoid: Avoid | None = None
    legs: tuple[Leg, ...] = ()
    assumed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def to_state(self) -> bool:
        """Whether the destination is a state, as the authors' trips of more than three days have it."""
        return self.destination in tables.cities_by_state() and (self.cities > 1 or self.destination not in tables.states())

    @property
    def level(self) -> Literal["easy", "medium", "hard"]:
        """The authors' level, by the number of constraints beside the budget: none, one, more."""
        asked = sum(map(bool, (self.house_rule, self.cuisines, self.room, self.avoid)))
        return "easy" if not asked else "medium" if asked == 1 else "hard"

    def date(self, day: int) -> str:
        """The ISO date of a day of the trip, from 1."""
        return (self.start + datetime.timedelta(days=day - 1)).isoformat()

    def may_use(self, mode: Mode) -> bool:
        """Whether the task lets one travel so."""
        return self.avoid != f"no {mode}"

    def room_fits(self, home: Accommodation) -> bool:
        """Whether the room's type is one that the task asks for."""
        return self.room is None or home.room_type in _ROOMS[self.room]

    def rule_fits(self, home: Accommodation) -> bool:
        """Whether the house forbids nothing that the task needs."""
        return self.house_rule is None or self.house_rule not in home.forbids
