"""What lies outside row-level security: tenants, doors, accounts, sessions, limits.

Nothing personal of families is here. Accounts of staff hold a mail address and a password hash;
`door` leads from the hash of a secret to the tenant it belongs to (DECISIONS.md 15).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.kernel.ids import new_id
from server.store.base import Base


class Tenant(Base):
    """An organisation that runs schools: the operator of the personal data in them."""

    __tablename__ = "tenant"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    platform: Mapped[bool] = mapped_column(default=False)  # the model's keeper and site admins
    created_at: Mapped[datetime]


class Door(Base):
    """From the hash of a token, or of a school's public slug, to its tenant and target.

    Expired rows stay until the request behind them is erased: their owner may ask for a new link.
    """

    __tablename__ = "door"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]  # link | school | api_token
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"))
    target: Mapped[UUID]
    __table_args__ = (Index(None, "tenant_id", "target"),)


class Account(Base):
    """Someone of staff who signs in. Its Flask-Security adapter is in accounts/."""

    __tablename__ = "account"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str | None]
    password_set_at: Mapped[datetime | None]  # ways to another one, mailed before, are closed
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    locale: Mapped[str | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class Membership(Base):
    """An account's person in one tenant."""

    __tablename__ = "membership"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    person_id: Mapped[UUID]
    locked_at: Mapped[datetime | None]  # shut out of this organisation alone, until unlocked
    locked_by: Mapped[UUID | None]


class SessionRow(Base):
    """A signed-in browser, killed on the server; the cookie holds an id, here lies its hash.

    `data` holds ids only. Families' sessions have a tenant and no account.
    """

    __tablename__ = "session"
    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index(None, "account_id"),)


class LimitCounter(Base):
    """How often something happened in one window of time: survives a flush of Redis."""

    __tablename__ = "limit_counter"
    key: Mapped[str]  # what is counted and the HMAC of whom
    window_start: Mapped[datetime]
    count: Mapped[int]
    __table_args__ = (PrimaryKeyConstraint("key", "window_start"),)


def tenant_by_slug(session: Session, slug: str) -> Tenant | None:
    """The tenant with this public short name."""
    return session.scalar(select(Tenant).where(Tenant.slug == slug))


def all_tenants(session: Session) -> list[Tenant]:
    """Every tenant, oldest first: for the scheduler and the shell, never for a page."""
    return list(session.scalars(select(Tenant).order_by(Tenant.id)))


def door_of(session: Session, token_hash: bytes) -> Door | None:
    """The door that opens to this hash."""
    return session.get(Door, token_hash)


def account_by_email(session: Session, email: str) -> Account | None:
    """The account with this mail address, written in any case."""
    return session.scalar(select(Account).where(Account.email == email.strip().lower()))


def memberships_of(session: Session, account_id: UUID) -> list[Membership]:
    """Where an account works."""
    query = select(Membership).where(Membership.account_id == account_id)
    return list(session.scalars(query.order_by(Membership.tenant_id)))


def count_up(session: Session, key: str, window_start: datetime, *, by: int = 1) -> int:
    """Raise a counter and return it: the count rises before anything is compared."""
    row = insert(LimitCounter).values(key=key, window_start=window_start, count=by)
    row = row.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"count": LimitCounter.count + by}
    )
    return int(session.execute(row.returning(LimitCounter.count)).scalar_one())


def drop_old_limits(session: Session, before: datetime) -> None:
    """Forget counters of windows long gone."""
    session.execute(delete(LimitCounter).where(LimitCounter.window_start < before))


def end_sessions_of(session: Session, account_id: UUID) -> None:
    """End every session of an account: after sign-out everywhere, password change, block."""
    session.execute(delete(SessionRow).where(SessionRow.account_id == account_id))


def end_sessions_in(session: Session, account_id: UUID, tenant_id: UUID) -> None:
    """End the sessions in which an account acts in one organisation."""
    there = func.jsonb_extract_path_text(SessionRow.data, "active_tenant") == str(tenant_id)
    session.execute(delete(SessionRow).where(SessionRow.account_id == account_id, there))


def end_family_sessions(session: Session, person_id: UUID) -> None:
    """End every session of a guardian or a child, in whatever browser."""
    whose = func.jsonb_extract_path_text(SessionRow.data, "family", "person_id")
    session.execute(delete(SessionRow).where(whose == str(person_id)))


def sessions_of(session: Session, account_id: UUID, now: datetime) -> list[SessionRow]:
    """The living sessions of an account, newest first."""
    query = select(SessionRow).where(
        SessionRow.account_id == account_id, SessionRow.expires_at > now
    )
    return list(session.scalars(query.order_by(SessionRow.created_at.desc(), SessionRow.id_hash)))


def end_session(session: Session, account_id: UUID, id_hash: bytes) -> None:
    """End one session, if it is this account's."""
    session.execute(
        delete(SessionRow).where(SessionRow.account_id == account_id, SessionRow.id_hash == id_hash)
    )


def drop_dead_sessions(session: Session, now: datetime) -> None:
    """Forget sessions that ended."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now))
