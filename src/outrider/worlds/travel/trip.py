"""A trip as a value: days, each with where one is, how one gets there, three meals, sights and a bed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

Mode: TypeAlias = Literal["flight", "self-driving", "taxi"]
Meal: TypeAlias = Literal["breakfast", "lunch", "dinner"]

MEALS: Final[tuple[Meal, ...]] = get_args(Meal)


@dataclass(frozen=True, slots=True)
class Place:
    """A restaurant, a sight or an accommodation, by its name and city."""

    name: str
    city: str

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """A way from one city to another. ``flight`` is the flight's number."""

    mode: Mode
    origin: str
    destination: str
    flight: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day. On a day of travel ``leaves`` is the city one sets out from and ``city`` the one where one arrives.

    What is ``None`` or empty is left out of the plan; the authors write a dash there.
    """

    city: str
    leaves: str | None = None
    ride: Ride | None = None
    breakfast: Place | None = None
    attractions: tuple[Place, ...] = ()
    lunch: Place | None = None
    dinner: Place | None = None
    stay: Place | None = None

    @property
    def cities(self) -> tuple[str, ...]:
        """Where one is on this day, in order."""
        return (self.city,) if self.leaves is None else (self.leaves, self.city)

    @property
    def meals(self) -> tuple[tuple[Meal, Place], ...]:
        """The meals that are planned, in order."""
        found = (("breakfast", self.breakfast), ("lunch", self.lunch), ("dinner", self.dinner))
        return tuple((meal, place) for meal, place in zip(MEALS, (place for _, place in found), strict=True) if place)


@dataclass(frozen=True, slots=True)
class Trip:
    """Days, in order. No days is no plan."""

    days: tuple[Day, ...] = field(default=())

    @property
    def meals(self) -> tuple[Place, ...]:
        """Every meal's restaurant, in order."""
        return tuple(place for day in self.days for _, place in day.meals)
