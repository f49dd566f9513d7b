"""Answers to a form: what was read, what is wrong, what was typed; and the JSON door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server.forms.definition import FormSpec
from server.forms.fields import FIELD_TYPES, export, json_schema, read_json_answer, typed
from server.forms.limits import Value
from server.kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class Read:
    """Answers that came through one of the doors.

    `values` holds what was answered well, by field, as JSON can hold it; a field without an answer
    is not in it. `problems` holds what is wrong, by field. `raw` holds what was typed, as a page
    shows it again: a string, a list of chosen values, or the boxes of a date.
    """

    values: dict[str, Value] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def read_json(form: FormSpec, document: Any, *, today: date) -> Read:
    """The answers of a JSON object by field; a name that the form does not know is a problem.

    `today` is the day at the school: dates may be limited by it.
    """
    if not isinstance(document, Mapping):
        return Read(problems={"": [Problem("ANSWER-TYPE", {"expected": "object"})]})
    found = Read(raw=dict(document))
    for spec in form.fields:
        value, problems = read_json_answer(document.get(spec.field), spec, today)
        if problems:
            found.problems[spec.field] = problems
        elif value is not None:
            found.values[spec.field] = value
    for name in document.keys() - {spec.field for spec in form.fields}:
        found.problems[str(name)] = [Problem("ANSWER-UNKNOWN", {"field": str(name)[:80]})]
    return found


def schema_of(form: FormSpec) -> dict[str, Any]:
    """JSON Schema of the answers to a form."""
    asked = [spec for spec in form.fields if FIELD_TYPES[spec.type].answers]
    return {
        "type": "object",
        "properties": {spec.field: json_schema(spec) for spec in asked},
        "required": [spec.field for spec in asked if spec.required],
        "additionalProperties": False,
    }


def as_typed(form: FormSpec, values: Mapping[str, Value]) -> dict[str, Any]:
    """Stored answers as `Read.raw`: for a page that opens them again."""
    return {
        spec.field: typed(values[spec.field], spec) for spec in form.fields if spec.field in values
    }


def printed(form: FormSpec, values: Mapping[str, Value], locale: str) -> list[tuple[str, str]]:
    """Label and answer in the reader's words, in the order of the form; empty without one."""
    return [
        (
            spec.label.in_(locale),
            export(values[spec.field], spec, locale) if spec.field in values else "",
        )
        for spec in form.fields
        if FIELD_TYPES[spec.type].answers
    ]
