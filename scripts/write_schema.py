"""Write the schema of the records, and docs/events.md with an example of each event. A test holds that both are up to date.

The examples come from small runs on the virtual clock: with a person, with a drafter that fails, and one that is stopped.

python scripts/write_schema.py
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_args

import outrider
from outrider.errors import RunEnded, ServerTrouble
from outrider.journal import MemoryJournal, encode
from outrider.journal.codec import KINDS
from outrider.journal.schema import EVENTS_VERSION, SCHEMA_FILE, SCHEMA_ID, Schema, events_schema, schema_text
from outrider.model import JSON, Usage
from outrider.rules.events import Finding, Record
from outrider.testing import FakeAgent, FakeTools, run, steps

ROOT: Final = Path(__file__).parent.parent
SCHEMA: Final = ROOT / "src" / "outrider" / "journal" / SCHEMA_FILE
PAGE: Final = ROOT / "docs" / "events.md"

HEAD: Final = f"""# The event stream

This page is written by `python scripts/write_schema.py` from the events' own classes; every example comes from a run.

A session is its events. Each is a record: one flat JSON object with its number `n`, its time `time_s` and its `kind`, and
then the event's own fields. `outrider plan --json` and `outrider replay --json` print one record a line; the journal holds the
same. Folding the records gives everything there is to know of a session: the plan, what was on display, the figures.

- **Order.** `n` counts from 0 without gaps, and `time_s` never falls. The first record is `opened`, the last `finished`; those
  of a process that was killed end early.
- **Reports and findings.** A report came from outside: a call ended, the person spoke. A finding is what the rules concluded
  from it, and follows it at once.
- **Units.** Seconds end in `_s`, dollars in `_usd`. An unknown price is null, never 0. `at` is a step's number, `call` a call's,
  both from 0.
- **Text** is UTF-8. `--json` prints it in ASCII, with escapes.

## The schema

[{SCHEMA_FILE}](../src/outrider/journal/{SCHEMA_FILE}) (JSON Schema, draft 2020-12, `{SCHEMA_ID}`) comes with
the package: `outrider.journal.schema.shipped_schema()`. It describes one record. Every field must be there and no other may be:
a record that could be read in two ways is damaged.

The last line of `outrider plan --json` is the record `finished` with two fields more, `plan` and `figures`, for scripts that
want the end and nothing else. That is no record of the journal, and the schema does not take it for one: it is
`#/$defs/last_line`, and `#/$defs/line` is any line of `--json`. Which [figures](figures.md) there are is not part of the version.

```python
import jsonschema

from outrider.journal.schema import shipped_schema

record = jsonschema.Draft202012Validator(shipped_schema())
record.validate({{"n": 7, "time_s": 1.5, "kind": "went_on"}})
assert not record.is_valid({{"n": 7, "time_s": 1.5, "kind": "went_on", "mood": "good"}})

line = record.evolve(schema={{"$ref": "#/$defs/line"}})
last = {{"n": 8, "time_s": 2.0, "kind": "finished", "outcome": "stopped", "plan": [], "figures": {{}}}}
assert line.is_valid(last)
assert not record.is_valid(last)
```

## The rule of versions

