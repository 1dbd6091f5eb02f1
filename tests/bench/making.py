"""Recorded runs for tests: by hand, and by hypothesis. Durations are whole quarters of a second, so sums are exact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from outrider.bench.rows import Row, Trace
from outrider.bench.suites import DATA
from outrider.model import FINISH, Step

some = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
few = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])

PAIRS = DATA / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"


def row(at: int, **fields: Any) -> dict[str, Any]:
    """A row as a file has it: right after 1 s, verified after 3 s."""
    usual = {"task": "tea", "at": at, "target": f"step {at}", "target_s": 3.0, "draft": f"step {at}", "draft_s": 1.0}
    return usual | {"target_tokens": 20, "draft_tokens": 5} | fields


def write(file: Path, rows: Sequence[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(entry) + "\n" for entry in rows), encoding="utf-8")
    return file


def trace(right: str, *, target_s: Sequence[float] = (), draft_s: float = 1.0, actions: Sequence[str] = ()) -> Trace:
    """A run with a step a letter: ``y`` where the draft is right. Ends in `finish`. 3 s a verdict unless said otherwise."""
    length = len(right)
    names = [*(actions or [f"step {at}" for at in range(length - 1)]), FINISH]
    rows = [
        Row(
            at=at,
            target=Step(names[at]),
            target_s=target_s[at] if target_s else 3.0,
            drafts=(Step(names[at]) if letter == "y" else Step("wrong"),),
            draft_s=draft_s,
            target_tokens=20,
            draft_tokens=5,
        )
        for at, letter in enumerate(right)
    ]
    return Trace(task="tea", rows=tuple(rows))


quarters = st.integers(1, 24).map(lambda quarter: quarter / 4)


@st.composite
def traces(draw: st.DrawFn, guesses: int = 1) -> Trace:
    """Any short run with up to so many guesses a step."""
    length = draw(st.integers(1, 8))
    names = [f"step {at}" for at in range(length - 1)] + [draw(st.sampled_from([FINISH, "the last"]))]
    rows = []
    for at, name in enumerate(names):
        said = draw(st.lists(st.sampled_from([name, name, "wrong", "wronger"]), min_size=1, max_size=guesses, unique=True))
        rows.append(
            Row(
                at=at,
                target=Step(name),
                target_s=draw(quarters),
                drafts=tuple(map(Step, said)),
                draft_s=draw(quarters),
                target_tokens=draw(st.integers(0, 50)),
                target_prompt_tokens=draw(st.integers(0, 50)),
                draft_tokens=draw(st.integers(0, 50)),
                draft_prompt_tokens=draw(st.integers(0, 50)),
            )
        )
    return Trace(task="any", rows=tuple(rows))
