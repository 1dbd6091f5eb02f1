"""Which texts telemetry may carry: none that a person, a model or a server has written, unless asked; secrets in none."""

from __future__ import annotations

from dataclasses import dataclass, field

from outrider.providers.redaction import Secrets

MOST_CHARACTERS = 1_000
"""A text is cut after so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What may be told.

    Tasks, steps, reasons and errors are given only if ``wanted``: an error may quote what a model or a server has written. What
    is given goes through ``secrets`` first. Providers hide theirs before an error leaves them; this is the second lock.
    """

    wanted: bool = False
    secrets: Secrets = field(default_factory=Secrets.of_environment)

    def under(self, name: str, text: str) -> dict[str, str]:
        """``text`` under ``name``, if texts are wanted and there is one."""
        return {name: self.secrets.excerpt(text, MOST_CHARACTERS)} if self.wanted and text else {}

    def named(self, name: str) -> str:
        """The name of an agent, which is always given."""
        return self.secrets.excerpt(name)
