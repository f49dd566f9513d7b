"""Letters say what they are for, in both languages and channels, and nothing about a person."""

from __future__ import annotations

from itertools import product

import pytest

from server.kernel.errors import Broken
from server.kernel.text import LOCALES
from server.words.letters import FOLDER, PLACES, names, places_of, render_letter

CHANNELS = ("mail", "sms")
# As long as these are in a school with a long name.
FACTS = {
    "code": "123456",
    "link": "https://school.example.org/s/" + "x" * 43,
    "base_url": "https://school.example.org",
    "minutes": 60,
    "number": "ВШН-2026-0147",
    "school_title": "Вологодская школа наставничества",
    "partner_name": "АНО «Вектор роста»",
    "contact_phone": "8 (8172) 00-00-00",
}
ALL = list(product(sorted(names()), LOCALES, CHANNELS))


def test_there_are_letters():
    assert len(names()) >= 15


@pytest.mark.parametrize(("name", "locale", "channel"), ALL)
def test_every_letter_exists_in_both_languages_and_channels(name, locale, channel):
    letter = render_letter(name, locale, channel, FACTS)

    assert bool(letter.subject) == (channel == "mail")
    assert "{{" not in letter.subject + letter.text


@pytest.mark.parametrize(("name", "channel"), list(product(sorted(names()), CHANNELS)))
def test_a_letter_tells_the_same_in_both_languages(name, channel):
    assert places_of(name, "ru", channel) == places_of(name, "en", channel)


@pytest.mark.parametrize(("name", "locale", "channel"), ALL)
def test_no_letter_has_a_place_for_anything_about_a_person(name, locale, channel):
    assert places_of(name, locale, channel) <= PLACES


def test_the_places_hold_nothing_about_a_person():
    personal = ("child", "mentee", "guardian", "person", "birth", "answer", "consent", "mail")

    assert [place for place in PLACES if any(word in place for word in personal)] == []


def test_every_place_is_told_by_some_letter():
    assert frozenset().union(*(places_of(*one) for one in ALL)) == PLACES


def test_every_file_is_a_letter():
    expected = {
        f"{name}{'.sms' if channel == 'sms' else ''}.{locale}.txt" for name, locale, channel in ALL
    }

    assert {path.name for path in FOLDER.glob("*.txt")} == expected


@pytest.mark.parametrize("name", sorted(names()))
def test_a_message_fits_into_three_parts_with_its_link(name):
    # 67 Cyrillic letters fit into one part of a long message.
    for locale in LOCALES:
        assert len(render_letter(name, locale, "sms", FACTS).text) <= 201


@pytest.mark.parametrize("name", sorted(names()))
def test_the_words_of_a_message_are_short(name):
    bare = dict.fromkeys(FACTS, "")

    assert len(render_letter(name, "ru", "sms", bare).text) <= 90


@pytest.mark.parametrize(
    ("locale", "warning"), [("ru", "Никому не называйте код, даже нам"), ("en", "not even us")]
)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_comes_with_its_warning(locale, warning, channel):
    assert warning in render_letter("signing_code", locale, channel, FACTS).text


def test_a_code_stays_out_of_the_subject():
    assert "123456" not in render_letter("signing_code", "ru", "mail", FACTS).subject


def test_facts_that_a_letter_does_not_tell_are_left_out():
    told = render_letter("resume_link", "ru", "sms", {**FACTS, "child_name": "Артём Смирнов"})

    assert "Артём" not in told.text


REFUSED = [
    ("no_such_letter", {}, "no such letter"),
    ("../settings", {}, "no such letter"),
    ("resume_link", {"link": None}, "missing"),
    ("resume_link", {"school_title": "Школа\nBcc: a@example.org"}, "not_plain"),
    ("resume_link", {"school_title": "\u202eлокш"}, "not_plain"),
    ("resume_link", {"school_title": "Школа\x00"}, "not_plain"),
]


@pytest.mark.parametrize(("name", "changed", "why"), REFUSED)
def test_a_letter_that_cannot_be_told_is_refused_without_telling_its_facts(name, changed, why):
    facts = {place: fact for place, fact in {**FACTS, **changed}.items() if fact is not None}

    with pytest.raises(Broken) as refused:
        render_letter(name, "ru", "mail", facts)

    assert why in str(refused.value)
    assert "example.org" not in str(refused.value)


def test_a_value_is_inserted_as_it_is_and_not_read_again():
    letter = render_letter("resume_link", "ru", "mail", {**FACTS, "partner_name": "{{code}} <b>"})

    assert "{{code}} <b>" in letter.text
