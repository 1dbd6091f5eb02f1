"""Worked examples of calling tools, for small models in a world that has none of its own.

Their tools are others than the world's. What they show is the form: arguments under an action, what it returned below them, a
later step made from an earlier one's result, an error answered by another try, and an end as soon as the task is done.
"""

from __future__ import annotations

from typing import Final

from outrider.agents.world import Example
from outrider.model import Step

WORKED: Final = (
    Example(
        "When does the train to Bergen leave? Tell Ada.",
        executed=(
            Step("timetable", {"to": "Bergen"}, '{"leaves":"08:25"}'),
            Step("message", {"to": "Ada", "text": "The train to Bergen leaves at 08:25"}, "sent"),
        ),
    ),
    Example(
        "Translate good morning into Spanish",
        executed=(Step("translator", {"text": "good morning", "into": "Spanish"}, "buenos días"),),
    ),
    Example(
        "Which is longer, the Rhine or the Elbe?",
        executed=(Step("rivers", {"name": "Rhine"}, "1233 km"), Step("rivers", {"name": "Elbe"}, "1094 km")),
    ),
    Example("How many pages has the book Emma?", executed=(Step("library", {"book": "Emma"}, '{"pages":474}'),)),
)
