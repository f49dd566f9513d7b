"""A list of words finds what it names in any text, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.wordlists import Hit, WordClass, WordList, first_hit


def listed(*words: str, unless: tuple[str, ...] = (), forbidding: tuple[str, ...] = ()) -> WordList:
    kind = WordClass.model_validate({"title": {"ru": "слова"}, "words": words, "unless": unless})
    return WordList(as_of=date(2026, 9, 1), classes={"kind": kind}, forbidding=forbidding)


@pytest.mark.parametrize(
    ("text", "words", "hit"),
    [
        ("Твой диагноз", ["диагноз*"], "диагноз"),
        ("О диагнозах", ["диагноз*"], "диагнозах"),
        ("О диагнозах", ["диагноз"], None),  # without a star that word alone
        ("Поддиагноз", ["диагноз*"], None),  # a beginning, not a middle
        ("УЧЁТ", ["учет"], "УЧЁТ"),
        ("диaгноз", ["диагноз"], "диaгноз"),  # a Latin a
        ("группа твоей крови", ["групп* крови"], None),  # words follow each other
        ("группе крови", ["групп* крови"], "группе крови"),
        ("крови", ["групп* крови"], None),
        ("групп", ["групп* крови"], None),  # at the end of the text
        ("don’t know", ["don't"], "don’t"),
        ("", ["диагноз"], None),
    ],
)
def test_a_pattern_fits(text: str, words: list[str], hit: str | None) -> None:
    found = first_hit(text, listed(*words))

    assert found == (Hit("kind", hit) if hit else None)


def test_an_innocent_phrase_covers_its_own_words_alone() -> None:
    words = listed("болел", unless=("болел за",))

    assert first_hit("болел за команду", words) is None
    assert first_hit("болел за команду и болел", words) == Hit("kind", "болел")


def test_a_sentence_that_forbids_is_not_read_and_ends_with_its_stop() -> None:
    words = listed("диагноз*", forbidding=("не пиши",))

    assert first_hit("Не пиши про диагноз.", words) is None
    assert first_hit("Не пиши про школу. Твой диагноз?", words) == Hit("kind", "диагноз")


def test_lists_of_two_countries_are_one_list() -> None:
    joined = WordList.joined([listed("диагноз*"), listed("diagnos*", forbidding=("do not",))])

    assert first_hit("Your diagnosis", joined) == Hit("kind", "diagnosis")
    assert first_hit("Твой диагноз", joined) == Hit("kind", "диагноз")
    assert first_hit("Do not tell your diagnosis", joined) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_listed_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert first_hit(f"{before} диагноз {after}", listed("диагноз")) is not None


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    found = first_hit(text, listed("а*", "b* c", unless=("аб*",)))

    assert found is None or found.kind == "kind"
