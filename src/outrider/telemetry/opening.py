"""From what a command's options ask for to telemetry. Nothing is imported that is not asked for."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from outrider.errors import BadOption
from outrider.telemetry.logs import JsonLines, Log
from outrider.telemetry.texts import Texts
from outrider.telemetry.watching import Outlet, Telemetry

if TYPE_CHECKING:
    from outrider.telemetry.prometheus import Prometheus

STANDARD_ERROR: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: OpenTelemetry, a log in this file or on standard error (``-``), texts in both, metrics to be scraped."""

    otel: bool = False
    log: str = ""
    texts: bool = False
    metrics: bool = False

    def check(self, *, screen: bool) -> None:
        """Raise ``BadOption`` if a log would be written over the ``screen``, or nothing is asked for that could carry texts."""
        if screen and self.log == STANDARD_ERROR:
            raise BadOption("the log would be written over the screen; give --log a file, or --plain")
        if self.texts and not (self.log or self.otel):
            raise BadOption("--log-texts asks for texts in a log or in spans; give --log FILE or --otel with it")


@contextlib.contextmanager
def opened(wanted: Wanted) -> Iterator[Telemetry]:
    """Inside, what is ``wanted`` is there. When it is left, what was waiting has been exported or given up.

    Raises:
        BadOption: a package that is needed is not installed, or the log cannot be written. The message says what to do.
    """
    texts = Texts(wanted=wanted.texts)
    with ExitStack() as stack:
        outlets: list[Outlet] = []
        carry = None
        if wanted.log:
            outlets.append(Log(stack.enter_context(_logger(wanted.log)), texts))
        scraped = _scraped() if wanted.metrics else None
        if scraped is not None:
            outlets.append(scraped)
        if wanted.otel:
            try:
                from outrider.telemetry.exporting import exporting
                from outrider.telemetry.otel import carried
            except ImportError:
                raise BadOption("--otel needs more packages; install them with: pip install 'outrider[otel]'") from None
            outlets += stack.enter_context(exporting(texts))
            carry = carried
        yield Telemetry(*outlets, carry=carry, scraped=scraped)


def _scraped() -> Prometheus:
    try:
        from outrider.telemetry.prometheus import Prometheus
    except ImportError:
        raise BadOption("--metrics needs one more package; install it with: pip install 'outrider[metrics]'") from None
    return Prometheus()


# The log ----------------------------------------------------------------------------------------------------------------


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Says once that the log cannot be written, and goes on without it: no run ends for that."""

    _said = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """What to do when a line could not be written."""
        if not self._said:
            self._said = True
            print("outrider: the log cannot be written any more; the run goes on without it", file=sys.stderr)  # noqa: T201


@contextlib.contextmanager
def _logger(where: str) -> Iterator[logging.Logger]:
    """A logger of our own, which nobody else finds by its name."""
    with ExitStack() as stack:
        try:
            stream = sys.stderr if where == STANDARD_ERROR else stack.enter_context(Path(where).open("a", encoding="utf-8"))
        except OSError as error:
            raise BadOption(f"the log {where!r} cannot be written: {error.strerror}; give another file with --log") from None
        handler = _Handler(stream)
        handler.setFormatter(JsonLines())
        logger = logging.Logger("outrider", logging.INFO)
        logger.addHandler(handler)
        yield logger


__all__ = ["Wanted", "opened"]
