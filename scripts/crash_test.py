"""Kill a process that runs a session, go on with the session in another one, and again, until it ends; then see what is missing.

Each life is a process of its own over a journal in a file. It is killed (SIGKILL) before or after a write of the journal, each of
them in turn, or at a random moment; the next one resumes. Agents answer by prefix; what tools do stands in a file. Then:

- every record that stood after a kill must stand at the end, and every step confirmed then must be in the plan;
- every effect must have happened once: the file's lines are the plan's writes, in order;
- the plan must be that of a process that nobody killed, observations included.

python scripts/crash_test.py --kills 10000 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count as count_from
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from outrider import FINISH, Declared, Session, Step, plan, resume
from outrider.errors import NotNow, RunEnded
from outrider.journal import SqliteJournal, own, replay
from outrider.model import Prefix
from outrider.rules.events import Asked, Cancelled, Executing, Finished, Lost, Observed, Record, Report, Started
from outrider.runtime.resuming import GONE
from outrider.testing import FakeAgent

NAME: Final = "crash"
LIVES: Final = 8
"""A session is killed so often at most; then it may come to its end."""

SLOW_S: Final = 20.0
"""A life that takes longer hangs."""

TOOLS: Final = (
    Declared("look", effect="none"),
    Declared("ask", effect="read"),
    Declared("book", effect="write", repeatable=True),
    Declared("pay", effect="write"),
    Declared("note", effect="write", repeatable=True, rehearses=True),
    Declared("sign", effect="write", approval="always"),
)

Moment = Literal["before", "after", "at once", "never"]


@dataclass(frozen=True)
class Kill:
    """When a life ends: around its ``n``-th write, or after ``after_s`` seconds."""

    moment: Moment
    n: int = 0
    after_s: float = 0.0


# The world of a session ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """Agents that are functions of the prefix."""

    seed: int

    def roll(self, what: str, prefix: Prefix, sides: int) -> int:
        told = "/".join((str(self.seed), what, *(step.key for step in prefix)))
        return int.from_bytes(blake2b(told.encode(), digest_size=8).digest()) % sides

    def verdict(self, prefix: Prefix) -> Step:
        if len(prefix) >= 4 + self.seed % 4:
            return Step(FINISH)
        return Step(TOOLS[self.roll("action", prefix, len(TOOLS))].name, {"at": len(prefix)})

    def draft(self, prefix: Prefix) -> list[Step]:
        right = self.verdict(prefix)
        return [right] if self.roll("agrees", prefix, 100) < 75 else [Step("look", {"at": len(prefix), "wrong": True}), right]

    def seconds(self, what: str, most_ms: int) -> Callable[[Prefix], float]:
        return lambda prefix: 0.001 * self.roll(what, prefix, most_ms)

    def agents(self) -> dict[str, Any]:
        return {
            "approximation": FakeAgent(self.draft, takes_s=self.seconds("drafts", 2), name="draft"),
            "target": FakeAgent(self.verdict, takes_s=self.seconds("verifies", 5), name="target"),
        }


class FileTools:
    """Tools whose effects are the lines of a file; of a copy, the lines that it held."""

    declared = TOOLS

    def __init__(self, file: Path) -> None:
        self._file = file
        self._copied: list[tuple[str, str]] | None = None

    @property
    def effects(self) -> list[tuple[str, str]]:
        """Every effect until now: its key, and the step's."""
        if self._copied is not None:
            return self._copied
        return [tuple(json.loads(line)) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def returns(self, step: Step, before: int) -> str:
        """What a step's tool says in a world that had seen so many effects of steps before."""
        return f"{step.action} done after {before}"

    async def run(self, step: Step, *, key: str) -> str:
        """Let the effect happen, somewhere in the middle."""
        tool = next(tool for tool in TOOLS if tool.name == step.action)
        await asyncio.sleep(0.001)
        others = [done for done in self.effects if done[0] != key]
        if tool.effect == "write" and not (tool.repeatable and len(others) < len(self.effects)):
            self._happen(key, step)
        await asyncio.sleep(0.001)
        return self.returns(step, len(others))

    def _happen(self, key: str, step: Step) -> None:
        if self._copied is not None:
            self._copied.append((key, step.key))
            return
        line = json.dumps([key, step.key]) + "\n"
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, line.encode())
        os.close(handle)

    async def undo(self, step: Step, *, key: str) -> None:
        """Nobody goes back here."""
        raise AssertionError("nothing is undone")

    def fork(self) -> Self:
        """A copy in memory."""
        copy = type(self)(self._file)
        copy._copied = list(self.effects)
        return copy


