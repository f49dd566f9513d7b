"""The shipped consent texts hold what the law asks, in sentences that people read once."""

from __future__ import annotations

import re

import pytest

from server.consents.texts import blocks, elements_missing, mean_sentence_length, places_in
from server.kernel import places
from server.kernel.text import LOCALES

FOLDER = places.workflow_defs() / "consents"
ALLOWED = {
    "operator_name", "operator_address", "operator_inn", "operator_ogrn", "processor_name",
    "processor_address", "school_title", "guardian_name", "guardian_capacity", "child_name",
    "child_birth_date", "data_list", "actions_list", "valid_until", "retention_until",
    "withdraw_how", "contact_name", "contact_phone", "contact_hours", "edition_date",
}  # fmt: skip
ONLY_WRITTEN = {
    "child_address", "child_document", "guardian_address", "guardian_document",
    "authority_document",
}  # fmt: skip
SIMPLE = ("processing", "participation", "photo")
NAMES = sorted({path.name.removesuffix(".md").rpartition(".")[0] for path in FOLDER.glob("*.md")})
LONGEST = {"child": 9, "teen": 11, "adult": 14}


def text_of(name: str, locale: str) -> str:
    return (FOLDER / f"{name}.{locale}.md").read_text("utf-8")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", SIMPLE)
def test_a_simple_consent_lacks_nothing(name, locale):
    assert elements_missing(text_of(name, locale), "simple") == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_written_consent_holds_all_that_article_9_part_4_lists(locale):
    text = text_of("processing_written", locale)

    assert elements_missing(text, "written") == []
    assert places_in(text) == ALLOWED | ONLY_WRITTEN


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_shape(name):
    russian, english = (text_of(name, locale) for locale in LOCALES)

    assert places_in(russian) == places_in(english)
    assert [block.kind for block in blocks(russian)] == [block.kind for block in blocks(english)]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_sentences_are_short(name, locale):
    reader = name.rpartition(".")[2]

    assert mean_sentence_length(text_of(name, locale)) <= LONGEST.get(reader, LONGEST["adult"])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_places_are_known_and_the_text_is_plain(name, locale):
    text = text_of(name, locale)
    allowed = ALLOWED | ONLY_WRITTEN if name == "processing_written" else ALLOWED

    assert places_in(text) <= allowed
    assert not re.search(r"[*_`<>\[\]]|—", re.sub(r"\{\{\w+\}\}", "", text))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_where_it_need_not_be_declined(name):
    # After a preposition or a word that governs a case a name in the nominative is a mistake.
    governed = r"\b(?:для|от|о|об|с|к|у|из|ребёнка|школы|организации)\s+\{\{\w*(?:_name|_title)\}\}"

    assert re.search(governed, text_of(name, "ru"), re.IGNORECASE) is None


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", [f"{one}.{band}" for one in SIMPLE for band in ("child", "teen")])
def test_children_have_words_of_their_own(name, locale):
    assert len(text_of(name, locale)) < len(text_of(name.partition(".")[0], locale)) / 1.5


OPENING = {"ru": "От этого ответа ничего не зависит.", "en": "Nothing depends on this answer."}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_photo_consent_says_first_that_nothing_depends_on_it(locale):
    assert blocks(text_of("photo", locale))[0].text.startswith(OPENING[locale])


RULES = {
    "ru": ("Как узнают, кто подписал", "хранить его в тайне", "Никому не называйте код, даже нам",
           "когда вводите первый код"),
    "en": ("How the signer is determined", "keep it secret", "not even us",
           "when you type the first code"),
}  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
def test_the_signature_rules_hold_what_63fz_article_9_asks(locale):
    rules = text_of("signature_rules", locale)

    assert [said for said in RULES[locale] if said not in rules] == []


def test_the_rules_name_nobody_before_anybody_is_known():
    assert "guardian_name" not in places_in(text_of("signature_rules", "ru"))
