"""Where both agents compute on one machine, nothing is claimed that only a measurement can tell."""

from __future__ import annotations

import outrider
from outrider.testing import ScriptedAgent, run
from outrider.views.lines import LinesView
from outrider.views.words import status


def _lines(*, one_machine: bool) -> tuple[list[str], list[str]]:
    """The lines of a run with three right drafts, and what its line said while it ran."""
    written: list[str] = []
    running: list[str] = []
    view = LinesView(written.append)

    async def main() -> None:
        drafter, target = ScriptedAgent("a", "b", takes_s=1.0), ScriptedAgent("a", "b", takes_s=3.0)
        async with outrider.plan("t", approximation=drafter, target=target, one_machine=one_machine) as session:
            async with session.events() as events:
                async for record in events:
                    view.receive(record)
                    running.append(status(view.figures))
            assert session.figures.as_json()["target_alone_is"] == ("estimate, too high" if one_machine else "estimate")

    run(main())
    view.close()
    return written, running


def test_there_is_no_word_of_time_saved() -> None:
    written, running = _lines(one_machine=True)
    assert not any("saved" in line or "as fast" in line for line in [*written, *running])
    alone = "Target alone: less than 9.00 s, since calls slowed one another down here; outrider plan --compare measures it."
    assert alone in written


def test_elsewhere_the_estimate_is_given() -> None:
    written, running = _lines(one_machine=False)
    assert any("4.00 s saved, 1.80 times as fast" in line for line in written)
    assert any("saved" in line for line in running)
