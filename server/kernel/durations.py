"""Durations as definitions write them: `14 days`, `5 working days`, `12 months`, `24 hours`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

Unit = Literal["hours", "days", "working days", "months"]
_WRITTEN = re.compile(r"^(\d{1,4}) (hour|day|working day|month)s?$")
PATTERN = r"^\d{1,4} (hours?|days?|working days?|months?)$"


@dataclass(frozen=True)
class Duration:
    """So many of one unit. Working days are counted on a calendar (model/calendar.py)."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit[:-1] if self.amount == 1 else self.unit
        return f"{self.amount} {unit}"


def parse_duration(raw: Any) -> Any:
    """Read `14 days`; raise what pydantic shows with its place when it is written otherwise."""
    if isinstance(raw, Duration):
        return raw
    found = _WRITTEN.match(raw) if isinstance(raw, str) else None
    if found is None:
        raise PydanticCustomError(
            "duration", "a duration is written like 14 days, 5 working days or 12 months"
        )
    return Duration(int(found[1]), cast(Unit, found[2] + "s"))


AnyDuration = Annotated[
    Duration,
    BeforeValidator(parse_duration),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["14 days"]}),
]