# A life -------------------------------------------------------------------------------------------------------------


class Killing(SqliteJournal):
    """A journal that kills its process around a write."""

    kill = Kill("never")
    writes = 0

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        """Write, unless it is the end."""
        mine, self.writes = self.writes, self.writes + 1
        due = records and mine == self.kill.n
        if due and self.kill.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(session, records, fence=fence, taken=taken, refused=refused)
        if due and self.kill.moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)


async def _answer(session: Session, tools: FileTools) -> None:
    """The person looks whether the effect has happened, and says so; if not, they let the tool run."""
    while True:
        await asyncio.sleep(0.002)
        at = session.next_at - 1
        if at < 0:
            continue
        step = session.plan.steps[at].step
        done = [key for _, key in tools.effects]
        with suppress(NotNow):
            if step.named.key in done:
                session.settle(tools.returns(step, done.index(step.named.key)), at)
            else:
                session.approve(at)


async def _run(session: Session, tools: FileTools) -> None:
    async with session, asyncio.TaskGroup() as group:
        person = group.create_task(_answer(session, tools))
        with suppress(RunEnded):
            await session.result()
        person.cancel()


def live(folder: Path, world: World, kill: Kill) -> None:
    """Open the session, or go on with it."""
    tools = FileTools(folder / "effects")
    with Killing(folder / "journal.sqlite3") as journal:
        journal.kill = kill
        if any(entry.name == NAME for entry in journal.sessions()):
            session = resume(NAME, journal=journal, tools=tools, ask=True, **world.agents())
        else:
            mine = own(journal, NAME)
            session = plan("act", journal=mine, name=NAME, tools=tools, ask=True, lookahead=3, **world.agents()).owned_by(mine)
        asyncio.run(_run(session, tools))


