"""What goes through the engine comes out as it was."""

from __future__ import annotations

from outrider.scale.wire import MOST_SENT, Sent, pack, sent_from, unpack


def test_what_is_packed_is_unpacked() -> None:
    lines = ["one", "two", "ünd"]
    assert unpack(pack(lines)) == lines


def test_records_are_sent_from_a_number_on_as_many_as_fit_and_one_at_least() -> None:
    lines = ["a", "b" * MOST_SENT, "c"]
    assert sent_from(lines, [1, 1, 1], 0) == Sent(lines=["a"], total=3, made_at=[1])
    assert sent_from(lines, [1, 1, 1], 1) == Sent(lines=[lines[1]], total=3, made_at=[1])
    assert sent_from(lines, [1, 1, 1], 3) == Sent(lines=[], total=3, made_at=[])


def test_what_a_turn_made_that_has_not_completed_is_not_certain() -> None:
    sent = Sent(lines=["a", "b", "c"], total=3, made_at=[3, 3, 9])
    assert sent.certain(8).lines == ["a", "b"]
    assert sent.certain(2).lines == []
    assert sent.certain(9) is sent


def test_records_of_a_worker_that_does_not_say_when_they_were_made_are_taken_as_they_are() -> None:
    sent = Sent(lines=["a"], total=1)
    assert sent.certain(0) is sent
