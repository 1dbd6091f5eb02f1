"""Odd texts, numbers and pieces of JSON, such as have made parsers fall."""

from __future__ import annotations

from typing import Final

ODD_TEXTS: Final = (
    "", " ", "\0", "\ud800", "\udfff", "\ud83d", "\u2028", "\x85", "\x0b", "\r\n", "\ufeff", "e\u0301", "é", "ﬁ", "\u202e",
    "٣", "½", "finish", "FINISH", "null", "true", "NaN", "{}", "[]", '"', "\\", "\\u", "\\ud800", "'", "{", "}", "[", "]", ",",
    ":", "=", "(", ")", "://", "@", "#", "..", "/", "%", "%00", "key=", "-1", "1e400", "  | ", "error: ", "data: ", "\n\n",
    "[DONE]", "\x1b[2J", "x" * 300, ". Next: ", "a b", "ß", "İ",
)  # fmt: skip

ODD_NUMBERS: Final = (
    0, -1, 1, 2, 63, 64, 65, 255, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**18, 10**40,
    -(10**40), 10**309, -(10**310), 0.5, -0.0, 1.0, 1e-320, 1e15, 1e16, 1e17, 1e308, -1e308, 5e-324, 0.1,
)  # fmt: skip

PIECES: Final = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 400, "-" + "7" * 400, "9" * 5000, "1E-400", "-0", "-0.0", "1.0",
    "00", "+1", "tru", '"\\ud800"', '"\\u0000"', '"\\x"', "'a'", "{,}", "[,]", '{"a":1,"a":2}', "",
)  # fmt: skip
"""What no writer of JSON writes."""
