"""A session that another process went on with: each view says so in a line, and what was shown stays shown."""

from __future__ import annotations

import io

from rich.console import Console

from outrider import Step
from outrider.rules.events import Record, Resumed, Shown
from outrider.views.lines import LinesView
from outrider.views.picture import Interruption
from outrider.views.scene import Watch
from outrider.views.screen import drawing
from outrider.views.terminal import TerminalView
from outrider.web.scenes import drawn

from .telling import confirmed, opened, told

SAID = "went on at 3.00 s, after an interruption"

GOES_ON = Resumed(approximation="quick", target="slow", asks=True)


def happened() -> list[Record]:
    """A step, a draft on display, and another process; then the step that was drafted."""
    return told(
        (0.0, opened()), (2.0, confirmed(0, "sweep", call=0)), (2.5, Shown(at=1, step=Step("mop"))), (3.0, GOES_ON),
        (5.0, confirmed(1, "mop", call=1)),
    )  # fmt: skip


def seen(records: list[Record]) -> Watch:
    watch = Watch()
    for record in records:
        watch.receive(record)
    return watch


def test_plain_lines_say_it_where_it_was() -> None:
    lines: list[str] = []
    view = LinesView(lines.append)
    for record in happened():
        view.receive(record)
    at = lines.index("Went on at 3.00 s, after an interruption.")
    assert ("sweep" in lines[at - 1], "mop" in lines[at + 1]) == (True, True)


def test_a_terminal_says_it_below_the_steps_before() -> None:
    file = io.StringIO()
    view = TerminalView(Console(file=file, width=80), lambda: 0.0)
    for record in happened():
        view.receive(record)
    view.close()
    text = file.getvalue()
    assert text.index("sweep") < text.index(f"·  {SAID}") < text.rindex("mop")


def test_the_scene_names_the_step_before_which_it_was_and_the_draft_stays_on_display() -> None:
    watch = seen(happened()[:4])
    assert watch.picture.interruptions == (Interruption(1, 3.0),)
    assert watch.picture.verifying is not None
    assert drawn(watch)["interruptions"] == [{"at": 1, "since_s": 3.0, "text": SAID}]


def test_the_screen_draws_it_between_its_steps_and_below_the_last_one_until_there_is_another() -> None:
    for records, place in ((happened()[:4], 1), (happened(), 1)):
        lines = drawing.plan(seen(records).scene, 80)
        found = [i for i, line in enumerate(lines) if SAID in line.content.plain]
        assert found == [place]
