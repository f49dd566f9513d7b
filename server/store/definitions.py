"""Definitions by content: what ships is shared, what a school made of it is its own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import PrimaryKeyConstraint, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.store.base import Base


class Definition(Base):
    """A bundle of definitions as it was loaded and proved, named by its SHA-256.

    INSERT and SELECT only: a trigger refuses the rest, so a published text never changes (R1).
    """

    __tablename__ = "definition"
    hash: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Release(Base):
    """A published version of the model: its human number and its bundle."""

    __tablename__ = "release"
    number: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]
    seq: Mapped[int] = mapped_column(unique=True)
    note: Mapped[str]
    published_at: Mapped[datetime]


class Effective(Base):
    """What a school's settings made of a release: the whole bundle, content-addressed."""

    __tablename__ = "effective"
    tenant_id: Mapped[UUID]
    hash: Mapped[str]
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    __table_args__ = (PrimaryKeyConstraint("hash", "tenant_id"),)


def newest_release(session: Session) -> Release | None:
    """The release that new cases start with."""
    return session.scalar(select(Release).order_by(Release.seq.desc()).limit(1))


def release(session: Session, number: str) -> Release | None:
    """A release by its human number."""
    return session.get(Release, number)


def releases(session: Session) -> list[Release]:
    """All releases, newest first."""
    return list(session.scalars(select(Release).order_by(Release.seq.desc())))


def material_editions(session: Session) -> dict[str, list[date]]:
    """The editions of each consent that were ever published as material, oldest first."""
    consent = func.jsonb_each(Definition.content["consents"]).table_valued("key", "value")
    edition = consent.c.value.op("->>")("edition")
    query = (
        select(consent.c.key, edition)
        .select_from(Release)
        .join(Definition, Definition.hash == Release.hash)
        .join(consent, true())
        .where(consent.c.value.op("->>")("material") == "true")
        .distinct()
        .order_by(edition)
    )
    found: dict[str, list[date]] = {}
    for name, written in session.execute(query):
        found.setdefault(name, []).append(date.fromisoformat(written))
    return found


def content_of(session: Session, hash_: str) -> dict[str, Any] | None:
    """A bundle by its hash: a school's own, else a shared one."""
    own = session.scalar(select(Effective.content).where(Effective.hash == hash_))
    return own or session.scalar(select(Definition.content).where(Definition.hash == hash_))


def keep(session: Session, hash_: str, content: dict[str, Any], now: datetime) -> None:
    """Store a shared bundle; the same one again changes nothing."""
    row = insert(Definition).values(hash=hash_, content=content, created_at=now)
    session.execute(row.on_conflict_do_nothing())


def keep_effective(
    session: Session, tenant_id: UUID, hash_: str, content: dict[str, Any], now: datetime
) -> None:
    """Store what a school's settings made; the same one again changes nothing."""
    row = insert(Effective).values(tenant_id=tenant_id, hash=hash_, content=content, created_at=now)
    session.execute(row.on_conflict_do_nothing())
