"""Where the person types: a step, with what its text may become, a sentence to steer with, or what came of a step's tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from outrider.agents.typed import completions
from outrider.agents.world import World
from outrider.model import Prefix
from outrider.views.screen import drawing
from outrider.views.screen.panes import Drawn, Note
from outrider.views.words import one_line

MOST_SEEN: Final = 6
"""So many completions are in sight at once."""

FREE_WORDS: Final = World(name="", about="")
"""Where a session has no world, a step is whatever the person types."""


Meant: TypeAlias = Literal["step", "sentence", "observation", "happened"]
"""What the person types: a step, a sentence to steer with, or what came of executing a step, which by their word has happened."""

_LABELS: Final[dict[Meant, str]] = {
    "step": "Your step {at}, in place of the target's: an action, or action(name=value)",
    "sentence": "Steer: a sentence added to the task from step {at} on; an empty one takes all back",
    "observation": "What came of step {at}: both agents read it, and its tool is not run",
    "happened": "Step {at} has happened, and going back takes it back: what came of it?",
}


class Offers(Drawn):
    """Under the input: what the typed text may become, or what is wrong with it."""

    offered: tuple[str, ...] = ()
    chosen: int | None = None
    about: Mapping[str, str] = {}
    trouble: str = ""
    most: int = MOST_SEEN

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
            return drawing.wrapped(Content.styled(one_line(self.trouble), "ansi_red"), width, min(4, self.most))
        first = max(0, min((self.chosen or 0) - self.most + 1, len(self.offered) - self.most))
        seen = self.offered[first : first + self.most]
        lines = [self._offer(name, width, chosen=name == self.choice) for name in seen]
        more = len(self.offered) - len(seen)
        return [*lines, Content.styled(f"  and {more} more", "dim")] if more and self.most == MOST_SEEN else lines

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
    """Where the person types: a step in place of the draft, or words. Closed unless it is in use."""

    class Said(Message):
        """The person has said ``text``, at step ``at``, which is meant as ``what``."""

        def __init__(self, text: str, at: int, what: Meant) -> None:
            self.text = text
            self.at = at
            self.what = what
            super().__init__()

    class Closed(Message):
        """The person has closed it without saying anything."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.what: Meant = "step"
        self._world = FREE_WORDS
        self.prefix: Prefix = ()
        self._label = Note()
        self._input = Typing(compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        self._offers = Offers()

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

    def open(self, what: Meant, at: int, *, world: World = FREE_WORDS, prefix: Prefix = (), text: str = "") -> None:
        """Let the person type: step ``at`` of ``world`` after ``prefix``, or something in their own words."""
        self.at, self.what, self.prefix, self._world = at, what, prefix, world
        self._label.say(_LABELS[what].format(at=at))
        self.add_class("open")
        self._input.value = text
        self._input.cursor_position = len(text)
        self._offer()
        self._input.focus()

    def has_room(self, lines: int) -> None:
        """Show no more than so many completions, and one at least."""
        self._offers.most = max(1, min(MOST_SEEN, lines))
        self._offers.refresh(layout=True)

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
        offered = () if self.what != "step" else completions(self._input.value, self._world, self.prefix)
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
            self.post_message(self.Said(choice or event.value, self.at, self.what))

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
