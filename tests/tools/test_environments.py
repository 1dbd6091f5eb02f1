"""What tools act on: copies for what is tried, the live one for what is confirmed, and writes that take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption, CannotFork
from outrider.model import Declared, Step
from outrider.testing import run
from outrider.tools import Key, Tool, Toolbox, tool
from outrider.tools.environments import CANNOT_FORK
from outrider.tools.tool import Arguments


class Drawer:
    """Files by their names. Public methods are its tools."""

    colour = "brown"

    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.files = dict(files or {})

    def fork(self) -> Drawer:
        return Drawer(self.files)

    def names(self) -> list[str]:
        """The names of the files."""
        return sorted(self.files)

    async def put(self, name: str, text: str) -> None:
        """Puts a file in."""
        before = len(self.files)
        await asyncio.sleep(1.0)
        assert len(self.files) == before, "somebody was in between"
        self.files[name] = text

    def drop(self, name: str, key: Key) -> str:
        """Throws a file away."""
        return f"{self.files.pop(name)} under {key}"

    def unput(self, arguments: Arguments, observation: str, key: str) -> None:
        del self.files[str(arguments["name"])]

    @property
    def _secret(self) -> str:
        raise AssertionError("no property is read to find tools")

    @property
    def count(self) -> int:
        raise AssertionError("no property is read to find tools")


class Safe(Drawer):
    """A drawer that nobody can copy."""

    fork = None  # type: ignore[assignment]


class Vault:
    """It has no fork at all."""

    def __init__(self) -> None:
        self.gold = 1

    def look(self) -> int:
        return self.gold

    def take(self) -> int:
        self.gold -= 1
        return self.gold


TOOLS = ["names", "put", "drop"]


def toolbox(drawer: Drawer) -> Toolbox:
    return Toolbox.around(drawer, effects={"names": "none"}, undo={"put": Drawer.unput}, only=TOOLS)


def put(name: str) -> Step:
    return Step("put", {"name": name, "text": name})


def test_the_public_methods_of_an_environment_are_its_tools() -> None:
    assert toolbox(Drawer()).declared == (
        Declared("drop", rehearses=True),
        Declared("names", "none", rehearses=True),
        Declared("put", undo=True, rehearses=True),
    )
    assert [entry.name for entry in Toolbox.around(Vault()).tools] == ["look", "take"]


def test_the_idempotency_key_reaches_a_method_that_asks_for_it() -> None:
    assert run(toolbox(Drawer({"a": "text"})).run(Step("drop", {"name": "a"}), key="k3")) == "text under k3"


@pytest.mark.parametrize(
    "options", [{"effects": {"nams": "none"}}, {"undo": {"nams": None}}, {"only": ["nams"]}, {"effects": {"fork": "none"}}]
)
def test_a_name_that_is_no_method_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="has no public method"):
        Toolbox.around(Drawer(), **options)


# Copies -----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["live", "copy", "copy of the copy"]), st.sampled_from("abc"))))
def test_a_copy_never_touches_the_live_environment_nor_the_live_one_a_copy(work: Sequence[tuple[str, str]]) -> None:
    drawer = Drawer({"old": "text"})
    live = toolbox(drawer)
    copy = live.fork()
    boxes = {"live": live, "copy": copy, "copy of the copy": copy.fork()}
    for where, name in work:
        run(boxes[where].run(put(name), key=name))
    for where, box in boxes.items():
        expected = sorted({"old"} | {name for place, name in work if place == where})
        assert run(box.run(Step("names"), key="k")) == str(expected).replace("'", '"').replace(" ", "")
    assert sorted(drawer.files) == sorted({"old"} | {name for place, name in work if place == "live"})


def test_a_step_is_taken_back_where_it_was_done() -> None:
    drawer = Drawer()
    copy = toolbox(drawer).fork()
    run(toolbox(drawer).run(put("a"), key="k"))
    run(copy.run(put("a"), key="k"))
    run(copy.undo(put("a").observed("null"), key="k"))
    assert (run(copy.run(Step("names"), key="k")), list(drawer.files)) == ("[]", ["a"])


def test_an_environment_that_two_boxes_share_is_copied_once() -> None:
    drawer = Drawer()
    both = Toolbox.of(Toolbox.around(drawer, only=["put"]), Toolbox.around(drawer, only=["names"]))
    copy = both.fork()
    run(copy.run(put("a"), key="k"))
    assert run(copy.run(Step("names"), key="k")) == '["a"]'
    assert drawer.files == {}


def test_what_makes_tools_over_an_environment_makes_them_over_its_copies() -> None:
    def build(drawer: Drawer) -> list[Tool]:
        return [tool(drawer.names, name="list", effect="none"), tool(drawer.put)]

    drawer = Drawer()
    copy = Toolbox(build, environment=drawer).declaring({"list": "read"}, {"put": "always"}).fork()
    run(copy.run(put("a"), key="k"))
    assert (run(copy.run(Step("list"), key="k")), drawer.files) == ('["a"]', {})
    assert copy.declared == (Declared("list", "read", rehearses=True), Declared("put", approval="always", rehearses=True))


def test_tools_that_hold_an_environment_themselves_cannot_be_given_one() -> None:
    drawer = Drawer()
    with pytest.raises(BadOption, match="give what makes them"):
        Toolbox([tool(drawer.put)], environment=drawer)
    with pytest.raises(BadOption, match="give environment="):
        Toolbox(lambda drawer: [tool(drawer.put)])


# What cannot be copied --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("environment", "effects"), [(Vault(), {"look": "none"}), (Vault(), {"look": "read", "take": "none"})])
def test_everything_that_runs_on_what_cannot_be_copied_is_a_write_and_says_why(environment: Any, effects: Any) -> None:
    box = Toolbox.around(environment, effects=effects)
    assert box.declared == (Declared("look"), Declared("take"))
    assert all(entry.why == CANNOT_FORK for entry in box.tools if entry.name in effects)
    assert box.declaring({"look": "none"}).declared == box.declared, "no list makes it safe"


def test_a_fork_that_is_no_method_is_none() -> None:
    assert {entry.effect for entry in toolbox(Safe()).declared} == {"write"}


def test_what_acts_for_good_is_refused_on_a_copy_and_leaves_no_trace() -> None:
    vault, calls = Vault(), []

    @tool
    def send(letter: str) -> None:
        calls.append(letter)

    copy = (Toolbox.around(vault) + Toolbox([send])).fork()
    for step in (Step("take"), Step("look"), Step("send", {"letter": "x"})):
        with pytest.raises(CannotFork, match="acts for good"):
            run(copy.run(step, key="k"))
        with pytest.raises(CannotFork, match="acts for good"):
            run(copy.fork().run(step, key="k"))
    assert (vault.gold, calls) == (1, [])


def test_what_only_reads_runs_on_a_copy_too() -> None:
    @tool(effect="read")
    def weather() -> str:
        return "fair"

    assert run(Toolbox([weather]).fork().run(Step("weather"), key="k")) == "fair"


class Stuck(Drawer):
    def fork(self) -> Drawer:
        raise MemoryError("too big")


class Itself(Drawer):
    def fork(self) -> Drawer:
        return self


class Nothing(Drawer):
    def fork(self) -> Any:
        return None


@pytest.mark.parametrize(
    ("drawer", "said"), [(Stuck(), "raised MemoryError: too big"), (Itself(), "gave itself"), (Nothing(), "gave nothing")]
)
def test_a_fork_that_is_no_copy_is_refused(drawer: Drawer, said: str) -> None:
    with pytest.raises(CannotFork, match=said):
        toolbox(drawer).fork()


@pytest.mark.parametrize("environment", [Drawer, None])
def test_what_is_no_object_is_no_environment(environment: Any) -> None:
    with pytest.raises(BadOption):
        Toolbox.around(environment)


# Turns ------------------------------------------------------------------------------------------------------------------


async def race(*boxes: Toolbox) -> float:
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(box.run(put(str(number)), key=str(number))) for number, box in enumerate(boxes)]
    assert [task.result() for task in running] == ["null"] * len(boxes), "each had the drawer to itself"
    return asyncio.get_running_loop().time()


def test_writes_that_race_on_one_environment_take_turns() -> None:
    drawer = Drawer()
    box = toolbox(drawer)
    assert run(race(box, box, box)) == 3.0
    assert sorted(drawer.files) == ["0", "1", "2"]


def test_an_environment_that_two_boxes_share_has_one_turn_at_a_time() -> None:
    async def both() -> float:
        box = Toolbox.around(drawer, only=["put"]) + Toolbox(lambda over: [tool(over.put, name="lay")], environment=drawer)
        async with asyncio.TaskGroup() as group:
            one = group.create_task(box.run(put("a"), key="a"))
            other = group.create_task(box.run(Step("lay", put("b").arguments), key="b"))
        assert (one.result(), other.result()) == ("null", "null")
        return asyncio.get_running_loop().time()

    drawer = Drawer()
    assert run(both()) == 2.0


def test_writes_on_copies_do_not_wait_for_one_another() -> None:
    box = toolbox(Drawer())
    assert run(race(box, box.fork(), box.fork())) == 1.0


def test_one_toolbox_serves_several_programs_in_a_row() -> None:
    drawer = Drawer()
    box = toolbox(drawer)
    assert run(race(box, box)) == 2.0
    assert run(race(box, box)) == 2.0


def test_a_write_that_waits_its_turn_has_its_whole_time() -> None:
    drawer = Drawer()

    def build(over: Drawer) -> list[Tool]:
        return [tool(over.put, timeout_s=1.5)]

    box = Toolbox(build, environment=drawer)
    assert run(race(box, box, box)) == 3.0


def test_a_write_that_is_cancelled_gives_its_turn_up() -> None:
    async def cancelled() -> float:
        box = toolbox(Drawer())
        async with asyncio.TaskGroup() as group:
            first = group.create_task(box.run(put("a"), key="a"))
            second = group.create_task(box.run(put("b"), key="b"))
            await asyncio.sleep(0.5)
            first.cancel()
            assert await second == "null"
        return asyncio.get_running_loop().time()

    assert run(cancelled()) == 1.5
