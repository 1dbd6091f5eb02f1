"""The names that are documented are those in the code, and the code's are the conventions'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes

import outrider
from outrider.telemetry import names
from outrider.telemetry.names import ATTRIBUTES

ROOT = Path(__file__).parent.parent.parent
HOUSE = Path(outrider.__file__).parent


def test_the_tables_of_the_page_are_those_of_the_code(script_named: Callable[[str], ModuleType]) -> None:
    text = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    assert script_named("document_telemetry").page(text) == text


def test_every_name_of_the_conventions_is_one_of_theirs() -> None:
    theirs = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")}
    ours = {name for name in ATTRIBUTES if name.startswith("gen_ai.")}
    assert ours <= theirs
    assert names.ERROR_TYPE == error_attributes.ERROR_TYPE
    operations = {each.value for each in gen_ai_attributes.GenAiOperationNameValues}
    assert {names.INVOKE_AGENT, names.EXECUTE_TOOL, names.INVOKE_WORKFLOW} <= operations


def test_names_of_the_conventions_are_in_one_file() -> None:
    elsewhere = [path.name for path in HOUSE.rglob("*.py") if "gen_ai." in path.read_text() and path.name != "names.py"]
    assert elsewhere == []


def test_every_attribute_of_the_file_is_documented() -> None:
    constants = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str) and "." in value}
    assert constants == set(ATTRIBUTES)
