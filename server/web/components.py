"""The page `/_components`: every part of the look in every state, in the sandbox only."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, render_template, request
from flask_babel import force_locale

components = Blueprint("components", __name__)

Say = Callable[[str, str], str]
"""Takes a text in Russian and in English, gives back the one of the page's language."""

SCHOOL = {
    "title": ("Вологодская школа наставничества", "Vologda mentoring school"),
    "partner_name": ("АНО «Вектор роста»", "ANO Vektor Rosta"),
    "initials": ("ВР", "VR"),
    "contact_name": ("Ирина Павловна", "Irina Pavlovna"),
    "contact_phone": ("8 (8172) 00-00-00", "8 (8172) 00-00-00"),
    "contact_hours": ("по будням с 10 до 18", "weekdays from 10 to 18"),
}


@dataclass(frozen=True, kw_only=True)
class DemoField:
    """A field as `_fields.html` asks for it, with invented content."""

    name: str
    type: str
    label: str
    help: str = ""
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    readers_note: str = ""
    max_length: int | None = None
    min: int | None = None
    max: int | None = None
    autocomplete: str = ""
    inputmode: str = ""
    value: object = None
    errors: tuple[str, ...] = ()


@components.get("/_components")
def show() -> str:
    """Show all parts as on the desk, or with `?face=public` as on a family's page."""
    locale = "en" if request.args.get("lang") == "en" else "ru"
    face = "public" if request.args.get("face") == "public" else "staff"
    say = partial(_say, locale)
    with force_locale(locale):
        return render_template(
            "_components.html",
            layout=f"{face}.html",
            face=face,
            locale=locale,
            say=say,
            page_title=say("Из чего сложены страницы", "What pages are made of"),
            school={key: say(*texts) for key, texts in SCHOOL.items()},
            user={"name": say("Надежда Белова", "Nadezhda Belova")},
            nav=_nav(say),
            language_urls={code: f"?face={face}&lang={code}" for code in ("ru", "en")},
            fields=_fields(say),
            wrong_fields=_wrong_fields(say),
            staff_fields=_staff_fields(say),
        )


def _say(locale: str, russian: str, english: str) -> str:
    return english if locale == "en" else russian


def _nav(say: Say) -> list[dict[str, object]]:
    entries = (
        ("Сегодня", "Today", 34),
        ("Дети", "Children", 46),
        ("Согласия", "Consents", 4),
        ("Приглашения", "Invitations", 0),
        ("Анкеты и сроки", "Forms and deadlines", 0),
    )
    return [
        {"label": say(russian, english), "url": "#main", "count": count, "current": at == 0}
        for at, (russian, english, count) in enumerate(entries)
    ]


