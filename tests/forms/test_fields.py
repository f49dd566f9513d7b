"""What people type, and what it means: a table for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from server.forms.definition import FieldSpec, FormSpec
from server.forms.fields import export, json_schema, read_answer, read_json_answer, typed
from server.kernel.problems import Problem

TODAY = date(2026, 9, 7)
Field = Callable[..., FieldSpec]


@pytest.fixture
def field(make_form: Callable[..., FormSpec]) -> Field:
    return lambda kind, **more: make_form({"field": "x", "type": kind} | more).fields[0]


OPTIONS = {
    "options": [
        {"value": "sport", "label": {"ru": "Спорт"}},
        {"value": "music", "label": {"ru": "Музыка"}},
    ]
}


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", ["  две   строки\nв одной "], "две строки в одной"),
        ("text", ["и\u0306од"], "йод"),
        ("text", ["мягкий\u00adперенос\u200b"], "мягкийперенос"),
        ("text", ["<script>{{7*7}}</script>"], "<script>{{7*7}}</script>"),  # inert when shown
        ("text", ["👨‍👩‍👧"], "👨‍👩‍👧"),
        ("text", ["  "], None),
        ("text", [], None),
        ("long_text", ["раз \r\nдва\r\n\r\n"], "раз\nдва"),
        ("person_name", ["  Смирнова-Ли   О’Нил Ольга "], "Смирнова-Ли О’Нил Ольга"),
        ("person_name", ["Nguyễn Thị Ánh"], "Nguyễn Thị Ánh"),
        ("person_name", ["Ива́нов"], "Ива́нов"),  # a stress mark that no letter holds
        ("contact", ["8 (916) 123-45-67"], "+79161234567"),
        ("contact", ["\u202a+7 916 123-45-67\u202c"], "+79161234567"),  # from an address book
        ("contact", [" Olga@Example.org "], "Olga@example.org"),
        ("number", ["7"], 7),
        ("number", ["3,5"], 3.5),
        ("number", ["3.50"], 3.5),
        ("number", ["1 000"], 1000),
        ("number", ["1\u00a0000\u202f000,25"], 1000000.25),
        ("number", ["-0"], 0),
        ("number", ["\u22125"], -5),
        ("number", ["１２"], 12),  # full width
        ("scale", ["4"], 4),
        ("date", ["01.05.2010"], "2010-05-01"),
        ("date", ["1/5/2010"], "2010-05-01"),
        ("date", ["2010-05-01"], "2010-05-01"),
        ("date", ["1 мая 2010 г."], "2010-05-01"),
        ("date", ["1 May 2010"], "2010-05-01"),
        ("date", ["1", "5", "2010"], "2010-05-01"),
        ("date", ["01", "май", "2010"], "2010-05-01"),
        ("date", ["29", "2", "2012"], "2012-02-29"),
        ("date", ["", " ", ""], None),
        ("date", [""], None),
        ("one_of", ["sport"], "sport"),
        ("one_of", [""], None),
        ("several_of", ["music", "sport", "music", ""], ["sport", "music"]),
        ("several_of", [], None),
        ("yes_no", ["no"], "no"),
        ("note", ["anything"], None),
    ],
)
def test_what_is_typed_becomes_a_value(field: Field, kind: str, raw: list[str], value: Any) -> None:
    spec = field(kind, choices=OPTIONS if kind in ("one_of", "several_of") else None)

    assert read_answer(raw, spec, TODAY) == (value, [])


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("text", ["a\x00b"], "ANSWER-CHARACTERS"),
        ("text", ["\ud800"], "ANSWER-CHARACTERS"),
        ("text", ["\u202eперевёрнуто"], "ANSWER-CHARACTERS"),
        ("text", ["a\u2066b"], "ANSWER-CHARACTERS"),
        ("text", ["x" * 10_000], "ANSWER-LONG"),
        ("text", ["a", "b"], "ANSWER-TWICE"),
        ("long_text", ["a\x1b[31m"], "ANSWER-CHARACTERS"),
        ("long_text", ["x" * 4001], "ANSWER-LONG"),
        ("person_name", ["Ы" * 10_000], "ANSWER-LONG"),
        ("person_name", ["<b>Ольга</b>"], "ANSWER-NAME"),
        ("person_name", ["Ольга 2"], "ANSWER-NAME"),
        ("person_name", ["=1+1"], "ANSWER-NAME"),
        ("person_name", ["---"], "ANSWER-NAME"),
        ("person_name", ["О\u200dльга"], "ANSWER-NAME"),
        ("person_name", ["Ольга\u202eагьлО"], "ANSWER-CHARACTERS"),
        ("contact", ["мама"], "ANSWER-CONTACT"),
        ("contact", ["8 495 123-45-67"], "ANSWER-CONTACT"),
        ("number", ["NaN"], "ANSWER-NUMBER"),
        ("number", ["Infinity"], "ANSWER-NUMBER"),
        ("number", ["1e400"], "ANSWER-NUMBER"),
        ("number", ["1_000"], "ANSWER-NUMBER"),
        ("number", ["٣"], "ANSWER-NUMBER"),  # an Arabic digit
        ("number", ["1,000"], "ANSWER-NUMBER"),  # one or a thousand? nobody may guess
        ("number", ["1 00"], "ANSWER-NUMBER"),
        ("number", ["1.2.3"], "ANSWER-NUMBER"),
        ("number", ["9" * 16], "ANSWER-NUMBER"),
        ("number", ["семь"], "ANSWER-NUMBER"),
        ("scale", ["6"], "ANSWER-RANGE"),
        ("scale", ["0"], "ANSWER-RANGE"),
        ("scale", ["2,5"], "ANSWER-CHOICE"),
        ("date", ["31.02.2010"], "ANSWER-DATE"),
        ("date", ["01.05.10"], "ANSWER-DATE"),  # which century?
        ("date", ["1", "13", "2010"], "ANSWER-DATE"),
        ("date", ["1", "мартобря", "2010"], "ANSWER-DATE"),
        ("date", ["1", "5", "20100"], "ANSWER-DATE"),
        ("date", ["1", "5", "1010"], "ANSWER-DATE"),
        ("date", ["1", "5", "1800"], "ANSWER-DATE-EARLY"),  # there is such a date: long ago
        ("date", ["31.12.1899"], "ANSWER-DATE-EARLY"),
        ("date", ["2999-05-01"], "ANSWER-DATE-LATE"),
        ("date", ["١", "5", "2010"], "ANSWER-DATE"),
        ("date", ["9" * 10_000, "1", "2010"], "ANSWER-DATE"),
        ("date", ["вчера"], "ANSWER-DATE"),
        ("date", ["1", "", "2010"], "ANSWER-DATE-PART"),
        ("date", ["1", "2", "3", "4"], "ANSWER-TWICE"),
        ("one_of", ["chess"], "ANSWER-CHOICE"),
        ("one_of", ["sport", "music"], "ANSWER-TWICE"),
        ("several_of", ["sport", "chess"], "ANSWER-CHOICE"),
        ("yes_no", ["maybe"], "ANSWER-CHOICE"),
        ("yes_no", ["yes", "no"], "ANSWER-TWICE"),
    ],
)
def test_what_cannot_be_taken_is_named(field: Field, kind: str, raw: list[str], code: str) -> None:
    spec = field(kind, choices=OPTIONS if kind in ("one_of", "several_of") else None)

    value, problems = read_answer(raw, spec, TODAY)

    assert (value, [problem.code for problem in problems]) == (None, [code])
    assert problems[0].at == "x"


@pytest.mark.parametrize(
    "kind",
    ["text", "long_text", "person_name", "contact", "number", "scale", "date", "one_of",
     "several_of", "yes_no"],
)  # fmt: skip
def test_a_required_answer_that_is_missing_is_a_problem(field: Field, kind: str) -> None:
    for raw in ([], [""], ["", "", ""]) if kind == "date" else ([], [""]):
        assert read_answer(raw, field(kind, required=True), TODAY) == (
            None,
            [Problem("ANSWER-REQUIRED", {"type": kind}, at="x")],
        )


def test_a_note_is_never_missing(field: Field) -> None:
    assert read_answer([], field("note", required=True), TODAY) == (None, [])


@pytest.mark.parametrize(
    ("limits", "typed_date", "code"),
    [
        ({"max": "today"}, "07.09.2026", None),
        ({"max": "today"}, "08.09.2026", "ANSWER-DATE-LATE"),
        ({"min": "today"}, "07.09.2026", None),
        ({"min": "today"}, "06.09.2026", "ANSWER-DATE-EARLY"),
        ({"min": date(2008, 1, 1)}, "31.12.2007", "ANSWER-DATE-EARLY"),
        ({"max": date(2008, 1, 1)}, "02.01.2008", "ANSWER-DATE-LATE"),
    ],
)
def test_dates_keep_their_limits(
    field: Field, limits: dict[str, Any], typed_date: str, code: str | None
) -> None:
    _, problems = read_answer([typed_date], field("date", **limits), TODAY)

    assert [problem.code for problem in problems] == ([code] if code else [])


@pytest.mark.parametrize(
    ("limits", "number", "good"),
    [
        ({"min": 1}, "0,5", False),
        ({"min": 1}, "1", True),
        ({"max": 10}, "10,1", False),
        ({"min": 0, "max": 0}, "0", True),
    ],
)
def test_numbers_keep_their_range(
    field: Field, limits: dict[str, int], number: str, good: bool
) -> None:
    _, problems = read_answer([number], field("number", **limits), TODAY)

    assert (problems == []) is good


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("number", 7, 7),
        ("number", 7.0, 7),
        ("number", 3.5, 3.5),
        ("number", 1e-7, 1e-7),
        ("number", "3,5", 3.5),
        ("scale", 4, 4),
        ("yes_no", True, "yes"),
        ("yes_no", False, "no"),
        ("date", "2010-05-01", "2010-05-01"),
        ("date", {"day": 1, "month": "5", "year": 2010}, "2010-05-01"),
        ("several_of", ["music", "sport"], ["sport", "music"]),
        ("text", None, None),
        ("note", "anything", None),
    ],
)
def test_json_values_mean_what_a_page_means(
    field: Field, kind: str, given: Any, value: Any
) -> None:
    spec = field(kind, choices=OPTIONS if kind == "several_of" else None)

    assert read_json_answer(given, spec, TODAY) == (value, [])


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("text", 7, "ANSWER-TYPE"),
        ("text", ["a"], "ANSWER-TYPE"),
        ("number", True, "ANSWER-TYPE"),
        ("number", [], "ANSWER-TYPE"),
        ("number", float("nan"), "ANSWER-NUMBER"),
        ("number", float("inf"), "ANSWER-NUMBER"),
        pytest.param("number", 10**400, "ANSWER-NUMBER", id="number-huge"),
        ("scale", 2.5, "ANSWER-CHOICE"),
        ("yes_no", 1, "ANSWER-TYPE"),
        ("several_of", "sport", "ANSWER-TYPE"),
        ("several_of", [1], "ANSWER-TYPE"),
        ("date", 20100501, "ANSWER-TYPE"),
        ("date", {"day": 1}, "ANSWER-DATE-PART"),
        ("date", {"day": True, "month": 1, "year": 2010}, "ANSWER-DATE"),
    ],
)
def test_json_of_another_type_is_named(field: Field, kind: str, given: Any, code: str) -> None:
    spec = field(kind, choices=OPTIONS if kind == "several_of" else None)

    assert [problem.code for problem in read_json_answer(given, spec, TODAY)[1]] == [code]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("text", "как есть", "как есть"),
        ("date", "2010-05-01", "01.05.2010"),
        ("number", 3.5, "3,5"),
        ("number", 1000000.0, "1000000"),
        ("one_of", "sport", "Спорт"),
        ("one_of", "dropped_later", "dropped_later"),
        ("several_of", ["sport", "music"], "Спорт; Музыка"),
    ],
)
def test_an_answer_is_printed_in_the_readers_words(
    field: Field, kind: str, value: Any, shown: str
) -> None:
    spec = field(kind, choices=OPTIONS if kind in ("one_of", "several_of") else None)

    assert export(value, spec, "ru") == shown


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("date", ["01.05.2010"]),
        ("number", ["3,5"]),
        ("several_of", ["sport"]),
        ("yes_no", ["no"]),
        ("scale", ["5"]),
    ],
)
def test_a_stored_value_can_be_typed_again(field: Field, kind: str, raw: list[str]) -> None:
    spec = field(kind, choices=OPTIONS if kind == "several_of" else None)
    value, _ = read_answer(raw, spec, TODAY)
    assert value is not None

    again = typed(value, spec)

    boxes = list(again.values()) if isinstance(again, dict) else again
    assert read_answer(boxes if isinstance(boxes, list) else [boxes], spec, TODAY) == (value, [])


@pytest.mark.parametrize(
    ("kind", "more", "schema"),
    [
        ("text", {"max_length": 20}, {"type": "string", "maxLength": 20}),
        ("scale", {}, {"type": "integer", "minimum": 1, "maximum": 5}),
        ("number", {"min": 2}, {"type": "number", "minimum": 2}),
        ("yes_no", {}, {"enum": ["yes", "no"]}),
        ("date", {"max": "today"}, {"type": "string", "format": "date", "x-to": "today"}),
        ("several_of", {"choices": OPTIONS}, {
            "type": "array", "items": {"enum": ["sport", "music"]}, "uniqueItems": True,
        }),
    ],
)  # fmt: skip
def test_the_schema_says_the_same_limits(
    field: Field, kind: str, more: dict[str, Any], schema: dict[str, Any]
) -> None:
    assert json_schema(field(kind, **more)) == schema
