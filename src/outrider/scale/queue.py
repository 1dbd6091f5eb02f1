"""The calls of a limited session, as its workflow knows them: which wait for their turn, and which have been let in.

Limits are counted where the session is followed, since sessions share them there (``gate.py``). Here nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from outrider.scale.wire import Bound, Queued


class Queue:
    """Calls in the order in which they were ordered.

    Args:
        queued: those of before the history was cut.
    """

    def __init__(self, queued: Iterable[Queued] = ()) -> None:
        self._calls = {each.call: each for each in queued}
        self._urgent: dict[int, bool] = {}

    def expect(self, call: int, *, urgent: bool) -> None:
        """The call is ordered; it is shown once it is known what it can use."""
        self._urgent[call] = urgent

    def show(self, call: int, bound: Bound) -> None:
        """The call waits for its turn, if it is still wanted."""
        if (urgent := self._urgent.pop(call, None)) is not None:
            self._calls[call] = Queued(call=call, urgent=urgent, bound=bound)

    def hurry(self, call: int) -> None:
        """The call has become the frontier's."""
        if call in self._urgent:
            self._urgent[call] = True
        if call in self._calls:
            self._calls[call] = replace(self._calls[call], urgent=True)

    def let_in(self, call: int) -> bool:
        """Whether the call waited; it is let in now."""
        waited = self.waits(call)
        if waited:
            self._calls[call] = replace(self._calls[call], is_inside=True)
        return waited

    def waits(self, call: int) -> bool:
        """Whether the call waits for its turn, and it is known what it can use."""
        return call in self._calls and not self._calls[call].is_inside

    def is_inside(self, call: int) -> bool:
        """Whether the call has been let in."""
        return call in self._calls and self._calls[call].is_inside

    def drop(self, call: int) -> None:
        """The call has ended."""
        self._urgent.pop(call, None)
        self._calls.pop(call, None)

    @property
    def calls(self) -> list[Queued]:
        """Those that wait, and those that were let in and have not ended."""
        return list(self._calls.values())
