"""The terminal screen: it draws the scene, hands the person's keys on as the session's commands, and decides nothing.

The session and the screen share one event loop. Records come in and are folded into the scene; keys go out as ``take``,
``take_instead``, ``go_back``, ``go_on``, ``pause``, ``steer``, ``approve`` and ``settle``, each with the step number that the
person saw. What the rules refuse, they refuse; the screen says so in a line.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Literal, TypeAlias

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from outrider.agents.typed import typed_step
from outrider.agents.world import World
from outrider.errors import BadOption, BadStep, NotNow, OutriderError
from outrider.figures import Figures
from outrider.model import Step
from outrider.rules.events import Record
from outrider.runtime import Session
from outrider.views.picture import Asking, Picture, VerifyingStep
from outrider.views.scene import Watch
from outrider.views.screen import says
from outrider.views.screen.panes import Head, Keys, LanesPane, Note, PlanPane, RunLine
from outrider.views.screen.prompt import FREE_WORDS, Meant, Prompt
from outrider.views.words import answers

TICK_S: Final = 0.1
"""Running seconds are drawn anew so often."""

A_MOMENT_S: Final = 0.25
"""What has been on the screen for less time than this, an Enter was not meant for."""

TALL: Final = 34
"""On a screen with fewer lines the lanes give way while the person types."""

LOW: Final = 18
"""With fewer lines they give way always, and head and run line while the person types."""

TINY: Final = 12
"""With fewer lines the plan, the note and the keys are all there is room for; and while the person types, what they type."""

Mode: TypeAlias = Literal["watching", "choosing", "asking"]
_ENTERS: Final[dict[Meant, str]] = {"step": "take", "sentence": "steer", "observation": "say so", "happened": "say so"}
"""What Enter does where the person types."""

Colours: TypeAlias = Literal["terminal", "dark", "light"]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A step of the person's that came after the verdict it was to replace."""

    step: Step
    at: int
    answer: Step


