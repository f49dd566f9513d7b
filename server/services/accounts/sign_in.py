"""Who signs in: accounts of staff, bearer tokens, and a new password by mail.

Accounts lie outside tenants; what an account may do is read in the tenant it acts in, on every
request, so that a right withdrawn is a right gone (SECURITY.md A10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from server.access.actors import Actor, Holding
from server.kernel.errors import DeadLink
from server.kernel.ids import new_id
from server.kernel.marks import link_token, token_hash
from server.services.accounts import passwords
from server.services.messages import letters
from server.services.unit_of_work import UnitOfWork
from server.store import accounts, deliveries, tenancy
from server.store.database import Rows

# The letters that carry a way to a new password, and how long it is open.
LIVES = {"password_reset": timedelta(minutes=30), "welcome_staff": timedelta(days=7)}
RESET_DOOR = "password_reset"
USE_NOTED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Known:
    """An account as sign-in needs it."""

    id: UUID
    email: str
    password: str | None
    active: bool
    fs_uniquifier: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Workplace:
    """An organisation an account may act in."""

    tenant_id: UUID
    name: str
    platform: bool


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of staff at work: the actor, and what stands in the corner of each page."""

    actor: Actor
    name: str
    email: str
    locale: str | None
    tenant_name: str
    has_choice: bool  # works in several organisations

    @property
    def has_role(self) -> bool:
        """Whether anything is open to them here today: the platform's own people hold no roles."""
        return self.actor.platform or bool(self.actor.holdings)


def find_account(work: UnitOfWork, *, email: str) -> Known | None:
    """The account with this mail address, active or not."""
    return _known(tenancy.account_by_email(work.session, email))


def find_session_account(work: UnitOfWork, *, uniquifier: str) -> Known | None:
    """The account a session belongs to; none after its password changed."""
    return _known(accounts.account_by_uniquifier(work.session, uniquifier))


def workplaces(work: UnitOfWork, *, account_id: UUID) -> list[Workplace]:
    """Where an account belongs; whether it holds a role there today only that tenant knows."""
    return [
        Workplace(row.id, row.name, row.platform)
        for row in accounts.workplaces(work.session, account_id)
    ]


def staff(work: UnitOfWork, *, uniquifier: str) -> Staff | None:
    """Who is at work in this tenant; None when the account is blocked or works here no more."""
    row, positions = accounts.staff(work.transaction, work.tenant_id, uniquifier, work.now.date())
    if row is None:
        return None
    actor = Actor(
        kind="staff",
        tenant_id=work.tenant_id,
        person_id=row.person_id,
        account_id=row.account_id,
        holdings=_holdings(positions),
        platform=row.platform,
    )
    return Staff(
        actor, _name(work, row), row.email, row.locale, row.tenant_name, row.workplaces > 1
    )


def token_holder(work: UnitOfWork, *, token_id: UUID) -> Actor | None:
    """As whom a bearer token acts: never more than its person may today."""
    row, positions = accounts.token(work.transaction, token_id, work.now.date())
    if row is None:
        return None
    # Not at every request: that a program is at work is known well enough by the minute.
    if row.last_used_at is None or work.now - row.last_used_at >= USE_NOTED:
        accounts.note_token_used(work.transaction, token_id, work.now)
    return Actor(
        kind="token",
        tenant_id=work.tenant_id,
        person_id=row.person_id,
        holdings=_holdings(positions),
        scopes=frozenset(row.scopes),
        platform=row.platform,
    )


def door_tenant(work: UnitOfWork, *, token: str, kind: str) -> tuple[UUID, UUID] | None:
    """The tenant and the target behind a secret of one kind; None is the answer for all others."""
    door = tenancy.door_of(work.session, token_hash(token))
    return (door.tenant_id, door.target) if door is not None and door.kind == kind else None


def reset_tenant(work: UnitOfWork, *, email: str) -> tuple[UUID, UUID | None] | None:
    """In which tenant a letter about a new password is written, and for which account.

    An unknown or blocked address gets a tenant too and no account, so that the answer takes the
    same way; None only where there is no tenant at all.
    """
    account = tenancy.account_by_email(work.session, email)
    known = account is not None and account.active
    memberships = tenancy.memberships_of(work.session, account.id if account else new_id())
    everyone = tenancy.all_tenants(work.session)
    if account is not None and known and memberships:
        return memberships[0].tenant_id, account.id
    return (everyone[0].id, None) if everyone else None


