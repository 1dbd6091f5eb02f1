"""The scene as JSON, with the words that the terminal uses too; and what has changed from one scene to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from outrider.figures import Figures, Taken
from outrider.model import JSON
from outrider.naming import without_secrets
from outrider.views.lanes import Bar
from outrider.views.lines import to_read
from outrider.views.picture import Asking, ConfirmedStep, Picture
from outrider.views.scene import Scene, Watch
from outrider.views.words import (
    OUTCOMES,
    answers,
    asks,
    degraded,
    dollars,
    early,
    how,
    one_line,
    printable,
    resumed,
    saved_by,
    summary,
)
from outrider.web.answers import step_json

LISTS: Final = ("confirmed", "bars", "sentences", "summary")
"""What grows at its end: of these only the end is sent anew."""


class Drawing:
    """Draws what ``watch`` has received, again and again: a bar or a step that is as it was is not drawn anew."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._confirmed = _Row(_confirmed)
        self._bars = _Row(_bar)

    def scene(self) -> dict[str, JSON]:
        """Everything that the page draws, after the last record."""
        scene = self._watch.scene
        confirmed = self._confirmed.of([(step, scene.taken.get(step.at)) for step in scene.picture.confirmed])
        return _drawn(scene, self._watch.figures, confirmed, self._bars.of([(bar,) for bar in scene.bars]))


def drawn(watch: Watch) -> dict[str, JSON]:
    """Everything that the page draws of ``watch``, drawn once."""
    return Drawing(watch).scene()


class _Row:
    """A list that mostly grows at its end: ``draw`` is called for what stands in its place for the first time."""

    def __init__(self, draw: Callable[..., JSON]) -> None:
        self._draw = draw
        self._kept: list[tuple[tuple[object, ...], JSON]] = []

    def of(self, things: Sequence[tuple[object, ...]]) -> list[JSON]:
        """The list of ``things``, drawn."""
        old, self._kept = self._kept, []
        for i, thing in enumerate(things):
            same = i < len(old) and old[i][0] == thing
            self._kept.append(old[i] if same else (thing, self._draw(*thing)))
        return [drawn for _, drawn in self._kept]


def _drawn(scene: Scene, figures: Figures, confirmed: list[JSON], bars: list[JSON]) -> dict[str, JSON]:
    picture = scene.picture
    return {
        "n": scene.n,
        **_setting(picture),
        **_state(picture),
        "confirmed": confirmed,
        "window": {"asked_s": scene.window.asked_s, "usual_s": list(scene.window.usual_s) if scene.window.usual_s else None},
        "run": _run(scene, dollars(figures)),
        "stands": one_line(picture.stands),
        "to_read": [*to_read(picture)[1:]] if picture.outcome else [],
        "summary": [one_line(line) for line in summary(picture, figures)] if picture.outcome else [],
        "bars": bars,
    }


