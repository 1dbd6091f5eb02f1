"""Whether what the person says fits where the run stands. Often it comes a moment too late, and is told why."""

from __future__ import annotations

from outrider.errors import NotNow
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
from outrider.rules.executions import Executions
from outrider.rules.frontier import Frontier
from outrider.rules.tree import Node


def check(command: Command, frontier: Frontier, executions: Executions) -> None:
    """Raise ``NotNow`` if the person's command does not fit the state any more; change nothing."""
    if frontier.outcome is not None:
        raise NotNow(f"the run has ended ({frontier.outcome.replace('_', ' ')}); the plan stands as it is")
    if not isinstance(command, Stopped | Allowed | Extended):
        executions.check_undone()
    node = frontier.node
    match command:
        case Took(at=at) if at < 0:
            raise NotNow(f"there is no step {at}; steps are numbered from 0, and the next one is {node.at}")
        case Took(at=at) if at < node.at:
            raise _too_late(node, at)
        case Took(at=at) if at > node.at:
            raise NotNow(f"step {at} is not there yet; the next one is {node.at}")
        case WentBack(at=at) if not 0 <= at < node.at:
            raise NotNow(f"step {at} is not confirmed, so there is no going back to it; the next step is {node.at}")
        case WentBack(at=at):
            executions.check_way_back(node, at)
        case Approved(at=at):
            executions.check_answer(at, node)
        case Settled(at=at, happened=happened):
            executions.check_answer(at, node, happened=happened)
        case WentOn() if not frontier.held:
            raise NotNow("the run is going on already")
        case WentOn() if frontier.held == "steps":
            raise NotNow(f"the plan has the {frontier.max_steps} steps it may have; allow it more, take the step, or stop")
        case Paused() if frontier.held:
            raise NotNow("the run waits for you already; take the step, or go on")
        case Steered(at=at) if at != node.at:
            raise NotNow(f"a sentence counts from the next step on, which is {node.at} and not {at}")
        case Steered(sentence="") if not frontier.sentences:
            raise NotNow("there is no sentence to take back")
        case _:
            pass


def _too_late(frontier: Node, at: int) -> NotNow:
    verdict = frontier.ancestor(at).verdict
    assert verdict is not None, "what lies before the frontier has its verdict"
    message = f"step {at} has its verdict already: {verdict.step}; go back to {at} to change it"
    return NotNow(message, at=at, answer=verdict.step)
