"""What the admin's records show of the machine room: the end of the chain, the newest letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.services.unit_of_work import UnitOfWork
from server.store import deliveries, evidence, schools


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The newest link of an organisation's chain of evidence."""

    seq: int
    at: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One letter: which, by what, whether it left and why not, in which application."""

    id: UUID
    letter: str
    channel: str | None
    state: str
    failure: str | None
    at: datetime
    number: int


def evidence_end(work: UnitOfWork) -> ChainEnd | None:
    """Where the chain ends; None before its first event."""
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    head = evidence.head(work.session, work.tenant_id)
    event = evidence.event(work.session, work.tenant_id, head.seq) if head else None
    if head is None or event is None:
        return None
    return ChainEnd(head.seq, event.at, head.hash.hex())


def newest_letters(work: UnitOfWork, *, school_id: UUID, limit: int = 200) -> list[LetterLine]:
    """The newest letters of a school's applications, newest first."""
    policy.require(work.actor, Permission.PEOPLE_READ, Thing(school_id))
    return [
        LetterLine(row.id, row.letter, row.channel, row.state, row.failure, row.created_at, number)
        for row, number in deliveries.newest_of_school(work.session, school_id, limit=limit)
    ]


def places_of(work: UnitOfWork, *, school_id: UUID) -> list[tuple[UUID, str]]:
    """A school's places by id, for whoever may see its people."""
    policy.require(work.actor, Permission.PEOPLE_READ, Thing(school_id))
    return [(row.id, row.name) for row in schools.municipalities(work.session, school_id)]
