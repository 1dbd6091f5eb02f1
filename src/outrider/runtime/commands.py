"""What the person may say to a session: take a step, go back, pause, steer, allow more, answer what is asked about a tool."""

from __future__ import annotations

from outrider.agents.world import World
from outrider.errors import BadOption, NotNow
from outrider.model import Step
from outrider.rules import Rules
from outrider.rules.events import (
    Allowed,
    Approved,
    Command,
    Extended,
    Paused,
    Settled,
    Steered,
    Stopped,
    Took,
    WentBack,
    WentOn,
)
from outrider.runtime.limits import Limits
from outrider.runtime.loop import Loop


class Commands:
    """The person's commands to a session. Each is held against the rules first, and has been taken in when it returns."""

    world: World | None
    _rules: Rules
    _loop: Loop
    _limits: Limits
    _max_steps: int

    @property
    def next_at(self) -> int:
        """The number of the next step."""
        return self._rules.frontier.at

    def _open(self) -> None:
        """The session is open afterwards, if it was not before.

        Raises:
            NotNow: it was not entered, or is being handed over.
        """
        raise NotImplementedError

    def stop(self, reason: str = "on request") -> None:
        """Close every call and end the run with the confirmed plan kept. Once it has ended, this does nothing."""
        self._open()
        if self._rules.outcome is None:
            self._loop.receive(Stopped(reason=reason))

    def take(self, step: Step | str, at: int | None = None) -> None:
        """The person's step is the verdict at the frontier. ``at`` guards against taking a step that is over.

        Raises:
            NotNow: the target has answered in the meantime, or the run has ended. Nothing has changed.
            BadStep: the world has no such action here, or the arguments do not fit it. Nothing has changed.
        """
        step = step.named if isinstance(step, Step) else Step(step)
        report = Took(at=self.next_at if at is None else at, step=step)
        self._open()
        self._rules.check(report)
        if self.world is not None:
            self.world.check(step, self._rules.plan.prefix)
        self._loop.receive(report)

    def take_instead(self, step: Step | str, at: int) -> None:
        """The person's step in place of the confirmed step ``at``: going back and taking it in one.

        Raises:
            NotNow: step ``at`` is not confirmed, or the run has ended. Nothing has changed.
            BadStep: as for ``take``. Nothing has changed.
        """
        step = step.named if isinstance(step, Step) else Step(step)
        self._open()
        self._rules.check(WentBack(at=at))
        if self._rules.has_effects_since(at):
            raise NotNow(f"what was executed since step {at} is undone first: go back to {at}, then take the step")
        if self.world is not None:
            self.world.check(step, self._rules.plan.prefix[:at])
        self._loop.receive(WentBack(at=at))
        if self._rules.outcome is None:  # it has one by now if the journal could not be written
            self._loop.receive(Took(at=at, step=step))

    def go_back(self, at: int) -> None:
        """Step ``at`` is open again, with the verdict it had kept: ``take`` another one, or ``go_on`` with the old.

        Raises:
            NotNow: step ``at`` is not confirmed, or the run has ended. Nothing has changed.
        """
        self._command(WentBack(at=at))

    def pause(self) -> None:
        """Hold the plan where it is: no call begins, those under way end, and the frontier's verdict waits until ``go_on``.

        Raises:
            NotNow: it is held already, or the run has ended. Nothing has changed.
        """
        self._command(Paused())

    def go_on(self) -> None:
        """After pausing or going back: the verdict that is there counts, and calls are made again.

        Raises:
            NotNow: the run is going on already, or has ended. Nothing has changed.
        """
        self._command(WentOn())

    def steer(self, sentence: str) -> None:
        """Add ``sentence`` to the task from the next step on; an empty one takes back all before it.

        What was drafted and asked without it is discarded, and the frontier's call has been ordered anew when this returns.

        Raises:
            NotNow: there is nothing to take back, or the run has ended. Nothing has changed.
        """
        self._command(Steered(at=self.next_at, sentence=" ".join(sentence.split())))

    def allow(
        self,
        *,
        calls: int | None = None,
        tokens: int | None = None,
        usd: float | None = None,
        seconds: float | None = None,
        reason: str = "",
    ) -> None:
        """Raise the session's budget by so much, for ``reason``. If the run was held for want of it, it goes on.

        Raises:
            BadOption: a number is not positive, or nothing limits what it counts. Nothing has changed.
            NotNow: the run has ended. Nothing has changed.
        """
        budget = self._limits.budget
        if budget is None:
            raise BadOption(
                "the session has no budget of its own, so there is none to raise; where a user's or the server's is used up, "
                "go on once that has been raised"
            )
        budget.check_more({"calls": calls, "tokens": tokens, "usd": usd, "seconds": seconds})
        report = Allowed(calls=calls, tokens=tokens, usd=usd, seconds=seconds, reason=reason)
        self._open()
        self._rules.check(report)
        self._loop.receive(report)  # the calls that it orders wait for their turn until this has returned
        budget.allow(calls=calls, tokens=tokens, usd=usd, seconds=seconds)

    def extend(self, steps: int, reason: str = "") -> None:
        """The plan may have so many ``steps`` more, for ``reason``. If the run was held for want of them, it goes on.

        Raises:
            BadOption: ``steps`` is below 1. Nothing has changed.
            NotNow: the run has ended. Nothing has changed.
        """
        if steps < 1:
            raise BadOption(f"{steps} more steps make no sense; give at least 1")
        self._command(Extended(steps=steps, reason=reason))

    def more(self, reason: str = "") -> None:
        """The run is held at a limit: allow as much again as was given at first, and go on.

        Raises:
            NotNow: the run is held at no limit. Nothing has changed.
            BadOption: the limit is not the session's own. Nothing has changed.
        """
        match self._rules.held:
            case "steps":
                self.extend(self._max_steps, reason)
            case "budget":
                given = self._limits.budget.given if self._limits.budget is not None else {}
                calls, tokens = (None if (n := given.get(name)) is None else int(n) for name in ("calls", "tokens"))
                self.allow(calls=calls, tokens=tokens, usd=given.get("usd"), seconds=given.get("seconds"), reason=reason)
            case _:
                raise NotNow("the run is held at no limit; there is nothing to allow more of")

    def approve(self, at: int | None = None) -> None:
        """The tool of the confirmed step ``at``, about which the person is asked, may run: now, or again after it gave no answer.

        Raises:
            NotNow: nothing is asked about that step, or the run has ended. Nothing has changed.
        """
        self._command(Approved(at=self.next_at - 1 if at is None else at))

    def settle(self, observation: str, at: int | None = None, *, happened: bool = False) -> None:
        """What executing the step ``at``, about which the person is asked, has come to, in their words; its tool is not run.

        ``happened`` is for a step of which it is not known whether it has had its effect: it has, so going back behind it takes
        it back. What else the person says has been done is theirs to take back.

        Raises:
            NotNow: nothing is asked about that step, or not whether its effect has happened, or the run has ended. Nothing has
                changed.
        """
        at = self.next_at - 1 if at is None else at
        self._command(Settled(at=at, observation=observation, happened=happened))

    def carry_out(self, command: Command) -> None:
        """What the person says, as a command, such as one from another process.

        Raises:
            NotNow, BadStep, BadOption: as its own method. Nothing has changed.
        """
        match command:
            case Took(at=at, step=step):
                self.take(step, at)
            case Allowed() as more:
                self.allow(calls=more.calls, tokens=more.tokens, usd=more.usd, seconds=more.seconds, reason=more.reason)
            case Stopped(reason=reason):
                self.stop(reason)
            case _:
                self._command(command)

    def _command(self, report: Command) -> None:
        self._open()
        self._rules.check(report)
        self._loop.receive(report)
