"""`doctor` tells what will be wrong before it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.cli import doctor, speaking


@pytest.mark.parametrize(
    ("today", "state", "year"),
    [
        (datetime(2026, 9, 7, tzinfo=UTC), "ok", "2026"),
        (datetime(2026, 12, 1, tzinfo=UTC), "ok", "2027"),
        (datetime(2034, 12, 1, tzinfo=UTC), "warning", "2035"),  # deadlines reach the next year
    ],
)
def test_a_year_without_moved_days_is_told_before_deadlines_reach_it(
    monkeypatch: pytest.MonkeyPatch, today: datetime, state: str, year: str
) -> None:
    monkeypatch.setattr(speaking, "language", lambda: "en")

    (found,) = doctor._about_calendar(today)

    assert found.state == state
    assert year in found.text
