"""What jobs stand on: the runtime as they see it, and how long they wait."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Protocol

from server.gateways import Gateways
from server.services.unit_of_work import Tools

# A claimed effect waits so long for a worker before the relay looks whether Redis lost it.
QUEUED = timedelta(seconds=20)
# An effect under way that is not done by then belongs to a process that died.
UNDER_WAY = timedelta(seconds=50)
LONGEST_JOB = 40  # seconds, less than UNDER_WAY
BATCH = 100
# With these waits an effect is tried for about four hours, then given up and shown.
MOST_ATTEMPTS = 30
FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(minutes=10)
# What was put aside together comes back one after another.
SPREAD = timedelta(seconds=2)
# For so long effects are carried out in the scheduler before it looks at timers again.
DRAIN = 1.0  # seconds


class Folder(Protocol):
    """The data folder, as far as jobs need it."""

    @property
    def path(self) -> Path: ...


class Settings(Protocol):
    """What the operator decided."""

    @property
    def data(self) -> Folder: ...


class Runtime(Protocol):
    """What the composition root built; `redis_url` is None where the scheduler does it all."""

    @property
    def redis_url(self) -> str | None: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def tools(self) -> Tools: ...
    @property
    def gateways(self) -> Gateways: ...


def wait_after(attempts: int, drawn: float) -> timedelta:
    """How long to wait after so many failures; `drawn` of 0 to 1 spreads those that fell together.

    4, 8, 16 seconds and so on, at most ten minutes, each shortened by up to a half.
    """
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(LONGEST_WAIT, FIRST_WAIT * doubled) * (1 - drawn / 2)
