"""The hash covers exactly what was shown; another word, another hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from server.consents.definition import ConsentSpec
from server.consents.documents import (
    Line,
    diff,
    document_hash,
    make_answer,
    parse,
)
from server.consents.signers import Signer
from server.consents.texts import Block
from server.kernel.canonical import canonical
from server.kernel.errors import Broken, DefinitionRefused
from server.kernel.text import Text

Make = Callable[..., bytes]


def asking(question: str) -> Callable[[ConsentSpec], ConsentSpec]:
    return lambda spec: spec.model_copy(update={"question": Text({"ru": question})})


def test_the_hash_can_be_computed_by_anybody_from_the_bytes(document: Make) -> None:
    made = document()

    assert document_hash(made) == hashlib.sha256(made).hexdigest() == parse(made).hash


def test_the_bytes_are_canonical_json_in_nfc_with_lf(document: Make) -> None:
    typed_elsewhere = document(text=lambda text: text.replace("\n", "\r\n").replace("й", "и\u0306"))

    assert typed_elsewhere == document()
    assert canonical(json.loads(document())) == document()


def test_a_document_is_read_back_as_it_was_shown(document: Make) -> None:
    read = parse(document())

    assert read.question == "Смирнов Артём: можно хранить данные?"
    assert read.facts == (("Кто", "Школа «Север»"),)
    assert read.text[1] == Block(
        "paragraph",
        "Я, Смирнова Ольга Петровна, разрешаю школе «Север» обрабатывать данные ребёнка.",
    )
    assert [signer.required_from for signer in read.signers] == [0, 14]
    assert read.subject.name == "Смирнов Артём"


@pytest.mark.parametrize(
    "changed",
    [
        {"text": lambda text: text + "\nЕщё одно слово."},
        {"places": lambda places: places | {"school_name": "Юг"}},
        {"consent": asking("{{child_name}}: можно?")},
        {"consent": lambda spec: spec.model_copy(update={"edition": date(2026, 10, 1)})},
        {"data": ["имя"]},
        {"actions": ["запись"]},
        {"signers": ()},
        {"locale": "en"},
        {"nonce": bytes([1] * 16)},
    ],
)
def test_any_change_of_what_is_shown_changes_the_hash(
    document: Make, changed: dict[str, Any]
) -> None:
    assert document_hash(document(**changed)) != document_hash(document())


@pytest.mark.parametrize(
    "places",
    [
        lambda places: places | {"unused": "x"},
        {"school_name": "Север"},
        lambda places: places | {"child_name": "a\nb"},
    ],
)
def test_places_that_do_not_fit_are_refused(document: Make, places: object) -> None:
    with pytest.raises(DefinitionRefused):
        document(places=places)


@pytest.mark.parametrize(
    "touch",
    [
        lambda made: made.replace("Север".encode(), "Юг".encode()) + b" ",
        lambda made: made.replace(b'{"actions"', b'{ "actions"'),
        lambda made: made.replace(b"consent-document/1", b"consent-document/9"),
        lambda made: made[:-1],
        lambda made: b"[]",
    ],
)
def test_bytes_that_are_no_document_are_refused(
    document: Make, touch: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(Broken):
        parse(touch(document()))


def test_the_difference_names_what_went_and_what_came(document: Make) -> None:
    before = parse(document())
    after = parse(document(text=lambda text: text.replace("анкеты", "и рисунки")))

    changed = [line for line in diff(before, after) if line.change != "same"]

    assert changed == [
        Line("removed", "item", "ответы анкеты, которые даёт сам ребёнок."),
        Line("added", "item", "ответы и рисунки, которые даёт сам ребёнок."),
    ]


def test_equal_documents_differ_in_nothing(document: Make) -> None:
    read = parse(document())

    assert {line.change for line in diff(read, read)} == {"same"}


def test_an_answer_has_a_nonce_of_its_own() -> None:
    mother = Signer("guardian", "mother")

    answers = {
        make_answer("0" * 64, "given", signer=mother, nonce=bytes([number] * 16))
        for number in range(3)
    }

    assert len(answers) == 3


@pytest.mark.parametrize(
    ("answer", "nonce"), [("maybe", bytes(16)), ("given", bytes(8)), ("", bytes(16))]
)
def test_an_answer_is_given_or_refused_with_128_bits(answer: Any, nonce: bytes) -> None:
    with pytest.raises(ValueError):
        make_answer("0" * 64, answer, signer=Signer("guardian", "mother"), nonce=nonce)
