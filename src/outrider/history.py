"""How long plans have been: a limit on steps that comes from the person's own history, such as ``p95``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from math import ceil
from typing import Final

from outrider.errors import BadOption, JournalError
from outrider.journal import JournalStore

LEAST_PLANS: Final = 10
"""Of fewer complete plans no percentile is taken."""

MOST_PLANS: Final = 200
"""So many of the newest complete plans count."""


def percentile(text: str) -> int | None:
    """The percentile that ``text`` means, p50 to p100; ``None`` if it is a number of steps.

    Raises:
        BadOption: it is neither.
    """
    if re.fullmatch(r"\d{1,6}", text) and int(text) > 0:
        return None
    found = re.fullmatch(r"p(\d{2,3})", text)
    if found is None or not 50 <= int(found[1]) <= 100:
        raise BadOption(
            f"max_steps is {text}; give a number from 1, or p50 to p100 for that percentile of the plans in the journal"
        )
    return int(found[1])


def most_steps(text: str, journal: JournalStore, world: str, otherwise: int) -> tuple[int, str]:
    """How many steps ``text`` allows in ``world``, and what there is to say of it.

    A percentile is that of the lengths of complete plans, by nearest rank: 95 of 100 would have had room. Where there are fewer
    plans than ``LEAST_PLANS``, it is ``otherwise``.
    """
    wanted = percentile(text)
    if wanted is None:
        return int(text), ""
    lengths = sorted(islice(_complete(journal, world), MOST_PLANS))
    if len(lengths) < LEAST_PLANS:
        found = f"{len(lengths)} complete plan{'' if len(lengths) == 1 else 's'}"
        return (
            otherwise,
            f"max_steps {text} needs {LEAST_PLANS} complete plans of this world, and the journal has {found}: {otherwise}",
        )
    most = lengths[ceil(wanted / 100 * len(lengths)) - 1]
    return most, f"max_steps {text} of {len(lengths)} complete plans: {most}"


def _complete(journal: JournalStore, world: str) -> Iterator[int]:
    """The lengths of complete plans of ``world``, the newest first."""
    for entry in journal.sessions():
        if entry.outcome != "complete":
            continue
        try:
            opened = journal.read(entry.name)[0].event
        except JournalError:
            continue  # a session that is damaged tells nothing
        if getattr(getattr(opened, "task", None), "world", None) == world:
            yield entry.steps
