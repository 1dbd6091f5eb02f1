"""The screen's parts: each draws lines from what it is shown, and none of them decides anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget

from outrider.views.scene import Scene
from outrider.views.screen import chart, drawing, manual
from outrider.views.words import one_line


class Drawn(Widget):
    """A widget that is drawn line by line, and as high as it has lines."""

    def lines(self, width: int) -> Sequence[Content]:
        """What to draw in lines of ``width`` cells."""
        raise NotImplementedError

    def render(self) -> Content:
        return drawing.joined(self.lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are."""
        return len(self.lines(width))


class Seen(Drawn):
    """A widget that draws the scene. ``scene`` and ``now_s`` are what it was shown last."""

    scene: Scene | None = None
    now_s: float = 0.0

    def show(self, scene: Scene, now_s: float) -> None:
        """Draw ``scene``, which stands at ``now_s``."""
        self.scene, self.now_s = scene, now_s
        self.refresh(layout=True)

    def tick(self, now_s: float) -> None:
        """Only time has passed."""
        self.now_s = now_s
        self.refresh()


class Head(Seen):
    """Task, agents, and sentences steered with."""

    def lines(self, width: int) -> Sequence[Content]:
        return drawing.head(self.scene.picture, width) if self.scene else []


class RunLine(Seen):
    """The line of the run."""

    def lines(self, width: int) -> Sequence[Content]:
        return drawing.run_line(self.scene, width, self.now_s) if self.scene else []


class LanesPane(Seen):
    """The lanes, on demand."""

    def lines(self, width: int) -> Sequence[Content]:
        return chart.lanes(self.scene.bars, width, self.now_s) if self.scene else []


class Note(Drawn):
    """One thing to say to the person, until they press the next key."""

    text: str = ""
    _most: ClassVar[int] = 3

    def say(self, text: str, *, asks: bool = False) -> None:
        """Say ``text`` in place of what was said before."""
        self.text = text
        self.set_class(asks, "asks")
        self.refresh(layout=True)

    def lines(self, width: int) -> Sequence[Content]:
        return drawing.wrapped(Content(one_line(self.text)), width, self._most)


class Keys(Drawn):
    """The keys that do something now."""

    pairs: tuple[tuple[str, str], ...] = ()

    def show(self, pairs: tuple[tuple[str, str], ...]) -> None:
        """Name these."""
        if pairs != self.pairs:
            self.pairs = pairs
            self.refresh()

    def lines(self, width: int) -> Sequence[Content]:
        return [drawing.keys(self.pairs, width)]


class PlanPane(Seen, can_focus=True):
    """The confirmed steps and, under them, the next one, which always stays in sight. ``chosen`` is the step to go back to."""

    class Pressed(Message):
        """A key was pressed here."""

        def __init__(self, key: str, character: str | None) -> None:
            self.key = key
            self.character = character
            super().__init__()

    class Pasted(Message):
        """Text was pasted here."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    chosen: int | None = None
    explaining: bool = False
    """Whether the page of keys stands in the plan's place."""
    back: int = 0
    """How many lines the window stands before the end."""
    _wrapped: tuple[object, list[drawing.Line]] = (None, [])

    def lines(self, width: int) -> Sequence[Content]:
        if self.explaining:
            return manual.page(width)
        if self.scene is None:
            return []
        coming = drawing.coming(self.scene, width, self.now_s)
        return [*drawing.window(self._steps(width), self.size.height - len(coming), self.back), *coming]

    def _steps(self, width: int) -> list[drawing.Line]:
        """The confirmed steps' lines. They are kept while nothing happens, however often time passes."""
        assert self.scene is not None, "there are no steps before there is a scene"
        seen = (self.scene.n, width, self.chosen)
        if self._wrapped[0] != seen:
            self._wrapped = (seen, drawing.plan(self.scene, width, self.chosen))
        return self._wrapped[1]

    def tick(self, now_s: float) -> None:
        """Redraw the next step's lines alone: over a slow line the others are better left as they are."""
        assert self.scene is not None, "nothing ticks before there is a scene"
        if self.explaining:
            return
        before = len(drawing.coming(self.scene, self.size.width, self.now_s))
        self.now_s = now_s
        coming = len(drawing.coming(self.scene, self.size.width, now_s))
        if coming != before:
            self.refresh()
        else:
            top = len(self.lines(self.size.width)) - coming
            self.refresh(Region(0, top, self.size.width, coming))

    def explain(self, explaining: bool) -> None:
        """Show the page of keys, or the plan again."""
        self.explaining = explaining
        self.refresh()

    def scroll_lines(self, lines: int) -> None:
        """Look ``lines`` further up, or down if it is negative."""
        if self.scene is not None:
            most = max(0, len(self._steps(self.size.width)) - self._room)
            self.back = min(most, max(0, self.back + lines))
            self.refresh()

    def choose(self, at: int | None) -> None:
        """Mark step ``at``, and have it in sight; ``None`` marks nothing and looks at the end again."""
        self.chosen, self.back = at, 0
        if at is not None and self.scene is not None:
            self.back = drawing.back_to(self._steps(self.size.width), self._room, at)
        self.refresh()

    @property
    def page(self) -> int:
        """The lines of a page."""
        return max(1, self._room - 2)

    @property
    def _room(self) -> int:
        coming = len(drawing.coming(self.scene, self.size.width, self.now_s)) if self.scene else 0
        return max(1, self.size.height - coming)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Pressed(event.key, event.character if event.is_printable else None))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(self.Pasted(event.text))
