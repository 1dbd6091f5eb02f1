"""The rules, pure: reports in, findings and orders out. Nothing here waits, reads a clock or does I/O."""

from outrider.rules.lookahead import Batch, Lookahead, Sliding, Want, lookahead_named
from outrider.rules.matching import BY_ACTION, EXACT, MATCHINGS, Matching
from outrider.rules.rules import Decision, Rules

__all__ = [
    "BY_ACTION",
    "Batch",
    "Decision",
    "EXACT",
    "Lookahead",
    "MATCHINGS",
    "Matching",
    "Rules",
    "Sliding",
    "Want",
    "lookahead_named",
]
