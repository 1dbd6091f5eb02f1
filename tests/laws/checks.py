"""What each law demands of a run, read from what the fakes saw and from the run's records alone."""

from __future__ import annotations

from collections import Counter

from outrider.model import Prefix, Step
from outrider.rules.events import (
    Accepted,
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Failed,
    Finished,
    Paused,
    Rejected,
    Shown,
    Started,
    Steered,
    Stopped,
    Took,
    Verified,
    Waiting,
    WentBack,
    WentOn,
)
from outrider.rules.lookahead import Batch, Sliding
from outrider.rules.value import MOST_DRAFTS, MOST_TARGET_CALLS, ByValue

from .worlds import DRAFT_USAGE, TARGET_USAGE, Run, told


class Path:
    """The plan that records tell of, step by step, each with the sentences that its agents were told.

    ``kept`` are the steps that the person went back over; they come again with what they were asked with.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.sentences: tuple[str, ...] = ()
        self._under: list[tuple[str, ...]] = []
        self._kept: list[tuple[Step, tuple[str, ...]]] = []

    def receive(self, event: object) -> None:
        match event:
            case Confirmed(step=step):
                self._under.append(self._sentences_of(step))
                self.steps.append(step)
            case Took(step=step) if not self._kept or self._kept[0][0] != step:
                self._kept = []
            case WentBack(at=at):
                self._kept = [*zip(self.steps[at:], self._under[at:], strict=True), *self._kept]
                del self.steps[at:], self._under[at:]
            case Steered(sentence=sentence):
                self.sentences = (*self.sentences, sentence) if sentence else ()
                self._kept = []
            case _:
                pass

    def _sentences_of(self, step: Step) -> tuple[str, ...]:
        if self._kept:
            kept, under = self._kept.pop(0)
            assert kept == step, "what stood there comes again"
            return under
        return self.sentences

    @property
    def asked(self) -> Prefix:
        """What the agents are asked about at the frontier."""
        return (*told(self.sentences), *self.steps)

    def asked_for(self, at: int) -> Prefix:
        """What the agents were asked about for step ``at``."""
        return (*told(self._under[at]), *self.steps[:at])


def path_of(run: Run) -> Path:
    path = Path()
    for record in run.records:
        path.receive(record.event)
    return path


def committed_as_said(run: Run) -> None:
    """Law 1: each step is the target's answer to the committed prefix, or what the person said there."""
    path = path_of(run)
    taken = [(record.event.at, record.event.step) for record in run.records if isinstance(record.event, Took)]
    for at, entry in enumerate(run.plan.steps):
        if entry.by == "person":
            assert (at, entry.step) in taken
        else:
            assert entry.step == run.world.target_says(path.asked_for(at))
    assert run.plan.lossless
    assert run.plan.complete == (run.outcome == "complete")


def text_is_the_verdicts(run: Run) -> None:
    """Law 1, under any matching: what is committed is what the call or the person said, to the letter."""
    said = {record.event.call: record.event.step for record in run.records if isinstance(record.event, Verified)}
    took = {(record.event.at, record.event.step) for record in run.records if isinstance(record.event, Took)}
    for record in run.records:
        match record.event:
            case Confirmed(call=None, at=at, step=step, by=by):
                assert by == "person"
                assert (at, step) in took
            case Confirmed(call=call, step=step, by=by):
                assert by == "target"
                assert call is not None
                assert said[call] == step
            case _:
                pass


def frontier_asked_at_once(run: Run) -> None:
    """Law 2: from the instant a frontier is known, its call is under way or answered."""
    known: list[tuple[float, Prefix]] = [(0.0, ())]
    for record in run.records:
        if isinstance(record.event, Confirmed):
            known.append((record.time_s, (*known[-1][1], record.event.step)))
    if run.plan.complete or run.outcome == "step_limit":
        known.pop()
    passed_s = [*(known_s for known_s, _ in known[1:]), run.total_s]
    for (known_s, prefix), until_s in zip(known, passed_s, strict=True):
        if known_s < until_s:
            assert any(
                request.start_s <= known_s and (request.ok or request.end_s is None or request.end_s >= known_s)
                for request in run.target.requests
                if request.prefix == prefix
            ), (known_s, prefix)


