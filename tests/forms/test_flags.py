"""A written answer with a word of the list is flagged; a chosen one never is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.forms.definition import FormSpec
from server.forms.flags import flags
from server.kernel.wordlists import WordList

WORDS = WordList.model_validate(
    {
        "as_of": "2026-09-01",
        "classes": {
            "harm": {
                "title": {"ru": "Беда"},
                "words": ["бьёт", "бьют", "стра*"],
                "unless": ["страна"],
            }
        },
    }
)


@pytest.mark.parametrize(
    ("values", "hits"),
    [
        ({"goal": "Хочу рисовать"}, ()),
        ({"goal": "Дома бьют"}, ("goal",)),
        ({"goal": "Мне страшно", "nick": "Страх"}, ("nick", "goal")),  # in the order of the form
        ({"goal": "Моя страна"}, ()),
        ({"club": "бьют"}, ()),
        ({}, ()),
    ],
)
def test_fields_with_a_word_of_the_list_are_named(
    form: FormSpec, values: dict[str, str], hits: tuple[str, ...]
) -> None:
    assert flags(form, values, WORDS) == hits


def test_a_form_without_written_answers_has_no_flags(make_form: Callable[..., FormSpec]) -> None:
    form = make_form({"field": "x", "type": "yes_no"})

    assert flags(form, {"x": "yes"}, WORDS) == ()
