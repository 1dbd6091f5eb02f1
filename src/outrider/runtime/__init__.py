"""The shell: it performs the rules' orders and feeds back events."""

from outrider.runtime.keeping import Journal
from outrider.runtime.limits import Budget, Limits, ServerLimits
from outrider.runtime.planning import DEFAULT_LOOKAHEAD, DEFAULT_MAX_STEPS, plan
from outrider.runtime.session import Session
from outrider.runtime.stream import EventStream, Stream

__all__ = [
    "Budget",
    "DEFAULT_LOOKAHEAD",
    "DEFAULT_MAX_STEPS",
    "EventStream",
    "Journal",
    "Limits",
    "ServerLimits",
    "Session",
    "Stream",
    "plan",
]