def bounded(run: Run) -> None:
    """Law 3, as the fakes saw it."""
    match run.lookahead:
        case Sliding(k=k, width=width):
            assert run.target.most_in_flight <= k * width + 1
            assert run.drafter.most_in_flight <= (k if run.world.quick else min(k, 1))
            ahead = k
        case Batch(k=k):
            assert run.target.most_in_flight <= k
            assert run.drafter.most_in_flight <= 1
            ahead = k - 1
        case ByValue(hour_worth=worth):
            assert run.target.most_in_flight <= (MOST_TARGET_CALLS if worth else 1)
            assert run.drafter.most_in_flight <= (MOST_DRAFTS if worth else 0)
            return  # it looks as far ahead as it is worth
        case _:
            raise AssertionError(run.lookahead)
    if any(isinstance(record.event, WentBack) for record in run.records):
        return  # what was begun below the old frontier is kept
    frontier = 0
    for record in run.records:
        match record.event:
            case Confirmed():
                frontier += 1
            case Started(role="target", at=at):
                assert at <= frontier + ahead
            case Started(role="approximation", at=at):
                assert at <= frontier + (ahead if isinstance(run.lookahead, Batch) else ahead - 1)
            case _:
                pass


def displayed_in_order(run: Run) -> None:
    """Law 5: at most one unverified step, right after the confirmed ones; verdicts in plan order; held while back."""
    path = Path()
    back = paused = ended = False
    for record in run.records:
        match record.event:
            case Shown(at=at, step=step):
                assert at == len(path.steps)
                assert not back
                assert not ended
                assert step in run.world.may_be_drafted(path.asked), "a draft of another prefix"
            case Confirmed(at=at):
                assert at == len(path.steps)
                assert not back
                assert not paused
                assert not ended
            case Waiting(at=at, step=step):
                assert paused
                assert at == len(path.steps)
                assert step == run.world.target_says(path.asked)
            case WentBack(at=at):
                assert at < len(path.steps)
                back, paused = True, False
            case Paused():
                paused = True
            case WentOn() | Took() | Steered():
                back = paused = False
            case Ended():
                ended = True
            case _:
                pass
        path.receive(record.event)
    assert tuple(path.steps) == run.plan.prefix


def quiet_while_held(run: Run) -> None:
    """While the person holds the frontier no call begins, not even one that waited for its turn."""
    held = False
    for record in run.records:
        match record.event:
            case Paused() | WentBack():
                held = True
            case WentOn() | Took() | Steered():
                held = False
            case Started():
                assert not held
            case _:
                pass


def shown_once_known(run: Run) -> None:
    """Law 5, the other half: a draft of the frontier's step is on display unless its verdict is in, or somebody went back."""
    best: dict[Prefix, Step] = {}
    path = Path()
    shown: Step | None = None
    held = False
    for record in run.records:
        path.receive(record.event)
        match record.event:
            case Shown(step=step):
                shown = step
            case Confirmed():
                shown = None
            case WentBack():
                shown, held = None, True
            case Paused():
                held = True
            case Steered():
                best, shown, held = {}, None, False  # what was drafted before is discarded
            case WentOn() | Took():
                held = False
            case Discarded(at=at, step=gone):  # with all that was drafted behind it; the person may come back to the same prefix
                best = {asked: step for asked, step in best.items() if not (len(asked) > at and asked[at].named == gone.named)}
            case Ended():
                return
            case _:
                pass
        if isinstance(record.event, Drafted) and record.event.at == len(path.steps):
            # At the frontier's depth a draft that was not cancelled is one of the frontier's own prefix.
            for step in record.event.steps[:1]:
                best.setdefault(path.asked, step)
        settled = isinstance(record.event, Shown | Started | Failed)
        if settled and path.asked in best and not held:
            assert shown == best[path.asked]


def nothing_leaked(run: Run) -> None:
    """Law 4: a discarded call's step is never confirmed, and a cancelled or failed call's neither."""
    dead: set[int] = set()
    for record in run.records:
        match record.event:
            case Discarded(calls=calls):
                dead |= set(calls)
            case Cancelled(call=call) | Failed(call=call):
                dead.add(call)
            case Confirmed(call=call, drafts=drafts):
                assert dead.isdisjoint({call, *drafts})
            case Accepted(call=call):
                assert call not in dead
            case _:
                pass


