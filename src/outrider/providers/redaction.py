"""Secrets stay out of errors, names, logs and journals, in whatever form a server echoes them."""

from __future__ import annotations

import base64
import json
import os
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, urlsplit, urlunsplit

HIDDEN: Final = "[hidden]"

_WINDOW: Final = 8
"""So many characters of a secret in a row are hidden, even where the server cut the rest off."""

_SHORTEST: Final = 4
"""A shorter word is no secret: hiding it would only garble the text."""

_MOST_READ: Final = 20_000
"""So much of a server's text is looked at; the rest is dropped unread."""

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""Changes no text's length, unlike ``str.lower``, so that positions in both forms agree."""

_LOOKS_SECRET: Final = re.compile(
    r"(?i)\b(?:sk|pk|rk|gsk|xai|key|hf|AIza)[-_][\w*.-]{8,}|\bAIza[\w-]{20,}|\b(?:bearer|basic)\s+[\w+/=*.-]{4,}|://[^/\s@]+@"
)
_SECRET_NAME: Final = re.compile(r"(?i)key|token|secret|password|credential|auth|cookie")
NO_SECRETS: Final = frozenset({"empty", "none", "no-key", "not-needed", "dummy", "local", "test", "ollama", "lm-studio"})
"""What people write where a server wants no key, but a client insists on one."""


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a server may write ``secret``."""
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield unquote(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


class Secrets:
    """What must never be shown."""

    __slots__ = ("_forms",)

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        known = [secret for secret in secrets if secret and len(secret) >= _SHORTEST and secret.lower() not in NO_SECRETS]
        forms = {form.translate(_LOWER) for secret in known for form in _forms(secret)}
        self._forms = frozenset(form for form in forms if len(form) >= _SHORTEST)

    def __repr__(self) -> str:
        return f"Secrets({len(self._forms)} forms)"

    @classmethod
    def of_request(cls, url: str, headers: Mapping[str, str], *others: str | None) -> Secrets:
        """The user, the password and the query's values of ``url``, the headers that hold secrets, and ``others``."""
        parts = _split(url)
        values = [value for name, value in parse_qsl(parts.query) if "version" not in name.lower()]
        values += [word for name, value in headers.items() if _SECRET_NAME.search(name) for word in value.split()]
        user, password = parts.username or "", parts.password or ""
        basic = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode() if user or password else ""
        return cls([user, password, basic, *values, *others])

    @classmethod
    def of_environment(cls, *others: str | None) -> Secrets:
        """Every environment variable whose name says that it is one, and ``others``: for a client that reads keys itself."""
        return cls([*(value for name, value in os.environ.items() if _SECRET_NAME.search(name)), *others])

    def hide(self, text: str) -> str:
        """``text`` with every secret in it, and whatever looks like one, replaced."""
        lowered = text.translate(_LOWER)
        spans = sorted(span for form in self._forms for span in _spans(form, lowered))
        shown, at = [], 0
        for start, end in spans:
            if start >= at:
                shown += [text[at:start], HIDDEN]
            at = max(at, end)
        return _LOOKS_SECRET.sub(HIDDEN, "".join([*shown, text[at:]]))

    def excerpt(self, text: str, most: int = 200) -> str:
        """The beginning of ``text`` in one line, with secrets hidden *before* it is cut."""
        line = " ".join(self.hide(text[:_MOST_READ]).split())
        return line if len(line) <= most else line[: most - 1] + "…"


def _spans(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Where ``text`` holds ``form``, or any ``_WINDOW`` characters of it in a row."""
    width = min(_WINDOW, len(form))
    windows = {form[i : i + width] for i in range(len(form) - width + 1)}
    for i in range(len(text) - width + 1):
        if text[i : i + width] in windows:
            yield i, i + width


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def shown_url(url: str) -> str:
    """``url`` without user, password, query and fragment."""
    parts = _split(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
