"""Identifiers: uuid version 7, made here and not by the database (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A new time-ordered id: 48 bits of real milliseconds, then 74 random bits.

    Real time on purpose: ids order rows and say nothing about the sandbox clock (DECISIONS.md 20).
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | ((random >> 68) & 0xFFF) << 64
    value |= 0b10 << 62 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return UUID(int=value)


def parse_id(raw: str) -> UUID | None:
    """The id written in `raw` in its one canonical form, or None: other spellings are unknown."""
    try:
        parsed = UUID(raw)
    except (ValueError, AttributeError):
        return None
    return parsed if str(parsed) == raw else None
