"""What time it is: read once per transaction, shiftable only in the sandbox (DECISIONS.md 20)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Gives the present moment, in UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class RealClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class SandboxClock:
    """The machine's time plus an offset kept in a file, so that every process agrees on it."""

    file: Path

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

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
