"""Words of the editor: signs, reasons, kinds of answers, refusals, differences, in the reader's
language; codes stay outside (GLOSSARY)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flask_babel

from server.forms.definition import FieldSpec
from server.http.rendering import locale
from server.kernel.durations import Duration
from server.kernel.problems import Problem
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.model.definition import Parameter, Range, Variant
from server.model.limits import Limit
from server.model.points import Difference, Point, Reason, diff
from server.words import limits, problems
from server.words.speech import N_


def _(msgid: str, **places: Any) -> str:
    """The sentence in the reader's language, its named places filled."""
    return str(flask_babel.gettext(msgid, **places))


def ngettext(one: str, many: str, num: int, **places: Any) -> str:
    """The sentence for this count; `%(num)s` is filled as well."""
    return str(flask_babel.ngettext(one, many, num, **places))


# What a question is answered with, as a partner chooses it.
KINDS: Mapping[str, str] = {
    "text": N_("Short text"),
    "long_text": N_("Long text"),
    "one_of": N_("One of several choices"),
    "several_of": N_("Several choices"),
    "yes_no": N_("Yes or no"),
    "date": N_("Date"),
    "number": N_("Number"),
    "scale": N_("Scale of numbers"),
    "note": N_("Words only, no answer"),
    "person_name": N_("Name of a person"),
    "contact": N_("Phone or mail"),
}
VARIANTS: Mapping[str, str] = {
    "strict": N_("The strict variant: hints and the order are yours, the rest is as in the model."),
    "standard": N_("The standard variant: words, order and choices are yours within limits."),
    "flexible": N_("The flexible variant: the widest room the model knows."),
}
# What a page says where a file is told how to write it.
_ON_PAGE: Mapping[str, str] = {
    "SETTINGS-DURATION": N_("A whole number is needed here, such as 5."),
    "SETTINGS-DURATIONS": N_(
        "Whole numbers are needed here, one after the other, such as 3 and 7."
    ),
}
_PEOPLE = N_("people")
_UNITS: Mapping[str, str] = {
    "days": N_("days"),
    "working days": N_("working days"),
    "months": N_("months"),
    "hours": N_("hours"),
    "": _PEOPLE,
}
_MARKS = ("locked", "bounded", "free")


@dataclass(frozen=True)
class Remark:
    """One refusal as people read it: what to do, and beneath it the rule, its origin and source."""

    text: str
    at: str = ""
    rule: str = ""
    origin: str = ""
    source: str = ""
    place: str = ""  # line and column in a file


@dataclass(frozen=True)
class Why:
    """The reason of a sign."""

    title: str
    text: str
    origin: str
    source: str


def text(words: Text | Mapping[str, str] | None) -> str:
    """A text in the reader's language."""
    return Text(words or {}).in_(locale())


def why(reason: Reason) -> Why:
    """A reason in words."""
    return Why(text(reason.title), text(reason.text), reason.origin, text(reason.source))


def remark(problem: Problem, origins: Mapping[str, Any]) -> Remark:
    """A problem in words, with the rule behind it where there is one."""
    known = origins.get(problem.why or "", {})
    place = problem.place
    origin, source = known.get("origin", ""), text(known.get("source"))
    if origin == "recommended" and not problem.warning:
        # What is refused is no recommendation, wherever the numbers of the rule came from.
        origin, source = "model", ""
    on_page = _ON_PAGE.get(problem.code) if place is None else None
    return Remark(
        text=_(on_page) if on_page else problems.say(problem, locale()),
        at=problem.at,
        rule=text(known.get("title")),
        origin=origin,
        source=source,
        place=f"{place.line}:{place.column}" if place else "",
    )


def remarks(found: Iterable[Problem], origins: Mapping[str, Any]) -> list[Remark]:
    """All problems in words."""
    return [remark(one, origins) for one in found]


def unit(name: str) -> str:
    """The unit beside a number."""
    return _(_UNITS[name])


def unit_after_to(amount: int, name: str) -> str:
    """The unit of the number after «от … до»: «21 дня», «20 дней»."""
    return limits.unit_after_to(amount, name, locale(), otherwise=unit(name))


