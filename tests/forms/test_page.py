"""The compiled page is the macro's page, letter by letter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.definition import FormSpec
from server.forms.page import CompiledPage, FieldView, compile_page, view_of
from server.kernel.problems import Problem
from server.words.answers import say_answer_problem

RenderRow = Callable[[FieldView], str]

text = st.text(max_size=30) | st.sampled_from(['"><img onerror=x>', "{{7*7}}", "&amp;", "a\nb"])
option = st.sampled_from(["sport", "music", "wood", "chess", "yes", "no", "1", "5", "9", ""])
typed = st.fixed_dictionaries(
    {},
    optional={
        "nick": text, "goal": text, "name": text, "reach": text, "hours": text,
        "club": option, "came": option, "mood": option,
        "days": st.lists(option, max_size=4),
        "born": st.fixed_dictionaries({"day": text, "month": text, "year": text}),
    },
)  # fmt: skip
problem = st.sampled_from(
    [
        Problem("ANSWER-TWICE"),
        Problem("ANSWER-CHOICE"),
        Problem("ANSWER-TYPE", {"expected": "<b>"}),
    ]
)
wrong = st.dictionaries(
    st.sampled_from(["nick", "goal", "club", "days", "came", "born", "name", "hours", "mood"]),
    st.lists(problem, max_size=3),
)


@pytest.fixture(scope="module")
def page(form: FormSpec, field_row: RenderRow) -> CompiledPage:
    return compile_page(field_row, form, "en")


def drawn(
    form: FormSpec,
    field_row: RenderRow,
    answers: dict[str, Any],
    problems: dict[str, list[Problem]],
) -> str:
    """The same page by the macro itself."""
    rows = []
    for spec in form.fields:
        view = view_of(spec, "en")
        said = [say_answer_problem(one, view.label, "en") for one in problems.get(spec.field, [])]
        rows.append(field_row(replace(view, value=answers.get(spec.field), errors=said)) + "\n")
    return "".join(rows)


@given(answers=typed, problems=wrong)
def test_a_compiled_page_is_what_the_macro_draws(
    form: FormSpec,
    field_row: RenderRow,
    page: CompiledPage,
    answers: dict[str, Any],
    problems: dict[str, list[Problem]],
) -> None:
    assert page.render(answers, problems) == drawn(form, field_row, answers, problems)


def test_an_untouched_page_has_nothing_chosen(page: CompiledPage) -> None:
    blank = page.render({}, {})

    for preset in (" checked", " selected", 'value="x'):
        assert preset not in blank
    assert 'name="q_nick" id="f-q_nick"' in blank
    assert 'value=""' in blank


def test_what_was_typed_comes_back_escaped(page: CompiledPage) -> None:
    shown = page.render({"nick": '"><script>'}, {})

    assert "<script>" not in shown
    assert "&#34;&gt;&lt;script&gt;" in shown


def test_the_error_summary_leads_to_the_fields(page: CompiledPage) -> None:
    problems = {
        "born": [Problem("ANSWER-REQUIRED", {"type": "date"})],
        "nick": [Problem("ANSWER-TWICE")],
    }

    assert page.summary(problems) == [
        ("f-q_nick", "“Field nick”: give one answer only."),
        ("f-q_born", "Give the date: “Field born”."),
    ]


def test_who_reads_an_answer_stands_above_it(page: CompiledPage) -> None:
    assert "Who will read it: tutor, coordinator" in page.render({}, {})


def attribute_and_text(view: FieldView) -> str:
    return json.dumps([view.name, view.value, view.errors])


def value_left_out(view: FieldView) -> str:
    return f"{view.name} {view.errors}"


def choice_marked_twice(view: FieldView) -> str:
    marks = "".join(f"[{one}{'*' if one == view.value else ''}]" for one, _ in view.choices or [])
    return f"{marks}{view.value}{view.errors}"


def errors_in_two_places(view: FieldView) -> str:
    return f"{view.errors} {view.value} {' '.join(view.errors)}"


@pytest.mark.parametrize(
    ("kind", "macro"),
    [
        ("text", value_left_out),
        ("one_of", choice_marked_twice),
        ("text", errors_in_two_places),
    ],
)
def test_a_macro_that_breaks_its_promise_is_refused_when_it_is_compiled(
    make_form: Callable[..., FormSpec], kind: str, macro: RenderRow
) -> None:
    options = {"options": [{"value": one, "label": {"ru": one}} for one in ("sport", "music")]}
    form = make_form({"field": "x", "type": kind, "choices": options if kind == "one_of" else None})

    with pytest.raises(ValueError):
        compile_page(macro, form, "ru")


def test_a_label_cannot_pass_for_a_mark(
    make_form: Callable[..., FormSpec], field_row: RenderRow
) -> None:
    form = make_form({"field": "x", "type": "text", "label": {"ru": "\ue0000.0\ue001"}})

    assert "\ue0000.0\ue001" in compile_page(field_row, form, "ru").render({}, {})
