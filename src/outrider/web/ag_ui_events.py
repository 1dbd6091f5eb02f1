"""A session's records as the events of AG-UI 1.0: a pure fold. Imports the protocol's package: the extra ``ag-ui``.

What it gives away is what the picture shows: confirmed steps, and at most one draft after them (law 5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from ag_ui.core import (
    PROTOCOL_VERSION,
    ActivitySnapshotEvent,
    BaseEvent,
    CustomEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    StateDeltaEvent,
    StateSnapshotEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    TokenUsage,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from outrider.journal import encode_plan
from outrider.model import JSON, Role, Usage
from outrider.naming import without_secrets
from outrider.rules.events import (
    Accepted,
    Asked,
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Executed,
    Failed,
    Finished,
    Opened,
    Outcome,
    Record,
    Rejected,
    Started,
    Verified,
    WentBack,
)
from outrider.views.lines import to_read
from outrider.views.picture import ConfirmedStep
from outrider.views.scene import Watch
from outrider.views.words import OUTCOMES, one_line
from outrider.web.patches import patch
from outrider.web.scenes import Drawing

SESSION: Final = "outrider.session"
"""The custom event that names the session and where its commands go."""

ASKED: Final = "outrider.asked"
"""The custom event that says what the person is asked about a step's tool; the commands that answer it are in it."""

STEP: Final = "outrider.step"
"""The type of the activities: one for each step of the plan."""

_UNSEEN: Final = (Started, Drafted, Verified, Failed, Cancelled, Accepted, Rejected, Discarded)
"""What changes nothing that may be shown."""

_TOLD: Final = ("action", "arguments", "text", "by", "how", "replaced")
"""What an activity tells of its step."""

_TOLD_OF_TOOLS: Final = ("observation", "early")
"""What it tells besides of one that has been executed."""