def _fields(say: Say) -> list[DemoField]:
    return [
        DemoField(
            name="goal",
            type="text",
            label=say("Твоя цель", "Your goal"),
            help=say("Можно одним предложением.", "One sentence is enough."),
            readers_note=say(
                "Прочтут: координатор и наставник", "Read by: the coordinator and the mentor"
            ),
        ),
        DemoField(
            name="about",
            type="long_text",
            label=say("Каким тебе видится хороший наставник?", "What is a good mentor to you?"),
            required=False,
            max_length=400,
            value=say(
                "Тот, кто умеет объяснять и не торопит.",
                "Someone who explains and does not hurry me.",
            ),
        ),
        DemoField(
            name="when",
            type="one_of",
            label=say("Когда тебе удобно?", "When does it suit you?"),
            choices=(
                ("weekdays", say("В будни после школы", "On weekdays after school")),
                ("saturday", say("В субботу утром", "On Saturday morning")),
                ("any", say("Всё равно", "Any time")),
            ),
            value="saturday",
        ),
        DemoField(
            name="learn",
            type="several_of",
            label=say("Чему хочешь научиться?", "What would you like to learn?"),
            help=say("Отметь до трёх.", "Choose up to three."),
            required=False,
            choices=(
                ("speak", say("Выступать перед людьми", "To speak in public")),
                ("make", say("Делать вещи руками", "To make things by hand")),
                ("code", say("Писать программы", "To write programs")),
            ),
            value=["make"],
        ),
        DemoField(
            name="photo",
            type="yes_no",
            label=say("На странице школы на этом сайте", "On the school's page of this site"),
        ),
        DemoField(
            name="calm",
            type="scale",
            label=say(
                "Насколько спокойно тебе в новой компании?", "How calm are you among new people?"
            ),
            choices=(("1", say("совсем нет", "not at all")), ("5", say("очень", "very"))),
            value=4,
        ),
        DemoField(
            name="born",
            type="date",
            label=say("День рождения ребёнка", "The child's birthday"),
            help=say("Например, 27 3 2013.", "For example, 27 3 2013."),
        ),
        DemoField(
            name="child",
            type="person_name",
            label=say("Фамилия, имя и отчество ребёнка", "The child's full name"),
            help=say("Как в свидетельстве о рождении.", "As in the birth certificate."),
            value=say("Смирнов Артём Ильич", "Artyom Smirnov"),
        ),
        DemoField(
            name="contact",
            type="contact",
            label=say("Ваш телефон или почта", "Your phone or email"),
            help=say("Сюда придёт код. Рекламы не будет.", "The code comes here. No advertising."),
        ),
        DemoField(
            name="members",
            type="number",
            label=say("Сколько детей в семье?", "How many children are there in the family?"),
            required=False,
            min=1,
            max=15,
            inputmode="numeric",
            value="2",
        ),
        DemoField(
            name="hint",
            type="note",
            label=say("Дальше пять вопросов ребёнку", "Five questions to the child follow"),
            help=say(
                "Ответы прочтёт координатор школы.", "The school's coordinator reads the answers."
            ),
        ),
        DemoField(
            name="code",
            type="code",
            label=say("Код из сообщения", "Code from the message"),
            help=say(
                "Шесть цифр. Никому его не называйте, даже нам.", "Six digits. Tell it to nobody."
            ),
        ),
    ]


def _wrong_fields(say: Say) -> list[DemoField]:
    return [
        DemoField(
            name="wrong_contact",
            type="contact",
            label=say("Ваш телефон или почта", "Your phone or email"),
            value="8 921 00",
            errors=(
                say(
                    "Не хватает цифр: в номере их одиннадцать.",
                    "Digits are missing: a number has eleven of them.",
                ),
            ),
        ),
        DemoField(
            name="wrong_answer",
            type="yes_no",
            label=say("Участие в занятиях и выездах", "Taking part in sessions and trips"),
            errors=(say("Выберите «Да» или «Нет».", "Choose yes or no."),),
        ),
        DemoField(
            name="wrong_born",
            type="date",
            label=say("День рождения ребёнка", "The child's birthday"),
            value={"day": "31", "month": "02", "year": "2013"},
            errors=(
                say(
                    "В феврале нет 31 числа. Проверьте день.",
                    "February has no day 31. Check the day.",
                ),
            ),
        ),
    ]


def _staff_fields(say: Say) -> list[DemoField]:
    return [
        DemoField(
            name="place",
            type="select",
            label=say("Муниципалитет", "Municipality"),
            choices=(
                ("", say("Все муниципалитеты", "All municipalities")),
                ("sokol", say("Сокол", "Sokol")),
            ),
        ),
        DemoField(
            name="password",
            type="password",
            label=say("Пароль", "Password"),
            autocomplete="current-password",
        ),
        DemoField(
            name="file",
            type="file",
            label=say("Файл с настройками (YAML)", "File with settings (YAML)"),
            help=say("До 256 кБ.", "Up to 256 kB."),
        ),
        DemoField(
            name="hide",
            type="checkbox",
            label=say("Спрятать это поле", "Hide this field"),
            help=say("Прежние ответы останутся.", "Earlier answers stay."),
        ),
    ]
