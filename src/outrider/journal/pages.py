"""The rows in a SQLite file's pages, read without SQLite: what is left where SQLite itself gives up.

Every leaf page is looked at by itself (SQLite's file format, sections 1.6 and 2.1), so a damaged page costs the rows on it and no
others. What comes out is not to be believed before its checksum is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

Value: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[int, tuple[Value, ...]]
"""A row's number, and its values."""

_TABLE_LEAF: Final = 0x0D
_INDEX_LEAF: Final = 0x0A
_UNREADABLE: Final = (IndexError, ValueError, struct.error, OverflowError, MemoryError)
_WIDTHS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Of whole numbers, in bytes, by their type."""


def table_rows(data: bytes) -> Iterator[Row]:
    """Every row on a leaf page of any table."""
    yield from _rows(data, _TABLE_LEAF)


def index_rows(data: bytes) -> Iterator[Row]:
    """Every row on a leaf page of any index; its number is 0."""
    yield from _rows(data, _INDEX_LEAF)


def _page_size(data: bytes) -> int:
    """What the file's header says; if that makes no sense, what is usual."""
    (size,) = struct.unpack(">H", data[16:18].ljust(2, b"\0"))
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else 4096


def _rows(data: bytes, kind: int) -> Iterator[Row]:
    size = _page_size(data)
    for start in range(0, len(data), size):
        header = start + (100 if start == 0 else 0)
        if data[header : header + 1] == bytes([kind]):
            yield from _on_page(data, start, header, size, kind)


def _on_page(data: bytes, start: int, header: int, size: int, kind: int) -> Iterator[Row]:
    count = int.from_bytes(data[header + 3 : header + 5], "big")
    for i in range(min(count, size // 4)):
        place = header + 8 + 2 * i
        try:
            cell = start + int.from_bytes(data[place : place + 2], "big")
            yield _cell(data, cell, size, kind)
        except _UNREADABLE:
            continue


def _cell(data: bytes, at: int, size: int, kind: int) -> Row:
    length, at = _varint(data, at)
    number = 0
    if kind == _TABLE_LEAF:
        number, at = _varint(data, at)
    if not 0 < length <= len(data):
        raise ValueError("no row is as long as this")
    here = _local(length, size, kind)
    payload = data[at : at + here]
    if here < length:
        payload += _overflow(data, int.from_bytes(data[at + here : at + here + 4], "big"), length - here, size)
    return number, _values(payload)


def _local(length: int, size: int, kind: int) -> int:
    """How much of a row stands on its page."""
    most = size - 35 if kind == _TABLE_LEAF else (size - 12) * 64 // 255 - 23
    if length <= most:
        return length
    least = (size - 12) * 32 // 255 - 23
    here = least + (length - least) % (size - 4)
    return here if here <= most else least


def _overflow(data: bytes, page: int, length: int, size: int) -> bytes:
    found: list[bytes] = []
    for _ in range(-(-length // (size - 4))):  # no more pages than it needs, so a circle ends
        start = (page - 1) * size
        if page < 1 or start >= len(data):
            raise ValueError("the rest of the row is not there")
        found.append(data[start + 4 : start + size])
        page = int.from_bytes(data[start : start + 4], "big")
    return b"".join(found)[:length]


def _values(payload: bytes) -> tuple[Value, ...]:
    length, at = _varint(payload, 0)
    place, values = length, []
    while at < length:
        kind, at = _varint(payload, at)
        value, place = _value(payload, kind, place)
        values.append(value)
    if place > len(payload):
        raise ValueError("the row is longer than what is there")
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind in _WIDTHS:
        after = at + _WIDTHS[kind]
        return int.from_bytes(payload[at:after], "big", signed=True), after
    if kind == 7:
        return struct.unpack(">d", payload[at : at + 8])[0], at + 8
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], at
    if kind < 12:
        raise ValueError("no value is of this type")
    after = at + (kind - 12) // 2
    return (payload[at:after].decode() if kind % 2 else payload[at:after]), after


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    number = 0
    for i in range(8):
        byte = data[at + i]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + i + 1
    return number << 8 | data[at + 8], at + 9
