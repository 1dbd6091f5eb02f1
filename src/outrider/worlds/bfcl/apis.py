"""The eight simulated APIs: their functions, as BFCL documents them, and their classes, imported from its wheel."""

from __future__ import annotations

import contextlib
import decimal
import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from outrider.errors import BadOption
from outrider.model import JSON, Effect
from outrider.worlds.bfcl.effects import EFFECTS
from outrider.worlds.bfcl.package import Package

MODULES: Final = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}
"""Which module, and which file of documentation, each API stands in."""

_WHERE: Final = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"

_TYPES: Final = {"dict": "object", "float": "number"}
"""BFCL's names of types that JSON schema calls otherwise."""

_TEXTS_TOO: Final = ("close_ticket", "ticket_id")
"""A parameter that is documented as a whole number, and is a text in a gold call, where the ticket is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of an API: what it does, the JSON schema of its arguments, and its effect."""

    name: str
    api: str
    does: str
    schema: Mapping[str, JSON] = field(hash=False)
    effect: Effect

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The schema of each parameter, in their order."""
        found = self.schema["properties"]
        assert isinstance(found, dict), "it was made so"
        return found  # type: ignore[return-value]  # JSON does not say that an object's values are objects


def functions(package: Package) -> tuple[Function, ...]:
    """Every function of the eight APIs."""
    return tuple(
        _function(api, row) for api, module in MODULES.items() for row in package.rows(f"multi_turn_func_doc/{module}.json")
    )


def _function(api: str, row: Mapping[str, Any]) -> Function:
    name, schema = row["name"], _schema(row["parameters"]) | {"additionalProperties": False}
    if name == _TEXTS_TOO[0]:
        schema["properties"][_TEXTS_TOO[1]]["type"] = ["integer", "string"]
    does = row["description"].rpartition("Tool description: ")[2].strip()
    return Function(name=name, api=api, does=does, schema=schema, effect=EFFECTS.get(name, "write"))


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    schema = {**given, "type": _TYPES.get(given["type"], given["type"])}
    if "properties" in given:
        schema["properties"] = {name: _schema(inner) for name, inner in given["properties"].items()}
    if "items" in given:
        schema["items"] = _schema(given["items"])
    return schema


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of the APIs, by name, and the module whose precision one of them sets for the whole process."""

    by_name: Mapping[str, type[Any]] = field(hash=False)
    mpmath: ModuleType

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """What is called inside leaves the process's numbers as precise as they were."""
        with decimal.localcontext(), self.mpmath.workdps(self.mpmath.mp.dps):
            yield


def classes(package: Package) -> Classes:
    """The classes, imported from the wheels.

    Raises:
        BadOption: this process has another `bfcl_eval` imported.
    """
    with _found_first(package):
        modules = {api: importlib.import_module(f"{_WHERE}.{module}") for api, module in MODULES.items()}
        mpmath = importlib.import_module("mpmath")
    for module in modules.values():
        if not str(module.__file__).startswith(str(package.evaluation)):
            raise BadOption(
                f"this process has imported another bfcl_eval, {module.__file__}; use the world bfcl in one of its own"
            )
    return Classes({api: getattr(module, api) for api, module in modules.items()}, mpmath)


@contextlib.contextmanager
def _found_first(package: Package) -> Iterator[None]:
    """Imports look into the wheels before anywhere else; what the packages warn of is not ours to mend."""
    before = sys.path[:]
    sys.path[:0] = [str(package.evaluation), str(package.maths)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.path[:] = before
