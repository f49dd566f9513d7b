"""Values as definitions write them, taken as they stand: "yes" is no flag, "18" no number, and a
number no date."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

Flag = StrictBool
# What canonical JSON has a form for: beyond it two machines would read two numbers (RFC 8785).
MOST = 2**53 - 1
# A field with narrower bounds takes StrictInt: beside these they would be lost.
Whole = Annotated[StrictInt, Field(ge=-MOST, le=MOST)]

# How many days a month has is more than a pattern can say: the calendar is asked below.
_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_WRITTEN = re.compile(_PATTERN)


def parse_date(raw: Any) -> Any:
    """Read `2026-09-01`; raise what pydantic shows with its place when it is written otherwise."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        if isinstance(raw, str) and _WRITTEN.match(raw):
            return date.fromisoformat(raw)
    except ValueError:
        pass  # the 31st of February: told below like any other
    raise PydanticCustomError("written_date", "a date is written like 2026-09-01")


WrittenDate = Annotated[
    date,
    BeforeValidator(parse_date),
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": _PATTERN, "examples": ["2026-09-01"]}
    ),
]
