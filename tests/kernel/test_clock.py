"""A time says what stood behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.kernel import clock
from server.kernel.clock import FixedClock, RealClock, SandboxClock


@pytest.mark.parametrize(
    ("told", "source"),
    [(0, "kept"), (4, "kept"), (5, "not_kept"), (-1, "unknown"), (None, "unknown")],
)
def test_the_machine_s_time_is_kept_or_not_as_its_kernel_says(
    monkeypatch: pytest.MonkeyPatch, told: int | None, source: str
) -> None:
    ask: Any = None if told is None else lambda _room: told
    monkeypatch.setattr(clock, "_adjtimex", lambda: ask)

    assert RealClock().source() == source


def test_a_kernel_is_really_asked() -> None:
    assert RealClock().source() in ("kept", "not_kept", "unknown")


def test_a_time_moved_by_hand_says_so(tmp_path: Path) -> None:
    sandbox = SandboxClock(tmp_path / "clock")
    assert sandbox.source() == RealClock().source()

    sandbox.move(timedelta(days=3))

    assert sandbox.source() == "moved"
    assert FixedClock(datetime(2026, 9, 7, tzinfo=UTC)).source() == "moved"
