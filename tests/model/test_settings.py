"""What a school may change, and how every refusal tells the bound, what was given, what to do."""

from __future__ import annotations

from typing import Any

import pytest

from server.kernel import places, yaml
from server.kernel.canonical import canonical
from server.kernel.problems import Problem
from server.model.bundle import Bundle, read_sources
from server.model.definition import SettingsSpec
from server.model.reading import read
from server.model.settings import (
    Applied,
    adapted_form,
    apply,
    to_data,
    to_yaml,
    with_change,
    without_change,
)
from server.words.limits import limit_sentence
from tests.model.conftest import Settings

FORM = "minor_questionnaire"
ORDINARY = {"class": "ordinary", "purpose": "processing"}


def own(name: str = "own_clubs", *, after: str | None = None, **field: Any) -> dict[str, Any]:
    """A question of the school's own; `field` overrides its keys, None leaves one out."""
    spec = {"field": name, "type": "text", "label": {"ru": "В какие кружки ходишь"}}
    spec = {**spec, "data": ORDINARY, **field}
    place = {"after": after} if after else {}
    kept = {key: value for key, value in spec.items() if value is not None}
    return {"change": "add_field", "at": FORM, **place, "field": kept}


def hide(name: str) -> dict[str, Any]:
    return {"change": "hide", "at": f"{FORM}.{name}"}


def move(name: str, after: str) -> dict[str, Any]:
    return {"change": "move", "at": f"{FORM}.{name}", "after": after}


def reword(point: str, **to: str) -> dict[str, Any]:
    return {"change": "reword", "at": f"{FORM}.{point}", "to": to}


def set_(at: str, to: Any) -> dict[str, Any]:
    return {"change": "set", "at": at, "to": to}


def choices(*labels: str) -> list[dict[str, Any]]:
    return [{"label": {"ru": label}} for label in labels]


def applied(shipped: Bundle, made: SettingsSpec) -> Applied:
    """Settings that are all right, carried out."""
    result = apply(shipped, made)
    assert result.problems == ()
    return result


def order(bundle: Bundle) -> list[str]:
    return [spec.field for spec in bundle.forms[FORM].fields]


# What is allowed, in the standard variant.


def test_no_change_leaves_every_definition_as_it_ships(shipped: Bundle, settings: Settings) -> None:
    for variant in ("strict", "standard", "flexible"):
        result = applied(shipped, settings(variant=variant))

        assert result.effective.hash == shipped.hash
        assert result.effective.forms[FORM] is shipped.forms[FORM]


def test_a_hidden_question_is_not_asked(shipped: Bundle, settings: Settings) -> None:
    made = settings(hide("days"))

    assert order(applied(shipped, made).effective) == [
        "goal", "interests", "grade", "talk_by", "mentor_wish",
    ]  # fmt: skip
    adapted = adapted_form(shipped, made, shipped.forms[FORM])
    assert adapted.hidden == {"days"}
    assert [spec.field for spec in adapted.fields][2] == "days"  # an editor still shows its place


def test_an_own_question_stands_where_it_was_put_and_is_marked_as_own(
    shipped: Bundle, settings: Settings
) -> None:
    effective = applied(shipped, settings(own(after="goal"))).effective

    added = effective.forms[FORM].fields[1]
    assert (added.field, added.own, added.free, added.is_) == ("own_clubs", True, (), None)
    assert added.readers == ("coordinator",)


