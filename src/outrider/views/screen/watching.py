"""The screen of whoever watches: it follows a session's records and draws the scene that they are folded into.

The session and the screen share one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from textual.app import App, ComposeResult
from textual.events import Resize

from outrider.errors import OutriderError
from outrider.figures import Figures
from outrider.rules.events import Record
from outrider.views.picture import Picture
from outrider.views.scene import Watch
from outrider.views.screen import says
from outrider.views.screen.panes import Head, Keys, LanesPane, Note, PlanPane, RunLine
from outrider.views.screen.prompt import Prompt

TICK_S: Final = 0.1
"""Running seconds are drawn anew so often."""

TALL: Final = 34
"""On a screen with fewer lines the lanes give way while the person types."""

LOW: Final = 18
"""With fewer lines they give way always, and head and run line while the person types."""

TINY: Final = 12
"""With fewer lines the plan, the note and the keys are all there is room for; and while the person types, what they type."""

Colours: TypeAlias = Literal["terminal", "dark", "light"]


class WatchingScreen(App[None]):
    """A session's scene on the terminal, as its records come in.

    Args:
        records: everything that happens in it, from the first record on.
        clock: seconds, for what runs between two records.
        colours: the terminal's own; for a picture of the screen, a dark or light background.
    """

    CSS_PATH = Path(__file__).with_name("screen.tcss")
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, records: AsyncIterable[Record], *, clock: Callable[[], float] = time.monotonic, colours: Colours = "terminal"
    ) -> None:
        super().__init__(ansi_color=colours == "terminal")
        self.theme = {"terminal": "ansi-dark", "dark": "textual-dark", "light": "textual-light"}[colours]
        self._told = Watch()
        self.trouble: Exception | None = None
        """What made the screen close, if it was not the person."""
        self._head, self._pane, self._lanes = Head(), PlanPane(), LanesPane()
        self._prompt, self._note, self._run_line, self._named_keys = Prompt(), Note(), RunLine(), Keys()
        self._records = records
        self._clock = clock
        self._heard_s = clock()
        self._drawing = False
        self._stopping = False
        self._shown: tuple[object, float] = (None, clock())

    # What is there --------------------------------------------------------------------------------------------------

    @property
    def picture(self) -> Picture:
        """What is drawn."""
        return self._told.picture

    @property
    def figures(self) -> Figures:
        """The figures of the run."""
        return self._told.figures

    @property
    def now_s(self) -> float:
        """Seconds since the session was opened; once it has ended, how long it took."""
        if self.figures.total_s is not None:
            return self.figures.total_s
        return self.picture.now_s + max(0.0, self._clock() - self._heard_s)

    def receive(self, record: Record) -> None:
        """Take ``record`` in; it is drawn as soon as there is time, with all that came along with it."""
        self._told.receive(record)
        self._heard_s = self._clock()

    # The screen's own life ------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        # From Python 3.12 on, Textual lets every task of the loop start eagerly. The session's tasks are on it too.
        asyncio.get_running_loop().set_task_factory(None)

    def compose(self) -> ComposeResult:
        yield from (self._head, self._pane, self._lanes, self._prompt, self._note, self._run_line, self._named_keys)

    def on_resize(self, event: Resize) -> None:
        for least, name in ((TALL, "short"), (LOW, "low"), (TINY, "tiny")):
            self.screen.set_class(event.size.height < least, name)
        self._prompt.has_room(event.size.height - TINY // 3)
        self._draw_soon()

    def on_mount(self) -> None:
        self._pane.focus()
        self.run_worker(self._follow(), exit_on_error=True)
        self.set_interval(TICK_S, self._tick)

    async def _follow(self) -> None:
        try:
            async for record in self._records:
                self.receive(record)
                self._draw_soon()
                self._leave_if_done()
        except OutriderError as error:  # it was too slow for the events of its session
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Close the screen for ``error``. Textual itself would print every local variable, and secrets may be among them."""
        self.trouble = self.trouble or error
        self.exit()

    def _leave_if_done(self) -> None:
        if self._stopping and self.picture.finished:
            self.exit()

    def say(self, text: str, *, asks: bool = False) -> None:
        """Say ``text`` to the person until their next key."""
        self._note.say(text, asks=asks)

    # Drawing --------------------------------------------------------------------------------------------------------

    def _draw_soon(self) -> None:
        if not self._drawing:
            self._drawing = True
            self.call_next(self.draw)

    def draw(self) -> None:
        """Draw the scene as it stands."""
        self._drawing = False
        if not self._pane.is_attached:
            return  # the screen is being left
        scene, now_s = self._told.scene, self.now_s
        on_display = says.next_step(scene, now_s)
        if self._shown[0] != (seen := (on_display.at, self._marks(on_display.state), on_display.step)):
            self._shown = (seen, self._clock())
        for widget in (self._head, self._pane, self._run_line, self._lanes):
            widget.show(scene, now_s)
        if self._prompt.is_open and self._prompt.what == "step" and len(self.picture.confirmed) > self._prompt.at:
            answer = self.picture.confirmed[self._prompt.at].step
            self._prompt.news(f"Step {self._prompt.at} has its answer: {answer}. Enter asks whether to keep yours")
        self._name_keys()

    def _marks(self, state: says.State) -> object:
        """What is new about a step on display although it is the same step: it is over, or asked about, or its answer waits."""
        asked, waiting = self.picture.asked, self.picture.waiting
        if state == "held" and waiting is not None:
            return waiting
        return asked.since_s if state == "asked" and asked is not None else state == "over"

    def _tick(self) -> None:
        if self._pane.scene is None or not self._pane.is_attached or self.picture.outcome is not None:
            return
        for widget in (self._pane, self._run_line, self._lanes):
            if widget.display:
                widget.tick(self.now_s)

    def _name_keys(self) -> None:
        self._named_keys.show(self._keys())

    def _keys(self) -> tuple[tuple[str, str], ...]:
        """What the keys do now. Whoever only watches has none."""
        return ()
