"""One environment variable: what the README says about it, and what is told when it is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined


@dataclass(frozen=True, slots=True)
class Variable:
    """A row of the README's table."""

    name: str
    default: str
    unit: str
    description: str
    zero_meaning: str


def variable(
    default: Any,
    description: str,
    *,
    unit: str = "",
    zero: str = "",
    shown: str = "",
    accepts: str = "",
    **bounds: Any,
) -> Any:
    """A pydantic field that also carries what people are told about it.

    ``zero`` says what 0 means, ``shown`` replaces a default that depends on the host, ``accepts``
    replaces the sentence that is otherwise made from the bounds.
    """
    extra: dict[str, Any] = {"unit": unit, "zero": zero, "shown": shown, "accepts": accepts}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


def describe(name: str, field: FieldInfo) -> Variable:
    """The row of the README's table for the field ``name``."""
    return Variable(
        name=name.upper(),
        default=_extra(field, "shown") or _show(field.default),
        unit=_extra(field, "unit"),
        description=field.description or "",
        zero_meaning=_extra(field, "zero"),
    )


def explain(name: str, field: FieldInfo, given: object, details: ErrorDetails) -> str:
    """One problem for a person: the variable, what is wrong with it, what is accepted.

    ``given`` is what was set, None for the default; it is shown unless the field is a secret.
    """
    if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())):
        what = "the value"
    elif given is None:
        what = f"the default {_show(field.default)}".rstrip()
    else:
        what = repr(re.sub(r"//[^/@\s]*@", "//***@", str(given))[:80])
    match details["type"]:
        case "value_error":
            wrong = str(details["ctx"]["error"])
        case "int_parsing" | "int_from_float":
            wrong = "is not a whole number"
        case "float_parsing" | "finite_number":
            wrong = "is not a number"
        case "greater_than_equal" | "greater_than":
            wrong = "is too small"
        case "less_than_equal" | "int_parsing_size":
            wrong = "is too large"
        case "too_short" | "string_too_short":
            wrong = "is too short"
        case _:
            wrong = "is not understood"
    return f"{name.upper()}: {what} {wrong}; accepted: {_accepts(field)}"


def _accepts(field: FieldInfo) -> str:
    if text := _extra(field, "accepts"):
        return text
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(kind)
    bounds = {type(bound).__name__: bound for bound in field.metadata}
    low = f"from {bounds['Ge'].ge} to" if "Ge" in bounds else f"above {bounds['Gt'].gt} up to"
    number = "a number" if kind is float else "a whole number"
    return f"{number} {low} {bounds['Le'].le} {_extra(field, 'unit')}".rstrip()


def _extra(field: FieldInfo, key: str) -> str:
    extra = field.json_schema_extra
    return str(extra[key]) if isinstance(extra, dict) else ""


def _show(default: object) -> str:
    """A default as one would write it into the environment."""
    if default is None or default is PydanticUndefined:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default)
