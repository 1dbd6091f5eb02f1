"""What can be compared on: the suites that come with Outrider, files of rows, and journals.

A suite is one or more sources by name. `local-pairs` are two models' recorded drafts for one target; `chess` has three guesses a
step; `tau2` pairs τ²-bench runs of different models on the same task. Those runs are independent: a draft there was not asked
about the target's prefix, so how often they would agree is only bounded. The lower bound takes the drafter's n-th call for the
target's n-th call; the upper bound calls a draft right if the drafter made the target's call anywhere in its run. What is said to
the user never agrees.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from outrider.bench import paper
from outrider.bench.journals import Note, is_journal, read_journal
from outrider.bench.rows import Row, Trace, read_rows
from outrider.bench.schedulers import SAY
from outrider.errors import BadOption, UnknownName
from outrider.model import Step

DATA: Final = Path(__file__).parent / "data"
"""The suites' recordings, each with its licence beside it."""

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Recorded runs by name. ``read`` gives them one at a time, and tells its argument what it had to leave out."""

    name: str
    file: Path
    read: Callable[[Note], Iterator[Trace]]

    @property
    def sha256(self) -> str:
        """The hash of the file it is read from.

        Raises:
            BadOption: it cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with self.file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise BadOption(f"the file {self.file} cannot be read: {error.strerror}; give a file of rows or a journal") from None
        return digest.hexdigest()


def sources_named(text: str) -> list[Source]:
    """The sources that ``text`` names: a suite's, or a file of rows or a journal. A file wins over a suite of its name.

    Raises:
        UnknownName: there is no such suite or file.
    """
    file = Path(text)
    if file.is_file():
        journal = is_journal(file)
        return [Source(name=text, file=file, read=partial(read_journal, file) if journal else lambda note: read_rows(file))]
    if text in SUITES:
        return SUITES[text]()
    if file.exists():
        raise BadOption(f"{text!r} is no file; give a file of rows, a journal, or one of the suites {', '.join(SUITES)}")
    raise UnknownName(f"there is no file and no suite {text!r}; the suites are {', '.join(SUITES)}")


# Suites of rows -----------------------------------------------------------------------------------------------------


def _local_pairs() -> list[Source]:
    names = ("qwen2.5-coder-0.5b-direct", "qwen2.5-coder-1.5b-direct")
    return [_rows(f"local-pairs/{name}", DATA / "local_pairs" / f"{name}.jsonl") for name in names]


def _chess() -> list[Source]:
    return [_rows("chess", DATA / "chess" / "rows.jsonl")]


def _rows(name: str, file: Path) -> Source:
    return Source(name=name, file=file, read=lambda note: read_rows(file))


# τ²-bench -----------------------------------------------------------------------------------------------------------

Bound: TypeAlias = Literal["lower", "upper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two models whose runs on the same tasks are paired."""

    domain: str
    target: str
    drafter: str


TAU2_PAIRS: Final = (
    Pair(domain="airline", target="claude-sonnet-4-5", drafter="gpt-5.4"),
    Pair(domain="airline", target="claude-sonnet-4-5", drafter="gpt-4o-2024-11-20"),
    Pair(domain="retail40", target="ft-gpt-4.1", drafter="gpt-4.1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of an agent in a recorded run. ``action`` is `say`, or a call with the hash of its arguments."""

    action: str
    takes_s: float
    prompt_tokens: int
    output_tokens: int


def _tau2() -> list[Source]:
    bounds: tuple[Bound, ...] = ("lower", "upper")
    return [
        Source(
            name=f"tau2/{pair.domain}/{pair.target}<{pair.drafter}/{bound}", file=_TAU2, read=partial(_tau2_traces, pair, bound)
        )
        for pair in TAU2_PAIRS
        for bound in bounds
    ]


_TAU2: Final = DATA / "tau2" / "runs.jsonl"


def _tau2_traces(pair: Pair, bound: Bound, note: Note) -> Iterator[Trace]:
    runs: dict[tuple[str, str], list[Turn]] = {}
    for line in _TAU2.read_text(encoding="utf-8").splitlines():
        run: dict[str, Any] = json.loads(line)
        if run["domain"] == pair.domain:
            runs[run["model"], run["task"]] = [_turn(*turn) for turn in run["turns"]]
    for (model, task), turns in runs.items():
        drafted = runs.get((pair.drafter, task), [])
        if model == pair.target and turns and drafted:
            yield Trace(task=f"{pair.domain} {task}", rows=paired(turns, drafted, bound))


def _turn(action: str, takes_s: float, prompt_tokens: int | None, output_tokens: int | None) -> Turn:
    return Turn(action=action, takes_s=takes_s, prompt_tokens=prompt_tokens or 0, output_tokens=output_tokens or 0)


def paired(target: list[Turn], drafter: list[Turn], bound: Bound) -> tuple[Row, ...]:
    """The target's run with a draft for each turn, from the drafter's independent run of the same task.

    The n-th call stands beside the n-th call, the n-th thing said beside the n-th thing said, the last ones again where the
    drafter's run has fewer. With ``upper`` a call that the drafter made anywhere is taken as its draft, in the time it took
    there.
    """
    said, called = [turn for turn in drafter if turn.action == SAY], [turn for turn in drafter if turn.action != SAY]
    rows: list[Row] = []
    counts = {SAY: 0, "": 0}
    for at, turn in enumerate(target):
        kind, candidates = (SAY, said or called) if turn.action == SAY else ("", called or said)
        draft = candidates[min(counts[kind], len(candidates) - 1)]
        within = counts[kind] < len(candidates)
        counts[kind] += 1
        if bound == "upper" and kind != SAY:
            draft = next((other for other in called if other.action == turn.action), draft)
            within = True
        rows.append(_row(at, turn, draft, right=within and kind != SAY and draft.action == turn.action))
    return tuple(rows)


def _row(at: int, target: Turn, draft: Turn, *, right: bool) -> Row:
    """A draft that is not right is another step, even if it has the same name: two sentences are never equal."""
    verdict = Step(target.action)
    return Row(
        at=at,
        target=verdict,
        target_s=target.takes_s,
        drafts=(verdict if right else Step(draft.action, {"by": "drafter"}),),
        draft_s=draft.takes_s,
        target_tokens=target.output_tokens,
        target_prompt_tokens=target.prompt_tokens,
        draft_tokens=draft.output_tokens,
        draft_prompt_tokens=draft.prompt_tokens,
    )


# The paper's settings -----------------------------------------------------------------------------------------------

PAPER: Final = tuple(setting.name for setting in paper.published())
"""The suites of runs drawn from what was fitted to the paper's settings."""


def _paper(name: str) -> list[Source]:
    return [Source(name=name, file=DATA / "paper" / "calibrated.json", read=partial(_paper_traces, name))]


def _paper_traces(name: str, note: Note) -> Iterator[Trace]:
    note(f"the runs of {name} are drawn from what was fitted to published means; nobody recorded them")
    setting = next(setting for setting in paper.published() if setting.name == name)
    return paper.drawn(setting, paper.calibrated()[name])


SUITES: Final[Mapping[str, Callable[[], list[Source]]]] = MappingProxyType(
    {"chess": _chess, "local-pairs": _local_pairs, "tau2": _tau2, **{name: partial(_paper, name) for name in PAPER}}
)
"""The suites that come with Outrider. A new one is a new entry."""