class Projection:
    """``receive`` a session's records in order, then ``close``: together, the events of one run.

    RUN_STARTED is the first event, RUN_FINISHED or RUN_ERROR the last, and every step that is started is finished.

    Args:
        thread_id, run_id: as the client gave them.
        session: the session's name.
    """

    def __init__(self, *, thread_id: str, run_id: str, session: str) -> None:
        self._thread_id = thread_id
        self._run_id = run_id
        self._session = session
        self._watch = Watch()
        self._drawing = Drawing(self._watch)
        self._used: dict[Role, Usage] = {}
        self._state: dict[str, JSON] = {}
        self._drawn: dict[int, dict[str, JSON]] = {}
        self._activities: dict[int, dict[str, JSON]] = {}
        self._tool_calls: dict[int, str] = {}
        self._made = 0
        self._max_steps = 0
        self._open: int | None = None
        self._begun = False
        self._over = False

    def receive(self, record: Record) -> Iterator[BaseEvent]:
        """What ``record`` comes to, often nothing. To be read to its end before the next record is given."""
        self._watch.receive(record)
        match record.event:
            case Opened(max_steps=max_steps):
                self._max_steps = max_steps
                yield from self._begin()
            case Drafted(usage=usage):
                self._count("approximation", usage)
            case Verified(usage=usage):
                self._count("target", usage)
            case Failed(role=role, usage=usage) | Cancelled(role=role, usage=usage):
                self._count(role, usage)
            case _:
                pass
        if not isinstance(record.event, (Opened, *_UNSEEN)):
            yield from self._shown(record)

    def close(self, why: str, code: str = "interrupted") -> Iterator[BaseEvent]:
        """Nothing more will come. Unless the run is over, that is an error: ``why`` in words, and its ``code``."""
        if self._over:
            return
        if not self._begun:
            yield self._started()
        yield from self._finish_step()
        yield self._error(why, code)

    # The run --------------------------------------------------------------------------------------------------------

    def _begin(self) -> Iterator[BaseEvent]:
        yield self._started()
        address = f"/api/sessions/{self._session}"
        yield CustomEvent(
            name=SESSION, value={"name": self._session, "commands": f"{address}/commands", "events": f"{address}/events"}
        )
        self._state = self._now()
        yield StateSnapshotEvent(snapshot=_sound(self._state))
        yield self._start_step(0)

    def _started(self) -> BaseEvent:
        self._begun = True
        return RunStartedEvent(thread_id=self._thread_id, run_id=self._run_id, protocol_version=PROTOCOL_VERSION)

    def _shown(self, record: Record) -> Iterator[BaseEvent]:
        if isinstance(record.event, Confirmed | WentBack | Ended):
            yield from self._finish_step()
        yield from self._delta()
        yield from self._steps()
        yield from self._executions(record)
        match record.event:
            case Confirmed(at=at, step=step) if not step.is_finish and at + 1 < self._max_steps:
                yield self._start_step(at + 1)
            case WentBack(at=at):
                yield self._start_step(at)
            case Ended():
                yield from self._message()
            case Finished(outcome=outcome):
                yield self._end(outcome)
            case _:
                pass

    def _end(self, outcome: Outcome) -> BaseEvent:
        if outcome not in ("complete", "stopped"):
            reason = self._watch.picture.reason
            return self._error(f"{OUTCOMES[outcome]}: {reason}" if reason else OUTCOMES[outcome], outcome)
        self._over = True
        return RunFinishedEvent(
            thread_id=self._thread_id,
            run_id=self._run_id,
            result=_sound(
                {
                    "outcome": outcome,
                    "plan": encode_plan(self._watch.picture.plan),
                    "figures": self._watch.figures.as_json(),
                }
            ),
            outcome=RunFinishedSuccessOutcome() if outcome == "complete" else RunFinishedCancelledOutcome(),
            usage=self._usage(),
        )

    def _error(self, why: str, code: str) -> BaseEvent:
        self._over = True
        return RunErrorEvent(message=without_secrets(one_line(why)), code=code, usage=self._usage())

    def _message(self) -> Iterator[BaseEvent]:
        """The confirmed plan as the assistant's message, a line a step, then in its world's words; none without a step."""
        picture = self._watch.picture
        if picture.confirmed:
            message_id = f"{self._run_id}/plan"
            yield TextMessageStartEvent(message_id=message_id, role="assistant")
            lines = [f"{step.at}  {one_line(step.text)}" for step in picture.confirmed]
            yield TextMessageContentEvent(message_id=message_id, delta="\n".join([*lines, *to_read(picture)]))
            yield TextMessageEndEvent(message_id=message_id)

    # Steps ----------------------------------------------------------------------------------------------------------

    def _start_step(self, at: int) -> BaseEvent:
        self._open = at
        return StepStartedEvent(step_name=f"step {at}")

    def _finish_step(self) -> Iterator[BaseEvent]:
        if self._open is not None:
            yield StepFinishedEvent(step_name=f"step {self._open}")
            self._open = None

    def _steps(self) -> Iterator[BaseEvent]:
        """An activity for each step that changed. One that is no longer to be seen loses all it said."""
        seen = {_at(step): step for step in _visible(self._state)}
        for at in [at for at in self._drawn if at not in seen]:
            del self._drawn[at], self._activities[at]
            yield self._activity(at, {"at": at, "state": "withdrawn"})
        for at, step in seen.items():
            if self._drawn.get(at) is step:
                continue
            self._drawn[at], content = step, _content(step)
            if self._activities.get(at) != content:
                self._activities[at] = content
                yield self._activity(at, content)

    def _activity(self, at: int, content: dict[str, JSON]) -> BaseEvent:
        return ActivitySnapshotEvent(message_id=f"{self._run_id}/step/{at}", activity_type=STEP, content=_sound(content))

    # Executions -------------------------------------------------------------------------------------------------------

    def _executions(self, record: Record) -> Iterator[BaseEvent]:
        """A tool call for each confirmed step whose tool is run or is to be, once; its result is the step's observation."""
        confirmed = self._watch.picture.confirmed
        self._tool_calls = {at: name for at, name in self._tool_calls.items() if at < len(confirmed)}
        if confirmed and confirmed[-1].at not in self._tool_calls and self._is_called(record, confirmed[-1]):
            yield from self._tool_call(confirmed[-1])
        match record.event:
            case Asked():
                yield self._asked()
            case Executed(at=at, step=step) if at in self._tool_calls:
                call = self._tool_calls[at]
                content = _sound_text(step.observation or "")
                yield ToolCallResultEvent(message_id=f"{call}/result", tool_call_id=call, content=content, role="tool")
            case _:
                pass

    def _is_called(self, record: Record, step: ConfirmedStep) -> bool:
        """Whether its tool runs, has just answered, or waits for the person's word. What an earlier session executed is not."""
        answered = isinstance(record.event, Executed) and record.event.execution is not None
        return step.runs_s is not None or answered or isinstance(record.event, Asked)

    def _tool_call(self, step: ConfirmedStep) -> Iterator[BaseEvent]:
        self._made += 1
        call = self._tool_calls[step.at] = f"{self._run_id}/call/{self._made}"
        yield ToolCallStartEvent(tool_call_id=call, tool_call_name=_sound_text(step.step.action))
        arguments = json.dumps(_sound(dict(step.step.arguments)), ensure_ascii=False)
        yield ToolCallArgsEvent(tool_call_id=call, delta=arguments)
        yield ToolCallEndEvent(tool_call_id=call)

    def _asked(self) -> BaseEvent:
        asked = self._state["asked"]
        assert isinstance(asked, dict), "what has been asked is in the state"
        commands = {"y": "approve", "s": "settle", "b": "go_back", "q": "stop"}
        keys = asked["answers"] if isinstance(asked["answers"], list) else []
        can = [commands[key] for key in keys if isinstance(key, str) and key in commands]  # h is settle once more
        return CustomEvent(name=ASKED, value=_sound({**asked, "answers": [*can]}))

    # State ----------------------------------------------------------------------------------------------------------

    def _now(self) -> dict[str, JSON]:
        """The scene without the lanes: their bars name drafts that nobody may see yet."""
        scene = self._drawing.scene()
        del scene["bars"]
        return {"session": self._session, **scene}

    def _delta(self) -> Iterator[BaseEvent]:
        before, self._state = self._state, self._now()
        yield StateDeltaEvent.model_validate({"delta": [_sound(operation) for operation in patch(before, self._state)]})

    # Tokens ---------------------------------------------------------------------------------------------------------

    def _count(self, role: Role, usage: Usage) -> None:
        self._used[role] = self._used[role] + usage if role in self._used else usage

    def _usage(self) -> list[TokenUsage] | None:
        """The tokens of each agent, where anybody counted them."""
        picture = self._watch.picture
        names: dict[Role, str] = {"approximation": picture.approximation, "target": picture.target}
        return [
            TokenUsage(
                model=without_secrets(one_line(names[role])),
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.output_tokens,
                total_tokens=usage.tokens,
                cached_input_tokens=usage.cached_tokens,
            )
            for role, usage in self._used.items()
            if usage.counted != "unknown"
        ] or None


