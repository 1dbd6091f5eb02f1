"""JSON against its schema. Nothing is fetched: a schema that points elsewhere cannot be followed, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outrider.model import JSON


def misfit(value: object, schema: Mapping[str, JSON]) -> str | None:
    """Why ``value`` does not fit ``schema``, in a sentence; ``None`` where it does."""
    from jsonschema.exceptions import best_match  # imported where it is used: it takes a tenth of a second

    try:
        error = best_match(_validator(schema).iter_errors(value))
    except Exception as trouble:  # whatever a schema nobody checked makes the package raise
        return f"its schema cannot be used ({type(trouble).__name__}: {str(trouble)[:200]})"
    if error is None:
        return None
    where = "".join(f"{part}: " for part in error.absolute_path)
    return f"{where}{error.message[:300]}"


def schema_trouble(schema: Mapping[str, JSON]) -> str | None:
    """Why ``schema`` is no JSON schema; ``None`` where it is one."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return str(error.message)[:300]
    return None


def _validator(schema: Mapping[str, JSON]) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(schema, registry=Registry())
