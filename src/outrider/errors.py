"""Every error that Outrider raises, in one tree.

    OutriderError
    ├── CallerError            the caller's mistake: the message gives the value and the remedy
    │   ├── BadStep            a step that is no step: no action, or arguments that do not fit it
    │   ├── EmptyTask
    │   ├── UnknownName        a world, kind, model or session that does not exist
    │   ├── BadOption
    │   ├── NotNow             a command that came too early, too late, or for a step that is over
    │   │   ├── TooMany        a server serves as many as it can: ask again later
    │   │   └── ShuttingDown   a server that takes no more, because it is about to stop
    │   ├── NotAllowed         a user's role does not go so far
    │   ├── UsersUnreadable    the file of a server's users cannot be read, so nobody is let in
    │   ├── SpendingUnusable   what a user has spent cannot be kept, so they begin nothing
    │   └── RulesMisused       an event that contradicts the rules: a bug in whoever drives them
    ├── ProviderError          the model server's trouble
    │   ├── Unreachable        nobody answers, or the connection broke
    │   ├── AccessRefused      a key that is missing, wrong or not allowed
    │   ├── ModelMissing       the server, or this machine, has no such model
    │   ├── ContextTooLong
    │   ├── RateLimited        429, after the provider's retries
    │   └── ServerTrouble      5xx, or a reply that breaks the protocol
    ├── AgentError             the agent's nonsense: a reply that names no step
    │   └── NoStep
    ├── ToolError              a tool's trouble; what a tool says of its own failure is an observation, and no error
    │   ├── ToolLost           no answer: it hung past its time or its server vanished. Its effect may have happened
    │   ├── CannotUndo         it has no undo, or that failed
    │   └── CannotFork         a world that cannot be copied, or one that was to be acted on as a copy and is none
    ├── RunEnded               a run that ended without `finish`; `plan` is what was confirmed
    │   ├── TargetFailed
    │   ├── StepLimitReached
    │   ├── BudgetReached
    │   ├── RunStopped
    │   ├── HandedOver         it has not ended: its journal has it, for another process to resume
    │   ├── ToolFailed         a confirmed step's tool gave no answer, and nobody was there to say what to do
    │   ├── NotApproved        a tool needs the person's approval, and nobody was there to give it
    │   └── JournalLost        the journal could not be written; the plan so far is kept
    ├── JournalError
    │   ├── JournalFull
    │   ├── JournalCorrupt
    │   ├── JournalNewer
    │   ├── JournalUnusable    cannot be opened: no permission, not a file
    │   ├── OldFence           another process owns the session now
    │   └── SessionOwned       a session that is claimed, and its owner is alive
    └── ObserverTooSlow        a stream of events that was read too slowly and was dropped

A foreign error is mapped to one of these where it enters; no exception group reaches a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outrider.model import Plan, Step


class OutriderError(Exception):
    """The root: catch this to catch everything that Outrider raises."""


class CallerError(OutriderError):
    """The caller's mistake."""


class BadStep(CallerError):
    """A step without an action, with one that the world does not have here, or with arguments that do not fit it."""


class EmptyTask(CallerError):
    """A task with no text."""


class UnknownName(CallerError):
    """A world, kind, model or session that does not exist."""


class BadOption(CallerError):
    """An option whose value makes no sense."""


