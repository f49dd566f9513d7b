"""Sentences are said in the reader's language, and a release with a hole in it is refused."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog

from dev.words import merge, skeleton
from server.kernel.text import LOCALES
from server.words.catalogues import translate, translate_plural
from server.words.compile import faults, load, source_of

UNTOLD = "A sentence that no catalogue holds: %(name)s"


def russian(*messages: tuple[object, object], fuzzy: bool = False) -> Catalog:
    catalog = Catalog(locale="ru")
    for msgid, text in messages:
        catalog.add(msgid, text, flags=["fuzzy"] if fuzzy else [])
    return catalog


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_without_translation_is_said_as_written(locale):
    assert translate(locale, UNTOLD, name="x") == UNTOLD % {"name": "x"}


def test_a_sentence_with_a_percent_sign_needs_no_values():
    assert translate("en", "100 % done") == "100 % done"


def test_a_plural_in_english_goes_by_one_and_many():
    said = [translate_plural("en", "%(count)s page", "%(count)s pages", n) for n in (1, 2)]

    assert said == ["1 page", "2 pages"]


def test_a_place_without_value_is_an_error_and_not_a_blank():
    with pytest.raises(KeyError):
        translate("ru", UNTOLD, other="x")


def test_a_language_that_the_product_does_not_speak_is_an_error():
    with pytest.raises(KeyError):
        translate("de", "anything")


@pytest.mark.parametrize("locale", LOCALES)
def test_shipped_catalogues_lack_nothing_and_guess_nothing(locale):
    assert list(faults(load(source_of(locale)), locale)) == []


FAULTS = [
    (russian(("Sign in", "Войти")), ""),
    (russian(("Sign in", "")), "missing"),
    (russian(("Sign in", "Войти"), fuzzy=True), "guessed"),
    (russian(("%(n)s left", "Осталось")), "other places"),
    (russian(("Left", "Осталось %(n)s")), "other places"),
    (russian((("%(n)s row", "%(n)s rows"), ("%(n)s строка", "%(n)s строки", ""))), "missing"),
    # One of the forms may spell its number out.
    (russian((("%(n)s row", "%(n)s rows"), ("одна строка", "%(n)s строки", "%(n)s строк"))), ""),
]


@pytest.mark.parametrize(("catalog", "expected"), FAULTS)
def test_faults_of_a_catalogue_are_named(catalog, expected):
    found = "; ".join(faults(catalog, "ru"))

    assert found.startswith(expected) if expected else found == ""


def test_an_english_sentence_may_stay_as_the_code_says_it():
    english = Catalog(locale="en")
    english.add("Sign in", "")

    assert list(faults(english, "en")) == []


def test_the_skeleton_of_what_is_missing_can_be_merged_back():
    catalog = russian(("Sign in", ""), (("%(n)s row", "%(n)s rows"), ("", "", "")))
    empty = skeleton(catalog)
    assert empty == {
        "Sign in": "",
        "%(n)s row": {"plural": "%(n)s rows", "forms": ["", "", ""]},
    }

    empty["Sign in"] = "Войти"
    empty["%(n)s row"]["forms"] = ["%(n)s строка", "%(n)s строки", "%(n)s строк"]

    assert merge(catalog, empty) == []
    assert skeleton(catalog) == {}


REFUSED = [
    ({"Nobody says this": "Этого нет"}, "no such sentence"),
    ({"%(n)s left": "Осталось"}, "places differ (n)"),
    ({"%(n)s left": {"plural": "x", "forms": ["а", "б", "в"]}}, "one is a plural"),
]


@pytest.mark.parametrize(("said", "problem"), REFUSED)
def test_a_translation_that_does_not_fit_is_left_out(said, problem):
    catalog = russian(("%(n)s left", ""))

    assert merge(catalog, said)[0].startswith(problem)
    assert skeleton(catalog) == {"%(n)s left": ""}
