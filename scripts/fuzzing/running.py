"""The run: so many inputs over all targets, in one process or several, each input a function of the seed and its number."""

from __future__ import annotations

import multiprocessing
import queue
import random
import resource
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, TypeAlias

from fuzzing.spoiling import Spoiler
from fuzzing.target import Target

LONGEST_S: Final = 5.0
"""An input that takes more seconds of the processor's time hangs."""

MOST_BYTES: Final = 4 << 30
"""A process that feeds inputs has no more memory: an input that takes it all is reported, instead of taking the machine's."""

CHUNK: Final = 2_000
"""So many inputs are given to a process at once."""

Done: TypeAlias = Generator[tuple[str, "Tally"]]
"""Of every chunk that is done, its target and what came of it."""

Targets: TypeAlias = Callable[[Path], Sequence[Target]]
"""What makes the targets; the folder is for their files."""


class Hung(BaseException):
    """An input took too long. No parser's ``except Exception`` stops it."""


class Killed(Exception):
    """A process that feeds inputs did not come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What came out of a parser that may not, and the first input that brought it out."""

    target: str
    number: int
    error: str
    where: str
    fed: str

    def __str__(self) -> str:
        return f"{self.target}:{self.number}: {self.error} in {self.where}\n    fed: {self.fed}"


@dataclass(slots=True)
class Tally:
    """What came of a target's inputs."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    defects: dict[tuple[str, str], Defect] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """How many there were."""
        return self.read + self.refused.total() + self.times.total()

    def add(self, other: Tally) -> None:
        """Count the other's inputs too."""
        self.read += other.read
        self.refused.update(other.refused)
        self.times.update(other.times)
        for key, defect in other.defects.items():
            if key not in self.defects or defect.number < self.defects[key].number:
                self.defects[key] = defect


def feed(target: Target, seed: int, number: int, tally: Tally, longest_s: float = LONGEST_S) -> None:
    """Feed input ``number`` to the target, and count what came of it."""
    spoiler = Spoiler(random.Random(f"{seed}/{target.name}/{number}"))
    try:
        with _at_most(longest_s):
            target.feed(spoiler)
        tally.read += 1
    except target.refuses as refused:
        tally.refused[type(refused).__name__] += 1
    except (Exception, Hung) as error:  # that is what is looked for
        defect = _defect(target.name, number, error, spoiler.last)
        tally.times[key := (defect.error.partition(":")[0], defect.where)] += 1
        tally.defects.setdefault(key, defect)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """By the processor's time, not the clock's: other processes may be busy."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def watching_for_hangs() -> Iterator[None]:
    """Inside, an input that hangs is broken off. For a process's first thread."""
    before = signal.signal(signal.SIGPROF, _hung)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


def _hung(signum: int, frame: FrameType | None) -> None:
    raise Hung("it does not end")


def _defect(target: str, number: int, error: BaseException, fed: object) -> Defect:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "outrider" in Path(frame.filename).parts] or frames
    place = ours[-1]
    where = f"{'/'.join(Path(place.filename).parts[-2:])}:{place.lineno} {place.name}"
    said = " ".join(str(error).split())[:200]
    return Defect(target=target, number=number, error=f"{type(error).__name__}: {said}", where=where, fed=repr(fed)[:300])


# Many ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chunk:
    """Inputs ``first`` to ``beyond`` of a target."""

    target: str
    first: int
    beyond: int


def shared(targets: Sequence[Target], inputs: int) -> dict[str, int]:
    """How many of ``inputs`` each target gets, by its parts; each at least one."""
    parts = sum(target.parts for target in targets)
    return {target.name: max(1, round(inputs * target.parts / parts)) for target in targets}


def chunks(numbers: dict[str, int]) -> list[Chunk]:
    """The inputs cut into chunks, the targets in turns."""
    cut = [
        Chunk(name, first, min(number, first + CHUNK)) for name, number in numbers.items() for first in range(0, number, CHUNK)
    ]
    return sorted(cut, key=lambda chunk: chunk.first)


def fuzz(
    make: Targets,
    inputs: int,
    seed: int,
    *,
    only: Sequence[str] = (),
    processes: int = 0,
    told: Callable[[int], None] | None = None,
) -> dict[str, Tally]:
    """What came of so many inputs, by target; of as many as were fed, where it was interrupted.

    Args:
        make: what makes the targets.
        inputs: how many.
        seed: the same seed, the same inputs, however many processes there are.
        processes: how many; 0 is this one.
        told: is told how many inputs have been fed.
    """
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        targets = make(Path(folder))
        tallies = {target.name: Tally() for target in targets}
        work = chunks(shared(targets, inputs))
        done = _here(targets, work, seed) if processes == 0 else _elsewhere(make, work, seed, processes)
        try:
            for name, tally in done:
                tallies[name].add(tally)
                if told is not None:
                    told(sum(each.inputs for each in tallies.values()))
        except KeyboardInterrupt:
            done.close()
    return tallies


def _memory() -> str | None:
    """Where files cost the least."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _here(targets: Sequence[Target], work: Sequence[Chunk], seed: int) -> Done:
    by_name = {target.name: target for target in targets}
    with watching_for_hangs():
        for chunk in work:
            yield chunk.target, _chunk(by_name[chunk.target], chunk, seed)


def _elsewhere(make: Targets, work: Sequence[Chunk], seed: int, processes: int) -> Done:
    context = multiprocessing.get_context("spawn")
    tallies: multiprocessing.Queue[tuple[str, Tally]] = context.Queue()
    workers = [context.Process(target=_work, args=(make, work[i::processes], seed, tallies)) for i in range(processes)]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers) or not tallies.empty():
            with suppress(queue.Empty):
                yield tallies.get(timeout=0.5)
        if any(worker.exitcode for worker in workers):
            raise Killed(f"a process was killed: they ended with {[worker.exitcode for worker in workers]}")
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(make: Targets, work: Sequence[Chunk], seed: int, tallies: multiprocessing.Queue[tuple[str, Tally]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to report
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        for done in _here(make(Path(folder)), work, seed):
            tallies.put(done)


def _chunk(target: Target, chunk: Chunk, seed: int) -> Tally:
    tally = Tally()
    for number in range(chunk.first, chunk.beyond):
        feed(target, seed, number, tally)
    return tally
