"""The chain of evidence of a tenant, its sealed payloads, and who looked at a child's card."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.store.base import Base, TenantRow, refers
from server.store.people import EvidenceKey


class Evidence(Base):
    """One event of the chain: its bytes, their hash, the hash before. INSERT and SELECT only."""

    __tablename__ = "evidence"
    tenant_id: Mapped[UUID]
    seq: Mapped[int]
    at: Mapped[datetime]
    type: Mapped[str]
    subject_id: Mapped[UUID | None]
    body: Mapped[bytes]
    hash: Mapped[bytes]
    prev: Mapped[bytes]
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "seq"),
        UniqueConstraint("tenant_id", "prev"),
        Index(None, "tenant_id", "subject_id"),
    )


class EvidenceHead(Base):
    """The newest event of a tenant's chain; locked while the next one is written."""

    __tablename__ = "evidence_head"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes]


class EvidencePayload(TenantRow, Base):
    """What is personal about an event, for one person concerned, under that person's key."""

    __tablename__ = "evidence_payload"
    seq: Mapped[int]
    person_id: Mapped[UUID]
    sealed: Mapped[bytes]
    __table_args__ = (
        refers("person_id", "person"),
        Index(None, "tenant_id", "seq"),
    )


class Access(Base):
    """Who opened a child's card on which day: the family may see it."""

    __tablename__ = "access"
    tenant_id: Mapped[UUID]
    child_id: Mapped[UUID]
    day: Mapped[date]
    person_id: Mapped[UUID]
    role: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "child_id", "day", "person_id"),
        refers("child_id", "person", name="fk_access_child"),
        refers("person_id", "person", name="fk_access_person"),
    )


def head(session: Session, tenant_id: UUID) -> EvidenceHead | None:
    """The end of the chain, unlocked."""
    return session.get(EvidenceHead, tenant_id, populate_existing=True)


def chain(session: Session, *, after: int = 0, batch: int = 2000) -> Iterator[Evidence]:
    """The tenant's events in order, read in batches."""
    while rows := list(
        session.scalars(
            select(Evidence).where(Evidence.seq > after).order_by(Evidence.seq).limit(batch)
        )
    ):
        yield from rows
        after = rows[-1].seq
        session.expunge_all()


def last_seq(session: Session) -> int:
    """The greatest number among the tenant's events, whatever the head says; 0 without any."""
    return session.scalar(select(func.max(Evidence.seq))) or 0


def event(session: Session, tenant_id: UUID, seq: int) -> Evidence | None:
    """One event by its number."""
    return session.get(Evidence, (tenant_id, seq))


def payloads_of(session: Session, seq: int) -> list[EvidencePayload]:
    """The sealed payloads of one event."""
    return list(session.scalars(select(EvidencePayload).where(EvidencePayload.seq == seq)))


def payload_marks(session: Session) -> Iterator[tuple[UUID, str, bool]]:
    """Each sealed payload: its id, the hash of its bytes, whether its person still has a key."""
    query = select(
        EvidencePayload.id,
        func.encode(func.sha256(EvidencePayload.sealed), "hex"),
        EvidenceKey.subject_id.is_not(None),
    ).outerjoin(EvidenceKey, EvidenceKey.subject_id == EvidencePayload.person_id)
    for row in session.execute(query.execution_options(yield_per=5000)):
        yield row[0], row[1], row[2]


def note_access(
    session: Session, tenant_id: UUID, *, child_id: UUID, person_id: UUID, role: str, at: datetime,
    day: date,
) -> None:  # fmt: skip
    """Write that somebody looked: one row per person, child and day, with the newest look."""
    row = insert(Access).values(
        tenant_id=tenant_id, child_id=child_id, day=day, person_id=person_id, role=role, at=at
    )
    # The hour counts too: what was looked at before it changed was not looked at.
    key = ["tenant_id", "child_id", "day", "person_id"]
    session.execute(row.on_conflict_do_update(index_elements=key, set_={"at": at}))


def accesses_to(session: Session, child_id: UUID, *, limit: int = 100) -> list[Access]:
    """Who looked at a child's card, newest first."""
    query = select(Access).where(Access.child_id == child_id)
    return list(session.scalars(query.order_by(Access.day.desc(), Access.at.desc()).limit(limit)))
