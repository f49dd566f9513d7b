"""Who acts: a frozen value that identity is turned into once, at the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

ActorKind = Literal["staff", "token", "guardian", "mentee", "visitor", "system", "shell"]


@dataclass(frozen=True, slots=True)
class Holding:
    """A role held today in a school, perhaps in one municipality only."""

    role: str
    school_id: UUID
    municipality_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in this transaction.

    Staff and tokens have holdings; guardians and mentees have one case, and `assured` tells
    whether a code was typed in this session; a visitor has nothing but the school's page; the
    system fires timers; the shell is the operator of the server.
    """

    kind: ActorKind
    tenant_id: UUID | None = None
    person_id: UUID | None = None
    account_id: UUID | None = None
    holdings: tuple[Holding, ...] = ()
    scopes: frozenset[str] = frozenset()
    case_id: UUID | None = None
    assured: bool = False
    platform: bool = False
    session_id: str = ""  # a short mark of the browser session for evidence, never the cookie
    address: str = field(default="", repr=False)
    agent: str = field(default="", repr=False)

    @property
    def role(self) -> str:
        """The one word that events carry for who acted."""
        if self.kind in ("guardian", "mentee", "system", "shell", "visitor"):
            return self.kind
        return self.holdings[0].role if self.holdings else self.kind


SYSTEM = Actor(kind="system")
SHELL = Actor(kind="shell", platform=True)
VISITOR = Actor(kind="visitor")
