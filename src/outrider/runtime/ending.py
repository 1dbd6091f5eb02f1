"""What a call ended as: the report that the rules are told, whoever made the call. Absence never counts as an answer."""

from __future__ import annotations

from outrider.errors import NoGuess, NoStep, sentence_of
from outrider.model import Answer, Role, Usage
from outrider.rules.events import Cancelled, Drafted, Failed, Verified


def ended(
    call: int, role: Role, at: int, *, usage: Usage, result: Answer | Exception | None, closed: str = "", budget: bool = False
) -> Drafted | Verified | Failed | Cancelled:
    """The report of a call of ``role`` for the step at ``at``.

    Args:
        usage: what the call has used until it ended.
        result: the agent's answer, or what was raised instead; ``None`` for a call that was closed before it had either.
        closed: why the call was closed; it then counts as cancelled, whatever it would have said.
        budget: whether it failed for want of budget.
    """
    if closed:
        return Cancelled(call=call, role=role, at=at, reason=closed, usage=usage)
    match result:
        case Answer(steps=steps, thought=thought, confidence=sure) if steps:
            if role == "target":
                return Verified(call=call, at=at, step=steps[0], thought=thought, usage=usage)
            return Drafted(call=call, at=at, steps=steps, thought=thought, usage=usage, confidence=sure)
        case NoGuess() if role == "approximation":
            return Drafted(call=call, at=at, steps=(), usage=usage)
        case Exception() as error:
            kind = type(error).__name__
            return Failed(call=call, role=role, at=at, error=sentence_of(error), usage=usage, budget=budget, error_type=kind)
        case _:
            return Failed(call=call, role=role, at=at, error="the reply names no step", usage=usage, error_type=NoStep.__name__)
