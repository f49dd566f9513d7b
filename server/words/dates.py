"""Dates as people say them: «10 сентября 2026 года», «завтра», «3 дня назад»."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta

_DAY = {"ru": "d MMMM y 'года'", "en": "d MMMM y"}
_DAY_OF_THIS_YEAR = {"ru": "d MMMM", "en": "d MMMM"}
_DIGITS = {"ru": "dd.MM.y", "en": "d MMM y"}
_BY_DISTANCE = {
    "ru": {-1: "вчера", 0: "сегодня", 1: "завтра"},
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
}
# Beyond this many days a date is easier to grasp than a distance.
_NEAR = 14


def day(when: date, locale: str) -> str:
    """«10 сентября 2026 года», “10 September 2026”: for documents and letters."""
    return str(format_date(when, _DAY[locale], locale=locale))


def day_in_digits(when: date, locale: str) -> str:
    """«10.09.2026», “10 Sept 2026”: for tables and for the date of a text."""
    return str(format_date(when, _DIGITS[locale], locale=locale))


def day_near(when: date, today: date, locale: str) -> str:
    """The day as seen from today: «завтра», «3 дня назад», «через 5 дней», «10 сентября»."""
    distance = (when - today).days
    if distance in _BY_DISTANCE[locale]:
        return _BY_DISTANCE[locale][distance]
    if abs(distance) <= _NEAR:
        return str(
            format_timedelta(
                timedelta(days=distance),
                granularity="day",
                threshold=_NEAR + 1,  # days, never weeks: a fortnight is counted in days here
                add_direction=True,
                locale=locale,
            )
        )
    pattern = _DAY_OF_THIS_YEAR if when.year == today.year else _DAY
    return str(format_date(when, pattern[locale], locale=locale))


def moment(at: datetime, zone: str, locale: str) -> str:
    """Day and hour at the school: «10 сентября 2026 года, 14:05».

    `at` is aware; `zone` is the name of a time zone such as `Europe/Moscow`.
    """
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), locale)}, {local:%H:%M}"


def moment_near(at: datetime, now: datetime, zone: str, locale: str) -> str:
    """Day and hour as seen from now: «сегодня, 14:05»."""
    local = at.astimezone(ZoneInfo(zone))
    today = now.astimezone(ZoneInfo(zone)).date()
    return f"{day_near(local.date(), today, locale)}, {local:%H:%M}"
