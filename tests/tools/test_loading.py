"""A toolbox from a word: a file, a module, an MCP server, or an error that says what is wrong with it."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from outrider.errors import BadOption, ToolLost
from outrider.model import Declared, Step
from outrider.tools import toolbox_from

SERVER = str(Path(__file__).parent / "mcp_server.py")

DECORATED = '''
from __future__ import annotations
from dataclasses import dataclass
from outrider.tools import tool

@dataclass
class Place:
    name: str

@tool(effect="none")
def look(place: Place) -> str:
    """Looks."""
    return place.name

@tool
def go(place: Place) -> None:
    """Goes."""
'''
LISTED = "from beside import go\n\ntools = [go]\n"
BOXED = "from outrider.tools import Toolbox\nfrom beside import go\ntools = 3\ntoolbox = Toolbox([go])\n"


async def declared(text: str, **options: Any) -> tuple[Declared, ...]:
    async with toolbox_from(text, **options) as toolbox:
        return toolbox.declared


def write(file: Path, source: str) -> None:
    file.write_text(source)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("def go(x: int) -> int:\n    return x\n")
    return tmp_path / "mine.py"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("source", "found"),
    [(DECORATED, (Declared("look", "none"), Declared("go"))), (LISTED, (Declared("go"),)), (BOXED, (Declared("go"),))],
)
async def test_a_file_gives_its_toolbox_its_list_or_every_tool_in_it(
    file: Path, source: str, found: tuple[Declared, ...]
) -> None:
    write(file, source)
    assert await declared(str(file)) == found
    sys.modules.pop("beside", None)


@pytest.mark.asyncio
async def test_the_users_own_list_decides_over_a_file(file: Path) -> None:
    write(file, DECORATED)
    assert await declared(str(file), effects={"go": "read"}, approvals={"go": "always"}) == (
        Declared("look", "none"),
        Declared("go", "read", "always"),
    )


@pytest.mark.asyncio
async def test_a_tool_of_a_file_runs(file: Path) -> None:
    write(file, DECORATED)
    async with toolbox_from(str(file)) as toolbox:
        assert await toolbox.run(Step("look", {"place": {"name": "here"}}), key="k") == "here"


@pytest.mark.asyncio
async def test_a_module_of_the_folder_one_is_in_is_found(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "package_of_mine").mkdir()
    (file.parent / "package_of_mine" / "work.py").write_text(DECORATED)
    monkeypatch.chdir(file.parent)
    before = list(sys.path)
    assert await declared("package_of_mine.work") == (Declared("look", "none"), Declared("go"))
    assert sys.path == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "has no tools: put @tool on a function"),
        ("tools = []", r"tools in .* is \[\]; give a list"),
        ("tools = 'look'", "give a list of tools or functions"),
        ("tools = [3]", "give a list of tools or functions"),
        ("def look(:", "cannot be imported: SyntaxError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("raise SystemExit(2)", "cannot be imported: SystemExit: 2"),
        ("import no_such_module_of_mine", "needs the module no_such_module_of_mine"),
        ("from outrider.tools import tool\n@tool\ndef look(x): ...", "the parameter 'x' of look has no annotation"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(file: Path, source: str, said: str) -> None:
    write(file, source)
    with pytest.raises(BadOption, match=said):
        await declared(str(file))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no/such/file.py", "there is no file no/such/file.py"),
        ("no_such_package.tools", "there is no module no_such_package.tools"),
        ("json.no_such_tools", "there is no module json.no_such_tools"),
        ("what is this?", "names no tools"),
        ("", "names no tools"),
        ("mcp:", "give command="),
        ("mcp:'", "cannot be split into words"),
        ("mcp:/no-such-program", "cannot be started"),
        ("mcp+ftp://x", "give url="),
    ],
)
async def test_a_word_that_names_no_tools_says_so(text: str, said: str) -> None:
    with pytest.raises(BadOption, match=said):
        await declared(text)


@pytest.mark.asyncio
async def test_a_command_is_an_mcp_server_which_is_trusted_only_where_somebody_says_so(tmp_path: Path) -> None:
    text = f"mcp:{shlex.join([sys.executable, SERVER, str(tmp_path)])}"
    async with asyncio.timeout(120):
        assert {entry.effect for entry in await declared(text)} == {"write"}
        assert {entry.effect for entry in await declared(text, trusted=True)} == {"none", "read", "write"}


@pytest.mark.asyncio
async def test_an_address_is_an_mcp_server() -> None:
    with pytest.raises(ToolLost, match=r"http://127\.0\.0\.1:9/mcp"):
        await declared("mcp+http://127.0.0.1:9/mcp")