def variant(name: str) -> str:
    """The variant as people call it: «обычный»."""
    return limits.VARIANTS[locale()].get(name, name)


def spoken(value: Any) -> str:
    """A number or a duration as people say it."""
    if isinstance(value, tuple) and all(isinstance(one, Duration) for one in value):
        return ", ".join(limits.duration(one, locale()) for one in value)
    return limits.spoken(value, locale())


def span(limit: Limit | None) -> str:
    """«от 2 до 7», «от 4 до 6 рабочих дней»."""
    if limit is None or limit.lowest is None or limit.highest is None:
        return ""
    if isinstance(limit.lowest, Duration) and isinstance(limit.highest, Duration):
        return limits.span(limit.lowest, limit.highest, locale())
    return _("%(low)s to %(high)s", low=limit.lowest, high=limit.highest)


def differences(before: Bundle, after: Bundle) -> list[str]:
    """What a reader of the history is told, one sentence a line."""
    return [difference(one) for one in diff(before, after)]


def difference(found: Difference) -> str:
    """One line of what changed."""
    return limits.difference_line(found.code, found.facts, locale())


def may_question(point: Point) -> str:
    """What may be done with a question, in one sentence: the sign in words."""
    if point.own:
        return _("Your own question: everything about it is yours.")
    parts = [words for part, words in _parts() if point.may(*part)]
    if not parts:
        return _("Cannot be changed.")
    if point.sign == "locked" and parts == [_("the hint")]:
        return _("Cannot be changed, except the hint.")
    if point.sign == "locked":
        return _("Cannot be changed, except: %(parts)s.", parts=", ".join(parts))
    return _("You can change: %(parts)s.", parts=", ".join(parts))


def _parts() -> list[tuple[tuple[str, ...], str]]:
    return [
        (("reword", "label"), _("the question’s words")),
        (("reword", "help"), _("the hint")),
        (("set", "choices"), _("the choices")),
        (("set", "required"), _("whether it must be answered")),
        (("move",), _("its place")),
        (("hide",), _("whether it is asked")),
    ]


def choices_room(point: Point, count: int) -> str:
    """How many choices there may be, and how many there are."""
    limit = point.limit
    if limit is None or limit.highest is None:
        return ""
    return _(
        "There may be %(low)s to %(high)s choices, you have %(now)s.",
        low=limit.lowest, high=limit.highest, now=count,
    )  # fmt: skip


def kind_of(spec: FieldSpec) -> str:
    """What a question is answered with."""
    return _(KINDS[spec.type])


def marks_of(points: Sequence[Point]) -> list[dict[str, Any]]:
    """For each sign: how many questions carry it, and why they do."""
    asked = [one for one in points if one.kind not in ("own_fields", "hidden")]
    found = []
    for mark in _MARKS:
        under = [one for one in asked if one.sign == mark]
        if under:
            reasons = {one.reason.why: why(one.reason) for one in under}
            names = [text(one.name) for one in under]
            found.append(
                {"mark": mark, "count": len(under), "reasons": list(reasons.values()),
                 "names": list(dict.fromkeys(names))}
            )  # fmt: skip
    return found


def parameter(found: Parameter, name: Variant) -> dict[str, str]:
    """One limit of the model in a variant, as people read it."""
    return {"title": text(found.title), "range": _range(found, found.range_in(name))}


def _range(found: Parameter, bound: Range) -> str:
    match found.counts:
        case "wording":
            only = bound.only or ()
            return _("question and hint") if "label" in only else _("the hint only")
        case "optional fields hidden" if bound.percent:
            return _("up to %(percent)s%% of the optional ones", percent=bound.percent)
        case "deadlines" if bound.percent:
            return _("up to %(percent)s%% shorter or longer", percent=bound.percent)
        case "optional fields hidden" | "deadlines":
            return _("as in the model")
    if bound.fixed or bound.to == 0:
        return _("as in the model") if bound.fixed else _("none")
    if bound.from_ is None:
        return _("up to %(most)s", most=spoken(bound.to))
    return span(Limit("", bound.from_, bound.to))
