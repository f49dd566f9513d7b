"""The scheduler's sign of life: a file in the data folder, touched again and again while it works.

By the machine's clock: in a sandbox that was moved a year on, a scheduler is no less alive.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def beat(folder: Path) -> None:
    """Say that the scheduler lives."""
    _file(folder).touch()


def last_beat(folder: Path) -> datetime | None:
    """When it last said so; None when it never did in this folder."""
    try:
        return datetime.fromtimestamp(_file(folder).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _file(folder: Path) -> Path:
    return folder / "scheduler.alive"
