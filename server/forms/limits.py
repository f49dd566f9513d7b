"""What an answer may be: lengths, ranges, dates, options; and how a wrong one is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from server.forms.definition import FieldSpec

Value = str | int | float | list[str]
Check = Literal["max_length", "range", "date_limits"]
_LONGEST: Final[Mapping[str, int]] = {"text": 300, "long_text": 4000, "person_name": 150}
_SCALE: Final = (1, 5)


class Wrong(Exception):
    """One thing that is wrong with an answer: the code of its sentence, and facts for it."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def longest_of(spec: FieldSpec) -> int:
    """How many characters a text may have."""
    return spec.max_length or _LONGEST.get(spec.type, 300)


def limits_of(spec: FieldSpec) -> tuple[int | None, int | None]:
    """The least and the greatest number, for a number and a scale."""
    low, high = _SCALE if spec.type == "scale" else (None, None)
    least = spec.min if isinstance(spec.min, int) else low
    most = spec.max if isinstance(spec.max, int) else high
    return least, most


def options_of(spec: FieldSpec) -> tuple[str, ...]:
    """The values that may be chosen."""
    if spec.choices is not None:
        return tuple(choice.value for choice in spec.choices.options)
    if spec.type == "yes_no":
        return ("yes", "no")
    return ()


def _max_length(value: Value, spec: FieldSpec, _today: date) -> None:
    longest = longest_of(spec)
    if isinstance(value, str) and len(value) > longest:
        raise Wrong("ANSWER-LONG", most=longest, length=len(value))


def _range(value: Value, spec: FieldSpec, _today: date) -> None:
    least, most = limits_of(spec)
    if isinstance(value, int | float) and (
        (least is not None and value < least) or (most is not None and value > most)
    ):
        raise Wrong("ANSWER-RANGE", least=least, most=most)


def _date_limits(value: Value, spec: FieldSpec, today: date) -> None:
    given = date.fromisoformat(str(value))
    first, last = _day(spec.min, today), _day(spec.max, today)
    if first is not None and given < first:
        raise Wrong("ANSWER-DATE-EARLY", limit=first.isoformat(), today=spec.min == "today")
    if last is not None and given > last:
        raise Wrong("ANSWER-DATE-LATE", limit=last.isoformat(), today=spec.max == "today")


def _day(limit: object, today: date) -> date | None:
    if limit == "today":
        return today
    return limit if isinstance(limit, date) else None


CHECKS: Final[Mapping[Check, Callable[[Value, FieldSpec, date], None]]] = MappingProxyType(
    {"max_length": _max_length, "range": _range, "date_limits": _date_limits}
)