def life(folder: Path, world: World, kill: Kill) -> Literal["killed", "ended"]:
    """One life, in a process of its own.

    Raises:
        RuntimeError: it ended otherwise.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            live(folder, world, kill)
            code = 0
        except BaseException:
            (folder / "trouble").write_text(traceback.format_exc())
        finally:
            os._exit(code)
    if kill.moment == "at once":
        time.sleep(kill.after_s)
        os.kill(pid, signal.SIGKILL)
    status = _wait(pid)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return "ended"
    trouble = folder / "trouble"
    raise RuntimeError(trouble.read_text() if trouble.exists() else f"a life ended with status {status}")


def _wait(pid: int) -> int:
    until_s = time.monotonic() + SLOW_S
    while time.monotonic() < until_s:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise RuntimeError(f"a life hung for {SLOW_S:g} s")


# A session ----------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What has been seen."""

    kills: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Both together."""
        self.kills += other.kills
        self.counts += other.counts
        self.wrong += other.wrong


def _records(folder: Path) -> list[Record]:
    with SqliteJournal(folder / "journal.sqlite3") as journal:
        return journal.read(NAME) if journal.sessions() else []


def kills_of(number: int, writes: int, whole_s: float, dice: random.Random) -> Iterator[Kill]:
    """The kills of a session: first at a write, every one in turn; then at any write or moment."""
    yield Kill(("before", "after")[number % 2], n=(number // 2) % writes)
    while True:
        if dice.random() < 0.5:
            yield Kill("at once", after_s=dice.uniform(0, 1.2 * whole_s))
        else:
            yield Kill(dice.choice(["before", "after"]), n=dice.randrange(min(writes, 16)))


def writes_of(records: list[Record]) -> int:
    """In how many writes: a report and what the rules found in it are one."""
    return sum(isinstance(record.event, get_args(Report)) for record in records)


def session(number: int, world: World, expected: list[Record], whole_s: float, most: int, dice: random.Random) -> Tally:
    """Kill it, go on, and see what came of it."""
    tally, seen = Tally(), list[list[Record]]()
    writes = writes_of(expected)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kills = kills_of(number, writes, whole_s, dice)
        for _ in range(min(most, LIVES)):
            kill = next(kills)
            if life(folder, world, kill) == "ended":
                break
            tally.kills[kill.moment] += 1
            seen.append(_records(folder))
            if seen[-1] and isinstance(seen[-1][-1].event, Finished):  # it was the last write
                break
        else:
            life(folder, world, Kill("never"))
        check(tally, number, folder, world, seen, expected)
    tally.counts["sessions"] += 1
    return tally


def check(tally: Tally, number: int, folder: Path, world: World, seen: list[list[Record]], expected: list[Record]) -> None:
    """Compare what stands at the end with what stood after each kill, and with the run that nobody killed."""
    records = _records(folder)
    made, wanted = replay(records), replay(expected)
    told = f"session {number} (world {world.seed})"
    for before in seen:
        if records[: len(before)] != before:
            tally.wrong.append(f"{told}: of {len(before)} records some are gone")
        steps = replay(before).plan.steps if before else ()
        if any(kept.step.named != was.step.named for kept, was in zip(made.plan.steps, steps, strict=False)):
            tally.wrong.append(f"{told}: a confirmed step is lost")
        if len(made.plan.steps) < len(steps):
            tally.wrong.append(f"{told}: confirmed steps are lost")
    if made.plan.prefix != wanted.plan.prefix or not made.plan.complete:
        tally.wrong.append(f"{told}: the plan is {made.plan}, and {wanted.plan} without a kill")
    effects = [step for _, step in FileTools(folder / "effects").effects]
    writes = {tool.name for tool in TOOLS if tool.effect == "write"}
    if effects != [step.named.key for step in made.plan.prefix if step.action in writes]:
        tally.wrong.append(f"{told}: the effects are {effects}, and the plan is {made.plan}")
    count(tally.counts, records)
    tally.counts["effects"] += len(effects)
    tally.counts["steps"] += len(made.plan.steps)


def count(counts: Counter[str], records: list[Record]) -> None:
    """What being killed has cost."""
    started = {record.event.call for record in records if isinstance(record.event, Started)}
    live = {record.event.execution for record in records if isinstance(record.event, Executing) and record.event.live}
    for record in records:
        match record.event:
            case Started():
                counts["calls"] += 1
            case Cancelled(call=call, reason=reason) if reason == GONE and call in started:
                counts["calls lost, made again where needed"] += 1
            case Lost(execution=execution, reason=reason) if reason == GONE and execution in live:
                counts["runs on the world itself lost"] += 1
            case Lost(reason=reason) if reason == GONE:
                counts["runs on a copy, or not begun, lost"] += 1
            case Asked(question="unsure"):
                counts["times the person was asked what had come of a step"] += 1
            case Observed():
                counts["runs of tools with an answer"] += 1
            case _:
                pass


# All of them --------------------------------------------------------------------------------------------------------


def whole(world: World) -> tuple[list[Record], float]:
    """The run that nobody kills, and how long it took."""
    with tempfile.TemporaryDirectory() as name:
        began_s = time.monotonic()
        life(Path(name), world, Kill("never"))
        return _records(Path(name)), time.monotonic() - began_s


def work(kills: int, seed: int, worker: int) -> Tally:
    """Sessions, one after another, until so many kills have been."""
    dice, tally = random.Random(f"{seed} {worker}"), Tally()
    for world in map(World, count_from(seed * 1_000_000 + worker * 1000)):
        expected, whole_s = whole(world)
        for number in range(2 * writes_of(expected)):
            left = kills - sum(tally.kills.values())
            if not left:
                return tally
            tally.add(session(number, world, expected, whole_s, left, dice))
    raise AssertionError("there is always another world")


def spread(kills: int, seed: int, workers: int) -> Tally:
    """The same in several processes."""
    tally = Tally()
    pipes: list[int] = []
    for worker in range(workers):
        share = kills // workers + (worker < kills % workers)
        reading, writing = os.pipe()
        if not os.fork():
            try:
                done = work(share, seed, worker)
            except BaseException:
                done = Tally(wrong=[traceback.format_exc()])
            with os.fdopen(writing, "w") as out:
                json.dump([done.kills, done.counts, done.wrong], out)
            os._exit(0)
        os.close(writing)
        pipes.append(reading)
    for reading in pipes:
        with os.fdopen(reading) as told:
            found = json.load(told)
        tally.add(Tally(Counter(found[0]), Counter(found[1]), found[2]))
    return tally


def main() -> int:
    """Kill, and say what came of it; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="kill sessions and resume them")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    began_s = time.monotonic()
    tally = spread(given.kills, given.seed, given.workers)
    print(f"{sum(tally.kills.values())} kills in {time.monotonic() - began_s:.0f} s: {dict(sorted(tally.kills.items()))}")
    for what, number in sorted(tally.counts.items()):
        print(f"{number:>8} {what}")
    for sentence in tally.wrong[:20]:
        print(f"WRONG: {sentence}")
    print(f"{len(tally.wrong)} things wrong")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