class PlanScreen(App[None]):
    """A session on the terminal.

    Args:
        session: what the person's commands go to.
        records: everything that happens in it, from the first record on.
        stop: called when the person wants to stop: once to stop in order, once more to leave at once.
        clock: seconds, for what runs between two records.
        colours: the terminal's own; for a picture of the screen, a dark or light background.
    """

    CSS_PATH = Path(__file__).with_name("screen.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "stop", "Stop", priority=True, show=False)]

    def __init__(
        self,
        session: Session,
        records: AsyncIterable[Record],
        *,
        stop: Callable[[], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        colours: Colours = "terminal",
    ) -> None:
        super().__init__(ansi_color=colours == "terminal")
        self.theme = {"terminal": "ansi-dark", "dark": "textual-dark", "light": "textual-light"}[colours]
        self._told = Watch()
        self.trouble: Exception | None = None
        """What made the screen close, if it was not the person."""
        self._head, self._pane, self._lanes = Head(), PlanPane(), LanesPane()
        self._prompt, self._note, self._run_line, self._named_keys = Prompt(), Note(), RunLine(), Keys()
        self._session = session
        self._records = records
        self._stop = stop or self.stop
        self._clock = clock
        self._heard_s = clock()
        self._mode: Mode = "watching"
        self._drawing = False
        self._stopping = False
        self._shown: tuple[object, float] = (None, clock())
        self._overtaken: Overtaken | None = None

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
        """What is new about a step on display although it is the same step: it is over, or something is asked about it."""
        asked = self.picture.asked
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
        if self._prompt.is_open:
            what = self._prompt.what
            offers = (("↑ ↓", "choose"), ("Tab", "complete")) if what == "step" else ()
            return (("Enter", _ENTERS[what]), *offers, ("Esc", "close"))
        if self._mode == "asking":
            return (("y", "keep yours"), ("n", "let it stand"))
        if self._mode == "choosing":
            return (("↑ ↓", "choose"), ("Enter", "go back to it"), ("Esc", "stay"))
        if self.picture.finished:
            return (("Enter", "leave"), ("l", "lanes"), ("PgUp PgDn", "scroll"))
        if self.picture.asked is not None:
            return (*answers(self.picture.asked), ("t", "take next"), ("l", "lanes"), ("?", "help"))
        enter = (("Enter", "accept"),) if self._acceptable else ()
        space = ("+", "allow more") if self.picture.limit else ("space", "go on" if self.picture.held else "pause")
        return (*enter, ("t", "take"), space, ("g", "back"), ("s", "steer"), ("l", "lanes"), ("q", "stop"), ("?", "help"))

    # Keys -----------------------------------------------------------------------------------------------------------

    def on_plan_pane_pressed(self, event: PlanPane.Pressed) -> None:
        """A key on the plan. What it does depends on whether the person watches, chooses, or was asked something."""
        if self._turns_the_page(event.key):
            return
        match self._mode:
            case "asking":
                self._answer(event.key)
            case "choosing":
                self._choose(event.key)
            case "watching" if self.picture.finished:
                self._after_the_end(event.key)
            case "watching":
                self._command(event.key, event.character)
        self._draw_soon()

    def on_plan_pane_pasted(self, event: PlanPane.Pasted) -> None:
        """Pasted text is never read as commands."""
        if self._mode == "watching" and self.picture.outcome is None:
            self._open_take(says.first_line(event.text))

    def _turns_the_page(self, key: str) -> bool:
        """Whether the key was for the page of keys: it opens on ``?``, and any key closes it."""
        opens = not self._pane.explaining
        if opens and key != "question_mark":
            return False
        self._pane.explain(opens)
        return True

    def _command(self, key: str, character: str | None) -> None:
        self.say("")
        match key:
            case "y" | "s" | "b" | "h" if (asked := self._asked_on_display) and (key != "h" or asked.question == "unsure"):
                self._answer_asked(key, asked)
            case "enter":
                self._accept()
            case "t":
                self._open_take()
            case "space" | "p":
                self._obey(self._session.go_on if self.picture.held else self._session.pause)
            case "plus" if self.picture.limit:
                self._obey(self._session.more)
            case "g":
                self._begin_choosing()
            case "s":
                self._open_steer()
            case "q":
                self._stop()
            case _ if self._look(key):
                pass
            case _ if character is not None:
                self._open_take(character)

    # Answering what is asked about a tool ---------------------------------------------------------------------------

    @property
    def _asked_on_display(self) -> Asking | None:
        """What is asked, as it is drawn: a key is never an answer to what the person has not seen."""
        return None if self._pane.scene is None else self._pane.scene.picture.asked

    def _answer_asked(self, key: str, asked: Asking) -> None:
        if not self._been_there_a_moment:
            self.say("That has only just been asked; the same key again answers it")
        elif key == "y":
            self._obey(lambda: self._session.approve(asked.at))
        elif key == "b":
            self._obey(lambda: self._session.go_back(asked.at))
        else:
            self.screen.add_class("typing")
            self._prompt.open("happened" if key == "h" else "observation", asked.at)

    def _look(self, key: str) -> bool:
        """Whether the key only changes what is in sight."""
        match key:
            case "l" if self.screen.has_class("low"):
                self.say(f"The lanes need a window of {LOW} lines")
            case "l":
                self._lanes.toggle_class("open")
            case "pageup" | "pagedown":
                self._pane.scroll_lines(self._pane.page if key == "pageup" else -self._pane.page)
            case "up" | "down":
                self._pane.scroll_lines(1 if key == "up" else -1)
            case "home" | "end":
                self._pane.scroll_lines(1_000_000 if key == "home" else -1_000_000)
            case _:
                return False
        return True

    def _after_the_end(self, key: str) -> None:
        if key not in ("enter", "q", "escape"):
            self._look(key)
        elif self._been_there_a_moment:
            self.exit()
        else:
            self.say("The run has only just ended; Enter once more leaves")

    @property
    def _been_there_a_moment(self) -> bool:
        """Whether what is on display was there long enough for a key to be meant for it."""
        return self._clock() - self._shown[1] >= A_MOMENT_S

    # Taking a step --------------------------------------------------------------------------------------------------

    @property
    def _acceptable(self) -> bool:
        """Whether a draft is on display."""
        return _draft_on_display(self.picture) is not None and self.picture.outcome is None

    def _accept(self) -> None:
        """Take the draft on display: the one that is drawn, with its number, whatever has happened in the meantime."""
        scene = self._pane.scene
        draft = None if scene is None else _draft_on_display(scene.picture)
        if draft is None:
            self.say("There is no draft to accept; t takes a step of your own")
        elif not self._been_there_a_moment:
            self.say("That draft has only just come; Enter again accepts it")
        else:
            self._take(draft.step, draft.at)

    def _open_take(self, text: str = "") -> None:
        self.screen.add_class("typing")
        prefix = self.picture.plan.prefix
        self._prompt.open("step", len(prefix), world=self._world, prefix=prefix, text=text)

    def _open_steer(self) -> None:
        self.screen.add_class("typing")
        self._prompt.open("sentence", len(self.picture.confirmed))

    @property
    def _world(self) -> World:
        return self._session.world or FREE_WORDS

    def on_prompt_said(self, event: Prompt.Said) -> None:
        """The person has typed a step, a sentence, or what came of a step."""
        if event.what != "step":
            self._close_prompt()
            settle = partial(self._session.settle, at=event.at, happened=event.what == "happened")
            self._obey(partial(self._session.steer if event.what == "sentence" else settle, event.text))
            return
        try:
            step = typed_step(event.text, self._world, self._prompt.prefix)
        except BadStep as error:
            self._prompt.complain(str(error))
            return
        self._close_prompt()
        self._take(step, event.at)

    def on_prompt_closed(self) -> None:
        """Nothing is taken."""
        self._close_prompt()

    def _close_prompt(self) -> None:
        self._prompt.close()
        self.screen.remove_class("typing")
        self._pane.focus()
        self.say("")
        self._draw_soon()

    def _take(self, step: Step, at: int) -> None:
        try:
            self._session.take(step, at)
        except NotNow as refusal:
            self._overtake(step, refusal)
        except BadStep as error:
            self.say(str(error))

    def _overtake(self, step: Step, refusal: NotNow) -> None:
        """The verdict came first: say so, and ask whether the person's step is to stand all the same."""
        if refusal.answer is None or refusal.at is None:
            self.say(str(refusal))
        elif refusal.answer == step:
            self.say(says.SAME)
        else:
            self._mode, self._overtaken = "asking", Overtaken(step, refusal.at, refusal.answer)
            after = self._session.next_at - refusal.at - 1
            self.say(says.keep_yours(step, refusal.answer, after), asks=True)

    def _answer(self, key: str) -> None:
        overtaken = self._overtaken
        if overtaken is None or key not in ("y", "n", "escape"):
            return
        self._mode, self._overtaken = "watching", None
        self.say("")
        if key == "y":
            self._obey(lambda: self._session.take_instead(overtaken.step, overtaken.at))

    # The other commands ---------------------------------------------------------------------------------------------

    def _obey(self, command: Callable[[], None]) -> None:
        """Do what the person asked for, or say why not."""
        try:
            command()
        except (NotNow, BadStep, BadOption) as error:
            self.say(str(error))

    def _begin_choosing(self) -> None:
        confirmed = self.picture.confirmed
        if not confirmed:
            self.say("No step is confirmed so far; there is nothing to go back to")
            return
        self._mode = "choosing"
        self._pane.choose(confirmed[-1].at)

    def _choose(self, key: str) -> None:
        last = len(self.picture.confirmed) - 1
        at = min(self._pane.chosen or 0, last)
        match key:
            case "up" | "k" | "down" | "j":
                self._pane.choose(min(last, max(0, at + (1 if key in ("down", "j") else -1))))
            case "home" | "end":
                self._pane.choose(0 if key == "home" else last)
            case "enter" | "escape" | "g" | "q":
                self._mode = "watching"
                self._pane.choose(None)
                if key == "enter":
                    self._obey(lambda: self._session.go_back(at))
            case _:
                pass

    # Stopping -------------------------------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Ctrl-C, whatever the person is doing. When all is over, it leaves."""
        if self.picture.finished:
            self.exit()
        else:
            self._stop()

    def stop(self) -> None:
        """Stop the run in order, and leave the screen once every call is closed."""
        self._stopping = True
        self._session.stop("on request")
        self._leave_if_done()


def _draft_on_display(picture: Picture) -> VerifyingStep | None:
    """The draft that is drawn; where the screen says something else of the next step, there is none."""
    other = picture.waiting or picture.asked or picture.taken or picture.executions.undoing
    return None if other is not None else picture.verifying
