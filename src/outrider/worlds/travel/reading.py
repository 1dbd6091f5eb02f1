"""From a task's own words to what the trip is to be, by rules: no model reads here.

The rules read all 45 tasks of the train set, and tasks in one's own words such as "Seattle to California, 5 days from March 16,
two people, pet-friendly, entire room, $4,000". What cannot be done without must be there, or ``BadOption`` says what is missing;
what is taken for granted stands in ``Query.assumed``, and clauses that no rule read in ``Query.unread``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Final

from outrider.errors import BadOption, UnknownName
from outrider.worlds.travel import tables
from outrider.worlds.travel.queries import Avoid, HouseRule, Leg, Query, RoomWish

YEAR: Final = 2022
"""The year of all flights known; taken where a task names none."""

MOST_DAYS: Final = 28
"""Four weeks: no city has restaurants for more, and none of the data's trips is longer than one."""

CUISINES: Final = (
    "American", "BBQ", "Bakery", "Cafe", "Chinese", "Desserts", "Fast Food", "French", "Indian", "Italian", "Mediterranean",
    "Mexican", "Pizza", "Seafood", "Tea",
)  # fmt: skip

_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS: Final = {word: n for n, word in enumerate(_WORDS)}
_N: Final = rf"(\d{{1,9}}|{'|'.join(_NUMBERS)})"
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH: Final = rf"({'|'.join(_MONTHS)})"
_DATE: Final = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)|\b(?P<m1>{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\b(?:\s*[-–]\s*(?P<e1>\d{{1,2}})\b)?"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH})\b|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th)\b",
    re.I,
)
_YEAR: Final = re.compile(r"\b(20\d\d)\b")
_DAYS: Final = re.compile(rf"\b{_N}[ -]days?\b", re.I)
_WEEK: Final = re.compile(r"\b(?:one[ -]|a )?week(?:-long)?\b", re.I)
_BUDGET: Final = re.compile(r"(?:\$|usd|us\$)\s*(\d[\d,]{0,14})|\b(\d[\d,]{0,14})\s*(?:dollars|usd)\b", re.I)
_CITIES: Final = re.compile(rf"\b{_N}\s+(?:(?:different|separate|distinct|unique)\s+)?cities\b", re.I)
_PEOPLE: Final = (
    re.compile(rf"\b(?:group|party|family) of {_N}\b", re.I),
    re.compile(rf"\b{_N}[ -](?:people|persons?|travell?ers?|individuals?|adults|friends|of us)\b", re.I),
    re.compile(rf"\bfor {_N}\b(?![ -](?:days?|nights?))", re.I),
)
_PAIR: Final = re.compile(r"\b(?:a pair|couple)\b", re.I)
_ALONE: Final = re.compile(r"\b(?:solo|alone|by myself|single[ -](?:person|travell?er))\b", re.I)
_RULES: Final[Mapping[HouseRule, re.Pattern[str]]] = {
    "pets": re.compile(r"\b(?:pets?\b|pet-friendly|dogs?\b|cats?\b)", re.I),
    "smoking": re.compile(r"\bsmok(?:ing|e|ers?)\b", re.I),
    "parties": re.compile(r"\bparties\b", re.I),
    "visitors": re.compile(r"\bvisitors?\b", re.I),
    "children under 10": re.compile(r"\b(?:children|kids|child)\b", re.I),
}
_ROOMS: Final[Mapping[RoomWish, re.Pattern[str]]] = {
    "not shared room": re.compile(r"\b(?:not?|non|avoid|without)[ -](?:a )?shared (?:rooms?|accommodations?)\b", re.I),
    "shared room": re.compile(r"\bshared (?:rooms?|accommodations?)\b", re.I),
    "private room": re.compile(r"\bprivate rooms?\b", re.I),
    "entire room": re.compile(r"\bentire (?:rooms?|homes?|places?|apartments?)\b", re.I),
}
_NOT: Final = r"\b(?:not|no|non|without|avoid|don't|won't|never)\b[^.,;]*?"
_AVOID: Final[Mapping[Avoid, re.Pattern[str]]] = {
    "no flight": re.compile(_NOT + r"\b(?:fly|flying|flights?)\b", re.I),
    "no self-driving": re.compile(_NOT + r"(?:\bself-driv|\bdriv(?:e|ing)\b)", re.I),
}
_FORBIDDING: Final = re.compile(r"\b(?:no|non|without)[ -](?:pets?|smok\w+|parties|visitors|children)\b", re.I)


def read_query(text: str, *, legs_of: int | None = None) -> Query:
    """What the trip is to be, by the words of ``text``; with the legs of the reference information ``legs_of`` if given.

    Raises:
        UnknownName: it names a place that is not in the tables; the message names near ones.
        BadOption: where from, where to or when is missing, or two of its words contradict one another.
    """
    (origin, destination), wish = _places(text), _house_rule(text)
    start, days = _when(text)
    cities = _cities(text, destination, days)
    people, assumed = _people(text)
    budget = next(reversed([*_BUDGET.finditer(text)]), None)  # a sentence added later counts
    query = Query(
        text=text,
        origin=origin,
        destination=destination,
        start=start,
        days=days,
        people=people,
        cities=cities,
        budget_usd=int((budget[1] or budget[2]).replace(",", "")) if budget else None,
        house_rule=wish,
        cuisines=tuple(name for name in CUISINES if re.search(rf"\b{name}\b", text, re.I)),
        room=next((room for room, pattern in _ROOMS.items() if pattern.search(text)), None),
        avoid=next((avoid for avoid, pattern in _AVOID.items() if pattern.search(text)), None),
        legs=_legs(legs_of, start) if legs_of is not None else (),
        assumed=(*assumed, *_year_assumed(text)),
        unread=_unread(text),
    )
    _agree(query)
    return query


def _agree(query: Query) -> None:
    if not 2 <= query.days <= MOST_DAYS:
        raise BadOption(f"a trip there and back of {query.days} days cannot be planned; give 2 to {MOST_DAYS} days")
    if query.cities >= query.days:
        raise BadOption(f"{query.cities} cities do not fit into {query.days} days: there is a night in each")
    known = len(tables.cities_by_state()[query.destination]) if query.to_state else 1
    if query.cities > known:
        raise BadOption(f"{query.cities} cities are asked for, and {query.destination} has {known} that is known; ask for fewer")
    if query.people < 1:
        raise BadOption(f"{query.people} people cannot travel; say how many do")


def _number(text: str) -> int:
    return _NUMBERS[text.casefold()] if text.casefold() in _NUMBERS else int(text)


# Where ----------------------------------------------------------------------------------------------------------------


@cache
def _place_pattern(flags: int = 0) -> re.Pattern[str]:
    names = sorted({*tables.states(), *tables.cities_by_state()}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})(?!\w)", flags)


