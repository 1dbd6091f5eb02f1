"""The rules, pure: reports in, findings and orders out. Nothing here waits, reads a clock or does I/O."""

from outrider.rules.lookahead import Batch, Lookahead, Sliding, Want
from outrider.rules.matching import BY_ACTION, EXACT, MATCHINGS, Matching
from outrider.rules.named import lookahead_named
from outrider.rules.rules import Decision, Rules
from outrider.rules.value import ByValue

__all__ = [
    "BY_ACTION",
    "Batch",
    "ByValue",
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