def changes(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> dict[str, JSON]:
    """What turns ``before`` into ``after``.

    ``changes`` are new values. Of each of ``lists``, the first ``keep`` entries stay, and ``then`` follow.
    """
    changed: dict[str, JSON] = {key: value for key, value in after.items() if key not in LISTS and before[key] != value}
    lists: dict[str, JSON] = {}
    for key in LISTS:
        old, new = before[key], after[key]
        assert isinstance(old, list)
        assert isinstance(new, list)
        if old != new:
            keep = _in_common(old, new)
            lists[key] = {"keep": keep, "then": new[keep:]}
    return {"n": after["n"], "changes": changed, "lists": lists}


def _in_common(old: list[JSON], new: list[JSON]) -> int:
    """With how many equal entries both begin."""
    differs = (i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one is not other and one != other)
    return next(differs, min(len(old), len(new)))


def _setting(picture: Picture) -> dict[str, JSON]:
    return {
        "task": one_line(picture.task),
        "world": one_line(picture.world),
        "approximation": _agent(picture.approximation),
        "target": _agent(picture.target),
        "lookahead": one_line(picture.lookahead),
        "drafts_by": _agent(picture.drafts_by),
        "lossless": picture.lossless,
        "carried": picture.carried,
        "executes": bool(picture.executions.tools),
    }


def _agent(name: str) -> str:
    return without_secrets(one_line(name))


def _state(picture: Picture) -> dict[str, JSON]:
    verifying, waiting = picture.verifying, picture.waiting
    return {
        "now_s": picture.now_s,
        "next_at": len(picture.confirmed),
        "verifying": None
        if verifying is None
        else {"at": verifying.at, **step_json(verifying.step, verifying.text), "since_s": verifying.since_s},
        "held": picture.held,
        "limit": one_line(picture.limit),
        "waiting": None if waiting is None else step_json(waiting, picture.reads(waiting)),
        "asked": None if picture.asked is None else _asked(picture.asked),
        "taken": None if picture.taken is None else step_json(picture.taken, picture.reads(picture.taken)),
        "undoing": _undoing(picture),
        "stayed": one_line(picture.stayed),
        "sentences": [{"at": sentence.at, "text": one_line(sentence.text)} for sentence in picture.sentences],
        "interruptions": [
            {"at": found.at, "since_s": found.since_s, "text": resumed(found.since_s)} for found in picture.interruptions
        ],
        "degraded": degraded(picture),
        "outcome": picture.outcome,
        "outcome_text": OUTCOMES[picture.outcome] if picture.outcome else "",
        "reason": one_line(picture.reason),
        "finished": picture.finished,
    }


def _asked(asking: Asking) -> dict[str, JSON]:
    return {
        "at": asking.at,
        "question": asking.question,
        "text": one_line(asking.text),
        "reason": one_line(asking.reason),
        "writes": asking.writes,
        "undoing": asking.undoing,
        "said": asks(asking),
        "answers": [key for key, _ in answers(asking)],
        "since_s": asking.since_s,
    }


def _undoing(picture: Picture) -> JSON:
    run = picture.executions.undoing
    return None if run is None else {"at": run.at, "text": one_line(picture.reads(run.step)), "since_s": run.started_s}


def _confirmed(step: ConfirmedStep, taken: Taken | None) -> dict[str, JSON]:
    return {
        "at": step.at,
        **step_json(step.step, step.text),
        "by": step.by,
        "how": how(step),
        "since_s": step.since_s,
        "replaced": None if step.replaced is None else one_line(step.replaced_text),
        "thought": one_line(step.thought),
        "earlier": step.earlier,
        "saved": None if taken is None else saved_by(taken),
        "saved_s": None if taken is None else taken.saved_s,
        "saved_usd": None if taken is None else taken.saved_usd,
        "executes": step.executes,
        "runs_s": step.runs_s,
        "observation": None if step.step.observation is None else printable(step.step.observation),
        "executed_s": step.executed_s,
        "early": early(step),
        "early_s": step.early_s,
        "settled": step.settled,
    }


def _run(scene: Scene, cost: str) -> dict[str, JSON]:
    run = scene.run
    return {
        "time_s": run.time_s,
        "alone_s": run.alone_s,
        "saved_s": run.saved_s,
        "calls_in_flight": run.calls_in_flight,
        "tokens": run.tokens,
        "wasted_tokens": run.wasted_tokens,
        "cost": cost,
        "cost_usd": None if run.calls_unpriced else run.priced_usd,
    }


def _bar(bar: Bar) -> dict[str, JSON]:
    return {
        "lane": bar.lane,
        "row": bar.row,
        "at": bar.at,
        "started_s": bar.started_s,
        "ended_s": bar.ended_s,
        "end": bar.end,
        "label": one_line(bar.label),
        "call": bar.call,
        "execution": bar.execution,
        "way": bar.way,
        "early_s": bar.early_s,
    }
