"""Texts: a small markdown, strict places, and what a consent must say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.consents.texts import (
    Block,
    blocks,
    elements_missing,
    fill,
    fill_blocks,
    mean_sentence_length,
    places_in,
)
from server.kernel.errors import DefinitionRefused

SIMPLE = """# Согласие на обработку данных

{{guardian_name}} разрешает школе {{school_name}} хранить данные: {{child_name}}.

- Цель: приём в программу.
- Действия: сбор и хранение.
- Срок: до {{valid_until}}.
- Отозвать согласие можно на странице согласия.
"""


def test_blocks_are_headings_paragraphs_and_items() -> None:
    text = "# Заголовок\nПервая строка\nвторая строка.\n\n- один\n  и дальше\n1. два\n\nКонец."

    assert blocks(text) == [
        Block("heading", "Заголовок"),
        Block("paragraph", "Первая строка вторая строка."),
        Block("item", "один и дальше"),
        Block("item", "два"),
        Block("paragraph", "Конец."),
    ]


def test_line_ends_and_composition_do_not_matter() -> None:
    assert blocks("# Йод\r\n\r\nи\u0306") == blocks("# Йод\n\nй")


def test_a_place_is_filled_once_and_its_value_is_not_read_again() -> None:
    assert fill("Я, {{name}}.", {"name": "{{other}} {{7*7}} {0} %s"}) == (
        "Я, {{other}} {{7*7}} {0} %s."
    )


@pytest.mark.parametrize(
    ("text", "places", "code"),
    [
        ("{{name}}", {}, "TEXT-PLACE-EMPTY"),
        ("нет мест", {"name": "Ольга"}, "TEXT-PLACE-UNKNOWN"),
        ("{{name}}", {"name": "Ольга\nПетровна"}, "TEXT-PLACE-NOT-PLAIN"),
        ("{{name}}", {"name": "\u202eагьлО"}, "TEXT-PLACE-NOT-PLAIN"),
        ("{{name}}", {"name": "Ольга\x00"}, "TEXT-PLACE-NOT-PLAIN"),
        ("{{ name }}", {}, "TEXT-PLACE-BROKEN"),
        ("{{name.secret}}", {}, "TEXT-PLACE-BROKEN"),
        ("{{7*7}}", {}, "TEXT-PLACE-BROKEN"),
    ],
)
def test_places_and_values_must_fit_both_ways(text: str, places: dict[str, str], code: str) -> None:
    with pytest.raises(DefinitionRefused) as refusal:
        fill(text, places)

    assert [problem.code for problem in refusal.value.problems] == [code]


def test_a_value_cannot_make_a_heading() -> None:
    assert fill_blocks("{{name}}", {"name": "# Отказ"}) == (Block("paragraph", "# Отказ"),)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_any_plain_value_appears_literally(value: str) -> None:
    assert fill("<{{name}}>", {"name": value}) == f"<{value}>"


def test_places_are_found_by_name() -> None:
    assert places_in("{{a}} и {{b_2}}, но не {{A}}") == {"a", "b_2"}


def test_a_whole_simple_consent_lacks_nothing() -> None:
    assert elements_missing(SIMPLE, "simple") == []


@pytest.mark.parametrize(
    ("cut", "element"),
    [
        ("- Цель: приём в программу.\n", "purpose"),
        ("- Действия: сбор и хранение.\n", "actions"),
        ("- Срок: до {{valid_until}}.\n", "term"),
        ("- Отозвать согласие можно на странице согласия.\n", "withdrawal"),
        (": {{child_name}}", "subject_name"),
        ("{{guardian_name}} ", "signer_name"),
        ("школе {{school_name}} ", "operator"),
    ],
)
def test_what_was_cut_out_is_named(cut: str, element: str) -> None:
    text = SIMPLE.replace(cut, "").replace("хранить ", "" if element == "actions" else "хранить ")

    assert elements_missing(text, "simple") == [element]


def test_a_heading_does_not_stand_for_what_was_under_it() -> None:
    cut = SIMPLE.replace("- Отозвать согласие можно на странице согласия.", "# Как отозвать")

    assert elements_missing(cut, "simple") == ["withdrawal"]


def test_the_written_form_asks_for_documents_and_addresses_too() -> None:
    missing = elements_missing(SIMPLE, "written")

    assert {"subject_document", "signer_address", "authority", "processor"} <= set(missing)


@pytest.mark.parametrize(
    ("text", "mean"),
    [
        ("", 0),
        ("# Только заголовок", 0),
        ("Один два три.", 3),
        ("Один два три. Четыре пять!", 2.5),
        ("До 31 дек. этого года {{name}} ждёт.", 7),  # a small letter goes on: no new sentence
        ("- один два\n- три четыре пять шесть", 3),
    ],
)
def test_mean_sentence_length(text: str, mean: float) -> None:
    assert mean_sentence_length(text) == mean
