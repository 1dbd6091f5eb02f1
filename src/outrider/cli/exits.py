"""Exit codes, and how an error becomes one clear sentence and a code."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from outrider.errors import (
    AgentError,
    BudgetReached,
    CallerError,
    HandedOver,
    JournalCorrupt,
    JournalError,
    JournalLost,
    NotApproved,
    OutriderError,
    ProviderError,
    RunStopped,
    StepLimitReached,
    TargetFailed,
    ToolError,
    ToolFailed,
)
from outrider.views.words import one_line


class Exit(IntEnum):
    """What the process's exit code means."""

    COMPLETE = 0
    BUG = 1
    BAD_INPUT = 2
    NO_ANSWER = 3
    LIMIT = 4
    JOURNAL = 5
    TOOL = 6
    NOT_APPROVED = 7
    STOPPED = 130


MEANINGS: dict[Exit, str] = {
    Exit.COMPLETE: "the plan is complete, or the command did what it was asked",
    Exit.BUG: "an error in Outrider itself",
    Exit.BAD_INPUT: "bad input: a task, option, name or file that cannot be used",
    Exit.NO_ANSWER: "a model gave no answer: missing, unreachable, refused, or rubbish",
    Exit.LIMIT: "a limit was reached: steps or budget",
    Exit.JOURNAL: "the journal cannot be read or written",
    Exit.TOOL: "a tool gave no answer, or its server does not start",
    Exit.NOT_APPROVED: "a tool may only run if you approve, and nobody was asked",
    Exit.STOPPED: "stopped by Ctrl-C, or nobody reads the output any more",
}

_CODES: tuple[tuple[type[OutriderError], Exit], ...] = (
    (RunStopped, Exit.STOPPED),
    (HandedOver, Exit.STOPPED),
    (StepLimitReached, Exit.LIMIT),
    (BudgetReached, Exit.LIMIT),
    (JournalLost, Exit.JOURNAL),
    (JournalError, Exit.JOURNAL),
    (ToolFailed, Exit.TOOL),
    (ToolError, Exit.TOOL),
    (NotApproved, Exit.NOT_APPROVED),
    (TargetFailed, Exit.NO_ANSWER),
    (ProviderError, Exit.NO_ANSWER),
    (AgentError, Exit.NO_ANSWER),
    (CallerError, Exit.BAD_INPUT),
)


def code_of(error: OutriderError) -> Exit:
    """The exit code that ``error`` ends the process with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.BUG)


def table() -> str:
    """The exit codes, a line each, for ``--help`` and the docs."""
    codes = "\n".join(f"{code.value:>5}  {meaning}" for code, meaning in MEANINGS.items())
    return f"{codes}\nHowever a run ends, its confirmed plan is kept."


def _remedy(error: OutriderError) -> str:
    damaged = isinstance(error, JournalCorrupt) and error.salvageable
    return "; outrider journal check says what of it is sound, and outrider journal salvage saves that" if damaged else ""


@contextmanager
def _heard() -> Iterator[None]:
    """Inside, Ctrl-C is ``KeyboardInterrupt``; afterwards it is again what whoever loaded this makes of it."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # not to be heard at all
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it was pressed, and is not to be heard again
            signal.signal(signal.SIGINT, before)


@contextmanager
def explained() -> Iterator[None]:
    """Inside, an error ends the process with one clear sentence on standard error and its documented code."""
    try:
        with _heard():
            yield
    except OutriderError as error:
        print(f"outrider: {one_line(error)}{_remedy(error)}", file=sys.stderr)
        raise typer.Exit(code_of(error)) from None
    except KeyboardInterrupt:
        print("outrider: stopped", file=sys.stderr)
        raise typer.Exit(Exit.STOPPED) from None
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            raise
        # Nobody takes our output any more. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"outrider: the output cannot be written: {error.strerror}", file=sys.stderr)
        raise typer.Exit(Exit.STOPPED) from None