These are the records of **version {EVENTS_VERSION}**. Within a version no event, no field and no value of a choice is added,
taken away or changed, so a program that is written for it may read as strictly as the schema does. Any such change makes the
next version, with a schema file of its own beside this one; this file stays as it is. All records of a session are of one
version: the format of the journal's file rises with it, and an Outrider that is older than a journal says so and leaves it alone.
"""


# Runs that have every event in them ---------------------------------------------------------------------------------


def _agent(name: str, *actions: str, takes_s: float, usage: Usage) -> FakeAgent:
    path = steps(*actions, "finish")
    return FakeAgent(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s, usage=usage, name=name)


def _slow(takes_s: float = 3.0) -> FakeAgent:
    return _agent("slow", "pack", "tram", "train", "walk", takes_s=takes_s, usage=Usage(412, 384, 9, "reported", 0.0021))


def _quick() -> FakeAgent:
    return _agent("quick", "pack", "bus", "train", "walk", takes_s=0.5, usage=Usage(230, 0, 7, "reported", 0.00004))


def _failing() -> FakeAgent:
    return FakeAgent(lambda prefix: ServerTrouble("the server said 500"), takes_s=0.5, name="quick")


async def _records(
    drafter: FakeAgent,
    person: Callable[[outrider.Session], Awaitable[None]],
    before: outrider.Plan | None = None,
    limits: outrider.Limits | None = None,
    max_steps: int = 30,
) -> list[Record]:
    return await _run(
        person,
        approximation=drafter,
        lookahead=2,
        going_on_from=before,
        limits=limits,
        max_steps=max_steps,
        ask=limits is not None,
    )


async def _run(person: Callable[[outrider.Session], Awaitable[None]], **options: Any) -> list[Record]:
    """The records of a run in which ``person`` does what they do, to its end."""
    journal = MemoryJournal()
    async with outrider.plan("Get to the sea", target=_slow(), journal=journal, name="run", **options) as session:
        await person(session)
        with suppress(RunEnded):
            await session.result()
    return journal.read("run")


async def _with_a_person(session: outrider.Session) -> None:
    """Takes a step, holds the run until a verdict waits, adds a sentence to the task, and goes back once."""
    await asyncio.sleep(1.0)
    session.take("pack", at=0)
    session.pause()
    await asyncio.sleep(4.0)
    session.go_on()
    await asyncio.sleep(1.0)
    session.steer("Do not walk at night.")
    await asyncio.sleep(1.0)
    session.go_back(1)
    await asyncio.sleep(1.0)
    session.go_on()


async def _alone(session: outrider.Session) -> None:
    await session.result()


async def _at_limits(session: outrider.Session) -> None:
    """Runs out of calls, and then of steps; both times the person allows more."""
    await asyncio.sleep(10.0)
    session.allow(calls=20, reason="it is nearly there")
    await asyncio.sleep(20.0)
    session.extend(10, "one more change of trains")


_BOOKING: Final = outrider.Declared("pack", effect="write", approval="always", undo=True)
_FERRY: Final = outrider.Declared("train", effect="write", undo=True)


def _packs(step: outrider.Step, effects: tuple[outrider.Step, ...]) -> str:
    return f"done: {step.action}"


async def _acting() -> list[Record]:
    """Steps are executed: the person approves one, says what has come of another, and goes back behind both, which fails once."""
    tools = FakeTools(
        _BOOKING, outrider.Declared("tram", effect="none"), _FERRY, observations=_packs, takes_s=0.5,
        loses=lambda step, key: "after" if step.action == "train" else "", cannot_undo=["pack"],
    )  # fmt: skip
    return await _run(_at_the_tools, approximation=_quick(), lookahead=2, tools=tools, ask=True)


async def _at_the_tools(session: outrider.Session) -> None:
    await asyncio.sleep(4.0)
    session.approve(0)
    await asyncio.sleep(10.0)
    session.settle("done: train, says the conductor")
    await asyncio.sleep(1.0)
    session.go_back(0)
    await _stopped(session)


async def _undoing() -> list[Record]:
    """An effect is taken back."""
    tools = FakeTools(outrider.Declared("pack", effect="write", undo=True), observations=_packs, takes_s=0.5)
    return await _run(_going_back, tools=tools)


async def _going_back(session: outrider.Session) -> None:
    await asyncio.sleep(4.0)
    session.go_back(0)
    await _stopped(session)


async def _stopped(session: outrider.Session) -> None:
    await asyncio.sleep(1.0)
    session.stop("enough for today")


async def _resumed() -> list[Record]:
    """The process is killed while a call is under way, and another one goes on."""
    whole, journal = await _records(_quick(), _alone), MemoryJournal()
    journal.append("run", whole[:3])
    async with outrider.resume("run", journal=journal, target=_slow(), approximation=_quick()) as session:
        await session.result()
    return journal.read("run")


def examples() -> dict[str, dict[str, JSON]]:
    """A record of each kind, as it was in a run."""
    packed = outrider.Plan((outrider.PlanStep(outrider.Step("book", {"seats": 2}), "person"),))
    limited = outrider.Limits(budget=outrider.Budget(calls=2))
    runs = [run(_records(_quick(), _with_a_person)), run(_records(_failing(), _alone)), run(_records(_quick(), _stopped, packed))]
    runs.insert(0, run(_records(_quick(), _at_limits, limits=limited, max_steps=3)))
    runs[:0] = [run(_resumed()), run(_undoing()), run(_acting())]
    found: dict[str, dict[str, JSON]] = {}
    for record in (record for records in reversed(runs) for record in records):
        found.setdefault(record.event.kind, encode(record))
    return {kind: found[kind] for kind in KINDS}


# The page -----------------------------------------------------------------------------------------------------------


def _section(kind: str, schema: Schema, example: dict[str, JSON]) -> str:
    own = {name: form for name, form in schema["properties"].items() if name not in ("n", "time_s", "kind")}
    rows = "".join(_row(name, form) for name, form in own.items())
    table = f"| field | type | meaning |\n|---|---|---|\n{rows}\n" if rows else ""
    return f"### {kind}\n\n{schema['description']}\n\n{table}```json\n{json.dumps(example, ensure_ascii=False)}\n```\n"


def _row(name: str, form: Schema) -> str:
    return f"| `{name}` | {_type(form)} | {form['description']} |\n"


def _type(form: Schema) -> str:
    if "enum" in form:
        return ", ".join(f"`{choice}`" for choice in form["enum"])
    if "anyOf" in form:
        return " or ".join(_type(one) for one in form["anyOf"])
    if "$ref" in form:
        name = form["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if form["type"] == "array":
        return f"list of {_type(form['items'])}"
    return str(form["type"])


def _part(name: str, schema: Schema) -> str:
    rows = "".join(_row(field, form) for field, form in schema["properties"].items())
    return f"### {name}\n\n{schema['description']}\n\n| field | type | meaning |\n|---|---|---|\n{rows}"


def page() -> str:
    """The whole page."""
    defs: dict[str, Any] = events_schema()["$defs"]
    found = examples()
    findings = {event.kind for event in get_args(Finding)}
    parts = [HEAD, "## Reports\n"]
    parts += [_section(kind, defs[kind], found[kind]) for kind in KINDS if kind not in findings]
    parts.append("## Findings\n")
    parts += [_section(kind, defs[kind], found[kind]) for kind in KINDS if kind in findings]
    parts.append("## What lies in them\n")
    parts += [_part(name, defs[name]) for name in ("step", "plan_step", "task", "usage", "tool")]
    return "\n".join(parts)


def main() -> None:
    """Write both."""
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {SCHEMA.name} and {PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
