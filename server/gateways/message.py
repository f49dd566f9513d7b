"""A letter ready to be sent, and why one was not: what all gateways share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Channel = Literal["mail", "sms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One letter to one person. `id` is the delivery's: a repeat carries the same one.

    `links` and `codes` are those that stand in the text; `at` is when the letter was asked for.
    """

    id: UUID
    letter: str
    channel: Channel
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    links: tuple[str, ...] = field(default=(), repr=False)
    codes: tuple[str, ...] = field(default=(), repr=False)
    at: datetime


class NotSent(Exception):
    """A gateway did not take a letter. `reason` is one word; never an address, never a text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(NotSent):
    """It may be taken later: nobody answers, the server is busy, our sign-in is refused."""


class Unreachable(TryLater):
    """Nobody is there or we are not let in: no other letter would fare better now."""


class SetAside(NotSent):
    """It was not tried: its way rests until a moment of the machine's time, for this reason."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


class Undeliverable(NotSent):
    """It will never be taken: no such address, a letter that is not allowed."""
