"""Dates are said as people say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from server.words import dates

TODAY = date(2026, 9, 10)
NEAR = [
    # days from today, Russian, English
    (-200, "22 февраля", "22 February"),
    (-15, "26 августа", "26 August"),
    (-14, "14 дней назад", "14 days ago"),
    (-3, "3 дня назад", "3 days ago"),
    (-1, "вчера", "yesterday"),
    (0, "сегодня", "today"),
    (1, "завтра", "tomorrow"),
    (2, "через 2 дня", "in 2 days"),
    (7, "через 7 дней", "in 7 days"),
    (21, "1 октября", "1 October"),
    (200, "29 марта 2027 года", "29 March 2027"),  # another year is said
]


@pytest.mark.parametrize(("distance", "russian", "english"), NEAR)
def test_a_day_is_said_as_seen_from_today(distance, russian, english):
    when = TODAY + timedelta(days=distance)

    assert dates.day_near(when, TODAY, "ru") == russian
    assert dates.day_near(when, TODAY, "en") == english


def test_a_day_stands_in_full_in_documents():
    assert dates.day(TODAY, "ru") == "10 сентября 2026 года"
    assert dates.day(TODAY, "en") == "10 September 2026"


def test_a_day_stands_in_digits_in_tables():
    assert dates.day_in_digits(TODAY, "ru") == "10.09.2026"


def test_a_moment_is_told_by_the_clock_of_the_school():
    late = datetime(2026, 9, 10, 21, 30, tzinfo=UTC)

    assert dates.moment(late, "Europe/Moscow", "ru") == "11 сентября 2026 года, 00:30"
    assert dates.moment(late, "Asia/Vladivostok", "en") == "11 September 2026, 07:30"


def test_today_is_the_day_at_the_school():
    now = datetime(2026, 9, 10, 20, 0, tzinfo=UTC)  # 23:00 in Moscow
    soon = now + timedelta(hours=2)

    assert dates.moment_near(soon, now, "Europe/Moscow", "ru") == "завтра, 01:00"
    assert dates.moment_near(soon, now, "UTC", "ru") == "сегодня, 22:00"
