"""What holds of any session's records, whatever its lookahead and its matching: for those that the rules are not asked about.

Where the rules are asked, they say more. This is as much as whoever folds records has to rely on: steps are confirmed one after
another, and what is said of a step or a call is said of one that there is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from outrider.errors import JournalCorrupt
from outrider.rules.events import (
    Accepted,
    Approved,
    Asked,
    Cancelled,
    Confirmed,
    Drafted,
    Executed,
    Failed,
    Record,
    Rejected,
    Settled,
    Started,
    Verified,
    WentBack,
)


@dataclass(slots=True)
class Outline:
    """The records so far: how many steps are confirmed, which calls are under way, which have drafted."""

    under_way: set[int] = field(default_factory=set)
    drafted: set[int] = field(default_factory=set)

    def check(self, record: Record, steps: int) -> None:
        """Take in the next record; ``steps`` is how many are confirmed before it.

        Raises:
            JournalCorrupt: it speaks of what is not there; the message names the record.
        """
        match record.event:
            case Confirmed(at=at) if at > steps:
                raise _absent(record, f"step {at} is confirmed, and there are {steps} before it")
            case Executed(at=at) | WentBack(at=at) | Asked(at=at) | Approved(at=at) | Settled(at=at) if not 0 <= at < steps:
                raise _absent(record, f"it speaks of step {at}, and there are {steps}")
            case Accepted(call=call) | Rejected(call=call) if call not in self.drafted:
                raise _absent(record, f"a draft of call {call} is judged, which has made none")
            case _:
                self._call(record)

    def _call(self, record: Record) -> None:
        match record.event:
            case Started(call=call):
                if call in self.under_way:
                    raise _absent(record, f"call {call} starts a second time")
                self.under_way.add(call)
            case Drafted(call=call) | Verified(call=call):
                if call not in self.under_way:
                    raise _absent(record, f"call {call} answers, and is not under way")
                self.under_way.discard(call)
                if isinstance(record.event, Drafted):
                    self.drafted.add(call)
            case Failed(call=call) | Cancelled(call=call):
                self.under_way.discard(call)
            case _:
                pass


def _absent(record: Record, what: str) -> JournalCorrupt:
    return JournalCorrupt(f"record {record.n}: {record.event.kind} is recorded, which cannot be: {what}")