# What is told of a step ---------------------------------------------------------------------------------------------


def _visible(state: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
    """The steps that are to be seen, as the scene draws them."""
    confirmed = state["confirmed"]
    assert isinstance(confirmed, list)
    for step in (*confirmed, state["verifying"]):
        if isinstance(step, dict):
            yield step


def _at(step: Mapping[str, JSON]) -> int:
    at = step["at"]
    assert isinstance(at, int)
    return at


def _content(step: Mapping[str, JSON]) -> dict[str, JSON]:
    """What the activity of ``step`` says. Only a confirmed one says by whom it is."""
    state = "confirmed" if "by" in step else "verifying"
    executed = {name: step[name] for name in _TOLD_OF_TOOLS if step.get("observation") is not None}
    return {"at": step["at"], "state": state, **{name: step[name] for name in _TOLD if name in step}, **executed}


# What can be sent --------------------------------------------------------------------------------------------------


def _sound(value: dict[str, JSON]) -> dict[str, JSON]:
    """``value`` without half surrogate pairs, which models do produce and UTF-8 cannot carry."""
    return {_sound_text(name): _sound_value(item) for name, item in value.items()}


def _sound_value(value: JSON) -> JSON:
    match value:
        case str():
            return _sound_text(value)
        case list():
            return [_sound_value(item) for item in value]
        case dict():
            return _sound(value)
        case _:
            return value


def _sound_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
