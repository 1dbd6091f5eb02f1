from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import ServerTrouble
from outrider.providers import sse
from outrider.providers.sse import EventParser


def parsed(*chunks: bytes) -> list[str]:
    parser = EventParser()
    events = [data for chunk in chunks for data in parser.feed(chunk)]
    return events + parser.end()


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data:  c",
        b"data",
        b"data: \xc3\xa9\xe2\x82\xac",
        b": comment",
        b"event: x",
        b"id: 7",
        b"",
        b"",
        b"\xff",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    pairs = draw(st.lists(st.tuples(LINES, ENDS), max_size=12))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + b"".join(line + end for line, end in pairs) + draw(LINES)


@given(streams(), st.lists(st.integers(0, 200), max_size=8))
def test_however_the_bytes_are_cut_the_events_are_the_same(stream: bytes, cuts: list[int]) -> None:
    at = [0, *sorted(cut for cut in cuts if cut <= len(stream)), len(stream)]
    assert parsed(*(stream[a:b] for a, b in pairwise(at))) == parsed(stream)


@given(streams())
def test_one_byte_at_a_time_gives_the_same_events(stream: bytes) -> None:
    assert parsed(*(stream[i : i + 1] for i in range(len(stream)))) == parsed(stream)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard_ends_a_line(end: bytes) -> None:
    assert parsed(b"data: 1" + end + b"data: 2" + end + end + b"data: [DONE]" + end + end) == ["1\n2", "[DONE]"]


def test_comments_names_ids_and_empty_events_are_skipped() -> None:
    assert parsed(b": keep-alive\n\nevent: x\nid: 1\nretry: 5\n\ndata: 1\n\n") == ["1"]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert parsed(b"data:  x \n\ndata:y\n\n") == [" x ", "y"]


def test_a_last_event_without_its_empty_line_still_counts() -> None:
    assert parsed(b"data: 1\n\ndata: [DONE]") == ["1", "[DONE]"]


def test_an_event_is_given_out_as_soon_as_it_is_whole() -> None:
    parser = EventParser()
    assert parser.feed(b"data: 1\n") == []
    assert parser.feed(b"\n") == ["1"]


def test_an_event_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_BYTES", 100)
    parser = EventParser()
    for _ in range(7):
        parser.feed(b"data: 12345678\n")
    with pytest.raises(ServerTrouble, match="more than 100 bytes"):
        parser.feed(b"data: 12345678")
