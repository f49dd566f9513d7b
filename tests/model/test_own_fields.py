"""A school's own question may ask for anything ordinary, and for nothing that the law guards."""

from __future__ import annotations

import pytest

from server.kernel.wordlists import WordList, first_hit
from server.model.own_fields import link_in

INNOCENT = [
    "Чем любишь заниматься",
    "Какая вера в себя помогает тебе в трудный день?",
    "За какую команду болеешь?",
    "За кого ты болеешь на соревнованиях?",
    "Ходишь ли ты на футбол, волейбол или баскетбол",
    "Что у тебя здорово получается?",
    "Здорово! Расскажи ещё",
    "Чего хочется больше всего",
    "Кто больше всех помогает тебе в школе",
    "В какие кружки ходишь",
    "Какие книги ты прочитал за лето?",
    "Хочешь ли стать врачом",
    "Интересна ли тебе медицина",
    "Мечтаешь ли лечить животных?",
    "Хочешь ли ты работать в больнице?",
    "Твоя точка зрения на школьную форму",
    "Выбор зависит от тебя: что выберешь?",
    "В зависимости от погоды: парк или музей",
    "Любимые национальные виды спорта",
    "Нравится ли тебе народная музыка",
    "Профессиональная ориентация: что уже пробовал?",
    "Занимаешься ли ориентированием",
    "Интересуешься ли политикой и историей",
    "В какой сектор стадиона удобно сесть",
    "Расписание на неделю",
    "Сколько раз в неделю удобно встречаться?",
    "На каком языке удобнее говорить",
    "Верно ли, что тебе удобно по вечерам?",
    "Верховая езда, вертолёты, версии игр: что ближе?",
    "Личностный рост: чему хочешь научиться",
    "Каких животных ты любишь",
    "Какая музыка тебе нравится",
    "Как добираешься до школы",
    "Кем работают твои родители",
    "Твой любимый предмет",
    "Вера Ивановна ведёт кружок: придёшь?",
    "Умеешь ли ты готовить",
    "Есть ли дома компьютер",
    "Играешь ли ты на гитаре; есть ли музыкальный слух",
    "Учётная запись в школьном дневнике",
    "Что расскажешь о своей семье",
    "What do you like doing?",
    "Which club do you go to",
    "What gives you faith in yourself?",
    "Do you like running races?",
    "What kind of mentor would help you?",
    "I'll come on: choose the days",
    "Does your school have career orientation days?",
]

GUARDED = [
    ("Чем болел в этом году", "health", "болел"),
    ("Есть ли хронические заболевания", "health", "хронические"),
    ("Опишите состояние здоровья ребёнка", "health", "здоровья"),
    ("Аллергия на продукты", "health", "Аллергия"),
    ("Какие лекарства принимаешь?", "health", "лекарства"),
    ("Есть ли инвалидность или ОВЗ", "health", "инвалидность"),
    ("Какое у тебя зрение", "health", "зрение"),
    ("Рост и вес", "health", "Рост и вес"),
    ("У какого врача наблюдаешься", "health", "У какого врача"),
    ("Были ли травмы", "health", "травмы"),
    ("Расскажи о бoлезнях", "health", "бoлезнях"),  # a Latin o inside
    ("ДИАГНОЗ", "health", "ДИАГНОЗ"),
    ("Твоё вероисповедание", "creed", "вероисповедание"),
    ("Какой ты религии", "creed", "религии"),
    ("Какая вера в вашей семье", "creed", "Какая вера"),
    ("Веришь ли ты в Бога?", "creed", "в Бога"),
    ("Ходите ли вы в церковь", "creed", "церковь"),
    ("Во что ты веришь?", "creed", "Во что ты веришь"),
    ("Кто ты по национальности", "ethnicity", "национальности"),
    ("Этническое происхождение", "ethnicity", "Этническое"),
    ("Цвет кожи", "ethnicity", "Цвет кожи"),
    ("Политические взгляды родителей", "politics", "Политические взгляды"),
    ("За кого голосовали родители?", "politics", "За кого голосовали"),
    ("Твоя ориентация", "intimate", "ориентация"),
    ("Отпечаток пальца", "biometrics", "Отпечаток пальца"),
    ("Судимость родителей", "convictions", "Судимость"),
    ("Состоишь ли на учёте", "convictions", "на учёте"),
    ("Do you have any allergies?", "health", "allergies"),
    ("Mental health history", "health", "health"),
    ("What is your religion", "creed", "religion"),
    ("Your ethnicity", "ethnicity", "ethnicity"),
    ("Any criminal record?", "convictions", "criminal record"),
    # Innocent words beside do not cover for it.
    ("За какую команду болеешь и чем болел в этом году", "health", "болел"),
    ("Не забудь указать болезни", "health", "болезни"),
]


