"""What TravelPlanner's tables say, as values: one class a table. Prices are dollars as its authors print them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

RoomType: TypeAlias = Literal["Entire home/apt", "Private room", "Shared room"]

PEOPLE_A_CAR: Final = 5
PEOPLE_A_TAXI: Final = 4
_USD_A_KM_DRIVING: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Attraction:
    """A sight. The tables name no price for it."""

    name: str
    city: str
    address: str
    phone: str
    website: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restaurant:
    """A place to eat, with the average price of a meal for one person and a rating from 0 to 5."""

    name: str
    city: str
    cuisines: tuple[str, ...]
    price_usd: int
    rating: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accommodation:
    """A place to sleep, with the price of a night for one unit of it. ``forbids`` are words such as ``pets``."""

    name: str
    city: str
    room_type: RoomType
    price_usd: int
    minimum_nights: int
    most_people: int
    rating: int
    forbids: tuple[str, ...]

    def night_usd(self, people: int) -> int:
        """The price of a night for ``people``, who take as many units as they need."""
        return self.price_usd * math.ceil(people / self.most_people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """The way from one city to another by road, in less than a day."""

    origin: str
    destination: str
    duration: str
    duration_min: int
    distance: str
    distance_km: float

    @property
    def car_usd(self) -> int:
        """For one car, driven by the travellers: 5 cents a kilometre, cut to whole dollars."""
        return int(self.distance_km * _USD_A_KM_DRIVING)

    @property
    def taxi_usd(self) -> int:
        """For one taxi: a dollar a kilometre, cut to whole dollars."""
        return int(self.distance_km)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A flight on one day; ``price_usd`` is for one person, ``date`` is ISO 8601, times are local."""

    number: str
    origin: str
    destination: str
    date: str
    departs: str
    arrives: str
    duration: str
    price_usd: int
    distance_miles: int
