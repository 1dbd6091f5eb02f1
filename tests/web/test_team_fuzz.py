"""Whatever is sent to whatever address, by whomever: no answer is a bug, and every refusal is JSON with a sentence.

The bodies are drawn from docs/openapi.json and spoilt. docs/threat-model.md says how schemathesis does the same, for longer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.testing import run
from outrider.web.rooms import Rooms

from .asking import HOST, Said, tea
from .teams import team_served

ROOT = Path(__file__).parent.parent.parent


def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return found


def fields_in(schema: dict[str, Any]) -> list[str]:
    return sorted({name for one in schema.get("oneOf", [schema]) for name in one["properties"]})


BODIES = {
    path: fields_in(operations["post"]["requestBody"]["content"]["application/json"]["schema"])
    for path, operations in described()["paths"].items()
    if "post" in operations
}
COMMANDS = [
    one["properties"]["command"]["const"]
    for one in described()["paths"]["/api/sessions/{name}/commands"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]["oneOf"]
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([2**70, 1e308, "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(["free", "openagi", "exact", "auto", "tea", "p95", "direct@local", "recall", "x", 0, 1, -1, 2, True])


def body(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields with values that may even make sense, and now and then one that there is not."""
    return st.dictionaries(st.sampled_from([*fields, "tusk"]), LIKELY | JSON_VALUES, max_size=6)


REQUESTS = st.one_of(
    st.tuples(st.just("POST"), st.just("/api/sessions"), body(BODIES["/api/sessions"])),
    st.tuples(
        st.just("POST"), st.just("/api/sessions/tea/commands"),
        st.builds(
            lambda made, name: {"id": "x" + json.dumps(made)[:50], **made, "command": name},
            body(BODIES["/api/sessions/{name}/commands"]), st.sampled_from(COMMANDS),
        ),
    ),
    st.tuples(
        st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE"]),
        st.sampled_from([path.replace("{name}", "tea") for path in described()["paths"] if "stream" not in path])
        | st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=30).map(lambda text: f"/{text}"),
        JSON_VALUES,
    ),
)  # fmt: skip


@pytest.mark.parametrize("who", ["wil", "ada", "root"])
def test_whatever_is_sent_no_answer_is_a_bug_and_every_refusal_is_a_sentence(
    who: str, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(REQUESTS, min_size=1, max_size=4))
    def fuzzed(requests: list[tuple[str, str, Any]]) -> None:
        async def main() -> None:
            async with team_served(tmp_path_factory.mktemp("team"), rooms=Rooms(1)) as server:
                await server.desk.begin(tea(server.desk.journal), server.user("ada"))
                for method, path, asked in requests:
                    if "events" not in path:  # a stream answers as long as the session lasts
                        checked(await server.clients[who].ask(method, path, body=json.dumps(asked).encode(), headers=HEADERS))

        run(main())

    fuzzed()
    assert "Traceback" not in capsys.readouterr().err


HEADERS = {"host": HOST, "content-type": "application/json"}


def checked(said: Said) -> None:
    assert said.status < 500, said.body
    if said.status >= 400 and said.body and said.headers["content-type"].startswith("application/json"):
        error = said.json["error"]
        assert error["kind"] != "bug"
        assert len(error["message"]) > 10
        assert b"Traceback" not in said.body


def test_the_openapi_document_is_what_the_api_has(script_named: Callable[[str], ModuleType]) -> None:
    script = script_named("write_openapi")
    assert (ROOT / "docs" / "openapi.json").read_text() == script.text(), "run python scripts/write_openapi.py"
