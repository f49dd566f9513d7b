"""Every shipped form goes through both doors and onto a page, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from server.forms.builder import read_page
from server.forms.definition import FormSpec
from server.forms.page import FieldView, compile_page
from server.kernel import places
from server.kernel.text import LOCALES
from server.model.bundle import read_folder
from server.words.answers import say_answer_problem

BUNDLE, _ = read_folder(places.workflow_defs())
FORMS = sorted(BUNDLE.forms) if BUNDLE else []


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("locale", LOCALES)
def test_an_untouched_page_is_drawn_and_refused_with_a_sentence_for_each_required_field(
    field_row: Callable[[FieldView], str], name: str, locale: str
) -> None:
    assert BUNDLE is not None
    form: FormSpec = BUNDLE.forms[name]

    read = read_page(form, MultiDict(), today=date(2026, 9, 7), locale=locale)
    page = compile_page(field_row, form, locale).render(read.raw, read.problems)

    assert set(read.problems) == {
        spec.field for spec in form.fields if spec.required and spec.type != "note"
    }
    for spec in form.fields:
        label = spec.label.in_(locale)
        for problem in read.problems.get(spec.field, []):
            assert say_answer_problem(problem, label, locale).count(label.rstrip(" :")) == 1
    assert " checked" not in page
