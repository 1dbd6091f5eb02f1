"""The screen's parts: each draws lines from what it is shown, and none of them decides anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from outrider.agents.typed import completions
from outrider.agents.world import World
from outrider.model import Prefix
from outrider.views.scene import Scene
from outrider.views.screen import chart, drawing
from outrider.views.words import one_line

MOST_SEEN: Final = 6
"""So many completions are in sight at once."""


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
    back: int = 0
    """How many lines the window stands before the end."""
    _wrapped: tuple[object, list[drawing.Line]] = (None, [])

    def lines(self, width: int) -> Sequence[Content]:
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
        before = len(drawing.coming(self.scene, self.size.width, self.now_s))
        self.now_s = now_s
        coming = len(drawing.coming(self.scene, self.size.width, now_s))
        if coming != before:
            self.refresh()
        else:
            top = len(self.lines(self.size.width)) - coming
            self.refresh(Region(0, top, self.size.width, coming))

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


class Offers(Drawn):
    """Under the input: what the typed text may become, or what is wrong with it."""

    offered: tuple[str, ...] = ()
    chosen: int | None = None
    about: dict[str, str]
    trouble: str = ""

    def offer(self, offered: tuple[str, ...], about: dict[str, str]) -> None:
        """Offer these; ``about`` says what each does."""
        self.offered, self.about, self.chosen, self.trouble = offered, about, None, ""
        self.refresh(layout=True)

    def complain(self, trouble: str) -> None:
        """Say what is wrong with the text."""
        self.trouble = trouble
        self.refresh(layout=True)

    def move(self, by: int) -> None:
        """Choose the next one, or the one before; before the first one none is chosen, and the text counts as typed."""
        if self.offered:
            at = (-1 if self.chosen is None else self.chosen) + by
            self.chosen = None if at < 0 else min(at, len(self.offered) - 1)
            self.refresh()

    @property
    def choice(self) -> str | None:
        """What is chosen, if anything."""
        return None if self.chosen is None else self.offered[self.chosen]

    def lines(self, width: int) -> Sequence[Content]:
        if self.trouble:
            return drawing.wrapped(Content.styled(one_line(self.trouble), "ansi_red"), width, 4)
        first = max(0, min((self.chosen or 0) - MOST_SEEN + 1, len(self.offered) - MOST_SEEN))
        seen = self.offered[first : first + MOST_SEEN]
        lines = [self._offer(name, width, chosen=name == self.choice) for name in seen]
        more = len(self.offered) - len(seen)
        return [*lines, Content.styled(f"  and {more} more", "dim")] if more else lines

    def _offer(self, name: str, width: int, *, chosen: bool) -> Content:
        about = Content.styled(one_line(self.about.get(name, "")), "dim")
        line = Content.assemble("▸ " if chosen else "  ", (one_line(name), "bold" if chosen else ""), "  ", about)
        return drawing.cut(line, width)


class Typing(Input):
    """The input. Tab and the arrows belong to what is offered under it."""

    class Wants(Message):
        """The person wants something of the prompt: another choice, a completion, or to close it."""

        def __init__(self, what: str) -> None:
            self.what = what
            super().__init__()

    def on_key(self, event: events.Key) -> None:
        if event.key in ("up", "down", "tab", "escape"):
            event.stop()
            event.prevent_default()  # else Textual hands it on to what this class inherits
            self.post_message(self.Wants(event.key))


class Prompt(Vertical):
    """Where the person types: a step in place of the draft, or a sentence to steer with. Closed unless it is in use."""

    class Said(Message):
        """The person has said ``text``, at step ``at``; ``steering`` says whether as a sentence."""

        def __init__(self, text: str, at: int, *, steering: bool) -> None:
            self.text = text
            self.at = at
            self.steering = steering
            super().__init__()

    class Closed(Message):
        """The person has closed it without saying anything."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.steering = False
        self._world = World(name="", about="")
        self.prefix: Prefix = ()
        self._label = Note()
        self._input = Typing(compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        self._offers = Offers()
        self._offers.about = {}

    def compose(self) -> list[Widget]:
        return [self._label, self._input, self._offers]

    @property
    def is_open(self) -> bool:
        """Whether the person is typing."""
        return self.has_class("open")

    @property
    def typed(self) -> str:
        """What stands there now."""
        return self._input.value

    def open(self, at: int, *, world: World | None = None, prefix: Prefix = (), text: str = "") -> None:
        """Let the person type: step ``at`` of ``world`` after ``prefix``, or without a world a sentence."""
        self.at, self.steering, self.prefix = at, world is None, prefix
        self._world = world or World(name="", about="")
        self._label.say(
            f"Steer: a sentence added to the task from step {at} on; an empty one takes all back"
            if self.steering
            else f"Your step {at}, in place of the target's: an action, or action(name=value)"
        )
        self.add_class("open")
        self._input.value = text
        self._input.cursor_position = len(text)
        self._offer()
        self._input.focus()

    def close(self) -> None:
        """Nothing more is typed."""
        self.remove_class("open")
        self._input.value = ""

    def complain(self, trouble: str) -> None:
        """Say what is wrong with the text, which stays."""
        self._offers.complain(trouble)

    def news(self, text: str) -> None:
        """Say above the input what has happened while the person types."""
        self._label.say(text)

    def _offer(self) -> None:
        offered = () if self.steering else completions(self._input.value, self._world, self.prefix)
        self._offers.offer(offered, {action.name: action.does for action in self._world.actions})

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self._offer()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        choice = self._offers.choice
        if choice is not None and self._takes_arguments(choice):
            self._complete(choice)
        else:
            self.post_message(self.Said(choice or event.value, self.at, steering=self.steering))

    def on_typing_wants(self, event: Typing.Wants) -> None:
        event.stop()
        match event.what:
            case "up" | "down":
                self._offers.move(1 if event.what == "down" else -1)
            case "tab" if self._offers.offered:
                self._complete(self._offers.choice or self._offers.offered[0])
            case "escape":
                self.post_message(self.Closed())
            case _:
                pass

    def _complete(self, name: str) -> None:
        """Let the text become ``name``, open for its arguments if it takes any."""
        arguments = self._input.value.partition("(")[1:] if "(" in self._input.value else ()
        ends = "".join(arguments) or ("(" if self._takes_arguments(name) else "")
        self._input.value = f"{name}{ends}"
        self._input.cursor_position = len(self._input.value)

    def _takes_arguments(self, name: str) -> bool:
        return any(action.name == name and action.schema is not None for action in self._world.actions)