def test_an_own_question_may_follow_one_that_is_added_further_down(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(own("own_second", after="own_first"), own("own_first", after="goal"))

    assert order(applied(shipped, made).effective)[:3] == ["goal", "own_first", "own_second"]


def test_questions_are_moved(shipped: Bundle, settings: Settings) -> None:
    made = settings(move("grade", "first"), move("days", "mentor_wish"))

    assert order(applied(shipped, made).effective) == [
        "grade", "goal", "interests", "talk_by", "mentor_wish", "days",
    ]  # fmt: skip


def test_rewording_keeps_the_languages_that_are_not_named(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(reword("mentor_wish.label", ru="Каким тебе видится хороший наставник?"))

    label = applied(shipped, made).effective.forms[FORM].field_named("mentor_wish").label
    assert dict(label) == {
        "ru": "Каким тебе видится хороший наставник?",
        "en": "What mentor you would like",
    }


def test_a_choice_without_a_value_gets_a_lasting_one(shipped: Bundle, settings: Settings) -> None:
    made = settings(
        set_(f"{FORM}.talk_by.choices", choices("Лично", "В игре", "In chat", "面对面", "В  Игре!"))
    )

    result = applied(shipped, made)

    options = result.effective.forms[FORM].field_named("talk_by").choices.options
    assert [choice.value for choice in options] == [
        "in_person", "v_igre", "in_chat", "choice_4ec9d151", "v_igre_2",
    ]  # fmt: skip
    assert dict(options[0].label) == {"ru": "Лично", "en": "In person"}
    # Stored with the values, so that another label later keeps the answers that were given.
    stored = result.settings.changes[0].to
    assert [choice.value for choice in stored][:2] == ["in_person", "v_igre"]


def test_deadlines_reminders_and_approvals_move_within_their_bounds(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(
        set_("minor_enrolment.processing.due.in", "10 days"),
        set_("minor_enrolment.processing.remind.after", ["2 days", "6 days"]),
        set_("minor_enrolment.decision.due.in", "6 working days"),
        set_("minor_enrolment.decision.approvals", 2),
        set_("processing.valid.plus", "24 months"),
    )

    effective = applied(shipped, made).effective

    workflow = effective.workflows["minor_enrolment"]
    steps = {step.id: step for stage in workflow.stages for step in stage.steps}
    assert str(steps["processing"].due.in_) == "10 days"
    assert [str(one) for one in steps["processing"].remind.after] == ["2 days", "6 days"]
    assert str(steps["decision"].due.in_) == "6 working days"
    assert steps["decision"].approvals == 2
    assert str(effective.consents["processing"].valid.plus) == "24 months"


def test_a_change_that_changes_nothing_is_not_kept(shipped: Bundle, settings: Settings) -> None:
    made = settings(
        reword("goal.label", ru="Твоя цель"),  # locked, and as it ships
        set_(f"{FORM}.goal.required", True),
        set_("minor_enrolment.voice.due.in", "14 days"),
        set_("minor_enrolment.voice.remind.after", ["3 days", "7 days", "12 days"]),
        set_("photo.valid.plus", str(shipped.consents["photo"].valid.plus)),
    )

    result = applied(shipped, made)

    assert result.settings.changes == ()
    assert result.effective.hash == shipped.hash


def test_back_to_the_shipped_form_is_the_shipped_form_byte_for_byte(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(
        hide("days"), own(after="goal"), move("grade", "first"),
        set_("minor_enrolment.voice.due.in", "15 days"),
    )  # fmt: skip

    back = applied(shipped, made.without(FORM)).effective

    assert canonical(back.to_json()["forms"]) == canonical(shipped.to_json()["forms"])
    assert back.hashes[f"form:{FORM}"] == shipped.hashes[f"form:{FORM}"]
    assert back.hashes["workflow:minor_enrolment"] != shipped.hashes["workflow:minor_enrolment"]


# What is refused. `do` is what the reader is told to do; the rest of the sentence tells the bound.

REFUSED: list[tuple[str, list[dict[str, Any]], str, str, str | None, str]] = [
    # variant, changes, code, at, why, the sentence in Russian
    ("standard", [own(f"own_{n}") for n in range(11)], "LIMIT-P10", FORM, "safety.own_fields",
     "Своих вопросов может быть не больше 10, вы добавили 11. Уберите 1 "
     "или попросите исключение у хранителя модели."),
    ("strict", [own()], "LIMIT-P10-NONE", f"{FORM}.own_clubs", "safety.own_fields",
     "В вашем варианте модели своих вопросов не добавляют. "
     "Уберите вопрос или попросите исключение у хранителя модели."),
    ("standard", [hide("days"), hide("grade"), hide("talk_by")], "LIMIT-P11", f"{FORM}.talk_by",
     "model.hidden", "Скрыть можно не больше 2, вы скрыли 3. Верните 1 "
     "или попросите исключение у хранителя модели."),
    ("strict", [hide("days")], "LIMIT-P11-NONE", f"{FORM}.days", "model.hidden",
     "«Когда тебе удобно»: в вашем варианте модели вопросы не скрывают. "
     "Верните вопрос или попросите исключение у хранителя модели."),
    ("flexible", [hide("goal")], "LIMIT-REQUIRED-HIDE", f"{FORM}.goal", "model.matching",
     "«Твоя цель»: это обязательный вопрос, его нельзя скрыть. Верните его в анкету."),
    ("flexible", [set_(f"{FORM}.goal.required", False)], "LIMIT-REQUIRED-OFF",
     f"{FORM}.goal.required", "model.matching",
     "«Твоя цель»: этот вопрос обязателен в модели. Необязательным его сделать нельзя."),
    ("flexible", [reword("goal.label", ru="Чего хочешь")], "LIMIT-LOCKED", f"{FORM}.goal.label",
     "model.matching", "«Твоя цель»: менять это нельзя. Оставьте как есть."),
    ("flexible", [move("goal", "grade")], "LIMIT-LOCKED", f"{FORM}.goal", "model.matching",
     "«Твоя цель»: менять это нельзя. Оставьте как есть."),
    ("strict", [reword("grade.label", ru="В каком ты классе")], "LIMIT-P25", f"{FORM}.grade.label",
     "model.wording", "«Класс»: в вашем варианте модели меняют только пояснения. "
     "Верните слова вопроса, пояснение можно изменить."),
    ("flexible", [set_("child_voice.wants.choices", choices("Хочу", "Не хочу"))], "LIMIT-LOCKED",
     "child_voice.wants.choices", "safety.child_voice",
     "«Хочешь участвовать?»: менять это нельзя. Оставьте как есть."),
    ("flexible", [{**own(), "at": "child_voice"}], "LIMIT-OWN-CLOSED", "child_voice.own_clubs",
     "safety.child_voice", "«Твоё слово»: в эту анкету свои вопросы не добавляют. Уберите вопрос."),
    ("standard", [set_(f"{FORM}.talk_by.choices", choices(*"абвгдежз"))], "LIMIT-P26",
     f"{FORM}.talk_by.choices", "model.choices",
     "Вариантов ответа может быть от 2 до 7, у вас 8. Оставьте 7 "
     "или попросите исключение у хранителя модели."),
    ("standard", [set_(f"{FORM}.talk_by.choices", choices("Лично"))], "LIMIT-P26-FEW",
     f"{FORM}.talk_by.choices", "model.choices",
     "Вариантов ответа может быть от 2 до 7, у вас 1. Добавьте ещё, чтобы стало не меньше 2."),
    ("strict", [set_(f"{FORM}.talk_by.choices", choices("Лично", "Иначе"))], "LIMIT-P26-NONE",
     f"{FORM}.talk_by.choices", "model.choices",
     "«Как тебе удобнее общаться»: варианты ответа в вашем варианте модели не меняют. "
     "Верните прежние или попросите исключение у хранителя модели."),
    ("standard", [set_(f"{FORM}.talk_by.choices", choices("Лично", " лично"))], "CHOICE-TWICE",
     f"{FORM}.talk_by.choices.1", "model.choices", "Вариант « лично» стоит дважды. Оставьте один."),
    ("standard", [set_(f"{FORM}.grade.choices", choices("1", "2"))], "SETTINGS-NO-CHOICES",
     f"{FORM}.grade.choices", None,
     "«Класс»: на этот вопрос отвечают без списка вариантов. Уберите изменение."),
    ("standard", [set_(f"{FORM}.talk_by.choices", "лично")], "SETTINGS-CHOICES",
     f"{FORM}.talk_by.choices", None,
     "Здесь нужен список вариантов ответа, у каждого своя подпись."),
    ("standard", [set_(f"{FORM}.goal.required", "нет")], "SETTINGS-YES-NO",
     f"{FORM}.goal.required", None, "Здесь нужно «да» или «нет»: напишите true или false."),
    # Deadlines: a share of the shipped time, in whole units, both ways.
    ("standard", [set_("minor_enrolment.decision.due.in", "20 working days")], "LIMIT-P20",
     "minor_enrolment.decision.due.in", "recommended.deadlines",
     "«Решение о приёме в программу»: срок может быть от 4 до 6 рабочих дней, вы указали "
     "20 рабочих дней. Поставьте 6 рабочих дней или попросите исключение у хранителя модели."),
    ("flexible", [set_("minor_enrolment.decision.due.in", "1 working day")], "LIMIT-P20",
     "minor_enrolment.decision.due.in", "recommended.deadlines",
     "«Решение о приёме в программу»: срок может быть от 3 до 7 рабочих дней, вы указали "
     "1 рабочий день. Поставьте 3 рабочих дня или попросите исключение у хранителя модели."),
    ("standard", [set_("minor_enrolment.decision.due.in", "5 days")], "LIMIT-P20-UNIT",
     "minor_enrolment.decision.due.in", "recommended.deadlines",
     "«Решение о приёме в программу»: этот срок считают в тех же единицах, что и в модели: "
     "от 4 до 6 рабочих дней. Вы указали 5 дней."),
    ("strict", [set_("minor_enrolment.voice.due.in", "15 days")], "LIMIT-P20-NONE",
     "minor_enrolment.voice.due.in", "recommended.deadlines",
     "«Хочет ли ребёнок участвовать»: этот срок в вашем варианте модели не меняют. "
     "Поставьте 14 дней или попросите исключение у хранителя модели."),
    ("standard", [set_("minor_enrolment.voice.due.in", "soon")], "SETTINGS-DURATION",
     "minor_enrolment.voice.due.in", None,
     "Здесь нужен срок: целое число, например 5. В файле пишут 5 working days или 14 days."),
    # Reminders.
    ("standard", [set_("minor_enrolment.voice.remind.after", ["3 days", "15 days"])], "LIMIT-P21",
     "minor_enrolment.voice.remind.after.1", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: напоминание приходит через срок от 1 до 14 дней, "
     "вы указали 15 дней. Поставьте 14 дней или попросите исключение у хранителя модели."),
    ("standard", [set_("minor_enrolment.voice.remind.after", [f"{n} days" for n in range(1, 7)])],
     "LIMIT-P21-COUNT", "minor_enrolment.voice.remind.after", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: напоминаний может быть от 1 до 5, у вас 6."),
    ("standard", [set_("minor_enrolment.voice.remind.after", [])], "LIMIT-P21-COUNT",
     "minor_enrolment.voice.remind.after", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: напоминаний может быть от 1 до 5, у вас 0."),
    ("standard", [set_("minor_enrolment.voice.remind.after", ["7 days", "3 days"])],
     "LIMIT-P21-ORDER", "minor_enrolment.voice.remind.after.1", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: каждое напоминание позже предыдущего, а 3 дня стоит после "
     "7 дней. Расставьте их по порядку."),
    ("standard", [set_("minor_enrolment.voice.remind.after", ["3 working days"])],
     "LIMIT-P21-UNIT", "minor_enrolment.voice.remind.after.0", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: напоминания считают в календарных днях, вы указали "
     "3 рабочих дня. Поставьте 3 дня."),
    ("standard", [set_("minor_enrolment.voice.due.in", "10 days")], "LIMIT-P21-DUE",
     "minor_enrolment.voice.due.in", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: последнее напоминание (12 дней) приходит не раньше конца "
     "срока (10 дней). Сдвиньте напоминание или увеличьте срок."),
    ("strict", [set_("minor_enrolment.voice.remind.after", ["3 days"])], "LIMIT-P21-NONE",
     "minor_enrolment.voice.remind.after", "recommended.reminders",
     "«Хочет ли ребёнок участвовать»: напоминания в вашем варианте модели не меняют. "
     "Уберите изменение или попросите исключение у хранителя модели."),
    ("standard", [set_("minor_enrolment.voice.remind.after", "3 days")], "SETTINGS-DURATIONS",
     "minor_enrolment.voice.remind.after", None,
     "Здесь нужны сроки по порядку, например 3 и 7. В файле пишут [3 days, 7 days]."),
    # Approvals and how long a consent lives.
    ("strict", [set_("minor_enrolment.decision.approvals", 1)], "LIMIT-P13",
     "minor_enrolment.decision.approvals", "model.approvals",
     "«Решение о приёме в программу»: решение принимают от 2 до 3 человек, вы указали 1. "
     "Поставьте 2 или попросите исключение у хранителя модели."),
    ("standard", [set_("minor_enrolment.decision.approvals", True)], "SETTINGS-NUMBER",
     "minor_enrolment.decision.approvals", None, "Здесь нужно целое число, например 2."),
    ("standard", [set_("processing.valid.plus", "30 months")], "LIMIT-P22", "processing.valid.plus",
     "law.ru.152fz.5", "«Согласие на работу со сведениями о ребёнке»: после конца цикла сведения "
     "хранят от 30 дней до 24 месяцев, вы указали 30 месяцев. Поставьте 24 месяца."),
    ("standard", [set_("processing.valid.plus", "90 working days")], "LIMIT-P22-UNIT",
     "processing.valid.plus", "law.ru.152fz.5", "«Согласие на работу со сведениями о ребёнке»: "
     "этот срок считают в днях или месяцах, вы указали 90 рабочих дней."),
    ("strict", [set_("processing.valid.plus", "11 months")], "LIMIT-P22-NONE",
     "processing.valid.plus", "law.ru.152fz.5", "«Согласие на работу со сведениями о ребёнке»: "
     "срок хранения в вашем варианте модели не меняют. Уберите изменение."),
    ("flexible", [{"change": "hide", "at": "minor_enrolment.voice.due.in"}], "LIMIT-LOCKED",
     "minor_enrolment.voice.due.in", "model.enrolment",
     "«Хочет ли ребёнок участвовать»: менять это нельзя. Оставьте как есть."),
    # Questions of the school's own.
    ("standard", [own("clubs")], "OWN-ID", f"{FORM}.clubs.field", "safety.own_fields",
     "Имя своего вопроса начинается с own_, у вас clubs. Напишите own_clubs."),
    ("standard", [own(), own()], "OWN-TWICE", f"{FORM}.own_clubs.field", "safety.own_fields",
     "Вопрос с именем own_clubs уже есть. Дайте своему вопросу другое имя."),
    ("standard", [own(data={"class": "special", "purpose": "processing"})], "OWN-CLASS",
     f"{FORM}.own_clubs.data.class", "law.ru.152fz.10",
     "Свой вопрос спрашивает только обычные сведения. Поставьте ordinary."),
    ("standard", [own(data={"class": "contact", "purpose": "processing"})], "OWN-CLASS",
     f"{FORM}.own_clubs.data.class", "safety.own_fields",
     "Свой вопрос спрашивает только обычные сведения. Поставьте ordinary."),
    ("standard", [own(data={"class": "ordinary", "purpose": "photo"})], "OWN-PURPOSE",
     f"{FORM}.own_clubs.data.purpose", "safety.own_fields",
     "На цель photo в этой анкете согласия не просят. Поставьте: processing."),
    ("standard", [own(data=None)], "OWN-DATA", f"{FORM}.own_clubs.data", "safety.own_fields",
     "Скажите, что это за сведения: data: {class: ordinary, purpose: processing}."),
    ("standard", [own(type="contact")], "OWN-TYPE", f"{FORM}.own_clubs.type", "safety.own_fields",
     "Имена и контакты в своих вопросах не спрашивают: для них есть вопросы модели. "
     "Выберите другой вид ответа."),
    ("standard", [own(type="one_of")], "LIMIT-P26-FEW", f"{FORM}.own_clubs.choices",
     "model.choices",
     "Вариантов ответа может быть от 2 до 7, у вас 0. Добавьте ещё, чтобы стало не меньше 2."),
    ("standard", [own(choices={"options": choices("Да", "Нет")})], "OWN-CHOICES",
     f"{FORM}.own_clubs.choices", "safety.own_fields",
     "Варианты есть только у вопроса с выбором. Уберите их или смените вид ответа."),
    ("standard", [own(type="scale")], "OWN-SCALE", f"{FORM}.own_clubs.min", "safety.own_fields",
     "У шкалы должны быть начало и конец, а делений не больше 11."),
    ("standard", [own(type="number", min=5, max=1)], "OWN-ENDS", f"{FORM}.own_clubs.max",
     "safety.own_fields", "Наименьшее число (5) должно быть меньше наибольшего (1)."),
    ("standard", [own(min=1)], "OWN-END", f"{FORM}.own_clubs.min", "safety.own_fields",
     "Такая граница здесь не подходит: 1. Уберите её."),
    ("standard", [own(label={"ru": "Чем болел в этом году"})], "LIMIT-SPECIAL",
     f"{FORM}.own_clubs.label", "law.ru.152fz.10",
     "«болел» спрашивает о том, что закон бережёт особо (здоровье). "
     "Спросите другими словами или уберите."),
    ("standard", [own(help={"ru": "Напиши о диагнозах"})], "LIMIT-SPECIAL",
     f"{FORM}.own_clubs.help", "law.ru.152fz.10",
     "«диагнозах» спрашивает о том, что закон бережёт особо (здоровье). "
     "Спросите другими словами или уберите."),
    ("standard", [reword("mentor_wish.label", ru="Какой ты веры")], "LIMIT-SPECIAL",
     f"{FORM}.mentor_wish.label", "law.ru.152fz.10",
     "«Какой ты веры» спрашивает о том, что закон бережёт особо (вера и убеждения). "
     "Спросите другими словами или уберите."),
    # Words.
    ("standard", [own(label={"ru": "Как\u202eты"})], "WORDS-UNSEEN", f"{FORM}.own_clubs.label",
     "safety.own_fields",
     "В тексте есть знак, которого не видно (U+202E). Наберите текст заново."),
    ("standard", [own(label={"ru": "Как\nты"})], "WORDS-UNSEEN", f"{FORM}.own_clubs.label",
     "safety.own_fields",
     "В тексте есть знак, которого не видно (U+000A). Наберите текст заново."),
    ("standard", [own(label={"ru": " "})], "WORDS-EMPTY", f"{FORM}.own_clubs.label",
     "safety.own_fields", "Здесь нет ни одного слова. Напишите текст."),
    ("standard", [reword("grade.label", ru="Класс {{child}}")], "WORDS-PLACES",
     f"{FORM}.grade.label", "model.wording",
     "Двойные фигурные скобки здесь не нужны: ничего не подставляется. Уберите их."),
    ("standard", [own(label={"ru": "Зайди на vk.com/klub"})], "WORDS-LINK",
     f"{FORM}.own_clubs.label", "safety.no_links",
     "«vk.com» ведёт на другую страницу или в чужую переписку. "
     "Уберите: семья верит тому, что стоит в анкете."),
    ("standard", [reword("grade.help", ru="Пиши на klub@mail.example")], "WORDS-LINK",
     f"{FORM}.grade.help", "safety.no_links",
     "«klub@mail.example» ведёт на другую страницу или в чужую переписку. "
     "Уберите: семья верит тому, что стоит в анкете."),
    ("standard", [reword("grade.help", ru="ы" * 601)], "WORDS-LONG", f"{FORM}.grade.help",
     "model.wording", "Знаков может быть не больше 600, у вас 601. Сократите текст."),
    # Names that lead nowhere.
    ("standard", [hide("dayz")], "SETTINGS-POINT", f"{FORM}.dayz", None,
     "Так изменить нечего: minor_questionnaire.dayz. Похожие имена: minor_questionnaire.days, "
     "minor_questionnaire.goal, minor_questionnaire.talk_by."),
    ("standard", [set_("minor_enrolment.decision.due", "6 days")], "SETTINGS-POINT",
     "minor_enrolment.decision.due", None,
     "Так изменить нечего: minor_enrolment.decision.due. Похожие имена: "
     "minor_enrolment.decision.due.in, minor_enrolment.decision.approvals, "
     "minor_enrolment.processing.due.in."),
    ("standard", [{"change": "hide", "at": "minor_questionaire.days"}], "SETTINGS-TARGET",
     "minor_questionaire.days", None, "Такой анкеты или процесса нет: minor_questionaire. "
     "Похожие имена: minor_questionnaire, minor_enrolment, place_request."),
    ("standard", [move("days", "nowhere")], "SETTINGS-AFTER", f"{FORM}.days", None,
     "Поставить после этого вопроса нельзя: nowhere. Похожие имена: interests, grade, mentor_wish. "
     "Чтобы вопрос стоял первым, напишите first."),
    ("standard", [hide("days"), hide("days")], "SETTINGS-TWICE", f"{FORM}.days", None,
     "Это уже изменено выше: minor_questionnaire.days. Оставьте одно изменение из двух."),
    ("standard", [own(), reword("own_clubs.label", ru="Кружки")], "SETTINGS-OWN",
     f"{FORM}.own_clubs.label", None,
     "Это ваш собственный вопрос: own_clubs. Измените его там, где вы его добавили."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "changes", "code", "at", "why", "sentence"),
    REFUSED,
    ids=[f"{code} {variant}" for variant, _, code, *_ in REFUSED],
)
def test_what_is_out_of_bounds_is_refused_with_what_to_do(
    shipped: Bundle,
    settings: Settings,
    variant: Any,
    changes: list[dict[str, Any]],
    code: str,
    at: str,
    why: str | None,
    sentence: str,
) -> None:
    problems = apply(shipped, settings(*changes, variant=variant)).problems

    assert [(problem.code, problem.at, problem.why) for problem in problems] == [(code, at, why)]
    assert limit_sentence(code, problems[0].facts, "ru") == sentence
    assert limit_sentence(code, problems[0].facts, "en")
    assert why is None or why in shipped.origins


@pytest.mark.parametrize(
    ("variant", "changes", "code", "at", "why", "sentence"),
    [row for row in REFUSED if len(row[1]) == 1],
    ids=[row[2] for row in REFUSED if len(row[1]) == 1],
)
def test_nothing_is_carried_out_that_has_a_problem(
    shipped: Bundle,
    settings: Settings,
    variant: Any,
    changes: list[dict[str, Any]],
    code: str,
    at: str,
    why: str | None,
    sentence: str,
) -> None:
    assert apply(shipped, settings(*changes, variant=variant)).effective == shipped


def test_an_answer_that_decides_the_way_can_be_neither_hidden_nor_taken_away(
    settings: Settings,
) -> None:
    bundle = _with_free_voice()

    problems = apply(
        bundle,
        settings(
            {"change": "hide", "at": "child_voice.mood"},
            set_("child_voice.mood.choices", choices("Хорошо", "Ещё лучше")),
        ),
    ).problems

    assert [problem.code for problem in problems] == ["LIMIT-USED", "LIMIT-CHOICE-USED"]
    assert limit_sentence("LIMIT-USED", problems[0].facts, "ru") == (
        "«Как ты»: от этого ответа зависит путь заявки, вопрос нельзя скрыть."
    )
    assert limit_sentence("LIMIT-CHOICE-USED", problems[1].facts, "ru") == (
        "От ответа «Плохо» зависит путь заявки. Верните этот вариант."
    )


def test_every_problem_is_told_at_once_in_the_order_of_the_changes(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(
        own(label={"ru": "Твой диагноз {{x}}"}, type="person_name"), hide("goal"), hide("days")
    )

    result = apply(shipped, made)

    assert [problem.code for problem in result.problems] == [
        "OWN-TYPE", "WORDS-PLACES", "LIMIT-SPECIAL", "LIMIT-REQUIRED-HIDE",
    ]  # fmt: skip
    # The change that is all right can be previewed already.
    assert "days" not in order(result.effective)


def test_shorter_time_with_earlier_reminders_is_one_good_change(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(
        set_("minor_enrolment.voice.due.in", "10 days"),
        set_("minor_enrolment.voice.remind.after", ["3 days", "9 days"]),
    )

    assert apply(shipped, made).problems == ()


def test_one_bad_own_question_makes_no_good_one_after_it_fail(
    shipped: Bundle, settings: Settings
) -> None:
    changes = [
        own("own_bad", label={"ru": "Зайди на vk.com/klub"}),
        own("own_good", after="own_bad"),
        own("own_last", after="own_good"),
    ]

    outcome = apply(shipped, settings(*changes))

    assert [one.code for one in outcome.problems] == ["WORDS-LINK"]


def test_one_reminder_out_of_bounds_is_one_problem(shipped: Bundle, settings: Settings) -> None:
    for typed in (["30 days", "7 days"], ["3 days", "30 days"]):
        change = set_("minor_enrolment.voice.remind.after", typed)

        outcome = apply(shipped, settings(set_("minor_enrolment.voice.due.in", "10 days"), change))

        assert [one.code for one in outcome.problems] == ["LIMIT-P21"], typed


def test_settings_of_another_release_are_told_so(shipped: Bundle, settings: Settings) -> None:
    other = settings().model_copy(update={"model": "2.0"})

    (problem,) = apply(shipped, other).problems

    assert problem.code == "SETTINGS-MODEL"
    assert limit_sentence(problem.code, problem.facts, "ru").startswith(
        "Настройки написаны для модели 2.0, а школа работает по модели 1.0."
    )


# The file and the page are the same changes.

FILE = """\
settings: vologda_school
model: "1.0"
variant: standard
changes:
  - {change: hide, at: minor_questionnaire.goal}
  - change: add_field
    at: minor_questionnaire
    field:
      field: own_health
      type: text
      label: {ru: Твоё здоровье}
      data: {class: ordinary, purpose: processing}
  - {change: set, at: minor_enrolment.voice.remind.after, to: [3 days, 20 days]}
"""


def problems_of(shipped: Bundle, source: str) -> list[Problem]:
    document = yaml.load(source, file="vologda.yaml")
    assert not isinstance(document, list), document
    made = read(SettingsSpec, source, file="vologda.yaml")
    assert isinstance(made, SettingsSpec), made
    return list(apply(shipped, made, place_of=document.place).problems)


def test_a_problem_of_a_file_stands_at_its_line_and_column(shipped: Bundle) -> None:
    found = [(problem.code, str(problem.place)) for problem in problems_of(shipped, FILE)]

    assert found == [
        ("LIMIT-REQUIRED-HIDE", "vologda.yaml:5:5"),
        ("LIMIT-SPECIAL", "vologda.yaml:11:19"),
        ("LIMIT-P21", "vologda.yaml:13:72"),
    ]


def test_settings_written_as_a_file_are_read_as_the_same_settings(
    shipped: Bundle, settings: Settings
) -> None:
    made = settings(
        hide("days"),
        own(label={"ru": 'Что значит "мы": ты, я? #нет', "en": "yes"}, help={"ru": "true"}),
        set_(f"{FORM}.talk_by.choices", choices("Лично", "no")),
        set_("minor_enrolment.decision.approvals", 2),
        set_(f"{FORM}.goal.required", True),
    )

    assert read(SettingsSpec, to_yaml(made), file="s.yaml") == made
    assert read(SettingsSpec, to_yaml(settings()), file="s.yaml") == settings()
    assert SettingsSpec.model_validate(to_data(made)) == made
    assert to_yaml(made).splitlines()[4] == "  - {change: hide, at: minor_questionnaire.days}"


def test_a_change_takes_the_place_of_the_earlier_one_at_its_point(settings: Settings) -> None:
    first, second = settings(own()).changes[0], settings(own(type="long_text")).changes[0]

    once = with_change(settings(hide("days")), first)
    edited = with_change(once, second)

    assert len(edited.changes) == 2
    assert edited.changes[1] == second
    assert without_change(edited, first).changes == settings(hide("days")).changes


def _with_free_voice() -> Bundle:
    """A small model in which a free question decides the way of the application."""
    form = """\
form: child_voice
title: {ru: Слово}
hidden: {bound: P11}
fields:
  - field: mood
    type: one_of
    label: {ru: Как ты}
    choices:
      bound: P26
      options: [{value: good, label: {ru: Хорошо}}, {value: bad, label: {ru: Плохо}}]
    free: [hide]
"""
    workflow = """\
workflow: small
title: {ru: Малый процесс}
start: [{by: guardian, door: school_link}]
parties: {guardian: {reach: link}}
stages:
  - stage: one
    steps: [{form: child_voice, by: guardian, stop_on: {answer: {mood: bad}, to: ended}}]
ends: [ended]
"""
    names = ("model.yaml", "legal/ru.yaml")
    sources = {name: (places.workflow_defs() / name).read_bytes() for name in names}
    sources |= {
        "forms/child_voice.yaml": form.encode(),
        "workflows/small.yaml": workflow.encode(),
    }
    bundle, problems = read_sources(sources)
    assert bundle is not None, problems
    return bundle
