"""The facts of the law are whole: every reason is known, dated and told in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server.consents.signers import SignerRules
from server.consents.texts import ELEMENTS
from server.kernel import places, yaml
from server.kernel.durations import parse_duration
from server.kernel.wordlists import WordList, first_hit


def read(path: Path) -> Any:
    document = yaml.load(path.read_text("utf-8"), file=path.name)
    assert not isinstance(document, list), document
    return document.data


LAW = read(places.workflow_defs() / "legal" / "ru.yaml")


def held(key: str, data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key:
                yield value
            yield from held(key, value)
    elif isinstance(data, list):
        for value in data:
            yield from held(key, value)


@pytest.mark.parametrize("name", sorted(LAW["origins"]))
def test_an_origin_says_why_whence_and_since_when(name):
    origin = LAW["origins"][name]

    assert origin["origin"] == name.partition(".")[0]
    for part in ("title", "text", "source"):
        assert set(origin[part]) == {"ru", "en"}
    assert date.fromisoformat(origin["from"])


def test_every_reason_that_a_definition_names_is_known():
    sources = places.workflow_defs().rglob("*.yaml")
    named = {why for source in sources for why in held("why", read(source))}

    assert named - set(LAW["origins"]) == set()


def test_the_signers_of_every_age_are_known():
    rules = SignerRules.model_validate(LAW["signers"])
    signed = {age: rules.roles_at(age) for age in (0, 13, 14, 17, 18, 90)}

    assert signed == {
        0: ("guardian",),
        13: ("guardian",),
        14: ("guardian", "mentee"),
        17: ("guardian", "mentee"),
        18: ("mentee",),
        90: ("mentee",),
    }


def test_a_child_is_heard_at_every_age():
    heard = [(row.get("from", 0), row["to"]) for row in LAW["hearing"]["rows"]]

    assert heard == [(0, 9), (10, 13), (14, 17)]


@pytest.mark.parametrize("form", ["simple", "written"])
def test_every_element_of_a_consent_has_a_name_for_people(form):
    named = [element["element"] for element in LAW["consent_forms"][form]["elements"]]
    simple = ELEMENTS["simple"] if form == "written" else ()

    assert [*simple, *named] == list(ELEMENTS[form])


def test_terms_are_durations():
    for row in (*LAW["retention"], *LAW["deadlines"], *LAW["grounds"]):
        if term := row.get("keep") or row.get("in"):
            assert parse_duration(term)


SPECIAL = [
    ("Чем ты болеешь?", "health"),
    ("Какая у тебя группа крови", "health"),
    ("В какую церковь ходите", "creed"),
    ("Национальность", "ethnicity"),
    ("За какую партию голосуют родители", "politics"),
    ("Есть ли судимость у родителей", "convictions"),
    ("Отпечатки пальцев", "biometrics"),
    ("Do you have any allergies?", "health"),
    ("В какие кружки ходишь", None),
    ("Твоя цель на год", None),
    ("Здорово! Чем гордишься?", None),
    ("Хочешь стать врачом?", None),
    ("Сколько времени есть в неделю", None),
    ("Расскажи о расписании. Не пиши о здоровье.", None),
]
DANGER = [
    ("папа меня бьёт", "violence"),
    ("Иногда не хочу жить", "self_harm"),
    ("меня травят в классе", "bullying"),
    ("боюсь идти домой", "home"),
    ("I want to kill myself", "violence"),
    ("Please don't tell my mother", "abuse"),
    ("Хочу научиться играть на гитаре", None),
    ("Мы с папой забили гвоздь", None),
    ("Люблю рисовать и ходить в походы", None),
    ("Хочу жить в Вологде", None),
]


@pytest.mark.parametrize(("question", "kind"), SPECIAL)
def test_a_question_that_asks_for_special_data_is_found(question, kind):
    assert kind_in(question, "special_words") == kind


@pytest.mark.parametrize(("answer", "kind"), DANGER)
def test_an_answer_that_a_person_must_read_is_found(answer, kind):
    assert kind_in(answer, "danger_words") == kind


def kind_in(text: str, name: str) -> str | None:
    hit = first_hit(text, WordList.model_validate(LAW[name]))
    return hit.kind if hit else None


def test_open_questions_say_what_we_do_and_what_a_partner_may_tighten():
    for question in LAW["open_questions"]:
        for part in ("title", "text", "we_do", "partner_may"):
            assert set(question[part]) == {"ru", "en"}
