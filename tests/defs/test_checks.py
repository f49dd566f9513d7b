"""One line of what ships is spoilt, and the check says which, where and why."""

# ruff: noqa: E501 - a row of a table stays in one line

from __future__ import annotations

import pytest

from server.kernel.text import LOCALES
from server.model.bundle import Bundle, read_sources
from server.model.checks import check
from server.words.problems import line, say, say_turn

ENROLMENT = "workflows/minor_enrolment.yaml"
QUESTIONS = "forms/minor_questionnaire.yaml"
REQUEST = "forms/place_request.yaml"
PROCESSING = "consents/processing.yaml"
PHOTO = "consents/photo.yaml"

SPOILT = [
    # what is wrong, the file, what stood there, what stands there, the code, its facts
    ("a misspelt key", QUESTIONS, "required: true", "requierd: true",
     "KEY-UNKNOWN", {"key": "requierd", "meant": "required"}),
    ("a key that the merge alone sets", QUESTIONS, "required: true", "own: true",
     "KEY-UNKNOWN", {"key": "own"}),
    ("a type that is not built", QUESTIONS, "type: number", "type: file",
     "NOT-BUILT", {"what": "type: file"}),
    ("a condition, which is not built", ENROLMENT, "by: mentee\n        due", "by: mentee\n        when: x\n        due",
     "NOT-BUILT", {"what": "when"}),
    ("a reason nobody gave", QUESTIONS, "why: model.matching", "why: model.matchin",
     "TARGET-UNKNOWN", {"what": "reason", "meant": "model.matching"}),
    ("a parameter that is not there", QUESTIONS, "bound: P11", "bound: P99",
     "TARGET-UNKNOWN", {"what": "parameter", "given": "P99"}),
    ("a parameter that counts something else", QUESTIONS, "bound: P11", "bound: P20",
     "PARAMETER-COUNTS", {"parameter": "P20", "wanted": "optional fields hidden"}),
    ("the same question twice", QUESTIONS, "field: grade", "field: days",
     "ID-TWICE", {"id": "days", "what": "field"}),
    ("the same answer twice", QUESTIONS, "value: saturday", "value: sunday",
     "ID-TWICE", {"id": "sunday", "what": "choice"}),
    ("a text in one language", QUESTIONS, "label: {ru: Класс, en: School year}", "label: {ru: Класс}",
     "TEXT-LOCALE", {"missing": ["en"]}),
    ("a purpose nobody asks for", QUESTIONS, "purpose: processing", "purpose: newsletter",
     "TARGET-UNKNOWN", {"what": "purpose", "given": "newsletter"}),
    ("data that no consent covers", QUESTIONS, "class: ordinary, purpose: processing", "class: special, purpose: processing",
     "DATA-CLASS", {"class_": "special", "consent": "processing"}),
    ("more than the request may ask", REQUEST, "is: mentee.birth_date", "is: mentee.address",
     "DATA-GROUND", {"field": "birth_date", "ground": "place_request"}),
    ("a question without its data", REQUEST, "    data: {class: identity, purpose: place_request}\n    is: mentee.birth_date", "",
     "DATA-MISSING", {"field": "birth_date"}),
    ("a required question that may be hidden", QUESTIONS, "free: [help]", "free: [help, hide]",
     "HIDE-REQUIRED", {"field": "goal"}),
    ("a range turned round", QUESTIONS, "min: 1\n    max: 11", "min: 11\n    max: 1",
     "RANGE-EMPTY", {"field": "grade"}),
    ("a number with dates for ends", QUESTIONS, "max: 11", "max: today",
     "RANGE-KIND", {"field": "grade"}),
    ("a text with a range", QUESTIONS, "type: number", "type: text",
     "RANGE-UNWANTED", {"field": "grade"}),
    ("a list without choices", QUESTIONS, "type: number\n    min: 1\n    max: 11", "type: one_of",
     "CHOICES-MISSING", {"field": "grade"}),
    ("choices of a text", QUESTIONS, "type: several_of", "type: text",
     "CHOICES-UNWANTED", {"field": "interests"}),
    ("own questions about special data", QUESTIONS, "classes: [ordinary]", "classes: [ordinary, special]",
     "OWN-SPECIAL", {}),
    ("a required photo", PHOTO, "purpose: photo\n", "purpose: photo\nrequired: true\n",
     "REQUIRED-PURPOSE", {"purpose": "photo", "allowed": "processing"}),
    ("a permission that is required", PHOTO, "purpose: photo\n", "purpose: photo\nkind: permission\nrequired: true\n",
     "REQUIRED-PURPOSE", {"purpose": "photo", "allowed": "participation"}),
    ("publishing, which is not built", PHOTO, "purpose: photo", "purpose: dissemination",
     "NOT-BUILT", {"what": "purpose: dissemination"}),
    ("an application that ends with a no to photos", ENROLMENT,
     "    refused: {processing: declined_by_family, participation: declined_by_family}\n  - stage: photo\n",
     "    refused: {processing: declined_by_family, participation: declined_by_family}\n  - stage: photo\n    refused: {photo: declined_by_family}\n",
     "CONSENT-FREE", {"consent": "photo", "known": ["processing", "participation"]}),
    ("a decision that waits for photos", ENROLMENT, "given: [processing, participation], done", "given: [processing, participation, photo], done",
     "CONSENT-FREE", {"consent": "photo"}),
    ("one purpose, two consents", PHOTO, "purpose: photo", "purpose: processing",
     "PURPOSE-TWICE", {"purpose": "processing", "other": "photo"}),
    ("a consent for what needs none", PHOTO, "purpose: photo", "purpose: place_request",
     "PURPOSE-GROUND", {"purpose": "place_request"}),
    ("a task nobody has", PHOTO, "open: stop_photos", "open: stop_foto",
     "TARGET-UNKNOWN", {"what": "task", "meant": "stop_photos"}),
    ("a stage nobody has", PROCESSING, "pause: [photo,", "pause: [foto,",
     "TARGET-UNKNOWN", {"what": "stage", "given": "foto"}),
    ("a withdrawal that forgets a stage", PROCESSING, "pause: [photo, voice, review]", "pause: [photo, voice]",
     "WITHDRAWAL-NOT-PAUSED", {"stage": "review", "consent": "processing"}),
    ("no words for the youngest", PHOTO, "7-13: consents/photo.child, ", "",
     "COMPANION-MISSING", {"ages": "7-13"}),
    ("a text that is not there", PHOTO, "text: consents/photo", "text: consents/foto",
     "TEXT-MISSING", {"file": "consents/foto.ru.md"}),
    ("a place in a question that nothing fills", PROCESSING, "{{school_title}}", "{{school_name}}",
     "TEXT-PLACE-NOT-KNOWN", {"place": "school_name"}),
    ("a place in a text that nothing fills", "consents/processing.en.md", "{{operator_name}}", "{{operator}}",
     "TEXT-PLACE-NOT-KNOWN", {"place": "operator"}),
    ("the simple form called written", PROCESSING, "form: simple", "form: written",
     "TEXT-ELEMENT", {}),
    ("an age without a way", ENROLMENT, "- from: 10\n", "- from: 11\n",
     "CHOICE-GAP", {"ages": "10"}),
    ("an end without words", ENROLMENT, "  enrolled: {ru: Ребёнок в программе, en: The child is in the programme}\n", "",
     "LABEL-MISSING", {"names": ["enrolled"]}),
    ("a reminder outside its parameter", ENROLMENT, "after: [3 days, 7 days, 12 days], bound: P21", "after: [3 days, 7 days, 40 days], bound: P21",
     "BOUND-OUTSIDE", {"parameter": "P21", "given": "40 days", "least": "1 day", "most": "14 days"}),
    ("more reminders than the parameter allows", ENROLMENT, "after: [3 days, 7 days, 12 days], bound: P21", "after: [1 day, 2 days, 3 days, 4 days, 5 days, 6 days], bound: P21",
     "BOUND-MANY", {"parameter": "P21", "given": 6, "most": 5}),
    ("a consent that lives longer than its parameter", PROCESSING, "plus: 12 months", "plus: 40 months",
     "BOUND-OUTSIDE", {"parameter": "P22", "given": "40 months", "most": "24 months"}),
    ("an age that no child has", ENROLMENT, "to: 17\n", "to: 60\n",
     "VALUE-LARGE", {"limit": 17}),
    ("more approvals than anybody may ask for", ENROLMENT, "approvals: {bound: P13}", "approvals: 9",
     "VALUE-LARGE", {"limit": 3}),
    ("approvals that are no number", ENROLMENT, "approvals: {bound: P13}", "approvals: many",
     "VALUE-TYPE", {"given": "many", "wanted": [{"kind": "mapping", "keys": ["bound"]}, {"kind": "whole number between", "ge": 1, "le": 3}]}),
    ("a stop on whatever is answered", ENROLMENT, "stop_on: {answer: {wants: \"no\"}", "stop_on: {answer: {}",
     "VALUE-SHORT", {"limit": 1}),
    ("a no that leads nowhere", ENROLMENT, "refused: {processing: declined_by_family, participation: declined_by_family}", "refused: {processing: declined_by_family}",
     "CASE-STUCK", {"stage": "voice"}),
    ("the voice before the request", ENROLMENT, "{form: place_request, by: guardian}", "{form: guardian_contact, by: guardian}",
     "AGE-UNKNOWN", {"step": "voice"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "before", "after", "code", "facts"),
    [row[1:] for row in SPOILT],
    ids=[row[0] for row in SPOILT],
)
def test_one_spoilt_line_is_found(spoilt, file, before, after, code, facts):
    found = spoilt(file, before, after)

    problem = next((p for p in found if p.code == code and facts.items() <= p.facts.items()), None)
    assert problem is not None, found
    assert problem.place is not None
    assert problem.place.line >= 1
    for locale in LOCALES:
        for one in found:
            assert "%(" not in line(one, locale)


def test_a_demand_that_some_way_breaks_is_shown_with_the_shortest_one(sources):
    sources[ENROLMENT] = (
        sources[ENROLMENT]
        .replace("given: [processing, participation], done", "given: [processing], done")
        .replace(", participation: declined_by_family}", "}")
    )
    bundle, _ = read_sources(sources)

    problem = next(one for one in check(bundle) if one.code == "REQUIRES")

    assert problem.facts == {"before": "decision", "missing": ["participation"]}
    assert problem.why == "law.ru.152fz.9"
    assert tuple(say_turn(turn, "en") for turn in problem.trail) == (
        "age 0: start",
        "guardian: fill in place_request",
        "guardian: sign processing given, participation refused",
        "guardian: fill in child_talk",
        "mentee: fill in minor_questionnaire",
    )
    line = sources[ENROLMENT].split("\n")[problem.place.line - 1]
    assert "before: decision, given: [processing, participation]" in line


def test_long_sentences_are_a_warning_and_no_refusal(sources, spoilt):
    long = " ".join(["слово"] * 200) + "."
    first = sources["consents/photo.teen.ru.md"].split("\n", 1)[0]

    found = spoilt("consents/photo.teen.ru.md", first, long)

    assert [(problem.code, problem.warning) for problem in found] == [("TEXT-LONG", True)]


def test_all_mistakes_of_all_files_come_at_once(sources, spoilt):
    found = spoilt(QUESTIONS, "type: number", "type: numbr")
    both = spoilt(QUESTIONS, "type: number", "type: numbr\n    grad: 1")

    assert [problem.code for problem in found] == ["VALUE-CHOICE"]
    assert [problem.code for problem in both] == ["VALUE-CHOICE", "KEY-UNKNOWN"]


def test_a_bundle_out_of_the_database_is_checked_alike(bundle):
    assert check(Bundle.from_json(bundle.to_json())) == []


def test_of_several_kinds_of_values_all_that_fit_are_told(spoilt):
    (many,) = spoilt(ENROLMENT, "approvals: {bound: P13}", "approvals: many")
    (soon,) = spoilt(QUESTIONS, "max: 11", "max: tomorrow")
    (nine,) = spoilt(ENROLMENT, "approvals: {bound: P13}", "approvals: 9")
    (keys,) = spoilt(ENROLMENT, "approvals: {bound: P13}", "approvals: {bound: 13}")

    assert say(many, "ru") == (
        "«many» здесь не подходит. Нужно: ключи со значениями (bound) или целое число от 1 до 3."
    )
    assert say(soon, "en") == (
        "“tomorrow” does not fit here. Wanted: a whole number or a date like 2026-09-01 or “today”."
    )
    assert say(nine, "ru") == "Слишком много. Не больше 3."
    assert keys.at.endswith("approvals.bound")