@cache
def _by_lower_case() -> Mapping[str, str]:
    return {name.casefold(): name for name in (*tables.states(), *tables.cities_by_state())}


def _mentions(text: str) -> list[tuple[int, str]]:
    """The cities and states that the text names, and where; capitals count unless it has none for them."""
    found = [(match.start(), match[0]) for match in _place_pattern().finditer(text)]
    if len({name for _, name in found}) < 2:
        found = [(match.start(), _by_lower_case()[match[0].casefold()]) for match in _place_pattern(re.I).finditer(text)]
    return found


_SETS_OUT: Final = re.compile(r"\b(?:from|leaving|departing|(?:start|beginn?)(?:s|ing)?(?: (?:in|at))?)\s+$", re.I)


def _places(text: str) -> tuple[str, str]:
    named = _mentions(text)
    starts = [name for at, name in named if _SETS_OUT.search(text[:at]) and name in tables.states()]
    origin = next(iter([*starts, *(name for _, name in named if name in tables.states())]), None)
    destination = next((name for _, name in named if name != origin), None)
    if origin is None or destination is None:
        raise _unknown_place(text, "starts" if origin is None else "leads")
    return origin, destination


def _unknown_place(text: str, what: str) -> Exception:
    known = [*tables.states(), *tables.cities_by_state()]
    months = {month.capitalize() for month in _MONTHS}
    for match in re.finditer(r"[A-Z][\w.']*(?: [A-Z][\w.']*)*", text):
        near = get_close_matches(match[0], known, 3, 0.75)
        if near and match[0] not in (*known, *months, *CUISINES):
            return UnknownName(f"{match[0]!r} is no city or state of TravelPlanner's; near: {', '.join(near)}")
    return BadOption(
        f"where the trip {what} is not to be understood from {text[:120]!r}; "
        'name a city to start from and a city or state to go to, as in "Seattle to California"'
    )


