"""Answers as JSON: each value unpacked into what a page would have posted, and its JSON Schema."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from server.forms.definition import FieldSpec
from server.forms.limits import Value, Wrong, limits_of, longest_of, options_of
from server.forms.parsing import MOST_DIGITS, Raw


def unpack_text(given: Any) -> Raw:
    """A string."""
    if not isinstance(given, str):
        raise Wrong("ANSWER-TYPE", expected="string")
    return (given,)


def unpack_list(given: Any) -> Raw:
    """An array of strings."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Wrong("ANSWER-TYPE", expected="array")
    return given


def unpack_yes_no(given: Any) -> Raw:
    """A boolean, or the string of an option."""
    if isinstance(given, bool):
        return ("yes",) if given else ("no",)
    return unpack_text(given)


def unpack_number(given: Any) -> Raw:
    """A number, or a string as a person would type one."""
    if isinstance(given, str):
        return (given,)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Wrong("ANSWER-TYPE", expected="number")
    # JSON as Python reads it may hold NaN and Infinity, and whole numbers of any length.
    if not abs(given) < 10**MOST_DIGITS:
        raise Wrong("ANSWER-NUMBER")
    return (digits(given),)


def unpack_date(given: Any) -> Raw:
    """A string, or an object of day, month and year."""
    if isinstance(given, dict):
        boxes = [given.get(name) for name in ("day", "month", "year")]
        return ["" if box is None else str(box) for box in boxes]
    return unpack_text(given)


def unpack_nothing(_given: Any) -> Raw:
    """Nothing, whatever was given."""
    return ()


def digits(number: Value) -> str:
    """A number without exponent; any other value as text."""
    if isinstance(number, float):
        plain = format(Decimal(repr(number)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return str(number)


def text_schema(spec: FieldSpec) -> dict[str, Any]:
    """Any text up to its longest."""
    return {"type": "string", "maxLength": longest_of(spec)}


def contact_schema(_spec: FieldSpec) -> dict[str, Any]:
    """A text that both kinds of contact fit in."""
    return {
        "type": "string",
        "description": "a mail address, or a telephone number",
        "maxLength": 254,
    }


def choice_schema(spec: FieldSpec) -> dict[str, Any]:
    """One of the options."""
    return {"enum": list(options_of(spec))}


def choices_schema(spec: FieldSpec) -> dict[str, Any]:
    """Some of the options, each once."""
    return {"type": "array", "items": choice_schema(spec), "uniqueItems": True}


def date_schema(spec: FieldSpec) -> dict[str, Any]:
    """A day; its limits may hang on today, so they stand beside the schema."""
    limits = {"x-from": spec.min, "x-to": spec.max}
    return {"type": "string", "format": "date"} | {
        name: str(limit) for name, limit in limits.items() if limit is not None
    }


def number_schema(spec: FieldSpec) -> dict[str, Any]:
    """A number within its limits, whole for a scale."""
    least, most = limits_of(spec)
    limits = {"minimum": least, "maximum": most}
    return {"type": "integer" if spec.type == "scale" else "number"} | {
        name: limit for name, limit in limits.items() if limit is not None
    }


def nothing_schema(_spec: FieldSpec) -> dict[str, Any]:
    """A note is no question and has no answer."""
    return {"type": "null"}