@pytest.mark.parametrize("label", INNOCENT)
def test_an_innocent_question_passes(label: str, special_words: WordList) -> None:
    assert first_hit(label, special_words) is None


@pytest.mark.parametrize(("label", "kind", "words"), GUARDED)
def test_a_question_about_special_data_is_caught(
    label: str, kind: str, words: str, special_words: WordList
) -> None:
    hit = first_hit(label, special_words)

    assert hit is not None
    assert (hit.kind, hit.words) == (kind, words)


def test_a_hint_may_forbid_to_write_about_it(special_words: WordList) -> None:
    hint = "Пиши о том, что любишь. Не пиши здесь о здоровье и о вере."

    assert first_hit(hint, special_words) is None


def test_what_stands_beside_the_forbidding_sentence_is_still_read(special_words: WordList) -> None:
    hint = "Не пиши о школе. Напиши, чем болел."

    hit = first_hit(hint, special_words)

    assert hit is not None
    assert hit.words == "болел"


@pytest.mark.parametrize(
    "words",
    [
        "https://evil.example/login", "HTTP://EVIL.EXAMPLE", "Открой http:/evil.example",
        "www.evil.example", "Зайди на vk.com/klub", "t.me/klub", "пиши на mum@mail.example",
        "mailto:mum@mail.example", "tel:+79160000000", "javascript:alert(1)", "@klub_rebyat",
        "госуслуги.рф", "сбербанк.online", "xn--80ak.xn--p1ai", "203.0.113.9", "ｅｖｉｌ．ｃｏｍ",
        "evil。com", "evil․com", "(evil.com)", "«evil.com»", "Сайт:evil.com.",
        # Letters that look Latin, in a name that has Latin ones.
        "vk.соm", "vk.cоm", "t.mе/x", "evil.ру", "@аdmin_bot", "тг@school_bot", "тг: @школа_бот",
        # Dots of other scripts, gaps and brackets around a dot, a sign that is drawn as nothing.
        "vk\u06d4com", "vk\u2e31com", "vk\ua4f8com", "v\u2800k.com", "vk[.]com", "vk (dot) com",
        "vk .com", "vk. com", "//evil/path", "a@b", "school@bot",
        "+7 916 000-00-00", "8 916 000 00 00", "8(916)000-00-00", "89160000000",
    ],
)  # fmt: skip
def test_what_leads_away_from_the_page_is_found(words: str) -> None:
    assert link_in(words) is not None


@pytest.mark.parametrize(
    "words",
    [
        "Дата: ДД.ММ.ГГГГ", "05.09.2026", "с 10.00 до 11.30", "и т.д.", "т.е. сам",
        "и.о. директора", "ул. Ленина, д. 5", "Школа.Если ответишь «да»", "e.g. music", "i.e. you",
        "A.S. Pushkin",
        "кто/что", "Мама (папа)", "по 5-балльной шкале: 3.5", "№ 7", "8 (8172) 00-00-00", "50 %",
        "C++ или Python?", "Иванов И.И.", "что делать: петь, шить",
        "7.5 класс", "С 9.00 до 18.00", "Кружок «Код.Дети»", "Кружок «Код. Дети»", "О.Генри",
        "How are you. Me too", "I like it. Net ball too", "Python 3.11", "Пункт 1 // пункт 2",
        "2025/2026 учебный год", "с 01.09.2026 по 31.05.2027", "Я.Класс", "IT-класс. Да или нет?",
        "HTML/CSS", "Сколько часов: 10-20-30", "1.1. Кем хочешь стать", "e-mail или телефон",
        "900 000 000 000 рублей", "8 900 рублей в месяц", "8 900 рублей, 10 000 рублей",
        "С 8.00-9.00, 10.00-11.00", "2.3.1 пункт", "ФИО (отчество, если есть)",
    ],
)  # fmt: skip
def test_plain_words_lead_nowhere(words: str) -> None:
    assert link_in(words) is None