def _cities(text: str, destination: str, days: int) -> int:
    found = _CITIES.search(text)
    if found:
        return _number(found[1])
    return 1 if destination in tables.states() else max(1, (days - 1) // 2)


# When -----------------------------------------------------------------------------------------------------------------


def _when(text: str) -> tuple[datetime.date, int]:
    """The first day and how many there are."""
    dates = _dates(text)
    said = _DAYS.search(text)
    days = _number(said[1]) if said else 7 if _WEEK.search(text) else None
    if not dates:
        raise BadOption(f"when the trip starts is not to be understood from {text[:120]!r}; say for example: from March 16")
    if len(dates) == 1:
        if days is None:
            raise BadOption(f"how long the trip is to be is not to be understood from {text[:120]!r}; say for example: 5 days")
        return dates[0], days
    between = (dates[-1] - dates[0]).days + 1
    if between < 1:
        raise BadOption(f"the trip is to end on {dates[-1]}, before it starts on {dates[0]}; turn the dates round")
    if days is not None and days != between:
        raise BadOption(f"{days} days and {dates[0]} to {dates[-1]}, which are {between}, contradict one another")
    return dates[0], between


def _dates(text: str) -> list[datetime.date]:
    named = _YEAR.search(text)
    year = int(named[1]) if named else YEAR
    found: list[tuple[str | None, int] | datetime.date] = []
    for match in _DATE.finditer(text):
        if match["iso"]:
            found.append(_date(*map(int, match["iso"].split("-"))))
            continue
        month = match["m1"] or match["m2"]
        found += [(month, int(day)) for day in (match["d1"], match["e1"], match["d2"], match["d3"]) if day]
    months = [entry[0] for entry in found if isinstance(entry, tuple) and entry[0]]
    dates, last = [], next(iter(months), None)
    for entry in found:
        if isinstance(entry, datetime.date):
            dates.append(entry)
        elif month := entry[0] or last:
            last = month
            dates.append(_date(year, _MONTHS.index(month.casefold()) + 1, entry[1]))
    return dates


def _date(year: int, month: int, day: int) -> datetime.date:
    try:
        if year // 100 == YEAR // 100:
            return datetime.date(year, month, day)
        raise BadOption(f"the year {year} is out of reach; the flights known are of {YEAR}")
    except ValueError:
        raise BadOption(f"there is no day {year}-{month:02}-{day:02}; give a date of the calendar") from None


# Who, and what must hold ----------------------------------------------------------------------------------------------


def _people(text: str) -> tuple[int, tuple[str, ...]]:
    """How many travel, and what was assumed for it."""
    if _ALONE.search(text):
        return 1, ()
    if _PAIR.search(text):
        return 2, ()
    found = next((match for pattern in _PEOPLE if (match := pattern.search(text))), None)
    return (_number(found[1]), ()) if found else (1, ("one person travels",))


def _year_assumed(text: str) -> tuple[str, ...]:
    return () if _YEAR.search(text) else (f"the year is {YEAR}, of which the flights are known",)


def _house_rule(text: str) -> HouseRule | None:
    if found := _FORBIDDING.search(text):
        raise BadOption(f"{found[0]!r} cannot be asked for: the tables say what a house forbids; ask for what it must allow")
    named = [rule for rule, pattern in _RULES.items() if pattern.search(text)]
    return named[0] if named else None


def _legs(index: int, start: datetime.date) -> tuple[Leg, ...]:
    legs = []
    for key in tables.reference()[index]:
        if found := re.fullmatch(r"Flight from (.+) to (.+) on (.+)", key):
            day = (datetime.date.fromisoformat(found[3]) - start).days + 1
            legs.append(Leg(origin=found[1], destination=found[2], day=day))
    return tuple(legs)


# What was not read ----------------------------------------------------------------------------------------------------

_UNDERSTOOD: Final = (
    _DATE, _YEAR, _DAYS, _WEEK, _BUDGET, _CITIES, *_PEOPLE, _PAIR, _ALONE, *_RULES.values(), *_ROOMS.values(), *_AVOID.values(),
    re.compile(rf"\b(?:{'|'.join(CUISINES)})\b", re.I),
)  # fmt: skip
_PLACE: Final = "_"


def _unread(text: str) -> tuple[str, ...]:
    """The clauses in which nothing was understood."""
    masked = _place_pattern(re.I).sub(_PLACE, text)
    clauses = (clause.strip(" .!?") for clause in re.split(r"[;!?]|,(?!\d)|\.(?=\s|$)", masked))
    return tuple(c for c in clauses if c and _PLACE not in c and not any(pattern.search(c) for pattern in _UNDERSTOOD))
