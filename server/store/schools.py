"""A tenant's organisation, schools, places, positions, settings and API tokens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Index, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session

from server.kernel.errors import NotFound
from server.store.base import Base, TenantRow, refers
from server.store.tenancy import Membership


class Partner(TenantRow, Base):
    """The organisation itself, as consent texts name it; one row per tenant."""

    __tablename__ = "partner"
    name: Mapped[str]  # short, for page heads
    legal_name: Mapped[str]
    kind: Mapped[str]  # ngo | enterprise | authority | municipality
    address: Mapped[str]
    inn: Mapped[str]
    ogrn: Mapped[str]
    processor_name: Mapped[str]
    processor_address: Mapped[str]
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    contact_hours: Mapped[dict[str, Any]]  # by locale


class School(TenantRow, Base):
    """A school of mentoring: its model variant, time zone and running cycle."""

    __tablename__ = "school"
    slug: Mapped[str]
    title: Mapped[dict[str, Any]]  # by locale
    initials: Mapped[str]
    region: Mapped[str]
    zone: Mapped[str]  # IANA name
    variant: Mapped[str]
    cycle_start: Mapped[date]
    cycle_end: Mapped[date]
    opening_on: Mapped[date | None]
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)


class Municipality(TenantRow, Base):
    """A place in the school's region; the poster of each carries its short name."""

    __tablename__ = "municipality"
    school_id: Mapped[UUID]
    slug: Mapped[str]
    name: Mapped[str]
    __table_args__ = (
        refers("school_id", "school"),
        UniqueConstraint("tenant_id", "school_id", "slug"),
    )


class Position(TenantRow, Base):
    """A dated role of a person in a school, perhaps limited to one municipality."""

    __tablename__ = "position"
    person_id: Mapped[UUID]
    school_id: Mapped[UUID]
    municipality_id: Mapped[UUID | None]
    role: Mapped[str]
    since: Mapped[date]
    until: Mapped[date | None]
    ended_at: Mapped[datetime | None]  # ended before its last day was over: from this moment on
    ended_by: Mapped[UUID | None]
    __table_args__ = (
        refers("person_id", "person"),
        refers("school_id", "school"),
        refers("municipality_id", "municipality"),
        Index(None, "tenant_id", "person_id"),
    )


class SettingsRevision(TenantRow, Base):
    """One published or drafted state of a school's settings: a list of small changes."""

    __tablename__ = "settings_revision"
    school_id: Mapped[UUID]
    seq: Mapped[int]
    state: Mapped[str]  # draft | published | superseded
    changes: Mapped[list[Any]]
    release: Mapped[str]
    variant: Mapped[str]
    effective_hash: Mapped[str | None]
    author_id: Mapped[UUID | None]
    note: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        refers("school_id", "school"),
        UniqueConstraint("tenant_id", "school_id", "seq"),
    )


class ApiToken(TenantRow, Base):
    """A bearer token's rights; the token itself is behind `door`, as a hash."""

    __tablename__ = "api_token"
    name: Mapped[str]
    scopes: Mapped[list[str]]
    school_id: Mapped[UUID | None]
    person_id: Mapped[UUID]  # as whom it acts
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    __table_args__ = (refers("school_id", "school"), refers("person_id", "person"))


def partner(session: Session) -> Partner:
    """The tenant's own organisation."""
    return session.scalars(select(Partner)).one()


def school(session: Session, school_id: UUID) -> School | None:
    """A school by its id."""
    return session.scalar(select(School).where(School.id == school_id))


def schools(session: Session) -> list[School]:
    """The tenant's schools, oldest first."""
    return list(session.scalars(select(School).order_by(School.id)))


def school_by_slug(session: Session, slug: str) -> School | None:
    """A school by its short public name."""
    return session.scalar(select(School).where(School.slug == slug))


def municipalities(session: Session, school_id: UUID) -> list[Municipality]:
    """The places of a school, by name."""
    query = select(Municipality).where(Municipality.school_id == school_id)
    return list(session.scalars(query.order_by(Municipality.name)))