class NotNow(CallerError):
    """A command that came too early, too late, or for a step that is over. Nothing has changed.

    Where a verdict came before the person's step, ``answer`` is that verdict and ``at`` its number.
    """

    def __init__(self, message: str, *, at: int | None = None, answer: Step | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.answer = answer


class TooMany(NotNow):
    """A server serves as many as it can, or as many for one user as they may have. ``retry_after_s`` says when to ask again."""

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ShuttingDown(NotNow):
    """A server that takes no more, because it is about to stop."""


class NotAllowed(CallerError):
    """What a user's role, or somebody else's session, does not let them do. Nothing has changed."""


class UsersUnreadable(CallerError):
    """The file of a server's users is missing, damaged, or open to others: nobody is let in until that is mended."""


class SpendingUnusable(CallerError):
    """What a server's user has spent cannot be written: they begin no session until it can."""


class RulesMisused(CallerError):
    """An event that contradicts the rules, such as a second answer to one call. Nothing has changed."""


class ProviderError(OutriderError):
    """The model server's trouble, not the caller's."""


class Unreachable(ProviderError):
    """Nobody answers at the address, or the connection broke."""


class AccessRefused(ProviderError):
    """The key is missing, wrong or not allowed."""


class ModelMissing(ProviderError):
    """The server, or this machine, has no such model."""


class ContextTooLong(ProviderError):
    """The prompt does not fit into the model's context."""


class RateLimited(ProviderError):
    """The provider said 429, still after its retries. ``retry_after_s`` is how long it asks to wait, if it says so."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServerTrouble(ProviderError):
    """The server failed, or replied with something that is not its protocol."""


class AgentError(OutriderError):
    """The agent answered nonsense."""


class NoStep(AgentError):
    """The reply is empty or names no step. Absence is never agreement."""


class NoGuess(NoStep):
    """A drafter that can tell has nothing to say here. For a drafter that is no failure; for a target it is."""


class ToolError(OutriderError):
    """A tool's trouble. What a tool says of its own failure is an observation that both agents see, and no error."""


class ToolLost(ToolError):
    """There is no answer: the tool hung past its time, or its server vanished. Whether it had its effect is not known."""


class CannotUndo(ToolError):
    """The step cannot be taken back: its tool has no undo, or that failed."""


class CannotFork(ToolError):
    """A world that cannot be copied, or a tool that acts for good and was to be tried on a copy. Nothing has been run."""


class RunEnded(OutriderError):
    """The run ended before `finish`. ``plan`` is the confirmed plan, kept."""

    def __init__(self, message: str, *, plan: Plan | None = None) -> None:
        super().__init__(message)
        self.plan = plan


class TargetFailed(RunEnded):
    """The target agent could not answer at the frontier, after its provider's retries."""


class StepLimitReached(RunEnded):
    """The plan reached the limit on steps without `finish`."""


class BudgetReached(RunEnded):
    """The frontier's next call does not fit into what is left of the budget."""


class RunStopped(RunEnded):
    """Somebody stopped the run."""


class HandedOver(RunEnded):
    """The run was left as its journal has it, for another process to go on with: ``resume``."""


class ToolFailed(RunEnded):
    """A confirmed step's tool gave no answer; of one that writes, whether its effect has happened is not known."""


class NotApproved(RunEnded):
    """A tool may only run with the person's approval, and nobody was there to give it. It has not run."""


class JournalLost(RunEnded):
    """The journal could not be written, so the run ended; what was confirmed is in ``plan``."""


class JournalError(OutriderError):
    """The journal cannot do what was asked."""


class JournalFull(JournalError):
    """The disk is full or read-only."""


class JournalCorrupt(JournalError):
    """The file is damaged, or is not a journal of ours. If it is ``salvageable``, what of it is sound can be saved."""

    def __init__(self, message: str, *, salvageable: bool = False) -> None:
        super().__init__(message)
        self.salvageable = salvageable


class JournalNewer(JournalError):
    """The journal was written by a newer version of Outrider."""


class JournalUnusable(JournalError):
    """The journal cannot be opened."""


class OldFence(JournalError):
    """Another process has claimed the session since: this one can only watch. Nothing was written."""


class SessionOwned(JournalError):
    """The session is claimed and its lease has not run out. ``owner`` is who has it."""

    def __init__(self, message: str, *, owner: str = "") -> None:
        super().__init__(message)
        self.owner = owner


class ObserverTooSlow(OutriderError):
    """A stream of events was read too slowly and was dropped; the run went on without it."""


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error inside, however deep: no exception group reaches a user."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def sentence_of(error: BaseException) -> str:
    """The error for a journal and a screen. A foreign one gets its type's name, since its text may say little."""
    try:
        return str(error) if isinstance(error, OutriderError) else f"{type(error).__name__}: {error}"
    except Exception:  # its own text cannot be made
        return type(error).__name__
