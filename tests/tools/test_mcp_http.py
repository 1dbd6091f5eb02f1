"""An MCP server over HTTP, on this machine: made with the package's own server, and killed while it is used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.errors import ToolLost
from outrider.model import Step
from outrider.tools.mcp import mcp_tools

SERVER = str(Path(__file__).parent / "mcp_http_server.py")
GUARD_S = 120.0


@pytest.fixture
def url() -> Iterator[str]:
    with subprocess.Popen([sys.executable, SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://user:secret@127.0.0.1:{int(process.stdout.readline())}/mcp"
        process.kill()


@pytest.mark.asyncio
async def test_a_server_over_http_answers_until_it_vanishes_and_nobody_else_is_cancelled(url: str) -> None:
    async with asyncio.timeout(GUARD_S), mcp_tools("http", url=url) as box:
        assert [entry.effect for entry in box.declared] == ["write", "write"]
        assert await box.run(Step("add", {"a": 1, "b": 2}), key="k") == '{"result":3}'
        with pytest.raises(ToolLost):
            await box.run(Step("fall"), key="k")
        with pytest.raises(ToolLost) as lost:
            await box.run(Step("add", {"a": 1, "b": 2}), key="k")
    assert "secret" not in str(lost.value)


@pytest.mark.asyncio
async def test_an_address_where_nobody_answers_is_lost_at_once() -> None:
    with pytest.raises(ToolLost, match=r"the MCP server http://127\.0\.0\.1:9/mcp did not open"):
        async with asyncio.timeout(GUARD_S), mcp_tools("http", url="http://127.0.0.1:9/mcp?key=secret"):
            pass
