"""How good trips are, as TravelPlanner's authors count it (Xie et al. 2024, section 4.1, and their published evaluation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outrider.worlds.travel.commonsense import COMMONSENSE, Why
from outrider.worlds.travel.hard import HARD, asked
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.trip import Trip

_NEEDED_FIRST = ("complete information", "within sandbox")


@dataclass(frozen=True, slots=True)
class Score:
    """What one trip keeps and breaks.

    Args:
        delivered: there is a plan at all.
        commonsense: by constraint, why it is broken, or ``None``; nothing without a plan.
        hard: likewise, for those that the task asks for. ``None``: not looked at, and all count as broken, because there is no
            plan, it lacks something, or it names what does not exist.
    """

    delivered: bool
    commonsense: Mapping[str, Why]
    hard: Mapping[str, Why] | None
    asked: tuple[str, ...]

    @property
    def sensible(self) -> bool:
        """Whether all commonsense constraints are kept."""
        return self.delivered and all(why is None for why in self.commonsense.values())

    @property
    def obedient(self) -> bool:
        """Whether all hard constraints are kept that the task asks for."""
        return self.hard is not None and all(why is None for why in self.hard.values())

    @property
    def passes(self) -> bool:
        """Whether everything is kept."""
        return self.sensible and self.obedient

    @property
    def broken(self) -> Mapping[str, str]:
        """The constraints that are broken, and why."""
        found = {name: why for name, why in {**self.commonsense, **(self.hard or {})}.items() if why is not None}
        return found if self.delivered else {"delivery": "there is no plan"}


def score(query: Query, trip: Trip) -> Score:
    """What ``trip`` keeps and breaks of what ``query`` asks for."""
    if not trip.days:
        return Score(delivered=False, commonsense={}, hard=None, asked=asked(query))
    commonsense = {name: check(query, trip) for name, check in COMMONSENSE.items()}
    looked_at = all(commonsense[name] is None for name in _NEEDED_FIRST)
    hard = {name: HARD[name](query, trip) for name in asked(query)} if looked_at else None
    return Score(delivered=True, commonsense=commonsense, hard=hard, asked=asked(query))


@dataclass(frozen=True, slots=True)
class Rates:
    """The paper's six figures, each a share from 0 to 1."""

    delivery: float
    commonsense_micro: float
    commonsense_macro: float
    hard_micro: float
    hard_macro: float
    final: float


def rates(scores: Sequence[Score]) -> Rates:
    """The paper's figures over ``scores``: micro counts constraints, macro trips that keep all of them."""
    commonsense = sum(why is None for entry in scores for why in entry.commonsense.values())
    hard = sum(why is None for entry in scores for why in (entry.hard or {}).values())
    return Rates(
        delivery=_share(sum(entry.delivered for entry in scores), len(scores)),
        commonsense_micro=_share(commonsense, len(COMMONSENSE) * len(scores)),
        commonsense_macro=_share(sum(entry.sensible for entry in scores), len(scores)),
        hard_micro=_share(hard, sum(len(entry.asked) for entry in scores)),
        hard_macro=_share(sum(entry.obedient for entry in scores), len(scores)),
        final=_share(sum(entry.passes for entry in scores), len(scores)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
