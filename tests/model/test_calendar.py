"""When a duration ends: local time, working days with moved ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.durations import Duration, Unit, parse_duration
from server.kernel.errors import SettingsRefused
from server.model.calendar import add, is_working_day, knows_moved_days

ZONES = [
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
    "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan",
    "Asia/Kamchatka",
]  # fmt: skip
zones = st.sampled_from(ZONES)
moments = st.integers(0, 4 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
amounts = st.integers(0, 40)
units: st.SearchStrategy[Unit] = st.sampled_from(["hours", "days", "working days", "months"])


def local(written: str, zone: str = "Europe/Moscow") -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-09-07 10:15:00", "24 hours", "2026-09-08 10:15:00"),
        ("2026-09-07 10:15:00", "14 days", "2026-09-21 10:15:00"),
        ("2026-01-31 09:00:00", "1 month", "2026-02-28 09:00:00"),  # no 31 February
        ("2026-08-31 09:00:00", "12 months", "2027-08-31 09:00:00"),
        ("2026-09-04 10:00:00", "1 working day", "2026-09-07 23:59:59"),  # Friday to Monday
        ("2026-09-05 10:00:00", "1 working day", "2026-09-07 23:59:59"),  # Saturday to Monday
        ("2026-09-07 00:00:01", "5 working days", "2026-09-14 23:59:59"),
        ("2024-04-26 12:00:00", "1 working day", "2024-04-27 23:59:59"),  # a Saturday worked
        ("2024-04-27 12:00:00", "1 working day", "2024-05-02 23:59:59"),  # 29 and 30 April moved
        ("2025-10-31 12:00:00", "1 working day", "2025-11-01 23:59:59"),  # a Saturday worked
        ("2025-11-01 12:00:00", "1 working day", "2025-11-05 23:59:59"),  # 3 November moved
        ("2025-12-30 18:00:00", "1 working day", "2026-01-12 23:59:59"),  # New Year holidays
        ("2026-09-07 10:00:00", "0 working days", "2026-09-07 23:59:59"),  # by the end of today
    ],
)
def test_a_duration_ends_at_this_local_time(start: str, duration: str, end: str) -> None:
    assert add(local(start), parse_duration(duration), zone="Europe/Moscow") == local(end)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2027-01-08", False),
        ("2027-01-10", False),
        ("2027-01-11", True),  # the first working day of the year
        ("2027-02-20", True),  # a Saturday worked for the 22nd
        ("2027-02-22", False),
        ("2027-02-24", True),
        ("2027-03-08", False),
        ("2027-04-30", True),
        ("2027-05-03", False),  # 1 May is a Saturday
        ("2027-05-04", True),
        ("2027-05-10", False),  # 9 May is a Sunday
        ("2027-05-11", True),
        ("2027-06-14", False),  # 12 June is a Saturday
        ("2027-11-04", False),
        ("2027-11-05", False),  # for Saturday 2 January
        ("2027-12-30", True),
        ("2027-12-31", False),  # for Sunday 3 January
    ],
)
def test_2027_is_worked_as_the_government_moved_it(day: str, worked: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is worked


def test_a_year_whose_moved_days_nobody_knows_is_known_as_such() -> None:
    assert knows_moved_days(2026)
    assert knows_moved_days(2027)
    assert not knows_moved_days(2035)


def test_a_working_day_is_the_schools_day_and_not_londons() -> None:
    # 13:00 in London on Friday is Saturday in Kamchatka: Monday is the first working day after.
    friday = datetime(2026, 9, 4, 13, tzinfo=UTC)

    end = add(friday, Duration(1, "working days"), zone="Asia/Kamchatka")

    assert end == local("2026-09-07 23:59:59", "Asia/Kamchatka")


def test_a_country_whose_working_days_are_unknown_is_refused() -> None:
    with pytest.raises(SettingsRefused) as refused:
        add(local("2026-09-07 10:00:00"), Duration(1, "working days"), zone="UTC", country="ZZ")

    assert refused.value.country == "ZZ"


def test_moved_days_are_worked_and_rested() -> None:
    assert is_working_day(date(2024, 12, 28))
    assert not is_working_day(date(2026, 1, 9))


@given(moments, amounts, units, zones)
def test_a_longer_duration_never_ends_earlier(
    moment: datetime, amount: int, unit: Unit, zone: str
) -> None:
    end = add(moment, Duration(amount, unit), zone=zone)

    assert add(moment, Duration(amount + 1, unit), zone=zone) > end


@given(moments, st.integers(0, 86_400), amounts, units, zones)
def test_what_starts_later_never_ends_earlier(
    moment: datetime, later: int, amount: int, unit: Unit, zone: str
) -> None:
    duration = Duration(amount, unit)

    end = add(moment + timedelta(seconds=later), duration, zone=zone)

    # Months of unlike length: 30 and 31 January both end on 28 February, by their time of day.
    slack = timedelta(days=1) if unit == "months" else timedelta()
    assert end >= add(moment, duration, zone=zone) - slack


@given(moments, amounts, amounts, st.sampled_from(["hours", "days", "working days"]), zones)
def test_two_durations_one_after_another_are_their_sum(
    moment: datetime, first: int, then: int, unit: Unit, zone: str
) -> None:
    middle = add(moment, Duration(first, unit), zone=zone)

    end = add(middle, Duration(then, unit), zone=zone)

    assert end == add(moment, Duration(first + then, unit), zone=zone)


@given(moments, st.integers(1, 40), zones)
def test_working_days_end_on_a_working_day(moment: datetime, amount: int, zone: str) -> None:
    end = add(moment, Duration(amount, "working days"), zone=zone).astimezone(ZoneInfo(zone))

    assert is_working_day(end.date())
    assert (end.hour, end.minute, end.second) == (23, 59, 59)
