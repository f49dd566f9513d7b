"""Who stands behind a sign-in or a token: read in one round trip, in the tenant they act in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.store.database import Rows, Transaction
from server.store.deliveries import Delivery
from server.store.tenancy import Account, Door, Membership, Tenant

STAFF = (
    "SELECT a.id, a.email, a.locale, m.person_id, t.platform, t.name, p.sealed, k.epoch, k.wrapped,"
    " (SELECT count(*) FROM membership o WHERE o.account_id = a.id AND o.locked_at IS NULL)"
    " FROM account a JOIN membership m ON m.account_id = a.id AND m.tenant_id = %s"
    " JOIN tenant t ON t.id = m.tenant_id"
    " JOIN person p ON p.id = m.person_id AND p.tenant_id = m.tenant_id"
    " LEFT JOIN subject_key k ON k.subject_id = p.id AND k.tenant_id = p.tenant_id"
    " WHERE a.fs_uniquifier = %s AND a.active AND m.locked_at IS NULL"
)
POSITIONS = (
    "SELECT o.role, o.school_id, o.municipality_id FROM position o"
    " WHERE o.person_id = (SELECT m.person_id FROM membership m JOIN account a"
    " ON a.id = m.account_id WHERE a.fs_uniquifier = %s AND m.tenant_id = %s)"
    " AND o.since <= %s AND (o.until IS NULL OR o.until >= %s) AND o.ended_at IS NULL"
    " ORDER BY o.id"
)
BEARER = (
    "SELECT k.id, k.scopes, k.school_id, k.person_id, t.platform, k.last_used_at FROM api_token k"
    " JOIN tenant t ON t.id = k.tenant_id WHERE k.id = %s AND k.revoked_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM membership m JOIN account a ON a.id = m.account_id"
    " WHERE m.tenant_id = k.tenant_id AND m.person_id = k.person_id"
    " AND (m.locked_at IS NOT NULL OR NOT a.active))"
)
USED = "UPDATE api_token SET last_used_at = %s WHERE id = %s"
POSITIONS_OF_BEARER = (
    "SELECT o.role, o.school_id, o.municipality_id FROM position o JOIN api_token k"
    " ON k.person_id = o.person_id AND k.tenant_id = o.tenant_id WHERE k.id = %s"
    " AND (k.school_id IS NULL OR k.school_id = o.school_id)"
    " AND o.since <= %s AND (o.until IS NULL OR o.until >= %s) AND o.ended_at IS NULL"
    " ORDER BY o.id"
)


@dataclass(frozen=True, slots=True)
class StaffRow:
    """An account in one tenant; the name is still sealed, and the key wrapped."""

    account_id: UUID
    email: str
    locale: str | None
    person_id: UUID
    platform: bool
    tenant_name: str
    sealed: bytes
    epoch: int | None
    wrapped: bytes | None
    workplaces: int


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A bearer token that was not revoked."""

    token_id: UUID
    scopes: list[str]
    school_id: UUID | None
    person_id: UUID
    platform: bool
    last_used_at: datetime | None


def staff(
    transaction: Transaction, tenant_id: UUID, uniquifier: str, today: date
) -> tuple[StaffRow | None, Rows]:
    """An active account that works in this tenant, and the roles it holds there today."""
    found, positions = transaction.read(
        (STAFF, [tenant_id, uniquifier]), (POSITIONS, [uniquifier, tenant_id, today, today])
    )
    return (StaffRow(*found[0]) if found else None), positions


def token(transaction: Transaction, token_id: UUID, today: date) -> tuple[TokenRow | None, Rows]:
    """A token, and the roles of whom it acts for, where the token reaches."""
    found, positions = transaction.read(
        (BEARER, [token_id]), (POSITIONS_OF_BEARER, [token_id, today, today])
    )
    return (TokenRow(*found[0]) if found else None), positions


def note_token_used(transaction: Transaction, token_id: UUID, now: datetime) -> None:
    """Write down when a token was used; it goes out with the commit."""
    transaction.queue(USED, [now, token_id])


def account(session: Session, account_id: UUID) -> Account | None:
    """An account by id."""
    return session.get(Account, account_id)


def account_for_change(session: Session, account_id: UUID) -> Account | None:
    """An account, held until this transaction ends."""
    return session.get(Account, account_id, with_for_update=True, populate_existing=True)


def account_by_uniquifier(session: Session, uniquifier: str) -> Account | None:
    """The account whose sessions carry this mark; it changes with the password."""
    return session.scalar(select(Account).where(Account.fs_uniquifier == uniquifier))


def account_of_person(session: Session, tenant_id: UUID, person_id: UUID) -> Account | None:
    """The account by which a person of staff signs in."""
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.tenant_id == tenant_id, Membership.person_id == person_id)
    )
    return session.scalar(query)


def memberships_here(session: Session, tenant_id: UUID) -> dict[UUID, Membership]:
    """Everybody's membership of an organisation, by person."""
    query = select(Membership).where(Membership.tenant_id == tenant_id)
    return {row.person_id: row for row in session.scalars(query)}


def membership_for_change(session: Session, tenant_id: UUID, person_id: UUID) -> Membership | None:
    """One membership, held until this transaction ends."""
    query = select(Membership).where(
        Membership.tenant_id == tenant_id, Membership.person_id == person_id
    )
    return session.scalar(query.with_for_update())


def people_able_to_act(session: Session, tenant_id: UUID, people: Iterable[UUID]) -> set[UUID]:
    """Those of these people who can sign in: with a password, not locked, not blocked."""
    query = (
        select(Membership.person_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.tenant_id == tenant_id, Membership.person_id.in_(list(people)))
        .where(Membership.locked_at.is_(None), Account.active, Account.password.is_not(None))
    )
    return set(session.scalars(query))


def workplaces(session: Session, account_id: UUID) -> list[Tenant]:
    """The organisations an account works in and is not locked out of, by name."""
    query = (
        select(Tenant)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Membership.account_id == account_id, Membership.locked_at.is_(None))
        .order_by(Tenant.name, Tenant.id)
    )
    return list(session.scalars(query))


def platform_addresses(session: Session) -> list[str]:
    """The mail addresses of those who work in the platform's own tenant."""
    query = (
        select(Account.email)
        .join(Membership, Membership.account_id == Account.id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(Tenant.platform, Account.active, Membership.locked_at.is_(None))
        .order_by(Account.email)
    )
    return list(session.scalars(query))


def close_reset_doors(session: Session, tenant_id: UUID, person_id: UUID) -> set[bytes]:
    """Close every way to a new password that was mailed to a person; which ones were open.

    Of two at the same moment only one is given a hash back.
    """
    letters = select(Delivery.id).where(Delivery.person_id == person_id)
    closed = session.scalars(
        delete(Door)
        .where(Door.tenant_id == tenant_id, Door.kind == "password_reset")
        .where(Door.target.in_(letters))
        .returning(Door.token_hash)
    )
    return set(closed)
