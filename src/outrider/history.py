"""What earlier sessions say: how long plans have been, for a limit on steps such as ``p95``; and what one left in doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import ceil
from typing import Final

from outrider.errors import BadOption, JournalError
from outrider.journal import JournalStore, Replayed, replay
from outrider.model import Declared, Plan, PlanStep
from outrider.rules.events import Confirmed, Executing, Opened, Record

LEAST_PLANS: Final = 10
"""Of fewer complete plans no percentile is taken."""

MOST_PLANS: Final = 200
"""So many of the newest complete plans count."""

MOST_SESSIONS: Final = 2_000
"""They are looked for among so many of the newest sessions, so that a long journal makes nobody wait."""


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
    for entry in journal.sessions(limit=MOST_SESSIONS):
        if entry.outcome != "complete":
            continue
        try:
            opened = journal.read(entry.name)[0].event
        except JournalError:
            continue  # a session that is damaged tells nothing
        if getattr(getattr(opened, "task", None), "world", None) == world:
            yield entry.steps


def gone_on_from(journal: JournalStore, session: str, *, executes: bool, settled: str = "", run_again: bool = False) -> Replayed:
    """The earlier session, whose plan is to be gone on with.

    Args:
        executes: whether steps are executed now.
        settled: what came of the plan's last step, in the person's words; its tool is not run.
        run_again: that step was begun, and the person says that it may be run.

    Raises:
        JournalError, UnknownName: it cannot be read.
        BadOption: its plan is complete; its steps were executed, and would not be now; or nobody says what came of its last one.
    """
    records = journal.read(session)
    before = replay(records)
    if before.plan.complete:
        raise BadOption(f"the plan of session {session} is complete; there is nothing to go on with")
    if before.opened.tools and not executes:
        raise BadOption(f"the steps of session {session} were executed, in the world {before.task.world}; give the same tools")
    if settled:
        return replace(before, plan=_settled(before.plan, session, settled))
    doubtful = in_doubt(records, before.plan)
    if doubtful is not None and not run_again:
        raise BadOption(
            f"step {doubtful}, {before.plan.steps[doubtful].step}, of session {session} was begun, and whether it has had its "
            'effect is not known; find out, and give --settled "what came of it", or --run-again if nothing has'
        )
    return before


def _settled(plan: Plan, session: str, observation: str) -> Plan:
    if not plan.steps or plan.steps[-1].step.observation is not None:
        raise BadOption(f"no step of session {session} waits to be executed; leave --settled out")
    *done, last = plan.steps
    return replace(plan, steps=(*done, PlanStep(last.step.observed(observation), last.by)))


def in_doubt(records: Sequence[Record], plan: Plan) -> int | None:
    """The number of the plan's last step, if its tool writes and was begun on the world itself, and nothing tells what came of
    it: it may have had its effect.
    """
    at = len(plan.steps) - 1
    if at < 0 or plan.steps[at].step.observation is not None or not _writes(records, plan):
        return None
    for record in reversed(records):
        match record.event:
            case Executing(live=True, at=begun) if begun == at:
                return at
            case Confirmed(at=confirmed) if confirmed == at:
                return None
            case _:
                pass
    return None


def _writes(records: Sequence[Record], plan: Plan) -> bool:
    step, opened = plan.steps[-1].step, records[0].event
    tools = {tool.name: tool for tool in opened.tools} if isinstance(opened, Opened) else {}
    return bool(tools) and tools.get(step.action, Declared(step.action)).effect == "write"
