"""The terminal screen: it draws the scene, hands the person's keys on as the session's commands, and decides nothing.

Keys go out as ``take``, ``take_instead``, ``go_back``, ``go_on``, ``pause``, ``steer``, ``approve`` and ``settle``, each with the
step number that the person saw. What the rules refuse, they refuse; the screen says so in a line.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final, Literal, TypeAlias

from textual.binding import Binding, BindingType

from outrider.agents.typed import typed_step
from outrider.agents.world import World
from outrider.errors import BadOption, BadStep, NotNow
from outrider.model import Step
from outrider.rules.events import Record
from outrider.runtime import Session
from outrider.views.picture import Asking, Picture, VerifyingStep
from outrider.views.screen import says
from outrider.views.screen.panes import PlanPane
from outrider.views.screen.prompt import FREE_WORDS, Meant, Prompt
from outrider.views.screen.watching import LOW, Colours, WatchingScreen
from outrider.views.words import answers

A_MOMENT_S: Final = 0.25
"""What has been on the screen for less time than this, an Enter was not meant for."""

Mode: TypeAlias = Literal["watching", "choosing", "asking"]
_ENTERS: Final[dict[Meant, str]] = {"step": "take", "sentence": "steer", "observation": "say so", "happened": "say so"}
"""What Enter does where the person types."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A step of the person's that came after the verdict it was to replace."""

    step: Step
    at: int
    answer: Step


class PlanScreen(WatchingScreen):
    """A session on the terminal, for a person who takes part.

    Args:
        session: what the person's commands go to.
        records, clock, colours: as for ``WatchingScreen``.
        stop: called when the person wants to stop: once to stop in order, once more to leave at once.
    """

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
        super().__init__(records, clock=clock, colours=colours)
        self._session = session
        self._stop = stop or self.stop
        self._mode: Mode = "watching"
        self._overtaken: Overtaken | None = None

    # Keys -----------------------------------------------------------------------------------------------------------

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
        keeps = _waiting_on_display(self.picture) is not None
        enter = (("Enter", "keep it" if keeps else "accept"),) if self._acceptable else ()
        space = ("+", "allow more") if self.picture.limit else ("space", "go on" if self.picture.held else "pause")
        return (*enter, ("t", "take"), space, ("g", "back"), ("s", "steer"), ("l", "lanes"), ("q", "stop"), ("?", "help"))

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
        self.screen.set_class(opens, "explaining")
        return True

    def _command(self, key: str, character: str | None) -> None:
        self.say("")
        match key:
            case "y" | "s" | "b" | "h" if (asked := self._asked_on_display) and (key != "h" or asked.question == "unsure"):
                self._answer_asked(key, asked)
            case "enter":
                self._accept_or_keep()
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
        """Whether something is on display for Enter to accept: a draft, or the step that waits while the run is held."""
        drawn = _draft_on_display(self.picture) or _waiting_on_display(self.picture)
        return drawn is not None and self.picture.outcome is None

    def _accept_or_keep(self) -> None:
        """What is drawn counts, whatever has happened in the meantime: the step that waits, or the draft with its number."""
        scene = self._pane.scene
        waits = None if scene is None else _waiting_on_display(scene.picture)
        if waits is None:
            self._accept(None if scene is None else _draft_on_display(scene.picture))
        elif not self._been_there_a_moment:
            self.say("That step has only just come; Enter again keeps it")
        else:
            self._obey(self._session.go_on)

    def _accept(self, draft: VerifyingStep | None) -> None:
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


def _waiting_on_display(picture: Picture) -> Step | None:
    """The step that waits while the run is held, if it is drawn."""
    other = picture.limit or picture.asked or picture.taken or picture.executions.undoing
    return None if other else picture.waiting