def ask_for_reset(work: UnitOfWork, *, account_id: UUID | None) -> None:
    """Queue the letter with the way to a new password.

    Without an account the same statements run and are taken back: nobody learns from the time an
    answer takes whether an address is known (SECURITY.md B1).
    """
    attempt = work.session.begin_nested()
    values: dict[str, str | int] = {"minutes": int(LIVES["password_reset"].total_seconds() // 60)}
    if account_id is not None:
        _mail_a_way(work, letter="password_reset", account_id=account_id, values=values)
        attempt.commit()
        return
    tenancy.memberships_of(work.session, new_id())
    _mail_a_way(work, letter="password_reset", person_id=new_id(), values=values)
    attempt.rollback()


def welcome(work: UnitOfWork, *, person_id: UUID) -> None:
    """Queue the letter about a new role: with the link to a first password for who has none yet."""
    account = accounts.account_of_person(work.session, work.tenant_id, person_id)
    if account is None:
        return
    if account.password is None:
        _mail_a_way(work, letter="welcome_staff", account_id=account.id, values={})
    else:
        letters.queue_letter(work, letter="role_given", account_id=account.id)


def open_reset(work: UnitOfWork, *, delivery_id: UUID) -> Known:
    """The account behind a way to a new password. Opening it uses nothing up.

    :raises DeadLink: when it is too old, was used, or leads to nobody active.
    """
    letter = deliveries.delivery(work.session, delivery_id)
    if letter is None or letter.person_id is None or letter.letter not in LIVES:
        raise DeadLink(what="password_reset")
    if letter.created_at + LIVES[letter.letter] <= work.now:
        raise DeadLink(what="password_reset")
    found = accounts.account_of_person(work.session, work.tenant_id, letter.person_id)
    account = _known(found)
    if found is None or account is None or not account.active:
        raise DeadLink(what="password_reset")
    _refuse_older(letter, found)
    return account


def set_password(
    work: UnitOfWork, *, delivery_id: UUID, hash_: bytes, password: str, again: str
) -> UUID:
    """Set a new password by a mailed way, close all such ways and end every session.

    `hash_` is the hash of the token, so that of two who hurry only the first one gets in.

    :raises DeadLink: as `open_reset`, and when the way was used meanwhile.
    :raises Refused: a password that is no good, or two that differ (`password_differs`); what else
        is wrong stands in `others`.
    """
    known = open_reset(work, delivery_id=delivery_id)
    passwords.refuse(passwords.wrong_with(password, again=again, email=known.email))
    letter = deliveries.delivery(work.session, delivery_id)
    assert letter is not None
    assert letter.person_id is not None
    closed = accounts.close_reset_doors(work.session, work.tenant_id, letter.person_id)
    if hash_ not in closed:
        raise DeadLink(what="password_reset")
    # Held: of two ways, mailed by two organisations, only one leads on.
    account = accounts.account_for_change(work.session, known.id)
    assert account is not None
    _refuse_older(letter, account)
    account.password = passwords.hash_password(password)
    account.password_set_at = work.now
    account.fs_uniquifier = uuid4().hex
    tenancy.end_sessions_of(work.session, account.id)
    return account.id


def _refuse_older(letter: deliveries.Delivery, account: tenancy.Account) -> None:
    # Also one that another organisation mailed, whose letters cannot be seen from here.
    if account.password_set_at is not None and letter.created_at < account.password_set_at:
        raise DeadLink(what="password_reset")


def _mail_a_way(
    work: UnitOfWork,
    *,
    letter: str,
    values: dict[str, str | int],
    account_id: UUID | None = None,
    person_id: UUID | None = None,
) -> None:
    """The token is made of `link_id`, here and where the letter is written."""
    link_id = new_id()
    delivery_id = letters.queue_letter(
        work,
        letter=letter,
        account_id=account_id,
        person_id=person_id,
        link_id=link_id,
        values=values,
    )
    work.session.add(
        tenancy.Door(
            token_hash=token_hash(link_token(work.tools.pepper, link_id)),
            kind=RESET_DOOR,
            tenant_id=work.tenant_id,
            target=delivery_id,
        )
    )
    work.session.flush()
    work.transaction.run_queued()


def _known(account: tenancy.Account | None) -> Known | None:
    if account is None:
        return None
    return Known(
        id=account.id,
        email=account.email,
        password=account.password,
        active=account.active,
        fs_uniquifier=account.fs_uniquifier,
        locale=account.locale,
    )


def _holdings(rows: Rows) -> tuple[Holding, ...]:
    return tuple(Holding(role, school, place) for role, school, place in rows)


def _name(work: UnitOfWork, row: accounts.StaffRow) -> str:
    if row.epoch is None or row.wrapped is None:
        return row.email
    work.keyring.hold(row.person_id, row.epoch, row.wrapped)
    opened = work.keyring.open(row.sealed, table="person", row=row.person_id, subject=row.person_id)
    return str(opened.get("name") or row.email)
