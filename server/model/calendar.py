"""When a duration ends: in local time of the school, with the country's working days."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from server.kernel.durations import Duration
from server.kernel.errors import SettingsRefused

if TYPE_CHECKING:
    from holidays import HolidayBase

# The last second of a day, not the first of the next: shown to people it names the right date.
END_OF_DAY = time(23, 59, 59)


def add(
    moment: datetime,
    duration: Duration,
    *,
    zone: str,
    country: str = "RU",
) -> datetime:
    """The moment, in UTC, at which a duration that began at `moment` (with a zone) is over.

    Hours run by the clock. Days and months end at the same local time of day; a month that is too
    short ends on its last day. Working days are counted from the day after, moved days included,
    and end at 23:59:59 of the last one.

    :raises SettingsRefused: for a country whose working days are not known; it never falls back
        to another one's.
    """
    if duration.unit == "hours":
        return moment.astimezone(UTC) + timedelta(hours=duration.amount)
    local = moment.astimezone(ZoneInfo(zone))
    if duration.unit == "working days":
        last = _working_day_after(local.date(), duration.amount, country)
        local = datetime.combine(last, END_OF_DAY, local.tzinfo)
    elif duration.unit == "months":
        local = datetime.combine(_months_later(local.date(), duration.amount), local.timetz())
    else:
        local += timedelta(days=duration.amount)
    return local.astimezone(UTC)


def is_working_day(day: date, *, country: str = "RU") -> bool:
    """Whether people of this country work on that day."""
    return day in _working_days(country, day.year)


def knows_moved_days(year: int, *, country: str = "RU") -> bool:
    """Whether the government's moved days of a year have reached us; they come each autumn.

    A year without them is counted by weekends and holidays alone, and may be a day or two off.
    """
    moved = _calendar(country, year).special_public_holidays
    return not moved or year in moved


def _working_day_after(start: date, amount: int, country: str) -> date:
    day, left = start, amount
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day, country=country)
    return day


def _months_later(start: date, amount: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + amount, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))


@lru_cache(maxsize=128)
def _working_days(country: str, year: int) -> frozenset[date]:
    # One year at a time, complete before it is shared: threads never see a half-filled calendar.
    known = _calendar(country, year)
    days = (date(year, 1, 1) + timedelta(days=passed) for passed in range(366))
    return frozenset(day for day in days if day.year == year and known.is_working_day(day))


def _calendar(country: str, year: int) -> HolidayBase:
    # Imported on first use: the library takes a third of a second that a start should not pay.
    from holidays import country_holidays

    try:
        return country_holidays(country, years=year, expand=False)
    except NotImplementedError:
        raise SettingsRefused(country=country) from None
