"""From the name of a lookahead, as a command line or a journal gives it, to the lookahead."""

from __future__ import annotations

import re
from typing import Final

from outrider.errors import BadOption
from outrider.rules.lookahead import Batch, Lookahead, Sliding
from outrider.rules.value import ByValue

_FIXED: Final = re.compile(r"(?:(lookahead|batch)-)?([0-9]{1,9})(?:x([0-9]{1,9}))?")
_AUTO: Final = re.compile(r"auto(?:@(?P<worth>inf|[0-9]{1,9}(?:\.[0-9]{1,6})?))?")


def lookahead_named(text: str) -> Lookahead:
    """The lookahead that ``text`` names: ``auto``, ``auto@DOLLARS``, ``N``, ``lookahead-N[xWIDTH]`` or ``batch-N``.

    Raises:
        BadOption: it names none.
    """
    if (auto := _AUTO.fullmatch(text)) is not None:
        return ByValue(float(auto["worth"])) if auto["worth"] else ByValue()
    fixed = _FIXED.fullmatch(text)
    if fixed is None or (fixed[1] == "batch" and fixed[3]):
        raise BadOption(
            f"lookahead {text!r} is not known; give auto, a number such as 4, auto@30 for what an hour of waiting is worth, or "
            "batch-4 for the published loop"
        )
    return Batch(int(fixed[2])) if fixed[1] == "batch" else Sliding(int(fixed[2]), int(fixed[3] or 1))
