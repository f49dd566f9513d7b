"""The invented people and organisations of the demo, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Colleague:
    """Someone of staff: the login is what they sign in with."""

    login: str
    name: str
    role: str
    place: str | None = None  # limited to this municipality


@dataclass(frozen=True)
class Partner:
    """An organisation with one school, its people, and what it changed in the model."""

    slug: str
    facts: dict[str, Any]
    school: dict[str, Any]
    places: tuple[tuple[str, str], ...]
    staff: tuple[Colleague, ...]
    changes: tuple[dict[str, Any], ...]
    phone: str  # the first digits of its families' invented numbers


@dataclass(frozen=True)
class Family:
    """A guardian and a child, and how far their application went.

    `until` names the last thing that happened; `began` is so many days before today.
    """

    guardian: str
    relation: str
    child: str
    age: int
    until: str
    began: int
    place: int = 0
    locale: str = "ru"
    goal: str = "Научиться собирать простых роботов и показать их в школе"
    photo: str | None = None  # given | refused | deferred


PROCESSOR = {
    "processor_name": "ООО «Опора данных»",
    "processor_address": "119002, Москва, улица Приречная, 5",
}
HOURS = {"ru": "по будням с 10 до 18", "en": "weekdays 10:00 to 18:00"}

VEKTOR = Partner(
    slug="vektor-rosta",
    facts={
        "name": "АНО «Вектор роста»",
        "legal_name": "Автономная некоммерческая организация «Вектор роста»",
        "kind": "ngo",
        "address": "160000, Вологда, улица Кружевная, 12",
        "inn": "3525000017",
        "ogrn": "1203500000010",
        "contact_name": "Ирина Павловна Рябинина",
        "contact_phone": "8 (8172) 00-00-00",
        "contact_hours": HOURS,
        **PROCESSOR,
    },
    school={
        "slug": "vologda",
        "title": {"ru": "Вологодская школа наставничества", "en": "Vologda Mentoring School"},
        "initials": "ВР",
        "region": "Вологодская область",
        "zone": "Europe/Moscow",
        "variant": "standard",
    },
    places=(("vologda", "Вологда"), ("cherepovets", "Череповец"), ("sokol", "Сокол")),
    staff=(
        Colleague("admin@vektor.example", "Лебедева Ольга Сергеевна", "partner_admin"),
        Colleague("irina@vektor.example", "Рябинина Ирина Павловна", "coordinator"),
        Colleague("nina@vektor.example", "Белова Нина Андреевна", "coordinator"),
        Colleague("sokol@vektor.example", "Морозов Пётр Ильич", "curator", place="sokol"),
    ),
    changes=(
        {"change": "hide", "at": "minor_questionnaire.talk_by"},
        {
            "change": "reword",
            "at": "minor_questionnaire.mentor_wish.label",
            "to": {"ru": "Каким ты видишь хорошего наставника"},
        },
        {
            "change": "add_field",
            "at": "minor_questionnaire",
            "after": "goal",
            "field": {
                "field": "own_clubs",
                "type": "text",
                "label": {"ru": "В какие кружки ты ходишь", "en": "Which clubs you go to"},
                "data": {"class": "ordinary", "purpose": "processing"},
            },
        },
        {"change": "set", "at": "minor_enrolment.decision.due.in", "to": "4 working days"},
    ),
    phone="+7921000",
)

SIBIR = Partner(
    slug="departament-sibir",
    facts={
        "name": "Департамент молодёжи Приобья",
        "legal_name": "Департамент молодёжной политики Приобья",
        "kind": "authority",
        "address": "630007, Новосибирск, проспект Обской, 3",
        "inn": "5406000022",
        "ogrn": "1205400000021",
        "contact_name": "Светлана Юрьевна Зимина",
        "contact_phone": "8 (383) 000-00-00",
        "contact_hours": HOURS,
        **PROCESSOR,
    },
    school={
        "slug": "priobye",
        "title": {"ru": "Школа наставничества Приобья", "en": "Priobye Mentoring School"},
        "initials": "ПР",
        "region": "Новосибирская область",
        "zone": "Asia/Novosibirsk",
        "variant": "strict",
    },
    places=(("novosibirsk", "Новосибирск"), ("berdsk", "Бердск"), ("iskitim", "Искитим")),
    staff=(
        Colleague("admin@priobye.example", "Зимина Светлана Юрьевна", "partner_admin"),
        Colleague("maria@priobye.example", "Козлова Мария Олеговна", "coordinator"),
        Colleague("anton@priobye.example", "Громов Антон Викторович", "coordinator"),
        Colleague("berdsk@priobye.example", "Юдина Вера Петровна", "curator", place="berdsk"),
    ),
    changes=(),
    phone="+7913000",
)

BEREG = Partner(
    slug="vostochny-bereg",
    facts={
        "name": "Завод «Восточный берег»",
        "legal_name": "Акционерное общество «Восточный берег»",
        "kind": "enterprise",
        "address": "690001, Владивосток, улица Маячная, 8",
        "inn": "2540000039",
        "ogrn": "1202500000032",
        "contact_name": "Денис Аркадьевич Волков",
        "contact_phone": "8 (423) 000-00-00",
        "contact_hours": HOURS,
        **PROCESSOR,
    },
    school={
        "slug": "bereg",
        "title": {"ru": "Школа наставников «Берег»", "en": "The Shore Mentoring School"},
        "initials": "БР",
        "region": "Приморский край",
        "zone": "Asia/Vladivostok",
        "variant": "flexible",
    },
    places=(("vladivostok", "Владивосток"), ("artem", "Артём"), ("nakhodka", "Находка")),
    staff=(
        Colleague("admin@bereg.example", "Волков Денис Аркадьевич", "partner_admin"),
        Colleague("yulia@bereg.example", "Ким Юлия Романовна", "coordinator"),
        Colleague("oleg@bereg.example", "Тарасов Олег Львович", "coordinator"),
        Colleague("artem@bereg.example", "Соболева Инна Марковна", "curator", place="artem"),
    ),
    changes=(
        {"change": "hide", "at": "minor_questionnaire.grade"},
        {"change": "move", "at": "minor_questionnaire.mentor_wish", "after": "goal"},
        {
            "change": "add_field",
            "at": "minor_questionnaire",
            "after": "interests",
            "field": {
                "field": "own_workshop",
                "type": "one_of",
                "label": {"ru": "Какой цех хочешь увидеть первым", "en": "Which shop to see first"},
                "choices": {
                    "options": [
                        {"label": {"ru": "Сборочный", "en": "Assembly"}},
                        {"label": {"ru": "Литейный", "en": "Foundry"}},
                        {"label": {"ru": "Лабораторию", "en": "Laboratory"}},
                    ]
                },
                "data": {"class": "ordinary", "purpose": "processing"},
            },
        },
        {"change": "set", "at": "minor_enrolment.processing.remind.after",
         "to": ["2 days", "6 days", "10 days"]},
    ),
    phone="+7914000",
)  # fmt: skip

PARTNERS = (VEKTOR, SIBIR, BEREG)
PLATFORM = Colleague("model@mentor-school.example", "Орлова Тамара Глебовна", "model_owner")

# One family for each place an application can be in; the oldest first.
FAMILIES = (
    Family("Кузнецова Елена", "mother", "Кузнецов Илья", 12, "enrolled", 34, 0, photo="given"),
    Family("Абрамов Сергей", "father", "Абрамова Полина", 15, "enrolled", 31, 1, photo="refused"),
    Family("Фомина Дарья", "mother", "Фомин Глеб", 11, "declined_by_school", 29, 0),
    Family("Орлова Ксения", "mother", "Орлова Ева", 11, "consents_overdue", 21, 2),
    Family("Жукова Алла", "guardian", "Жуков Роман", 14, "declined_by_child", 20, 1),
    Family("Никитин Павел", "father", "Никитина Соня", 9, "declined_by_family", 18, 0),
    Family("Громова Лидия", "mother", "Громов Марк", 13, "withdrawn", 17, 0),
    Family("Смирнова Анна", "mother", "Смирнов Артём", 13, "decision", 9, 1, photo="deferred"),
    Family("Ким Виктория", "mother", "Ким Дарья", 17, "decision", 8, 0, photo="given"),
    Family("Гусева Марина", "mother", "Гусев Лев", 12, "decision_by_coordinator", 8, 0),
    Family("Соловьёв Игорь", "adopter", "Соловьёв Тимур", 10, "decision_flagged", 7, 2,
           goal="Хочу заниматься спортом. Дома меня бьют, когда я прихожу поздно"),
    Family("Васильева Юлия", "mother", "Васильева Алиса", 16, "decision", 7, 0, locale="en",
           goal="To learn how films are made"),
    Family("Васильев Кирилл", "father", "Васильева Алиса", 16, "questionnaire", 6, 0),
    Family("Тихонова Яна", "mother", "Тихонов Егор", 8, "decision", 6, 1),
    Family("Ершова Наталья", "mother", "Ершов Данил", 12, "returned", 10, 2),
    Family("Крылова Зоя", "mother", "Крылова Варя", 13, "voice", 4, 0),
    Family("Панин Олег", "father", "Панин Матвей", 15, "own_signature", 4, 1),
    Family("Лапина Инна", "mother", "Лапин Фёдор", 7, "voice", 3, 2),
    Family("Щербакова Рита", "mother", "Щербаков Ян", 12, "consents", 2, 0),
    Family("Медведева Галина", "mother", "Медведева Лиза", 14, "invited", 5, 1),
)  # fmt: skip


def born(age: int, today: date) -> date:
    """A birth date that makes this age for the whole of the demo's year."""
    return date(today.year - age, 1, 15) if today > date(today.year, 1, 15) else date(
        today.year - age - 1, 1, 20
    )  # fmt: skip
