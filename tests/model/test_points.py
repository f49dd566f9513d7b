"""What an editor shows of each point, and what the history says of two versions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import server.model
from server.kernel.durations import Duration
from server.model.bundle import Bundle
from server.model.definition import Variant
from server.model.limits import Limit
from server.model.points import Point, diff, points
from server.model.settings import apply
from server.words import limits as words
from tests.model.conftest import Settings
from tests.model.test_settings import FORM, choices, hide, move, own, reword, set_


def shown(shipped: Bundle, variant: Variant, target: str, *changes: Any) -> dict[str, Point]:
    """The points by id; what belongs to the whole form by its kind."""
    found = points(shipped, variant, target, changes)
    return {point.at if point.at != target else point.kind: point for point in found}


@pytest.mark.parametrize(
    ("variant", "field", "sign", "may"),
    [
        # Only the hint of the goal is the school's: locked, and still with that operation.
        ("standard", "goal", "locked", {"reword help"}),
        ("standard", "interests", "bounded", {"reword label", "reword help", "set choices"}),
        ("standard", "days", "bounded",
         {"reword label", "reword help", "set choices", "move", "hide"}),
        ("standard", "mentor_wish", "free", {"reword label", "reword help", "move", "hide"}),
        ("strict", "mentor_wish", "free", {"reword help", "move"}),
        ("strict", "interests", "locked", {"reword help"}),
        ("strict", "days", "free", {"reword help", "move"}),
    ],
)  # fmt: skip
def test_a_question_has_a_sign_and_what_may_be_done(
    shipped: Bundle, variant: Variant, field: str, sign: str, may: set[str]
) -> None:
    at = f"{FORM}.{field}"
    point = shown(shipped, variant, FORM)[at]

    operations = {f"{one.change} {one.at.removeprefix(at)[1:]}".strip() for one in point.operations}
    assert (point.sign, operations) == (sign, may)


def test_a_lock_says_why_and_where_from(shipped: Bundle) -> None:
    point = shown(shipped, "standard", FORM)[f"{FORM}.goal"]

    assert point.reason.origin == "model"
    assert point.reason.text["ru"].startswith("По этим ответам подбирают наставника")
    assert point.reason.source["en"] == "Model 1.0"


def test_what_is_left_is_counted(shipped: Bundle, settings: Settings) -> None:
    made = settings(own("own_a"), own("own_b"), hide("days"))

    found = shown(shipped, "standard", FORM, *made.changes)

    assert (found["own_fields"].room.left, found["own_fields"].room.most) == (8, 10)
    assert (found["hidden"].room.used, found["hidden"].room.most) == (1, 2)
    assert found["hidden"].reason.why == "model.hidden"


def test_questions_come_as_people_see_them_with_hidden_ones_in_place(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(hide("days"), own("own_a", after="goal"), move("grade", "first"))

    found = points(shipped, "standard", FORM, made.changes)

    assert [(point.at.partition(".")[2], point.own, point.hidden) for point in found[:5]] == [
        ("grade", False, False),
        ("goal", False, False),
        ("own_a", True, False),
        ("interests", False, False),
        ("days", False, True),
    ]
    assert [point.changed for point in found[:5]] == [True, False, True, False, True]


def test_a_bounded_list_shows_its_ends_and_its_present_choices(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(set_(f"{FORM}.talk_by.choices", choices("Лично", "В игре")))

    point = shown(shipped, "standard", FORM, *made.changes)[f"{FORM}.talk_by"]

    assert point.limit == Limit("P26", 2, 7)
    assert len(point.now.choices.options) == 2
    assert len(point.shipped.choices.options) == 3


def test_a_workflow_shows_its_times_within_their_limits(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(set_("minor_enrolment.decision.due.in", "6 working days"))

    found = shown(shipped, "standard", "minor_enrolment", *made.changes)

    due = found["minor_enrolment.decision.due.in"]
    assert (due.sign, due.now, due.shipped, due.changed) == (
        "bounded", Duration(6, "working days"), Duration(5, "working days"), True,
    )  # fmt: skip
    assert due.limit == Limit("P20", Duration(4, "working days"), Duration(6, "working days"))
    remind = found["minor_enrolment.voice.remind.after"]
    assert remind.limit == Limit("P21", Duration(1, "days"), Duration(14, "days"), 5)
    assert found["minor_enrolment.decision.approvals"].now == 1
    strict = shown(shipped, "strict", "minor_enrolment")
    assert strict["minor_enrolment.decision.approvals"].now == 2


def test_a_consent_shows_how_long_it_lives(shipped: Bundle) -> None:
    (point,) = points(shipped, "standard", "processing")

    assert (point.at, point.kind, point.sign) == ("processing.valid.plus", "valid", "bounded")
    assert point.limit == Limit("P22", Duration(30, "days"), Duration(24, "months"))


def test_a_form_that_takes_no_questions_says_so(shipped: Bundle) -> None:
    found = shown(shipped, "flexible", "child_voice")

    assert found["own_fields"].sign == "locked"
    assert found["own_fields"].reason.origin == "safety"
    assert {point.sign for point in found.values()} == {"locked"}


def test_an_unknown_definition_is_no_empty_list(shipped: Bundle) -> None:
    with pytest.raises(KeyError):
        points(shipped, "standard", "nowhere")


# The history.


def lines(shipped: Bundle, before: Any, after: Any, locale: str = "ru") -> list[str]:
    versions = [apply(shipped, made) for made in (before, after)]
    assert not any(version.problems for version in versions)
    return [
        words.difference_line(one.code, one.facts, locale)
        for one in diff(versions[0].effective, versions[1].effective)
    ]


def test_the_history_tells_what_changed_in_plain_words(shipped: Bundle, settings: Settings) -> None:
    after = settings(
        hide("days"),
        own("own_clubs", after="goal"),
        reword("mentor_wish.label", ru="Каким тебе видится хороший наставник?"),
        reword("goal.help", ru="Можно одним предложением"),
        move("grade", "first"),
        set_(f"{FORM}.talk_by.choices", choices("В сообщениях", "Лично", "В игре")),
        set_("minor_enrolment.decision.due.in", "6 working days"),
        set_("minor_enrolment.processing.remind.after", ["2 days", "6 days"]),
        set_("minor_enrolment.decision.approvals", 2),
        set_("processing.valid.plus", "24 months"),
    )

    assert lines(shipped, settings(), after) == [
        "Скрыт вопрос «Когда тебе удобно»",
        "«Твоя цель»: новое пояснение «Можно одним предложением»",
        "Добавлен свой вопрос «В какие кружки ходишь»",
        "«Как тебе удобнее общаться»: убран вариант «По телефону или видео»",
        "«Как тебе удобнее общаться»: добавлен вариант «В игре»",
        "«Как тебе удобнее общаться»: другой порядок вариантов",
        "Вопрос «Какой наставник тебе нужен» теперь «Каким тебе видится хороший наставник?»",
        "«Класс» теперь первый вопрос",
        "«Согласие на работу со сведениями о ребёнке»: напоминания были через 3 дня, 7 дней, "
        "12 дней, теперь через 2 дня, 6 дней",
        "«Решение о приёме в программу»: срок был 5 рабочих дней, теперь 6 рабочих дней",
        "«Решение о приёме в программу»: сколько человек решают: 2",
        "«Согласие на работу со сведениями о ребёнке»: после конца цикла хранится 24 месяца, "
        "было 12 месяцев",
    ]


def test_the_way_back_is_told_as_well(shipped: Bundle, settings: Settings) -> None:
    before = settings(
        hide("days"),
        own("own_clubs"),
        reword("mentor_wish.help", ru="Прочтут тьютор и координатор"),
        set_(f"{FORM}.talk_by.choices", choices("Вживую", "В сообщениях", "По телефону или видео")),
        set_("minor_enrolment.decision.approvals", 2),
        move("grade", "mentor_wish"),
    )

    assert lines(shipped, before, settings()) == [
        "Убран свой вопрос «В какие кружки ходишь»",
        "Возвращён вопрос «Когда тебе удобно»",
        "«Как тебе удобнее общаться»: убран вариант «Вживую»",
        "«Как тебе удобнее общаться»: добавлен вариант «Лично»",
        "«Какой наставник тебе нужен»: пояснения больше нет",
        "«Класс» теперь после вопроса «Когда тебе удобно»",
        "«Решение о приёме в программу»: решают столько человек, сколько в модели",
    ]


def test_an_edited_own_question_is_told(shipped: Bundle, settings: Settings) -> None:
    before = settings(own(type="one_of", choices={"options": [
        {"value": "one", "label": {"ru": "Один"}}, {"value": "two", "label": {"ru": "Два"}},
    ]}))  # fmt: skip
    after = settings(own(type="several_of", required=True, choices={"options": [
        {"value": "one", "label": {"ru": "Раз"}}, {"value": "two", "label": {"ru": "Два"}},
    ]}))  # fmt: skip

    assert lines(shipped, before, after) == [
        "«В какие кружки ходишь»: теперь обязательно",
        "«В какие кружки ходишь»: вариант «Один» теперь «Раз»",
        "Изменён свой вопрос «В какие кружки ходишь»",
    ]
    assert lines(shipped, after, before)[0] == "«В какие кружки ходишь»: теперь необязательно"


def test_a_reader_of_another_language_is_shown_the_words_that_changed(
    shipped: Bundle, settings: Settings
) -> None:
    after = settings(reword("grade.label", en="Which year are you in"))

    assert lines(shipped, settings(), after) == [
        "Вопрос «School year» теперь «Which year are you in»"
    ]


def test_equal_versions_have_no_history(shipped: Bundle, settings: Settings) -> None:
    assert lines(shipped, settings(hide("days")), settings(hide("days"))) == []


# The words.

CODE = re.compile(r'"((?:LIMIT|SETTINGS|OWN|CHOICE|WORDS|DIFF)-[A-Z0-9-]+)"')


def test_every_code_has_a_sentence_in_both_languages() -> None:
    folder = Path(next(iter(server.model.__path__)))
    names = ("limits", "own_fields", "form_changes", "workflow_changes", "settings", "points")
    used = {code for name in names for code in CODE.findall((folder / f"{name}.py").read_text())}

    table = {**words.SENTENCES, **words.DIFFERENCES}

    # The rest are made of a parameter's id (LIMIT-P20-UNIT), or told by who knows the school.
    named = {code for code in table if not re.match(r"LIMIT-P\d", code)}
    assert used | {"SETTINGS-SCHOOL", "SETTINGS-VARIANT"} == named
    for sentences in table.values():
        assert set(sentences) == {"ru", "en"}


def test_no_sentence_shows_a_code() -> None:
    for sentences in (*words.SENTENCES.values(), *words.DIFFERENCES.values()):
        for sentence in sentences.values():
            assert not re.search(r"\b[FWP]\d\d\b|LIMIT|SETTINGS", sentence)


def test_a_variant_is_called_by_its_name() -> None:
    facts = {"variant": "strict", "school": "flexible"}

    assert words.limit_sentence("SETTINGS-VARIANT", facts, "ru").startswith(
        "Настройки написаны для другого варианта модели (строгий), а у школы вариант гибкий."
    )


def test_what_a_partner_wrote_is_never_a_template(shipped: Bundle, settings: Settings) -> None:
    (problem,) = apply(shipped, settings(hide("{0.__class__}"))).problems

    sentence = words.limit_sentence(problem.code, problem.facts, "en")

    assert "minor_questionnaire.{0.__class__}" in sentence


@pytest.mark.parametrize(
    ("duration", "plain", "after"),
    [
        (Duration(1, "working days"), "1 рабочий день", "1 рабочего дня"),
        (Duration(3, "days"), "3 дня", "3 дней"),
        (Duration(11, "days"), "11 дней", "11 дней"),
        (Duration(21, "days"), "21 день", "21 дня"),
        (Duration(12, "months"), "12 месяцев", "12 месяцев"),
        (Duration(24, "hours"), "24 часа", "24 часов"),
    ],
)
def test_durations_are_said_in_russian(duration: Duration, plain: str, after: str) -> None:
    assert words.duration(duration, "ru") == plain
    assert words.duration_of(duration, "ru") == after
    assert words.duration(duration, "en") == str(duration)
