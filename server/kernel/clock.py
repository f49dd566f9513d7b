"""What time it is: read once per transaction, shiftable only in the sandbox (DECISIONS.md 20).

Every event of the evidence holds besides its time what stood behind it (CONSENT.md R35).
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

# What stands behind a time: a time server keeps the machine's clock, none does, the machine does
# not tell, or the time was moved by hand.
TimeSource = Literal["kept", "not_kept", "unknown", "moved"]
_NOT_KEPT: Final = 5  # TIME_ERROR of adjtimex(2)


class Clock(Protocol):
    """Gives the present moment, in UTC, and what stands behind it."""

    def now(self) -> datetime: ...

    def source(self) -> TimeSource: ...


@dataclass(frozen=True)
class RealClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def source(self) -> TimeSource:
        return _of_the_machine()


@dataclass(frozen=True)
class SandboxClock:
    """The machine's time plus an offset kept in a file, so that every process agrees on it."""

    file: Path

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def source(self) -> TimeSource:
        return "moved" if self.offset() else _of_the_machine()

    def offset(self) -> timedelta:
        """How far the sandbox is ahead of the machine, zero when it was never moved."""
        try:
            return timedelta(seconds=float(self.file.read_text()))
        except FileNotFoundError:
            return timedelta()

    def move(self, offset: timedelta) -> None:
        """Set the offset for every process at once: the file is replaced, never half written."""
        fresh = self.file.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(str(offset.total_seconds()))
        fresh.replace(self.file)


@dataclass
class FixedClock:
    """A clock that stands until it is moved: for tests and dry runs."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def source(self) -> TimeSource:
        return "moved"


def _of_the_machine() -> TimeSource:
    """What the kernel says of its clock: a microsecond's question, so it is asked each time."""
    adjtimex = _adjtimex()
    # Room for any platform's struct, all zero: it reads and sets nothing.
    state = adjtimex(ctypes.create_string_buffer(512)) if adjtimex is not None else -1
    if state < 0:
        return "unknown"
    return "not_kept" if state == _NOT_KEPT else "kept"


@lru_cache(maxsize=1)
def _adjtimex() -> Any | None:
    try:
        return ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):  # no Linux
        return None
