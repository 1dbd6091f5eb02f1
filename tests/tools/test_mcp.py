"""MCP servers that are real processes: honest ones, one that lies, and some that go away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outrider.errors import BadOption, OutriderError, ToolLost
from outrider.model import Effect, Step
from outrider.tools import Toolbox
from outrider.tools.mcp import mcp_tools

SERVER = str(Path(__file__).parent / "mcp_server.py")
GUARD_S = 120.0


@asynccontextmanager
async def serving(file: Path, *manners: str, **options: Any) -> AsyncIterator[Toolbox]:
    async with (
        asyncio.timeout(GUARD_S),
        mcp_tools("stdio", command=[sys.executable, SERVER, str(file), *manners], **options) as box,
    ):
        yield box


def effects(box: Toolbox) -> Mapping[str, Effect]:
    return {entry.name: entry.effect for entry in box.declared}


@pytest.mark.asyncio
async def test_nothing_that_an_untrusted_server_hints_makes_a_tool_anything_but_a_write(tmp_path: Path) -> None:
    async with serving(tmp_path / "peeked") as box:
        assert set(effects(box).values()) == {"write"}
        assert not any(entry.repeatable or entry.undo or entry.rehearses for entry in box.declared)
        assert all("not trusted" in entry.why for entry in box.tools)
        assert not (tmp_path / "peeked").exists(), "listing a lying server's tools runs none of them"
        await box.run(Step("peek"), key="once")
    assert (tmp_path / "peeked").read_text() == "peeked\n"


@pytest.mark.asyncio
async def test_a_copy_of_an_untrusted_servers_tools_runs_none_of_them(tmp_path: Path) -> None:
    async with serving(tmp_path / "peeked") as box:
        with pytest.raises(OutriderError, match="cannot be tried on a copy"):
            await box.fork().run(Step("peek"), key="early")
    assert not (tmp_path / "peeked").exists()


@pytest.mark.asyncio
async def test_a_trusted_servers_hints_count_and_absent_ones_mean_write(tmp_path: Path) -> None:
    async with serving(tmp_path, trusted=True) as box:
        found = {entry.name: (entry.effect, entry.repeatable) for entry in box.declared}
    assert found["add"] == ("none", True)
    assert found["search"] == ("read", True)
    assert found["set"] == ("write", True)
    assert found["unsaid"] == ("write", False)


@pytest.mark.asyncio
@pytest.mark.parametrize("trusted", [True, False])
async def test_the_users_own_list_decides_first(tmp_path: Path, trusted: bool) -> None:
    mine: Mapping[str, Effect] = {"add": "write", "unsaid": "none"}
    async with serving(tmp_path, trusted=trusted, effects=mine, approvals={"dies": "always"}) as box:
        found = {entry.name: entry for entry in box.declared}
    assert (found["add"].effect, found["unsaid"].effect) == ("write", "none")
    assert found["dies"].approval == "always"


@pytest.mark.asyncio
async def test_a_list_that_names_a_tool_the_server_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="there is no tool 'adds'"):
        async with serving(tmp_path, effects={"adds": "none"}):
            pass


@pytest.mark.asyncio
async def test_every_page_of_the_list_is_read_and_only_what_was_asked_for_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as box:
        assert len(box.tools) == 12
        assert box.actions[0].parameters["required"] == ["a", "b"]
    async with serving(tmp_path, "finish", only=["add", "search"]) as box:
        assert [entry.name for entry in box.tools] == ["add", "search"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("manner", "said"),
    [("endless", "does not end"), ("finish", "no tool can be called finish"), ("nonsense", "JSON schema of nonsense")],
)
async def test_a_list_that_cannot_be_used_is_refused_by_name(tmp_path: Path, manner: str, said: str) -> None:
    with pytest.raises(BadOption, match=said):
        async with serving(tmp_path, manner):
            pass


@pytest.mark.asyncio
async def test_what_a_server_answers_is_a_canonical_text(tmp_path: Path) -> None:
    async with serving(tmp_path) as box:
        run = box.run
        assert await run(Step("add", {"a": 1, "b": 2}), key="k") == '{"sum":3}'
        assert await run(Step("search"), key="k") == "search\ndone"
        assert await run(Step("key"), key="the key of this step") == "the key of this step"
        said = await run(Step("pictures"), key="k")
    assert said.splitlines() == [
        "look",
        "[image: image/png, 4 bytes]",
        "[resource: file:///a.bin, application/octet-stream, 3 bytes]",
        "a note",
        "[link: file:///b.txt, of no stated type]",
    ]


@pytest.mark.asyncio
async def test_what_goes_wrong_in_a_server_is_an_observation(tmp_path: Path) -> None:
    async with serving(tmp_path) as box:
        run = box.run
        assert await run(Step("fails"), key="k") == "error: the cupboard is empty"
        assert "no such luck" in await run(Step("refuses"), key="k")
        assert (await run(Step("add", {"a": "one", "b": 2}), key="k")).startswith("error: the arguments of add do not fit: a: ")
        assert (await run(Step("breaks", {"a": 1, "b": 2}), key="k")).startswith("error: ")


@pytest.mark.asyncio
async def test_what_a_program_says_beside_the_protocol_is_passed_over(tmp_path: Path) -> None:
    async with serving(tmp_path, "chatty") as box:
        assert await box.run(Step("search"), key="k") == "search\ndone"


@pytest.mark.asyncio
async def test_a_server_that_dies_during_a_call_leaves_no_answer_and_nobody_else_is_cancelled(tmp_path: Path) -> None:
    async with serving(tmp_path) as box:
        with pytest.raises(ToolLost, match="gave no answer to dies"):
            await box.run(Step("dies"), key="k")
        with pytest.raises(ToolLost):
            await box.run(Step("add", {"a": 1, "b": 2}), key="k")


@pytest.mark.asyncio
async def test_a_server_that_hangs_is_lost_and_is_ended_with_the_block(tmp_path: Path) -> None:
    async with serving(tmp_path, timeout_s=0.05) as box:
        with pytest.raises(ToolLost, match=r"hangs gave no answer within 0\.05 s; it may have had its effect"):
            await box.run(Step("hangs"), key="k")


@pytest.mark.asyncio
async def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(ToolLost, match="there is no database"):
        async with serving(Path("x"), "stillborn"):
            pass
    with pytest.raises(BadOption, match="no-such-program cannot be started"):
        async with mcp_tools("stdio", command=["/no-such-program", "--key", "secret"]):
            pass


@pytest.mark.asyncio
async def test_a_server_that_never_lists_its_tools_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ToolLost, match=r"has not listed its tools within 0\.5 s"):
        async with serving(tmp_path, "mute", open_s=0.5):
            pass


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [RuntimeError("mine"), ExceptionGroup("ours", [ValueError("one")])])
async def test_what_the_block_raises_comes_out_as_it_is(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with serving(tmp_path):
            raise error
    assert caught.value is error


@pytest.mark.asyncio
async def test_leaving_by_cancellation_is_a_cancellation(tmp_path: Path) -> None:
    async def wait(inside: asyncio.Event) -> None:
        async with serving(tmp_path):
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        inside = asyncio.Event()
        task = group.create_task(wait(inside))
        await inside.wait()
        task.cancel()
    assert task.cancelled()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("transport", "options"),
    [
        ("stdio", {}),
        ("stdio", {"command": ["x"], "url": "http://x"}),
        ("http", {}),
        ("http", {"url": "ftp://x"}),
        ("sse", {"url": "http://x"}),
    ],
)
async def test_a_server_that_is_no_address_is_refused(transport: Any, options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="a server over"):
        async with mcp_tools(transport, **options):
            pass
