"""Two doors, one meaning: a page and a JSON document give the same values and problems."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from server.forms.answers import Read, as_typed, printed, read_json, schema_of
from server.forms.builder import compile_form, read_page
from server.forms.definition import FormSpec

TODAY = date(2026, 9, 7)

hostile = st.sampled_from(
    ["", " ", "0", "3,5", "1 000", "NaN", "1e9", "٣", "a\x00", "\u202eb", "yes", "no", "sport",
     "01.05.2010", "2010-05-01", "8 916 123-45-67", "a@example.org", "Ольга", "<b>", "x" * 400]
)  # fmt: skip
anything = hostile | st.text(max_size=20)
one = anything
several = st.lists(st.sampled_from(["sport", "music", "wood", "chess", ""]), max_size=3)
boxes = st.tuples(*[st.sampled_from(["", "1", "5", "май", "31", "2010", "2030", "x"])] * 3)
documents = st.fixed_dictionaries(
    {},
    optional={
        "nick": one, "goal": one, "club": one, "days": several, "came": one, "born": one | boxes,
        "name": one, "reach": one, "hours": one, "mood": one, "note": one,
    },
)  # fmt: skip


def posted(answers: dict[str, Any]) -> MultiDict[str, str]:
    pairs: list[tuple[str, str]] = []
    for name, answer in answers.items():
        if isinstance(answer, list):
            pairs += [(f"q_{name}", chosen) for chosen in answer]
        elif isinstance(answer, tuple):
            parts = zip(("day", "month", "year"), answer, strict=True)
            pairs += [(f"q_{name}-{part}", box) for part, box in parts]
        else:
            pairs.append((f"q_{name}", answer))
    return MultiDict(pairs)


def as_json(answers: dict[str, Any]) -> dict[str, Any]:
    return {
        name: dict(zip(("day", "month", "year"), answer, strict=True))
        if isinstance(answer, tuple)
        else answer
        for name, answer in answers.items()
    }


def codes(read: Read) -> dict[str, list[str]]:
    return {name: [one.code for one in found] for name, found in read.problems.items()}


@given(answers=documents)
def test_both_doors_read_the_same(form: FormSpec, answers: dict[str, Any]) -> None:
    by_page = read_page(form, posted(answers), today=TODAY)
    by_json = read_json(form, as_json(answers), today=TODAY)

    assert by_page.values == by_json.values
    assert codes(by_page) == codes(by_json)


@given(answers=documents)
def test_what_was_read_is_read_again_as_itself(form: FormSpec, answers: dict[str, Any]) -> None:
    values = read_json(form, as_json(answers), today=TODAY).values

    assert read_json(form, values, today=TODAY).values == values


@given(answers=documents)
def test_nothing_typed_is_lost(form: FormSpec, answers: dict[str, Any]) -> None:
    raw = read_page(form, posted(answers), today=TODAY).raw

    for name, answer in answers.items():
        if name == "note":
            continue
        if isinstance(answer, tuple):
            assert tuple(raw[name].values()) == answer
        else:
            assert raw[name] == answer or raw[name]["day"] == answer


def test_a_problem_does_not_stand_beside_a_value(form: FormSpec) -> None:
    read = read_json(form, {"hours": "много", "nick": "Тёма"}, today=TODAY)

    assert read.values == {"nick": "Тёма"}
    assert codes(read) == {
        "club": ["ANSWER-REQUIRED"],
        "came": ["ANSWER-REQUIRED"],
        "born": ["ANSWER-REQUIRED"],
        "hours": ["ANSWER-NUMBER"],
    }


def test_a_page_brings_more_than_the_form_and_nothing_of_it_is_taken(form: FormSpec) -> None:
    page = MultiDict([("csrf_token", "x"), ("state", "enrolled"), ("q_state", "enrolled")])

    assert read_page(form, page, today=TODAY).values == {}


def test_json_with_a_name_the_form_does_not_know_is_told(form: FormSpec) -> None:
    assert codes(read_json(form, {"state": "enrolled"}, today=TODAY))["state"] == ["ANSWER-UNKNOWN"]


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_json_that_is_no_object_is_told(form: FormSpec, document: object) -> None:
    assert codes(read_json(form, document, today=TODAY)) == {"": ["ANSWER-TYPE"]}


@pytest.mark.parametrize("name", ["process", "meta", "data", "errors", "validate", "csrf"])
def test_names_that_would_break_a_wtforms_class_are_fields_like_others(
    make_form: Callable[..., FormSpec], name: str
) -> None:
    form = make_form({"field": name, "type": "text"})

    read = read_page(form, MultiDict([(f"q_{name}", "ответ")]), today=TODAY)

    assert read.values == {name: "ответ"}


def test_two_requests_share_nothing(form: FormSpec) -> None:
    first = read_page(form, MultiDict([("q_nick", "\x00")]), today=TODAY)
    second = read_page(form, MultiDict([("q_nick", "Тёма")]), today=TODAY)

    assert "nick" in first.problems
    assert "nick" not in second.problems


def test_a_form_is_compiled_once_for_its_content_and_language(
    form: FormSpec, make_form: Callable[..., FormSpec]
) -> None:
    equal = form.model_copy(deep=True)

    assert compile_form(form, "ru") is compile_form(form, "ru") is compile_form(equal, "ru")
    assert compile_form(form, "ru") is not compile_form(form, "en")
    assert compile_form(make_form({"field": "a", "type": "text"}), "ru").spec is not form


def test_the_schema_closes_the_document(form: FormSpec) -> None:
    schema = schema_of(form)

    assert schema["required"] == ["nick", "club", "came", "born"]
    assert schema["additionalProperties"] is False
    assert "note" not in schema["properties"]


def test_answers_are_printed_in_the_order_of_the_form(form: FormSpec) -> None:
    lines = printed(form, {"club": "sport", "born": "2010-05-01"}, "en")

    assert lines[:3] == [("Field nick", ""), ("Field goal", ""), ("Field club", "Sport")]
    assert dict(lines)["Field born"] == "1 May 2010"


def test_stored_answers_are_shown_again_as_if_typed(form: FormSpec) -> None:
    values = {"born": "2010-05-01", "hours": 3.5, "days": ["sport"], "came": "no"}

    assert as_typed(form, values) == {
        "days": ["sport"],
        "came": "no",
        "born": {"day": "1", "month": "5", "year": "2010"},
        "hours": "3.5",
    }
