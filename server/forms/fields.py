"""The field types: each rule once, for pages and for JSON alike.

Both doors bring an answer as a list of strings, as a page posts it: nothing typed is an empty
list or empty strings, a date is one string or the three of its boxes. `read_answer` turns that
into a value that JSON can hold, or into problems named once:

    text, long_text, person_name   text in NFC
    contact                        a mail address, or a number in E.164
    one_of, yes_no                 the chosen value, `yes` or `no`
    several_of                     the chosen values, in the order of the form
    date                           `2013-04-11`
    number                         a number: `7`, `3.5`
    scale                          a whole number
    note                           never anything
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from server.forms import json_values as js
from server.forms import parsing
from server.forms.definition import FieldSpec, FieldType
from server.forms.json_values import digits
from server.forms.limits import CHECKS, Check, Value, Wrong
from server.forms.parsing import Raw
from server.kernel.problems import Problem
from server.words.catalogues import translate
from server.words.dates import day_in_digits
from server.words.speech import N_

DATE_BOXES: Final = ("-day", "-month", "-year")
YES, NO = N_("Yes"), N_("No")


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What a field type knows: how to parse, to check, to describe and to print an answer."""

    parse: Callable[[Raw, FieldSpec], Value | None]  # None: nothing was answered
    unpack: Callable[[Any], Raw]  # a JSON value as a page would have posted it
    schema: Callable[[FieldSpec], dict[str, Any]]
    show: Callable[[Value, FieldSpec, str], str]  # in the reader's words, for export and print
    checks: tuple[Check, ...] = ()
    boxes: tuple[str, ...] = ()  # endings of the names of its boxes, where it has several
    answers: bool = True  # False for what only speaks


def read_answer(raw: Raw, spec: FieldSpec, today: date) -> tuple[Value | None, list[Problem]]:
    """The value of an answer, None when there is none, and all that is wrong with it."""
    kind = FIELD_TYPES[spec.type]
    try:
        value = kind.parse(raw, spec)
        if value is None:
            if spec.required and kind.answers:
                raise Wrong("ANSWER-REQUIRED", type=spec.type)
            return None, []
        for check in kind.checks:
            CHECKS[check](value, spec, today)
    except Wrong as wrong:
        return None, [Problem(wrong.code, wrong.facts, at=spec.field)]
    return value, []


def read_json_answer(
    given: Any, spec: FieldSpec, today: date
) -> tuple[Value | None, list[Problem]]:
    """The same for an answer that came as JSON; null is no answer."""
    try:
        raw = () if given is None else FIELD_TYPES[spec.type].unpack(given)
    except Wrong as wrong:
        return None, [Problem(wrong.code, wrong.facts, at=spec.field)]
    return read_answer(raw, spec, today)


def json_schema(spec: FieldSpec) -> dict[str, Any]:
    """JSON Schema of the answer: of its plain spelling; the parsers take more of them."""
    return FIELD_TYPES[spec.type].schema(spec)


def export(value: Value, spec: FieldSpec, locale: str) -> str:
    """The answer as a person reads it: labels for choices, a date in the reader's digits."""
    return FIELD_TYPES[spec.type].show(value, spec, locale)


def typed(value: Value, spec: FieldSpec) -> Any:
    """The stored value as if it had just been typed: what a page shows when it is opened again."""
    if spec.type == "date":
        year, month, day = str(value).split("-")
        return {"day": str(int(day)), "month": str(int(month)), "year": year}
    return value if isinstance(value, list) else digits(value)


def _show_text(value: Value, _spec: FieldSpec, _locale: str) -> str:
    return str(value)


def _show_choice(value: Value, spec: FieldSpec, locale: str) -> str:
    if spec.choices is None:
        said = YES if value == "yes" else NO
        return translate(locale, said)
    labels = {choice.value: choice.label.in_(locale) for choice in spec.choices.options}
    # An option that a later version dropped is still what was answered.
    return labels.get(str(value), str(value))


def _show_choices(value: Value, spec: FieldSpec, locale: str) -> str:
    chosen = value if isinstance(value, list) else [str(value)]
    return "; ".join(_show_choice(one, spec, locale) for one in chosen)


def _show_date(value: Value, _spec: FieldSpec, locale: str) -> str:
    return day_in_digits(date.fromisoformat(str(value)), locale)


def _show_number(value: Value, _spec: FieldSpec, locale: str) -> str:
    return digits(value).replace(".", "," if locale == "ru" else ".")


FIELD_TYPES: Final[Mapping[FieldType, FieldKind]] = MappingProxyType(
    {
        "text": FieldKind(
            parsing.parse_text, js.unpack_text, js.text_schema, _show_text, ("max_length",)
        ),
        "long_text": FieldKind(
            parsing.parse_long_text, js.unpack_text, js.text_schema, _show_text, ("max_length",)
        ),
        "person_name": FieldKind(
            parsing.parse_person_name, js.unpack_text, js.text_schema, _show_text, ("max_length",)
        ),
        "contact": FieldKind(
            parsing.parse_contact_typed, js.unpack_text, js.contact_schema, _show_text
        ),
        "one_of": FieldKind(parsing.parse_one_of, js.unpack_text, js.choice_schema, _show_choice),
        "several_of": FieldKind(
            parsing.parse_several_of, js.unpack_list, js.choices_schema, _show_choices
        ),
        "yes_no": FieldKind(parsing.parse_one_of, js.unpack_yes_no, js.choice_schema, _show_choice),
        "date": FieldKind(
            parsing.parse_date,
            js.unpack_date,
            js.date_schema,
            _show_date,
            ("date_limits",),
            boxes=DATE_BOXES,
        ),
        "number": FieldKind(
            parsing.parse_number, js.unpack_number, js.number_schema, _show_number, ("range",)
        ),
        "scale": FieldKind(
            parsing.parse_scale, js.unpack_number, js.number_schema, _show_number, ("range",)
        ),
        "note": FieldKind(
            parsing.parse_nothing, js.unpack_nothing, js.nothing_schema, _show_text, answers=False
        ),
    }
)
