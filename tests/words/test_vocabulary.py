"""What people read keeps to the words of docs/glossary.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.kernel import places, yaml
from server.words.compile import load, sentences, source_of
from server.words.letters import FOLDER

# The word as people would read it → every form of it, and nothing that only looks alike:
# «отзывать» is our verb, «редактор» is no «редакция», «сделать» holds «дел».
FORBIDDEN = {
    "согласование": r"согласовани\w*|согласова(?:н|но|на|ны|ть)",
    "соглашение": r"соглашени\w*",
    "отзыв": r"отзыв(?:а|у|ом|е|ы|ов|ам|ами|ах)?",
    "погружение": r"погружени\w*",
    "открытие школы": r"открыти\w+ школы",
    "зачисление": r"зачисл\w*",
    "отступление": r"отступлени\w*",
    "оверлей": r"оверле\w*",
    "адаптация": r"адаптаци\w*",
    "подопечный": r"подопечн\w*",
    "субъект": r"субъект\w*",
    "занятие позиции": r"заняти\w+ позици\w*",
    "дело": r"дел(?:о|а|у|ом|е|ам|ами|ах)?",
    "квитанция": r"квитанци\w*",
    "редакция": r"редакци\w*",
    "куратор": r"куратор\w*",
    "тревога": r"тревог\w*",
    "происшествие": r"происшестви\w*",
    "наставляемый": r"наставляем\w*",
}
# Where a word stands although it is forbidden, and why.
ALLOWED: dict[tuple[str, str], str] = {}
# Keys whose texts are not shown: words by which texts are searched.
UNSEEN = {"words", "unless", "forbidding"}
PATTERNS = {
    word: re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)
    for word, forms in FORBIDDEN.items()
}


def found_in(text: str) -> list[str]:
    return [word for word, pattern in PATTERNS.items() if pattern.search(text)]


READ = [
    ("Отзыв согласия", ["отзыв"]),
    ("Отзывать согласие можно в любой день", []),
    ("после отзыва", ["отзыв"]),
    ("Что делать и что сделано", []),
    ("Дело № 5", ["дело"]),
    ("Неделя, отдел, делегат", []),
    ("Согласие дано, вы согласны", []),
    ("Согласовать с родителем", ["согласование"]),
    ("Соглашение о сотрудничестве", ["соглашение"]),
    ("редактор анкеты", []),
    ("Открытие школы", ["открытие школы"]),
    ("Субъекта РФ", ["субъект"]),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_words_are_found_in_all_their_forms_and_nothing_else(text, expected):
    assert found_in(text) == expected


def texts() -> Iterator[tuple[str, str]]:
    """Everything in Russian that ships and is shown: where it stands, and the text."""
    for message in sentences(load(source_of("ru"))):
        forms = (message.string,) if isinstance(message.string, str) else message.string
        for form in forms:
            yield f"catalogue: {message.id}", form
    for letter in FOLDER.glob("*.ru.txt"):
        yield letter.name, letter.read_text("utf-8")
    folder = places.workflow_defs()
    for text in folder.rglob("*.ru.md"):
        yield str(text.relative_to(folder)), text.read_text("utf-8")
    for source in folder.rglob("*.yaml"):
        name = str(source.relative_to(folder))
        for text in _russian(_data(source)):
            yield name, text


def _data(source: Path) -> Any:
    document = yaml.load(source.read_text("utf-8"), file=source.name)
    assert not isinstance(document, list), document
    return document.data


def _russian(held: Any) -> Iterator[str]:
    if isinstance(held, dict):
        for key, value in held.items():
            if key not in UNSEEN:
                yield from _russian(value)
    elif isinstance(held, list):
        for value in held:
            yield from _russian(value)
    elif isinstance(held, str):
        yield held


def test_nothing_shown_uses_a_forbidden_word():
    offences = [
        f"«{word}» in {place}: {text[:80]}"
        for place, text in texts()
        for word in found_in(text)
        if (place, word) not in ALLOWED
    ]

    assert offences == []


# Codes of forms, workflows and parameters stand in details of an error, never in a sentence.
CODE = re.compile(r"(?<![\w-])[WFP]\d{2}[a-z]?(?![\w-])")


def test_nothing_shown_uses_a_code_of_a_definition():
    folder = places.workflow_defs()
    shown = [text for place, text in texts() if not place.endswith(".yaml")]
    for source in folder.rglob("*.yaml"):
        shown += _labels(_data(source))

    assert [text for text in shown if CODE.search(text)] == []


def _labels(held: Any) -> Iterator[str]:
    """The texts of a definition in both languages: the values of mappings {ru, en}."""
    if isinstance(held, dict):
        if held and set(held) <= {"ru", "en"}:
            yield from (text for text in held.values() if isinstance(text, str))
        else:
            for value in held.values():
                yield from _labels(value)
    elif isinstance(held, list):
        for value in held:
            yield from _labels(value)