def _ends(run: Run) -> Counter[int]:
    return Counter(
        record.event.call for record in run.records if isinstance(record.event, Drafted | Verified | Failed | Cancelled)
    )


def accounted_for(run: Run) -> None:
    """Law 7: each call that started ends exactly once, tokens and dollars add up, and nothing stays in flight."""
    started = [record.event for record in run.records if isinstance(record.event, Started)]
    ends = _ends(run)
    assert len(started) == len({event.call for event in started})
    assert all(ends[event.call] == 1 for event in started)
    assert set(ends.values()) <= {1}
    assert run.target.in_flight == run.drafter.in_flight == 0
    assert len(run.target.requests) == sum(event.role == "target" for event in started)
    assert len(run.drafter.requests) == sum(event.role == "approximation" for event in started)
    _figures_add_up(run, len(started))
    _record_ends_well(run)


def _figures_add_up(run: Run, started: int) -> None:
    figures = run.figures
    used: set[int] = set()
    flying = most = 0
    for record in run.records:
        match record.event:
            case Confirmed(call=call, drafts=drafts):
                used |= {*drafts, *(() if call is None else (call,))}
            case Started():
                flying += 1
                most = max(most, flying)
            case Drafted() | Verified() | Failed() | Cancelled() if _was_started(run, record.event.call):
                flying -= 1
            case _:
                pass
    answered = {record.event.call for record in run.records if isinstance(record.event, Drafted | Verified)}
    assert flying == figures.in_flight == 0
    assert figures.calls_max == most
    assert figures.calls("used") == len(used)
    assert figures.calls("wasted") == len(answered - used)
    assert sum(figures.calls(end) for end in ("used", "wasted", "cancelled", "failed")) == started
    asked = len(run.target.requests) * TARGET_USAGE.output_tokens + len(run.drafter.requests) * DRAFT_USAGE.output_tokens
    assert figures.usage.output_tokens == asked
    assert figures.usage.cost_usd == len(run.target.requests) * 2.0 + len(run.drafter.requests) * 0.25
    assert figures.calls_unpriced == 0
    assert figures.steps == len(run.plan.steps)
    assert figures.person_steps == sum(entry.by == "person" for entry in run.plan.steps)


def _was_started(run: Run, call: int) -> bool:
    return any(isinstance(record.event, Started) and record.event.call == call for record in run.records)


def _record_ends_well(run: Run) -> None:
    records = run.records
    assert [record.n for record in records] == list(range(len(records)))
    assert [record.time_s for record in records] == sorted(record.time_s for record in records)
    assert isinstance(records[-1].event, Finished)
    assert sum(isinstance(record.event, Finished) for record in records) == 1
    assert sum(isinstance(record.event, Ended) for record in records) == 1
    assert run.figures.settled


def guesses_judged_once(run: Run) -> None:
    """Every guess that met a verdict was judged once, and rightly."""
    verdicts: Counter[tuple[int, str]] = Counter()
    for record in run.records:
        match record.event:
            case Accepted(call=call, step=step):
                verdicts[call, step.key] += 1
            case Rejected(call=call, draft=draft, verdict=verdict):
                verdicts[call, draft.key] += 1
                assert draft != verdict
            case _:
                pass
    assert set(verdicts.values()) <= {1}
    tallies = run.figures.acceptance.values()
    assert sum(tally.accepted + tally.rejected for tally in tallies) == len(verdicts)


def stopped_for_a_reason(run: Run) -> None:
    """The outcome is the one that the records tell of."""
    stopped = any(isinstance(record.event, Stopped) for record in run.records)
    assert stopped == (run.outcome == "stopped")


def every_law(run: Run) -> None:
    """All of the above that hold whatever the person does."""
    committed_as_said(run)
    text_is_the_verdicts(run)
    bounded(run)
    displayed_in_order(run)
    quiet_while_held(run)
    nothing_leaked(run)
    accounted_for(run)
    guesses_judged_once(run)
    stopped_for_a_reason(run)
