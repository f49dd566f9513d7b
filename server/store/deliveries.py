"""Letters on their way: to whom, by which channel, and whether they arrived at a gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.store.base import Base, TenantRow
from server.store.cases import Case
from server.store.database import Transaction

QUEUED, SENT, FAILED, DROPPED = "queued", "sent", "failed", "dropped"


class Delivery(TenantRow, Base):
    """One letter to one person. No text is kept: it is written anew when it is sent."""

    __tablename__ = "delivery"
    case_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    check_id: Mapped[UUID | None]
    letter: Mapped[str]
    channel: Mapped[str | None]  # mail | sms, known once the contact was read
    link_id: Mapped[UUID | None]
    code_id: Mapped[UUID | None]
    values: Mapped[dict[str, Any]]  # numbers and dates for the letter's places, nothing personal
    state: Mapped[str]  # queued | sent | failed | dropped: it was not needed any more
    attempts: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "tenant_id", "case_id"),)


def add(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    delivery_id: UUID,
    letter: str,
    case_id: UUID | None,
    person_id: UUID | None,
    check_id: UUID | None,
    link_id: UUID | None,
    code_id: UUID | None,
    values: Mapping[str, str | int],
    at: datetime,
) -> None:
    """Write down that a letter is on its way; goes out together with the commit."""
    transaction.queue(
        "INSERT INTO delivery (id, tenant_id, case_id, person_id, check_id, letter, link_id,"
        " code_id, values, state, attempts, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, 0, %s)",
        (
            delivery_id, tenant_id, case_id, person_id, check_id, letter, link_id,
            code_id, json.dumps(dict(values)), QUEUED, at,
        ),
    )  # fmt: skip


def delivery(session: Session, delivery_id: UUID) -> Delivery | None:
    """A delivery by id."""
    return session.scalar(select(Delivery).where(Delivery.id == delivery_id))


def told_since(session: Session, case_id: UUID, *, letter: str, since: datetime) -> set[UUID]:
    """Who was written this letter of a case since a moment."""
    query = select(Delivery.person_id).where(
        Delivery.case_id == case_id, Delivery.letter == letter, Delivery.created_at >= since
    )
    return {person_id for person_id in session.scalars(query) if person_id is not None}


def newest_of_school(
    session: Session, school_id: UUID, *, limit: int
) -> list[tuple[Delivery, int]]:
    """The newest letters of a school's cases, each with the number of its case."""
    query = (
        select(Delivery, Case.number)
        .join(Case, (Case.id == Delivery.case_id) & (Case.tenant_id == Delivery.tenant_id))
        .where(Case.school_id == school_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return [(row, number) for row, number in session.execute(query)]
