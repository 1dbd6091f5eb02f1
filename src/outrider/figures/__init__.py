"""The figures of one run, a pure fold of its records: calls, tokens, times, and what its tools did."""

from outrider.figures.acting import KINDS, Acting, ExecutionEnd, ExecutionKind
from outrider.figures.calls import LEAST_FOR_USUAL, Acceptance, CallEnd
from outrider.figures.figures import Figures, Taken

__all__ = [
    "Acceptance",
    "Acting",
    "CallEnd",
    "ExecutionEnd",
    "ExecutionKind",
    "Figures",
    "KINDS",
    "LEAST_FOR_USUAL",
    "Taken",
]
