"""What a process that serves many sessions gives back to the system."""

from __future__ import annotations

from outrider.cli.garbage import GIVE_BACK_EVERY_S, GivesBack


def test_after_a_search_for_garbage_what_is_free_is_given_back_though_not_each_time() -> None:
    given_back: list[int] = []
    now_s = [0.0]
    gives_back = GivesBack(given_back.append, lambda: now_s[0])
    for passed_s in (1.0, GIVE_BACK_EVERY_S, GIVE_BACK_EVERY_S + 1, 2 * GIVE_BACK_EVERY_S, 2 * GIVE_BACK_EVERY_S + 1):
        now_s[0] = passed_s
        for phase in ("start", "stop"):
            gives_back(phase, {"generation": 0})
    assert len(given_back) == 2
