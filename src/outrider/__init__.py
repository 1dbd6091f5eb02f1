"""Outrider: interactive speculative planning for language-model agents (Hua et al., arXiv 2410.00079).

A fast approximation agent rides ahead and drafts steps; the accurate target agent works on every drafted step at the same
time; where both agree the wait is gone. The plan is the target's, step by step.
"""

from outrider.agents.agent import Agent, Meter
from outrider.errors import OutriderError
from outrider.model import FINISH, Answer, Declared, Plan, PlanStep, Step, Task, Usage
from outrider.resuming import resume, run_again
from outrider.rules import BY_ACTION, EXACT, Batch, Sliding
from outrider.runtime import Budget, Limits, ServerLimits, Session, plan

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "Answer",
    "BY_ACTION",
    "Batch",
    "Budget",
    "Declared",
    "EXACT",
    "FINISH",
    "Limits",
    "Meter",
    "OutriderError",
    "Plan",
    "PlanStep",
    "ServerLimits",
    "Session",
    "Sliding",
    "Step",
    "Task",
    "Usage",
    "plan",
    "resume",
    "run_again",
]
