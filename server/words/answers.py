"""What is said beside a field: one sentence for each problem of an answer, naming the field.

«Укажите дату: «Дата рождения»» can be acted on; "required" cannot. Labels stand in the nominative
between quotes, they are never declined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from server.kernel.problems import Problem
from server.words import catalogues
from server.words.dates import day
from server.words.speech import N_

Translate = Callable[[str], str]

_REQUIRED: Final[Mapping[str, str]] = {
    "one_of": N_("Choose an answer: “%(label)s”."),
    "yes_no": N_("Answer yes or no: “%(label)s”."),
    "several_of": N_("Choose at least one answer: “%(label)s”."),
    "scale": N_("Choose a number: “%(label)s”."),
    "date": N_("Give the date: “%(label)s”."),
    "number": N_("Give a number: “%(label)s”."),
    "contact": N_("Give a mail address or a mobile number: “%(label)s”."),
    "person_name": N_("Give the name: “%(label)s”."),
}
_FILL_IN: Final = N_("Fill in: “%(label)s”.")
_CONTACT: Final[Mapping[str, str]] = {
    "contact_empty": _REQUIRED["contact"],
    "contact_long": N_("“%(label)s”: this is too long for a mail address or a telephone number."),
    "contact_unclear": N_(
        "“%(label)s”: this is neither a mail address nor a telephone number. Write, for example,"
        " name@example.org or +7 916 000-00-00."
    ),
    "mail_wrong": N_(
        "“%(label)s”: letters cannot reach this mail address. Check it; it should look like"
        " name@example.org."
    ),
    "phone_wrong": N_(
        "“%(label)s”: there is no such number. Check the digits; a number of another country"
        " begins with + and its code."
    ),
    "phone_landline": N_(
        "“%(label)s”: messages do not reach this number. Give a mobile number or a mail address."
    ),
}
_RANGE: Final[Mapping[tuple[bool, bool], str]] = {
    (True, True): N_("“%(label)s”: give a number from %(least)s to %(most)s."),
    (True, False): N_("“%(label)s”: give a number not less than %(least)s."),
    (False, True): N_("“%(label)s”: give a number not greater than %(most)s."),
}
_EARLY: Final[Mapping[bool, str]] = {
    True: N_("“%(label)s”: this date has passed. Give today's date or a later one."),
    False: N_("“%(label)s”: give a date not before %(limit)s."),
}
_LATE: Final[Mapping[bool, str]] = {
    True: N_("“%(label)s”: this date has not come yet. Check the day, the month and the year."),
    False: N_("“%(label)s”: give a date not after %(limit)s."),
}
_SENTENCES: Final[Mapping[str, str]] = {
    "ANSWER-LONG": N_(
        "“%(label)s”: the answer is too long. Characters written: %(length)s, the most allowed:"
        " %(most)s."
    ),
    "ANSWER-CHARACTERS": N_(
        "“%(label)s”: there are hidden characters in the text that cannot be stored. Type it again"
        " instead of pasting it."
    ),
    "ANSWER-TWICE": N_("“%(label)s”: give one answer only."),
    "ANSWER-CHOICE": N_("“%(label)s”: choose one of the answers that are offered."),
    "ANSWER-NUMBER": N_("“%(label)s”: write a number in digits, for example 7 or 3.5."),
    "ANSWER-DATE": N_(
        "“%(label)s”: there is no such date. Write the day, the month and the year, for example"
        " 27 3 2013."
    ),
    "ANSWER-DATE-PART": N_("“%(label)s”: these are missing: %(missing)s."),
    "ANSWER-AGE": N_("“%(label)s”: the programme is for children below %(below)s. Check the year."),
    "ANSWER-NAME": N_("“%(label)s”: write the name in letters, as it stands in the document."),
    "ANSWER-NAME-ONE-WORD": N_(
        "“%(label)s”: write both the surname and the name, as they stand in the document. If it"
        " has one word only, say so below."
    ),
    "ANSWER-TYPE": N_("“%(label)s”: the value is of the wrong type; right would be: %(expected)s."),
    "ANSWER-UNKNOWN": N_("This form has no field “%(field)s”."),
}
_PARTS: Final[Mapping[str, str]] = {"day": N_("day"), "month": N_("month"), "year": N_("year")}
_READERS: Final[Mapping[str, str]] = {
    "guardian": N_("parent or guardian"),
    "mentee": N_("participant"),
    "coordinator": N_("coordinator"),
    "tutor": N_("tutor"),
    "mentor": N_("mentor"),
    "curator": N_("municipal representative"),
    "cycle_lead": N_("cycle lead"),
}


def say_answer_problem(
    problem: Problem, label: str, locale: str, translate: Translate | None = None
) -> str:
    """The sentence for a problem of an answer to the field with this label.

    `translate` gives a msgid in `locale`; without it the catalogue is asked.
    """
    said = translate or partial(catalogues.translate, locale)
    facts = _facts(problem.facts, locale, said)
    return said(_sentence(problem)) % {"label": label.rstrip(" :"), **facts}


def say_readers(roles: Iterable[str], locale: str, translate: Translate | None = None) -> str:
    """Who will read an answer, to stand above its question; empty where nobody is named."""
    said = translate or partial(catalogues.translate, locale)
    names = ", ".join(said(_READERS[role]) for role in roles)
    return said(N_("Who will read it: %(readers)s")) % {"readers": names} if names else ""


def _sentence(problem: Problem) -> str:
    facts = problem.facts
    match problem.code:
        case "ANSWER-REQUIRED":
            return _REQUIRED.get(facts["type"], _FILL_IN)
        case "ANSWER-CONTACT":
            return _CONTACT[facts["reason"]]
        case "ANSWER-RANGE":
            return _RANGE[facts["least"] is not None, facts["most"] is not None]
        case "ANSWER-DATE-EARLY":
            return _EARLY[facts["today"]]
        case "ANSWER-DATE-LATE":
            return _LATE[facts["today"]]
    return _SENTENCES[problem.code]


def _facts(facts: Mapping[str, Any], locale: str, said: Translate) -> dict[str, Any]:
    readable = dict(facts)
    if "limit" in facts:
        readable["limit"] = day(date.fromisoformat(facts["limit"]), locale)
    if "missing" in facts:
        readable["missing"] = ", ".join(said(_PARTS[part]) for part in facts["missing"])
    return readable
