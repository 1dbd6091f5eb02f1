"""Valid inputs, spoilt: JSON in its structure, texts by characters, files by bytes. All chance comes from one seeded source."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Any, Final

from fuzzing.odd import ODD_NUMBERS, ODD_TEXTS, PIECES

_RAW: Final = re.compile(r'"\\u0002(\d+)\\u0002"|"\x02(\d+)\x02"')
"""What stands for a piece that ``json.dumps`` would not write: an endless number, or nesting deeper than Python's stack."""

_DEPTHS: Final = (40, 63, 64, 65, 66, 128, 480, 3000, 100_000)
_NEAR: Final = (900, 1000)
"""Python's stack ends about here: what is read a few calls deep may not be written a few calls deeper."""


class Spoiler:
    """Spoils one input after another. ``last`` is what the input came to, for a report."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.last: object = None
        self._raw: list[str] = []
        self._grown = 0

    # Choosing -------------------------------------------------------------------------------------------------------

    def one_of(self, choices: Sequence[Any]) -> Any:
        """Any of ``choices``."""
        return choices[int(self.dice.random() * len(choices))]

    def rarely(self, share: float) -> bool:
        """True for so much of all."""
        return self.dice.random() < share

    def few(self) -> int:
        """Mostly 1, seldom many."""
        return 1 if self.rarely(0.6) else self.dice.choice((2, 2, 3, 4, 8, 20))

    def _may_grow(self) -> bool:
        """At most once for an input: what is made a hundred times longer a few times is longer than the memory."""
        self._grown += 1
        return self._grown <= 1

    # JSON -----------------------------------------------------------------------------------------------------------

    def json(self, value: Any, others: Sequence[Any] = ()) -> str:
        """``value`` as JSON text, spoilt in its structure, seldom in its characters; now and then not at all."""
        self._raw = []
        if not self.rarely(0.03):
            for _ in range(self.few()):
                value = self._changed(value, others)
        text = json.dumps(value, ensure_ascii=self.rarely(0.5))
        if self._raw:
            text = _RAW.sub(lambda found: self._raw[int(found[1] or found[2]) % len(self._raw)], text)
        if self.rarely(0.12):
            text = self._spoilt(text, ())
        self.last = text
        return text

    def value(self, value: Any, others: Sequence[Any] = ()) -> Any:
        """``value``, spoilt in its structure, as Python objects."""
        self._raw = []
        for _ in range(self.few()):
            value = self._changed(value, others)
        self.last = value
        return value

    def _changed(self, value: Any, others: Sequence[Any]) -> Any:
        if isinstance(value, dict) and value and not self.rarely(0.06):
            return self._object(dict(value), others)
        if isinstance(value, list) and value and not self.rarely(0.1):
            return self._list(list(value), others)
        return self._instead_of(value, others)

    def _object(self, found: dict[str, Any], others: Sequence[Any]) -> dict[str, Any]:
        names = list(found)
        name = self.one_of(names)
        match int(self.dice.random() * 16):
            case 0:
                del found[name]
            case 1:
                found[self.odd_text(name)] = found.pop(name)
            case 2:
                other = self.one_of(names)
                found[name], found[other] = found[other], found[name]
            case 3:
                found[self.odd_text("x")] = self._instead_of(found[name], others)
            case 4 if others and isinstance(other := self.one_of(others), dict) and other:
                borrowed = self.one_of(list(other))
                found[borrowed] = other[borrowed]
            case _:
                found[name] = self._changed(found[name], others)
        return found

    def _list(self, found: list[Any], others: Sequence[Any]) -> list[Any]:
        at = int(self.dice.random() * len(found))
        match int(self.dice.random() * 10):
            case 0:
                del found[at]
            case 1:
                found.insert(at, found[at])
            case 2:
                other = int(self.dice.random() * len(found))
                found[at], found[other] = found[other], found[at]
            case 3:
                found.insert(at, self._instead_of(found[at], others))
            case 4 if self._may_grow():
                found = found * self.dice.choice((2, 10, 100))
            case _:
                found[at] = self._changed(found[at], others)
        return found

    def _instead_of(self, value: Any, others: Sequence[Any]) -> Any:
        """Something of its kind, or of another."""
        if self.rarely(0.55):
            if isinstance(value, bool):
                return not value
            if isinstance(value, int | float):
                return self.number(value)
            if isinstance(value, str):
                return self.odd_text(value)
        match int(self.dice.random() * 9):
            case 0:
                return None
            case 1:
                return self.one_of((True, False))
            case 2:
                return self.number(1)
            case 3:
                return self.odd_text("")
            case 4:
                return self.one_of(([], {}, [[]], [None], {"": None}, [value], {"a": value}))
            case 5 if others:
                return self.one_of(others)
            case 6 | 7:
                return self._piece()
            case _:
                return self.odd_text("word")

    def _piece(self) -> str:
        """What stands for something that no JSON writer writes."""
        if self.rarely(0.4):
            depth = self.dice.choice(_DEPTHS) if self.rarely(0.4) else self.dice.randint(*_NEAR)
            begin, end = self.one_of((("[", "]"), ('{"a":', "}"), ('[{"b":', "}]")))
            self._raw.append(begin * depth + "0" + end * depth)
        else:
            self._raw.append(self.one_of(PIECES))
        return f"\x02{len(self._raw) - 1}\x02"

    def number(self, value: float) -> int | float:
        """A number near ``value``, or an odd one."""
        if self.rarely(0.5):
            near: int | float = value + self.dice.choice((-2, -1, 1, 2)) if abs(value) < 2**53 else -value
            return near
        odd: int | float = self.one_of(ODD_NUMBERS)
        return odd

    # Texts ----------------------------------------------------------------------------------------------------------

    def odd_text(self, text: str) -> str:
        """``text`` with something odd in it, or something odd."""
        if self.rarely(0.5):
            odd: str = self.one_of(ODD_TEXTS)
            return odd
        return self._spoilt(text, ())

    def text(self, text: str, others: Sequence[str] = ()) -> str:
        """``text`` spoilt by characters; now and then not at all."""
        if not self.rarely(0.03):
            for _ in range(self.few()):
                text = self._spoilt(text, others)
        self.last = text
        return text

    def _spoilt(self, text: str, others: Sequence[str]) -> str:
        at, end = self._span(len(text))
        match int(self.dice.random() * 10):
            case 0:
                return text[:at]
            case 1:
                return text[:at] + text[end:]
            case 2 if self._may_grow():
                return text[:at] + text[at:end] * self.dice.choice((2, 3, 50)) + text[end:]
            case 3 if text:
                return text[:at] + chr(self._character(text[min(at, len(text) - 1)])) + text[at + 1 :]
            case 4 if others:
                other = self.one_of(others)
                there, _ = self._span(len(other))
                joined: str = text[:at] + other[there:]
                return joined
            case 5:
                return text[:at] + text[at:end].swapcase() + text[end:]
            case 6:
                return text[:at] + text[at:end][::-1] + text[end:]
            case _:
                inserted: str = text[:at] + self.one_of(ODD_TEXTS) + text[end if self.rarely(0.5) else at :]
                return inserted

    def _character(self, character: str) -> int:
        if self.rarely(0.5):
            return ord(character) ^ (1 << int(self.dice.random() * 8))
        return self.dice.choice((0, 9, 10, 13, 32, 34, 39, 44, 92, 123, 125, 127, 0x85, 0xD800, 0xDC00, 0x2028, 0xFFFD, 0x1F600))

    def _span(self, length: int) -> tuple[int, int]:
        at = int(self.dice.random() * (length + 1))
        most = self.dice.choice((1, 2, 4, 16, 64, length))
        return at, min(length, at + 1 + int(self.dice.random() * most))

    # Bytes ----------------------------------------------------------------------------------------------------------

    def data(self, data: bytes, places: Sequence[int] = ()) -> bytes:
        """``data`` spoilt by bytes, often near one of ``places``."""
        spoilt = bytearray(data)
        for _ in range(self.few()):
            self._spoil(spoilt, places)
        self.last = f"{len(spoilt)} bytes"
        return bytes(spoilt)

    def _spoil(self, data: bytearray, places: Sequence[int]) -> None:
        if not data:
            return
        at = self.one_of(places) + self.dice.randrange(8) if places and self.rarely(0.5) else self.dice.randrange(len(data))
        at = min(at, len(data) - 1)
        match int(self.dice.random() * 12):
            case 0:
                del data[at:]
            case 1:
                page = at // 4096 * 4096
                data[page : page + 4096] = bytes([self.dice.choice((0, 255, 13))]) * len(data[page : page + 4096])
            case 2:
                length = self.dice.choice((2, 8, 100, 3000))
                data[at : at + length] = self.dice.randbytes(len(data[at : at + length]))
            case 3:
                there = self.dice.randrange(len(data))
                length = self.dice.choice((2, 40, 4096))
                data[at : at + length] = data[there : there + len(data[at : at + length])]
            case 4:
                data[at] = self.dice.choice((0, 1, 13, 127, 128, 255))
            case _:
                data[at] ^= 1 << self.dice.randrange(8)