def require_place(session: Session, school_id: UUID, municipality_id: UUID | None) -> None:
    """Go on if the place is one of the school's, or none is named.

    :raises NotFound: when it is another's, or nobody's.
    """
    known = {place.id for place in municipalities(session, school_id)}
    if municipality_id is not None and municipality_id not in known:
        raise NotFound(what="place")


def holders(session: Session, school_id: UUID, role: str, on: date) -> list[Position]:
    """Who holds a role in a school on a day and may act in it: whoever is locked out may not."""
    locked = select(Membership.person_id).where(
        Membership.tenant_id == Position.tenant_id,
        Membership.person_id == Position.person_id,
        Membership.locked_at.is_not(None),
    )
    query = _held(school_id, on).where(Position.role == role, ~locked.exists())
    return list(session.scalars(query))


def positions_ever(session: Session, school_id: UUID) -> list[Position]:
    """All roles in a school, also those that ended or have not begun."""
    query = select(Position).where(Position.school_id == school_id)
    return list(session.scalars(query.order_by(Position.id)))


def position(session: Session, position_id: UUID) -> Position | None:
    """One role by its id, whenever it is or was held."""
    return session.scalar(select(Position).where(Position.id == position_id))


def position_for_change(session: Session, position_id: UUID) -> Position | None:
    """One role, held until this transaction ends."""
    query = select(Position).where(Position.id == position_id).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def positions_of(session: Session, person_id: UUID) -> list[Position]:
    """All roles of a person in any school, also those that ended or have not begun."""
    query = select(Position).where(Position.person_id == person_id)
    return list(session.scalars(query.order_by(Position.id)))


def holders_for_change(session: Session, school_id: UUID, role: str, on: date) -> list[Position]:
    """Who holds a role in a school on a day, in one order and held until this transaction ends."""
    query = _held(school_id, on).where(Position.role == role).with_for_update(of=Position)
    return list(session.scalars(query))


def tokens(session: Session) -> list[ApiToken]:
    """All tokens of the tenant, newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def token_for_change(session: Session, token_id: UUID) -> ApiToken | None:
    """One token, held until this transaction ends."""
    return session.scalar(select(ApiToken).where(ApiToken.id == token_id).with_for_update())


def revisions(session: Session, school_id: UUID, *, limit: int = 50) -> list[SettingsRevision]:
    """The history of a school's settings, newest first."""
    query = select(SettingsRevision).where(SettingsRevision.school_id == school_id)
    return list(session.scalars(query.order_by(SettingsRevision.seq.desc()).limit(limit)))


def revision(session: Session, school_id: UUID, seq: int) -> SettingsRevision | None:
    """One state of a school's settings by its number."""
    query = select(SettingsRevision).where(
        SettingsRevision.school_id == school_id, SettingsRevision.seq == seq
    )
    return session.scalar(query)


def published_revisions(
    session: Session, school_id: UUID, *, limit: int = 50
) -> list[SettingsRevision]:
    """The states of a school's settings that were published once, newest first."""
    query = select(SettingsRevision).where(
        SettingsRevision.school_id == school_id, SettingsRevision.effective_hash.is_not(None)
    )
    return list(session.scalars(query.order_by(SettingsRevision.seq.desc()).limit(limit)))


def revision_in_state(session: Session, school_id: UUID, state: str) -> SettingsRevision | None:
    """The newest revision in a state: the draft, or what is published."""
    query = select(SettingsRevision).where(
        SettingsRevision.school_id == school_id, SettingsRevision.state == state
    )
    return session.scalar(query.order_by(SettingsRevision.seq.desc()).limit(1))


def _held(school_id: UUID, on: date) -> Select[Position]:
    return (
        select(Position).where(Position.school_id == school_id, *_lasting(on)).order_by(Position.id)
    )


def _lasting(on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Position.since <= on,
        (Position.until.is_(None)) | (Position.until >= on),
        Position.ended_at.is_(None),
    )
