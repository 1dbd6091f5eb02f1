"""The integer program of a trip, for OR-Tools CP-SAT: which rides, beds and restaurants are taken.

A ride a leg, each leg from where the last one led; a bed a stay; as many different restaurants in a city as meals are had there;
each cuisine that is asked for. Whether a meal is had on a day of travel hangs on the ride that is taken.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from outrider.errors import BadOption
from outrider.worlds.travel import tables
from outrider.worlds.travel.agenda import Offer
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.problem import CUISINE, RIDES, Problem
from outrider.worlds.travel.records import Accommodation, Restaurant
from outrider.worlds.travel.trip import MEALS, Meal, Place

Prefer: TypeAlias = Literal["cheapest", "rated"]

_STAR: Final = 10**6
"""A tenth of a star weighs more than any sum of dollars."""
_SHORT: Final = 10**9
"""A meal for which there is no restaurant weighs more than all dollars."""
_RANKS: Final = 1_000_003


class SearchStopped(Exception):
    """The search was asked to stop. Whoever asked does not want the answer, so it reaches nobody."""


class Stop:
    """Asks a search in another thread to stop."""

    def __init__(self) -> None:
        self.asked = False
        self._search: Callable[[], None] = _nothing

    def ask(self) -> None:
        """The search under way, if there is one, ends in a moment, and none begins after it."""
        self.asked = True
        self._search()

    def searching(self, stop_search: Callable[[], None]) -> None:
        """A search begins, which ``stop_search`` stops.

        Raises:
            SearchStopped: it is not wanted any more.
        """
        self._search = stop_search
        self.check()

    def check(self) -> None:
        """Raise ``SearchStopped`` if it was asked to stop."""
        if self.asked:
            raise SearchStopped


def _nothing() -> None:
    pass


class Program:
    """The integer program of a problem, and how its answer is read."""

    def __init__(self, facts: Problem, prefer: Prefer, stop: Stop) -> None:
        try:
            from ortools.sat.python import cp_model  # a third of a second, and an extra
        except ModuleNotFoundError:
            raise BadOption("the solver needs OR-Tools: pip install 'outrider[solver]'") from None
        self._cp, self._facts, self._prefer, self._stop = cp_model, facts, prefer, stop
        self._model: Any = cp_model.CpModel()
        self._solver: Any = cp_model.CpSolver()
        self._weight: list[Any] = []
        self._rank: list[Any] = []
        self._usd: list[Any] = []
        self._takes = {(leg.day, offer): self._model.new_bool_var("") for leg in facts.legs for offer in leg.offers}
        self._sleeps: dict[tuple[int, str], list[tuple[Accommodation, Any]]] = {}
        self._eats: dict[str, list[tuple[Restaurant, Any]]] = {}
        self._travel()
        self._sleep()
        self._eat()
        if prefer == "rated":
            self._keep_to_budget()

    def solve(self) -> bool:
        """Whether there is an answer; it is then optimal, and of many optima the one of the least rank.

        Ranks hang on names alone, so that the same one is found from every prefix of it.

        Raises:
            SearchStopped: it was asked to stop.
        """
        self._solver.parameters.num_workers = 1
        self._solver.parameters.random_seed = 0
        self._solver.parameters.catch_sigint_signal = False  # Ctrl-C is the session's; two searches that catch it end the process
        weight = sum(self._weight)
        if not self._optimal(weight):
            return False
        self._model.add(weight == round(self._solver.objective_value))
        return self._optimal(sum(self._rank))

    def _optimal(self, weight: Any) -> bool:
        self._model.minimize(weight)
        self._stop.searching(self._solver.stop_search)
        # Asked between that line and the next, it would search on; the bounds that it finds say so once more.
        self._solver.best_bound_callback = lambda bound: self._stop.ask() if self._stop.asked else None
        status = self._solver.solve(self._model)
        self._stop.check()
        return bool(status == self._cp.OPTIMAL)

    def rides(self) -> dict[int, Offer]:
        """The ride of each day of travel."""
        return {day: offer for (day, offer), taken in self._takes.items() if self._is(taken)}

    def _is(self, variable: Any) -> bool:
        return bool(self._solver.value(variable))

    def _costs(self, variable: Any, name: str, usd: int, stars: int = 0) -> None:
        """What choosing ``variable`` weighs, and its rank."""
        self._usd.append(usd * variable)
        self._weight.append((usd - (stars * _STAR if self._prefer == "rated" else 0)) * variable)
        self._rank.append(_rank(name) * variable)

    def _travel(self) -> None:
        """A ride a leg, from where the last one led; no city twice; no car beside flights and taxis."""
        legs, model = self._facts.legs, self._model
        for leg in legs:
            model.add_exactly_one(self._takes[leg.day, offer] for offer in leg.offers)
            for offer in leg.offers:
                self._costs(self._takes[leg.day, offer], f"{leg.day} {offer.ride}", offer.usd)
        for leg, following in pairwise(legs):
            for city in {offer.ride.destination for offer in leg.offers} | {offer.ride.origin for offer in following.offers}:
                leaves = [self._takes[following.day, offer] for offer in following.offers if offer.ride.origin == city]
                model.add(self._arrives(leg.day, city) == sum(leaves))
        for city in {offer.ride.destination for _, offer in self._takes}:
            model.add(sum(self._arrives(leg.day, city) for leg in legs) <= 1)
        if RIDES not in self._facts.given_up:
            self._mix_nothing()

    def _mix_nothing(self) -> None:
        before, drives = self._facts.modes_before, self._model.new_bool_var("")
        if before:
            self._model.add(drives == ("self-driving" in before))
        for (_, offer), taken in self._takes.items():
            self._model.add_implication(taken, drives if offer.ride.mode == "self-driving" else drives.negated())

    def _arrives(self, day: int, city: str) -> Any:
        """1 if the leg of ``day`` leads to ``city``, else 0."""
        return sum(taken for (on, offer), taken in self._takes.items() if on == day and offer.ride.destination == city)

    def _stays(self) -> list[tuple[int, str, Any]]:
        """The day on which each possible stay begins, its city, and 1 if it is made, else 0."""
        facts, now = self._facts, self._facts.now
        made: list[tuple[int, str, Any]] = []
        if all(leg.day != now.day for leg in facts.legs) and now.day < facts.query.days:
            made.append((now.day, now.here, 1))
        for leg in facts.legs:
            cities = sorted({offer.ride.destination for offer in leg.offers})
            made += [(leg.day, city, self._arrives(leg.day, city)) for city in cities if leg.day < facts.query.days]
        return made

    def _sleep(self) -> None:
        """A bed a stay, for all its nights."""
        facts = self._facts
        for day, city, is_made in self._stays():
            nights = facts.next_leg(day) - day
            if day == facts.now.day and facts.last_night and city == facts.now.here:
                continue
            homes = facts.beds(city, nights)
            ordered = sorted(homes, key=lambda home: (home.night_usd(facts.query.people), _rank(f"{home.name}, {city}")))
            kept = ordered if self._prefer == "rated" else ordered[:1]
            entries = [(home, self._model.new_bool_var("")) for home in kept]
            self._sleeps[day, city] = entries
            self._model.add(sum(variable for _, variable in entries) == is_made)
            for home, variable in entries:
                usd = nights * home.night_usd(facts.query.people)
                self._costs(variable, f"{home.name}, {city}", usd, nights * home.rating * 10)

    def _needs(self) -> dict[str, Any]:
        """The meals that are had in each city."""
        facts, now = self._facts, self._facts.now
        needs: dict[str, Any] = {}
        travel = {leg.day: leg for leg in facts.legs}
        for day in range(now.day, facts.query.days + 1):
            if day in travel:
                cases = [(self._takes[day, offer], facts.meals(day, offer.ride.origin, offer)) for offer in travel[day].offers]
            elif day == now.day:
                cases = [(1, facts.meals(day, now.here, None))]
            else:
                cases = [(made, facts.meals(day, city, None)) for start, city, made in self._stays() if self._covers(start, day)]
            for made, meals in cases:
                for city, count in meals.items():
                    needs[city] = needs.get(city, 0) + count * made
        return needs

    def _covers(self, start: int, day: int) -> bool:
        """Whether the stay that begins on ``start`` is under way on ``day``."""
        return start <= day and all(not start < leg.day <= day for leg in self._facts.legs)

    def _eat(self) -> None:
        """As many different restaurants in each city as meals are had there, and every cuisine that is asked for."""
        facts, people = self._facts, self._facts.query.people
        for city, count in self._needs().items():
            entries = [(place, self._model.new_bool_var("")) for place in self._worth(city)]
            short = self._model.new_int_var(0, 3 * facts.query.days if self._prefer == "cheapest" else 0, "")
            self._eats[city] = entries
            self._weight.append(_SHORT * short)
            self._model.add(sum(variable for _, variable in entries) + short == count)
            for place, variable in entries:
                self._costs(variable, f"{place.name}, {city}", people * place.price_usd, round(10 * place.rating))
        for name in () if CUISINE in facts.given_up else facts.missing_cuisines:
            found = [variable for entries in self._eats.values() for place, variable in entries if name in place.cuisines]
            self._model.add(sum(found) >= 1)

    def _worth(self, city: str) -> list[Restaurant]:
        """The restaurants that an optimum may need: of those alike in the cuisines asked for, the cheapest, one for each meal."""
        facts, most = self._facts, 3 * self._facts.query.days
        ordered = sorted(facts.restaurants(city), key=lambda place: (place.price_usd, _rank(f"{place.name}, {city}")))
        if self._prefer == "rated":
            return ordered
        alike: Counter[frozenset[str]] = Counter()
        kept = []
        for place in ordered:
            kind = frozenset(place.cuisines) & frozenset(facts.missing_cuisines)
            alike[kind] += 1
            if alike[kind] <= most:
                kept.append(place)
        return kept

    def _keep_to_budget(self) -> None:
        facts = self._facts
        if facts.query.budget_usd is None:
            return
        spent = bill(facts.now.trip, facts.query.people).usd + self._kept_bed_usd()
        self._model.add(sum(self._usd) + spent <= facts.query.budget_usd)

    def _kept_bed_usd(self) -> int:
        """What the nights to come cost in the bed that is kept."""
        facts = self._facts
        if facts.last_night is None or any(leg.day == facts.now.day for leg in facts.legs):
            return 0
        home = tables.accommodations().find(facts.last_night.name, facts.last_night.city)
        nights = facts.next_leg(facts.now.day) - facts.now.day
        return nights * home.night_usd(facts.query.people) if home else 0

    # The answer

    def beds(self, rides: Mapping[int, Offer]) -> dict[int, Place]:
        """The bed of each night to come."""
        facts, here, bed = self._facts, self._facts.now.here, self._facts.last_night
        found: dict[int, Place] = {}
        for day in range(facts.now.day, facts.query.days):
            here = rides[day].ride.destination if day in rides else here
            for home, variable in self._sleeps.get((day, here), ()):
                bed = Place(home.name, here) if self._is(variable) else bed
            if bed and bed.city == here:
                found[day] = bed
        return found

    def places(self, rides: Mapping[int, Offer]) -> dict[tuple[int, Meal], Place]:
        """The restaurant of each meal to come: in each city the cheapest for breakfasts, the dearest for dinners.

        The order does not hang on where the prefix ends, so that a longer prefix of the same trip gives the same rest.
        """
        facts, here = self._facts, self._facts.now.here
        slots: dict[str, list[tuple[int, int]]] = {}
        for day in range(facts.now.day, facts.query.days + 1):
            for slot in facts.slots(day, here, rides.get(day)):
                if slot.kind in MEALS:
                    slots.setdefault(slot.city, []).append((MEALS.index(slot.kind), day))
            here = rides[day].ride.destination if day in rides else here
        found: dict[tuple[int, Meal], Place] = {}
        for city, wanted in slots.items():
            names = [Place(place.name, city) for place, variable in self._eats[city] if self._is(variable)]
            found |= {(day, MEALS[meal]): place for (meal, day), place in zip(sorted(wanted), names, strict=False)}
        return found


def _rank(name: str) -> int:
    """A number that hangs on ``name`` alone, spread so widely that no two choices of many have the same sum."""
    return zlib.crc32(name.encode()) % _RANKS
