"""Steps are run by their tools: what comes back, what goes wrong, what hangs, and what passes through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from outrider.errors import BadOption, BadStep, CannotUndo, ToolError, ToolLost
from outrider.model import JSON, Declared, Step
from outrider.testing import run
from outrider.tools import Tool, Toolbox, tool
from outrider.tools.tool import Arguments


def observed(box: Toolbox, action: str, **arguments: JSON) -> str:
    return run(box.run(Step(action, arguments), key="k"))


def returning(result: object, **more: Any) -> Toolbox:
    async def answer(arguments: Arguments, key: str) -> object:
        return result

    return Toolbox([Tool(name="t", description="", parameters={"type": "object"}, run=answer, **more)])


def doing(do: Callable[[], Any], **more: Any) -> Toolbox:
    async def answer(arguments: Arguments, key: str) -> object:
        return await do()

    return Toolbox([Tool(name="t", description="", parameters={"type": "object"}, run=answer, **more)])


class Calls(list[str]):
    """What was run, in order."""

    def toolbox(self) -> Toolbox:
        @tool(effect="none")
        def look(where: str, times: int = 1) -> str:
            """Looks."""
            self.append(where)
            return f"{where} " * times

        @tool(approval="always", repeatable=True, undo=self.unbook)
        async def book(flight: str) -> dict[str, str]:
            """Books."""
            self.append(flight)
            return {"booked": flight}

        return Toolbox([look, book])

    def unbook(self, arguments: Arguments, observation: str, key: str) -> None:
        if observation == "null":
            raise LookupError("no such booking")
        self.append(f"not {arguments['flight']} {observation} {key}")


# What is told -----------------------------------------------------------------------------------------------------------


def test_a_step_is_run_by_its_tool_and_observed_as_canonical_text() -> None:
    calls = Calls()
    assert observed(calls.toolbox(), "look", where="here", times=2) == "here here "
    assert observed(calls.toolbox(), "book", flight="LH1") == '{"booked":"LH1"}'
    assert calls == ["here", "LH1"]


def test_a_long_observation_is_cut_to_what_its_tool_allows() -> None:
    assert len(observed(returning("x" * 5000), "t")) == 4000
    assert observed(returning("x" * 5000, observation_chars=100), "t").splitlines()[1] == "… 4930 characters left out …"


def test_what_is_declared_is_what_the_rules_are_told() -> None:
    assert Calls().toolbox().declared == (
        Declared("look", "none"),
        Declared("book", "write", "always", undo=True, repeatable=True),
    )
    assert [action.name for action in Calls().toolbox().actions] == ["look", "book"]


def test_a_plain_function_is_a_tool_that_writes() -> None:
    def act(x: int) -> int:
        return x

    assert Toolbox([act]).declared == (Declared("act", "write"),)


# What both agents can do something about --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"where": 3}, "where: 3 is not of type 'string'"),
        ({}, "'where' is a required property"),
        ({"where": "x", "how": "fast"}, "'how' was unexpected"),
        ({"where": "x", "times": True}, "times: True is not of type 'integer'"),
    ],
)
def test_arguments_that_a_model_invented_run_nothing_and_are_told(arguments: dict[str, JSON], said: str) -> None:
    calls = Calls()
    text = run(calls.toolbox().run(Step("look", arguments), key="k"))
    assert text.startswith("error: the arguments of look do not fit: ")
    assert said in text
    assert calls == []


def test_a_tool_that_a_model_invented_is_told_with_the_nearest_there_is() -> None:
    assert observed(Calls().toolbox(), "looks") == "error: there is no tool 'looks'; there is look, book"
    assert observed(Toolbox([]), "looks") == "error: there is no tool 'looks'; there is none at all"


def test_a_tool_that_raises_is_told_by_type_and_text() -> None:
    async def fail() -> None:
        raise ConnectionError("the line is dead")

    assert observed(doing(fail), "t") == "error: ConnectionError: the line is dead"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("mine"), "TimeoutError: mine"),
        (asyncio.CancelledError(), "CancelledError"),
        (ExceptionGroup("two", [ValueError("one")]), "ValueError: one"),
    ],
)
def test_a_tools_own_timeout_and_cancellation_are_its_failures(error: BaseException, said: str) -> None:
    async def fail() -> None:
        raise error

    assert observed(doing(fail), "t") == f"error: {said}"


@pytest.mark.parametrize("inside", [str, lambda text: [text]], ids=["bare", "listed"])
def test_fifty_megabytes_are_told_as_too_long(inside: Callable[[str], object]) -> None:
    assert observed(returning(inside("x" * 50 * 1024 * 1024)), "t") == "error: t: the result is longer than 16777216 characters"


def test_a_result_that_is_no_json_is_told() -> None:
    assert observed(returning(object()), "t") == "error: t: the result is no JSON: it has a object in it"


@pytest.mark.parametrize(
    ("result", "schema", "fits"),
    [
        ({"n": 1}, {"type": "object", "required": ["n"]}, True),
        ((1, 2), {"type": "array"}, True),
        ({"n": "many"}, {"properties": {"n": {"type": "integer"}}}, False),
        ("text", {"type": "object"}, False),
        (1, {"$ref": "http://127.0.0.1:9/schema"}, False),
        (1, {"type": "nothing there is"}, False),
    ],
)
def test_a_result_is_held_against_what_the_tool_declares(result: object, schema: dict[str, JSON], fits: bool) -> None:
    broken = observed(returning(result, returns=schema), "t").startswith("error: the result of t is not what it declares: ")
    assert broken is not fits


def test_a_schema_that_is_none_is_named_before_anything_runs() -> None:
    broken = Tool(name="t", description="", parameters={"type": "object", "required": 3}, run=returning(1).tools[0].run)
    with pytest.raises(BadOption, match="the JSON schema of t's arguments is none"):
        Toolbox([broken]).check()
    assert observed(Toolbox([broken]), "t").startswith("error: ")


# What leaves no answer --------------------------------------------------------------------------------------------------


def test_a_tool_that_hangs_is_lost_after_its_time() -> None:
    async def both() -> float:
        hanging = doing(asyncio.Event().wait, timeout_s=5.0)
        with pytest.raises(ToolLost, match=r"t gave no answer within 5 s; it may have had its effect"):
            await hanging.run(Step("t"), key="k")
        return asyncio.get_running_loop().time()

    assert run(both()) == 5.0


def test_a_tool_that_can_have_no_effect_is_lost_without_one() -> None:
    with pytest.raises(ToolLost, match="it has no effect on the world"):
        run(doing(asyncio.Event().wait, timeout_s=5.0, effect="read").run(Step("t"), key="k"))


def test_a_tool_that_has_lost_its_server_says_so_itself() -> None:
    async def gone() -> None:
        raise ToolLost("the server of t is gone")

    with pytest.raises(ToolLost, match="is gone"):
        observed(doing(gone), "t")


def test_a_thread_that_hangs_is_lost_and_keeps_nobody_waiting() -> None:
    released = threading.Event()

    @tool(threaded=True, timeout_s=0.05)
    def hang() -> None:
        released.wait()

    async def wait() -> None:
        with pytest.raises(ToolLost):
            await Toolbox([hang]).run(Step("hang"), key="k")

    asyncio.run(wait())
    released.set()


def test_a_function_in_a_thread_is_told_like_any_other() -> None:
    @tool(threaded=True)
    def half(n: int) -> float:
        if n == 7:
            raise StopIteration
        return threading.current_thread().name.startswith("Main") or n / (n - 3)

    async def each() -> list[str]:
        return [await Toolbox([half]).run(Step("half", {"n": n}), key="k") for n in (4, 3, 7)]

    assert asyncio.run(each()) == ["4.0", "error: ZeroDivisionError: division by zero", "error: RuntimeError: StopIteration"]


# What passes through ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_no_exception_passes_through(error: type[BaseException]) -> None:
    async def leave() -> None:
        raise error

    async def alone() -> None:
        with pytest.raises(error):
            await doing(leave).run(Step("t"), key="k")

    run(alone())


async def swallow() -> str:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "never mind"
    return "never"


async def stumble() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ValueError("while leaving") from None


@pytest.mark.parametrize("do", [asyncio.Event().wait, swallow, stumble])
def test_a_cancellation_from_outside_passes_through_at_once(do: Callable[[], Any]) -> None:
    async def cancelled() -> tuple[bool, float]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(doing(do).run(Step("t"), key="k"))
            await asyncio.sleep(1.0)
            task.cancel()
        return task.cancelled(), asyncio.get_running_loop().time()

    assert run(cancelled()) == (True, 1.0)


def test_a_limit_of_the_callers_own_is_the_callers() -> None:
    async def limited() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await doing(asyncio.Event().wait, timeout_s=5.0).run(Step("t"), key="k")

    run(limited())


# Taking back ------------------------------------------------------------------------------------------------------------


def test_a_step_is_taken_back_by_what_its_tool_gave_for_that() -> None:
    calls = Calls()
    run(calls.toolbox().undo(Step("book", {"flight": "LH1"}, "a seat"), key="k7"))
    assert calls == ["not LH1 a seat k7"]


@pytest.mark.parametrize(
    ("step", "error", "said"),
    [
        (Step("look", {"where": "x"}, "seen"), CannotUndo, "look has no undo"),
        (Step("loook", {}, "seen"), CannotUndo, "loook has no undo"),
        (Step("book", {"flight": "LH1"}), BadStep, "was not executed"),
        (Step("book", {"flight": "LH1"}, "null"), CannotUndo, "could not be taken back: LookupError: no such booking"),
    ],
)
def test_what_cannot_be_taken_back_says_why(step: Step, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run(Calls().toolbox().undo(step, key="k"))


def test_an_undo_that_hangs_is_lost() -> None:
    async def hang(arguments: Arguments, observation: str, key: str) -> None:
        await asyncio.Event().wait()

    with pytest.raises(ToolLost):
        run(returning(1, undo=hang, timeout_s=2.0).undo(Step("t", {}, "1"), key="k"))


# What a toolbox is made of ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": "finish"}, "no tool can be called finish"),
        ({"name": ""}, "is no name for a tool"),
        ({"name": "two  words"}, "is no name for a tool"),
        ({"effect": "nothing"}, "take one of none, read, write"),
        ({"approval": "maybe"}, "take one of always, unsure, never"),
        ({"timeout_s": 0.0}, "more than 0"),
        ({"timeout_s": float("nan")}, "more than 0"),
        ({"observation_chars": 99}, "give 100 or more"),
        ({"parameters": {"type": "array"}}, "JSON schema of an object"),
    ],
)
def test_a_tool_that_makes_no_sense_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said):
        Tool(**{"name": "t", "description": "", "parameters": {"type": "object"}, "run": returning(1).tools[0].run, **more})


def test_an_async_function_in_a_thread_is_refused() -> None:
    async def act() -> None:
        """Does nothing."""

    with pytest.raises(BadOption, match="needs no thread"):
        tool(act, threaded=True)


def test_boxes_are_put_together_and_a_name_stands_for_one_tool() -> None:
    both = returning(1) + Calls().toolbox()
    assert repr(both) == "Toolbox(t, look, book)"
    assert observed(both, "t") == "1"
    with pytest.raises(BadOption, match="two tools are called 't'"):
        Toolbox.of(both, returning(2))


def test_the_users_own_list_decides_over_what_the_author_says() -> None:
    box = Calls().toolbox().declaring({"look": "read", "book": "none"}, {"book": "never"})
    assert box.declared == (Declared("look", "read"), Declared("book", "none", undo=True, repeatable=True))
    with pytest.raises(BadOption, match="no tool 'lok'"):
        box.declaring({"lok": "none"})
    with pytest.raises(BadOption, match="the effect of look"):
        box.declaring({"look": "harmless"})  # type: ignore[dict-item]


def test_one_root_catches_every_trouble_of_a_tool() -> None:
    assert issubclass(ToolLost, ToolError)
