"""What a refusal of a school's settings says, and what a line of their history says.

Codes never stand in a sentence: they are for the API, the command line and the details of an
error. Places in a sentence are filled with plain words only (`spoken`); a value is never a
template. A duration has two forms: `{put}` «1 день» and, after «после», `{put_of}` «1 дня»; two
durations `from` and `to` are also one `{span}`: «от 4 до 6 рабочих дней».
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.kernel.durations import Duration
from server.kernel.text import Text

Sentences = Mapping[str, Mapping[str, str]]

SENTENCES: Sentences = {
    # The settings as such.
    "SETTINGS-MODEL": {
        "ru": "Настройки написаны для модели {given}, а школа работает по модели {model}. "
        "Поставьте {model} и проверьте настройки ещё раз.",
        "en": "The settings were written for model {given}, and the school works by model {model}. "
        "Put {model} and check the settings again.",
    },
    "SETTINGS-SCHOOL": {
        "ru": "Это настройки другой школы: {given}. У этой школы в первой строке стоит {school}. "
        "Возьмите файл этой школы или, если изменения нужны и здесь, поставьте {school}.",
        "en": "These are the settings of another school: {given}. For this school the first line "
        "says {school}. Take the file of this school or, if it is to have these changes as well, "
        "put {school}.",
    },
    "SETTINGS-VARIANT": {
        "ru": "Настройки написаны для другого варианта модели ({variant}), а у школы вариант "
        "{school}. Поставьте вариант школы и проверьте настройки ещё раз.",
        "en": "The settings were written for another variant of the model ({variant}), and the "
        "school works by the {school} one. Put the school's variant and check them again.",
    },
    "SETTINGS-TARGET": {
        "ru": "Такой анкеты или процесса нет: {given}. Похожие имена: {nearest}.",
        "en": "There is no such questionnaire or process: {given}. Similar names: {nearest}.",
    },
    "SETTINGS-POINT": {
        "ru": "Так изменить нечего: {given}. Похожие имена: {nearest}.",
        "en": "There is nothing to change in this way: {given}. Similar names: {nearest}.",
    },
    "SETTINGS-AFTER": {
        "ru": "Поставить после этого вопроса нельзя: {given}. Похожие имена: {nearest}. "
        "Чтобы вопрос стоял первым, напишите first.",
        "en": "It cannot stand after this question: {given}. Similar names: {nearest}. "
        "To put the question first, write first.",
    },
    "SETTINGS-TWICE": {
        "ru": "Это уже изменено выше: {given}. Оставьте одно изменение из двух.",
        "en": "This is changed further up already: {given}. Keep one of the two changes.",
    },
    "SETTINGS-OWN": {
        "ru": "Это ваш собственный вопрос: {given}. Измените его там, где вы его добавили.",
        "en": "This is a question of your own: {given}. Change it where you added it.",
    },
    "SETTINGS-YES-NO": {
        "ru": "Здесь нужно «да» или «нет»: напишите true или false.",
        "en": "Yes or no is needed here: write true or false.",
    },
    "SETTINGS-NUMBER": {
        "ru": "Здесь нужно целое число, например 2.",
        "en": "A whole number is needed here, such as 2.",
    },
    "SETTINGS-DURATION": {
        "ru": "Здесь нужен срок: целое число, например 5. В файле пишут 5 working days или 14 days.",
        "en": "A time is needed here: a whole number, such as 5. In a file: 5 working days, 14 days.",
    },
    "SETTINGS-DURATIONS": {
        "ru": "Здесь нужны сроки по порядку, например 3 и 7. В файле пишут [3 days, 7 days].",
        "en": "Times are needed here, one after the other, such as 3 and 7. In a file: [3 days, 7 days].",
    },
    "SETTINGS-CHOICES": {
        "ru": "Здесь нужен список вариантов ответа, у каждого своя подпись.",
        "en": "A list of choices is needed here, each with a label.",
    },
    "SETTINGS-NO-CHOICES": {
        "ru": "«{name}»: на этот вопрос отвечают без списка вариантов. Уберите изменение.",
        "en": "“{name}”: this question is answered without a list of choices. Remove the change.",
    },
    # What may not be changed at all.
    "LIMIT-LOCKED": {
        "ru": "«{name}»: менять это нельзя. Оставьте как есть.",
        "en": "“{name}”: this cannot be changed. Leave it as it is.",
    },
    "LIMIT-REQUIRED-HIDE": {
        "ru": "«{name}»: это обязательный вопрос, его нельзя скрыть. Верните его в анкету.",
        "en": "“{name}”: this question is required and cannot be hidden. Put it back.",
    },
    "LIMIT-REQUIRED-OFF": {
        "ru": "«{name}»: этот вопрос обязателен в модели. Необязательным его сделать нельзя.",
        "en": "“{name}”: the model requires this question. It cannot be made optional.",
    },
    "LIMIT-USED": {
        "ru": "«{name}»: от этого ответа зависит путь заявки, вопрос нельзя скрыть.",
        "en": "“{name}”: the way of the application depends on this answer; it cannot be hidden.",
    },
    "LIMIT-CHOICE-USED": {
        "ru": "От ответа «{label}» зависит путь заявки. Верните этот вариант.",
        "en": "The way of the application depends on the answer “{label}”. Put this choice back.",
    },
    "LIMIT-HIDE-ALL": {
        "ru": "«{name}»: в анкете не осталось ни одного вопроса. Верните хотя бы один.",
        "en": "“{name}”: no question is left in the questionnaire. Put back at least one.",
    },
    # How many and how far.
    "LIMIT-OWN-CLOSED": {
        "ru": "«{name}»: в эту анкету свои вопросы не добавляют. Уберите вопрос.",
        "en": "“{name}”: no questions of your own can be added here. Remove the question.",
    },
    "LIMIT-P10": {
        "ru": "Своих вопросов может быть не больше {most}, вы добавили {given}. "
        "Уберите {less} или попросите исключение у хранителя модели.",
        "en": "There may be at most {most} questions of your own, you added {given}. "
        "Remove {less} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P10-NONE": {
        "ru": "В вашем варианте модели своих вопросов не добавляют. "
        "Уберите вопрос или попросите исключение у хранителя модели.",
        "en": "In your variant of the model there are no questions of your own. "
        "Remove the question or ask the model’s keeper for an exception.",
    },
    "LIMIT-P11": {
        "ru": "Скрыть можно не больше {most}, вы скрыли {given}. "
        "Верните {less} или попросите исключение у хранителя модели.",
        "en": "At most {most} may be hidden, you hid {given}. "
        "Put back {less} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P11-NONE": {
        "ru": "«{name}»: в вашем варианте модели вопросы не скрывают. "
        "Верните вопрос или попросите исключение у хранителя модели.",
        "en": "“{name}”: in your variant of the model questions are not hidden. "
        "Put the question back or ask the model’s keeper for an exception.",
    },
    "LIMIT-P13": {
        "ru": "«{name}»: решение принимают от {from} до {to} человек, вы указали {given}. "
        "Поставьте {put} или попросите исключение у хранителя модели.",
        "en": "“{name}”: the decision is taken by {from} to {to} people, you put {given}. "
        "Put {put} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P13-NONE": {
        "ru": "«{name}»: число решающих в вашем варианте модели не меняют. Уберите изменение.",
        "en": "“{name}”: in your variant of the model the number of people who decide "
        "does not change. Remove the change.",
    },
    "LIMIT-P20": {
        "ru": "«{name}»: срок может быть {span}, вы указали {given}. "
        "Поставьте {put} или попросите исключение у хранителя модели.",
        "en": "“{name}”: the time may be {span}, you put {given}. "
        "Put {put} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P20-UNIT": {
        "ru": "«{name}»: этот срок считают в тех же единицах, что и в модели: "
        "{span}. Вы указали {given}.",
        "en": "“{name}”: this time is counted in the units of the model: {span}. You put {given}.",
    },
    "LIMIT-P20-NONE": {
        "ru": "«{name}»: этот срок в вашем варианте модели не меняют. "
        "Поставьте {shipped} или попросите исключение у хранителя модели.",
        "en": "“{name}”: in your variant of the model this time does not change. "
        "Put {shipped} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P21": {
        "ru": "«{name}»: напоминание приходит через срок {span}, вы указали {given}. "
        "Поставьте {put} или попросите исключение у хранителя модели.",
        "en": "“{name}”: a reminder goes out after {span}, you put {given}. "
        "Put {put} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P21-COUNT": {
        "ru": "«{name}»: напоминаний может быть от 1 до {most}, у вас {given}.",
        "en": "“{name}”: there may be 1 to {most} reminders, you have {given}.",
    },
    "LIMIT-P21-ORDER": {
        "ru": "«{name}»: каждое напоминание позже предыдущего, а {given} стоит после {before_of}. "
        "Расставьте их по порядку.",
        "en": "“{name}”: each reminder is later than the one before, and {given} stands "
        "after {before}. Put them in order.",
    },
    "LIMIT-P21-UNIT": {
        "ru": "«{name}»: напоминания считают в календарных днях, вы указали {given}. "
        "Поставьте {put}.",
        "en": "“{name}”: reminders are counted in calendar days, you put {given}. Put {put}.",
    },
    "LIMIT-P21-DUE": {
        "ru": "«{name}»: последнее напоминание ({last}) приходит не раньше конца срока ({due}). "
        "Сдвиньте напоминание или увеличьте срок.",
        "en": "“{name}”: the last reminder ({last}) comes no earlier than the due time ({due}). "
        "Move the reminder or lengthen the time.",
    },
    "LIMIT-P21-NONE": {
        "ru": "«{name}»: напоминания в вашем варианте модели не меняют. "
        "Уберите изменение или попросите исключение у хранителя модели.",
        "en": "“{name}”: in your variant of the model reminders do not change. "
        "Remove the change or ask the model’s keeper for an exception.",
    },
    "LIMIT-P22": {
        "ru": "«{name}»: после конца цикла сведения хранят {span}, "
        "вы указали {given}. Поставьте {put}.",
        "en": "“{name}”: after the cycle ends data is kept {span}, you put {given}. Put {put}.",
    },
    "LIMIT-P22-UNIT": {
        "ru": "«{name}»: этот срок считают в днях или месяцах, вы указали {given}.",
        "en": "“{name}”: this time is counted in days or months, you put {given}.",
    },
    "LIMIT-P22-NONE": {
        "ru": "«{name}»: срок хранения в вашем варианте модели не меняют. Уберите изменение.",
        "en": "“{name}”: in your variant of the model the time data is kept does not change. "
        "Remove the change.",
    },
    "LIMIT-P25": {
        "ru": "«{name}»: в вашем варианте модели меняют только пояснения. "
        "Верните слова вопроса, пояснение можно изменить.",
        "en": "“{name}”: in your variant of the model only hints are reworded. "
        "Put the question's words back; its hint may change.",
    },
    "LIMIT-P26": {
        "ru": "Вариантов ответа может быть от {from} до {to}, у вас {given}. "
        "Оставьте {put} или попросите исключение у хранителя модели.",
        "en": "There may be {from} to {to} choices, you have {given}. "
        "Keep {put} or ask the model’s keeper for an exception.",
    },
    "LIMIT-P26-FEW": {
        "ru": "Вариантов ответа может быть от {from} до {to}, у вас {given}. "
        "Добавьте ещё, чтобы стало не меньше {put}.",
        "en": "There may be {from} to {to} choices, you have {given}. "
        "Add more, so that there are at least {put}.",
    },
    "LIMIT-P26-NONE": {
        "ru": "«{name}»: варианты ответа в вашем варианте модели не меняют. "
        "Верните прежние или попросите исключение у хранителя модели.",
        "en": "“{name}”: in your variant of the model the choices do not change. "
        "Put them back or ask the model’s keeper for an exception.",
    },
    # Questions of a school's own.
    "LIMIT-SPECIAL": {
        "ru": "«{words}» спрашивает о том, что закон бережёт особо ({kind}). "
        "Спросите другими словами или уберите.",
        "en": "“{words}” asks for what the law guards ({kind}). Ask in other words or remove it.",
    },
    "OWN-ID": {
        "ru": "Имя своего вопроса начинается с own_, у вас {given}. Напишите {put}.",
        "en": "The id of a question of your own begins with own_, yours is {given}. Write {put}.",
    },
    "OWN-TWICE": {
        "ru": "Вопрос с именем {given} уже есть. Дайте своему вопросу другое имя.",
        "en": "There is a question {given} already. Give yours another id.",
    },
    "OWN-TYPE": {
        "ru": "Имена и контакты в своих вопросах не спрашивают: для них есть вопросы модели. "
        "Выберите другой вид ответа.",
        "en": "Questions of your own do not ask for names and contacts: the model has its own for "
        "them. Choose another kind of answer.",
    },
    "OWN-DATA": {
        "ru": "Скажите, что это за сведения: data: {{class: ordinary, purpose: processing}}.",
        "en": "Say what data this is: data: {{class: ordinary, purpose: processing}}.",
    },
    "OWN-CLASS": {
        "ru": "Свой вопрос спрашивает только обычные сведения. Поставьте ordinary.",
        "en": "A question of your own asks for ordinary data only. Put ordinary.",
    },
    "OWN-PURPOSE": {
        "ru": "На цель {given} в этой анкете согласия не просят. Поставьте: {allowed}.",
        "en": "This questionnaire asks no consent for the purpose {given}. Put: {allowed}.",
    },
    "OWN-CHOICES": {
        "ru": "Варианты есть только у вопроса с выбором. Уберите их или смените вид ответа.",
        "en": "Only a question with a choice has choices. Remove them or change the kind of answer.",
    },
    "OWN-SCALE": {
        "ru": "У шкалы должны быть начало и конец, а делений не больше {most}.",
        "en": "A scale needs a start and an end, and at most {most} steps.",
    },
    "OWN-ENDS": {
        "ru": "Наименьшее число ({from}) должно быть меньше наибольшего ({to}).",
        "en": "The smallest number ({from}) must be less than the largest ({to}).",
    },
    "OWN-END": {
        "ru": "Такая граница здесь не подходит: {given}. Уберите её.",
        "en": "This end does not fit here: {given}. Remove it.",
    },
    # Words and choices.
    "CHOICE-TWICE": {
        "ru": "Вариант «{label}» стоит дважды. Оставьте один.",
        "en": "The choice “{label}” stands there twice. Keep one.",
    },
    "CHOICE-VALUE-TWICE": {
        "ru": "У двух вариантов одно имя: {value}. Дайте каждому своё.",
        "en": "Two choices have the same value: {value}. Give each its own.",
    },
    "WORDS-UNSEEN": {
        "ru": "В тексте есть знак, которого не видно ({character}). Наберите текст заново.",
        "en": "The text holds a character that nobody sees ({character}). Type the text again.",
    },
    "WORDS-EMPTY": {
        "ru": "Здесь нет ни одного слова. Напишите текст.",
        "en": "There is no word here. Write a text.",
    },
    "WORDS-PLACES": {
        "ru": "Двойные фигурные скобки здесь не нужны: ничего не подставляется. Уберите их.",
        "en": "Double curly braces are of no use here: nothing is filled in. Remove them.",
    },
    "WORDS-LINK": {
        "ru": "«{given}» ведёт на другую страницу или в чужую переписку. Уберите: семья верит тому, что стоит в анкете.",
        "en": "“{given}” leads to another page or a foreign mailbox. Remove it: a family trusts what stands in a questionnaire.",
    },
    "WORDS-LONG": {
        "ru": "Знаков может быть не больше {most}, у вас {given}. Сократите текст.",
        "en": "There may be at most {most} characters, you have {given}. Shorten the text.",
    },
}

DIFFERENCES: Sentences = {
    "DIFF-HIDDEN": {"ru": "Скрыт вопрос «{name}»", "en": "Hidden: “{name}”"},
    "DIFF-SHOWN": {"ru": "Возвращён вопрос «{name}»", "en": "Put back: “{name}”"},
    "DIFF-OWN-ADDED": {"ru": "Добавлен свой вопрос «{name}»", "en": "Added your own: “{name}”"},
    "DIFF-OWN-REMOVED": {"ru": "Убран свой вопрос «{name}»", "en": "Removed your own: “{name}”"},
    "DIFF-OWN-CHANGED": {
        "ru": "Изменён свой вопрос «{name}»",
        "en": "Changed your own: “{name}”",
    },
    "DIFF-LABEL": {"ru": "Вопрос «{before}» теперь «{after}»", "en": "“{before}” is now “{after}”"},
    "DIFF-HELP": {
        "ru": "«{name}»: новое пояснение «{after}»",
        "en": "“{name}”: new hint “{after}”",
    },
    "DIFF-HELP-REMOVED": {
        "ru": "«{name}»: пояснения больше нет",
        "en": "“{name}”: no hint any more",
    },
    "DIFF-REQUIRED": {"ru": "«{name}»: теперь обязательно", "en": "“{name}”: now required"},
    "DIFF-OPTIONAL": {"ru": "«{name}»: теперь необязательно", "en": "“{name}”: now optional"},
    "DIFF-CHOICE-ADDED": {
        "ru": "«{name}»: добавлен вариант «{label}»",
        "en": "“{name}”: added the choice “{label}”",
    },
    "DIFF-CHOICE-REMOVED": {
        "ru": "«{name}»: убран вариант «{label}»",
        "en": "“{name}”: removed the choice “{label}”",
    },
    "DIFF-CHOICE-LABEL": {
        "ru": "«{name}»: вариант «{before}» теперь «{after}»",
        "en": "“{name}”: the choice “{before}” is now “{after}”",
    },
    "DIFF-CHOICE-ORDER": {
        "ru": "«{name}»: другой порядок вариантов",
        "en": "“{name}”: the choices stand in another order",
    },
    "DIFF-MOVED": {
        "ru": "«{name}» теперь после вопроса «{after}»",
        "en": "“{name}” now stands after “{after}”",
    },
    "DIFF-MOVED-FIRST": {"ru": "«{name}» теперь первый вопрос", "en": "“{name}” now stands first"},
    "DIFF-DUE": {
        "ru": "«{name}»: срок был {before}, теперь {after}",
        "en": "“{name}”: the time was {before}, now {after}",
    },
    "DIFF-REMIND": {
        "ru": "«{name}»: напоминания были через {before}, теперь через {after}",
        "en": "“{name}”: reminders were after {before}, now after {after}",
    },
    "DIFF-APPROVALS": {
        "ru": "«{name}»: сколько человек решают: {after}",
        "en": "“{name}”: how many people decide: {after}",
    },
    "DIFF-APPROVALS-SHIPPED": {
        "ru": "«{name}»: решают столько человек, сколько в модели",
        "en": "“{name}”: as many people decide as the model says",
    },
    "DIFF-VALID": {
        "ru": "«{name}»: после конца цикла хранится {after}, было {before}",
        "en": "“{name}”: kept {after} after the cycle ends, was {before}",
    },
}


def limit_sentence(code: str, facts: Mapping[str, Any], locale: str) -> str:
    """The sentence of a refusal, its places filled.

    :raises KeyError: when the code is not of this table, or a place has no fact.
    """
    return SENTENCES[code][locale].format_map(told(facts, locale))


def difference_line(code: str, facts: Mapping[str, Any], locale: str) -> str:
    """One line of history.

    :raises KeyError: when the code is not of this table, or a place has no fact.
    """
    return DIFFERENCES[code][locale].format_map(told(facts, locale))


def told(facts: Mapping[str, Any], locale: str) -> dict[str, str]:
    """Facts as words of one language, with the further forms of durations."""
    words = {name: spoken(value, locale) for name, value in facts.items()}
    for name in ("variant", "school"):
        if name in words:
            words[name] = VARIANTS[locale].get(words[name], words[name])
    for name, value in facts.items():
        if isinstance(value, Duration):
            words[f"{name}_of"] = duration_of(value, locale)
    least, most = facts.get("from"), facts.get("to")
    if isinstance(least, Duration) and isinstance(most, Duration):
        words["span"] = span(least, most, locale)
    return words


def spoken(value: Any, locale: str) -> str:
    """One fact as words: a text in its language, a duration as people say it, a list with commas."""
    if isinstance(value, Text):
        return value.in_(locale)
    if isinstance(value, Duration):
        return duration(value, locale)
    if isinstance(value, tuple | list):
        return ", ".join(spoken(one, locale) for one in value) or _NONE[locale]
    return str(value)


def duration(value: Duration, locale: str) -> str:
    """«1 рабочий день», «3 дня», «12 месяцев»; “1 working day”, “12 months”."""
    if locale != "ru":
        return str(value)
    return f"{value.amount} {_RUSSIAN[value.unit][_russian_plural(value.amount)]}"


def unit_after_to(amount: int, unit: str, locale: str, *, otherwise: str) -> str:
    """The unit of the number after «от … до»: «21 дня», «20 дней»; `otherwise` for other languages
    and for what is no time."""
    if locale != "ru" or unit not in _RUSSIAN_OF:
        return otherwise
    one, many = _RUSSIAN_OF[unit]
    return one if _russian_plural(amount) == 0 else many


def span(least: Duration, most: Duration, locale: str) -> str:
    """«от 4 до 6 рабочих дней», «от 30 дней до 24 месяцев»; “4 to 6 working days”."""
    same = least.unit == most.unit
    if locale != "ru":
        return f"{least.amount if same else least} to {most}"
    return (
        f"от {least.amount if same else duration_of(least, locale)} до {duration_of(most, locale)}"
    )


def duration_of(value: Duration, locale: str) -> str:
    """After «от» and «до»: «1 рабочего дня», «3 дней», «12 месяцев»."""
    if locale != "ru":
        return str(value)
    one, many = _RUSSIAN_OF[value.unit]
    return f"{value.amount} {one if _russian_plural(value.amount) == 0 else many}"


# The variants as people call them.
VARIANTS: Sentences = {
    "ru": {"strict": "строгий", "standard": "обычный", "flexible": "гибкий"},
    "en": {"strict": "strict", "standard": "standard", "flexible": "flexible"},
}
_NONE = {"ru": "нет", "en": "none"}
_RUSSIAN = {
    "hours": ("час", "часа", "часов"),
    "days": ("день", "дня", "дней"),
    "working days": ("рабочий день", "рабочих дня", "рабочих дней"),
    "months": ("месяц", "месяца", "месяцев"),
}
_RUSSIAN_OF = {
    "hours": ("часа", "часов"),
    "days": ("дня", "дней"),
    "working days": ("рабочего дня", "рабочих дней"),
    "months": ("месяца", "месяцев"),
}


def _russian_plural(count: int) -> int:
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2
