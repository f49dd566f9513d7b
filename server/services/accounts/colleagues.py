"""Colleagues as their administrator sees them: who holds which role, ending one, locking out.

Nothing is deleted: a role that ends keeps its dates, and who was locked out can be let in again.
Open tasks stay where they are, for a worklist belongs to a role and not to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import NotFound, Refused
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import accounts, people, schools, tenancy

ADMIN = "partner_admin"
FARTHEST = timedelta(days=20 * 365)  # a later day is a slip of the hand


@dataclass(frozen=True)
class Role:
    """A dated role; `until` is its last day, `ended_by` who ended it."""

    id: UUID
    role: str
    municipality_id: UUID | None
    since: date
    until: date | None
    state: Literal["coming", "held", "over"]
    ended_by: str | None


@dataclass(frozen=True)
class Colleague:
    """Someone of staff with their roles in one school; name and contact are gone once erased."""

    person_id: UUID
    name: str | None
    contact: str | None
    roles: tuple[Role, ...]
    locked_at: datetime | None
    locked_by: str | None
    is_me: bool

    @property
    def held(self) -> tuple[Role, ...]:
        """The roles of today."""
        return tuple(one for one in self.roles if one.state == "held")

    @property
    def lasting(self) -> tuple[Role, ...]:
        """The roles of today and those to come."""
        return tuple(one for one in self.roles if one.state != "over")


def colleagues(work: UnitOfWork, *, school_id: UUID) -> tuple[Colleague, ...]:
    """Everybody who holds, will hold or has held a role in a school."""
    policy.require(work.actor, Permission.PEOPLE_READ, Thing(school_id))
    by_person: dict[UUID, list[schools.Position]] = {}
    for row in schools.positions_ever(work.session, school_id):
        by_person.setdefault(row.person_id, []).append(row)
    joined = accounts.memberships_here(work.session, work.tenant_id)
    acted = [row.ended_by for rows in by_person.values() for row in rows]
    names = persons.names(work, [*acted, *(one.locked_by for one in joined.values())])
    work.keyring.load(by_person)
    found = []
    for person_id, person in people.people(work.session, by_person).items():
        content = persons.read(work, person)
        contact = persons.contact_of(content)
        membership = joined.get(person_id)
        locked_by = membership.locked_by if membership else None
        found.append(
            Colleague(
                person_id=person_id,
                name=content.get("name"),
                contact=contact.value if contact else None,
                roles=tuple(_role(row, work.now.date(), names) for row in by_person[person_id]),
                locked_at=membership.locked_at if membership else None,
                locked_by=names.get(locked_by) if locked_by else None,
                is_me=person_id == work.actor.person_id,
            )
        )
    return tuple(found)


def end_role(work: UnitOfWork, *, position_id: UUID) -> None:
    """End a role from this moment on, and every session of its holder in this organisation.

    :raises Refused: when it is over already (`role_over`), or when nobody would be left to
        administer the school (`last_admin`).
    """
    held = _to_end(work, position_id, free_from=work.now.date())
    held.until = max(held.since, work.now.date())
    held.ended_at = work.now
    held.ended_by = work.actor.person_id
    work.session.flush()
    _end_sessions(work, held.person_id)


def end_role_after(work: UnitOfWork, *, position_id: UUID, last_day: date) -> None:
    """Let a role end by itself after a day of today or later.

    :raises Refused: as `end_role`, and for a day that has passed or comes before the role begins
        (`role_end_past`), or lies too far ahead (`role_end_far`).
    """
    farthest = work.now.date() + FARTHEST
    held = _to_end(work, position_id, free_from=min(last_day, farthest) + timedelta(days=1))
    if last_day > farthest:
        raise Refused(reason="role_end_far", years=FARTHEST.days // 365)
    if last_day < max(held.since, work.now.date()):
        raise Refused(reason="role_end_past")
    held.until = last_day
    held.ended_by = work.actor.person_id
    work.session.flush()


def lock(work: UnitOfWork, *, person_id: UUID) -> None:
    """Shut a colleague out of this organisation at once: sessions end, their tokens are refused.

    :raises Refused: for oneself (`lock_self`), or for a school's last administrator (`last_admin`).
    """
    held = _within_reach(work, person_id)
    if person_id == work.actor.person_id:
        raise Refused(reason="lock_self")
    for row in held:
        if row.role == ADMIN:
            _require_another_admin(work, row.school_id, person_id, on=work.now.date())
    membership = _membership(work, person_id)
    if membership.locked_at is None:
        membership.locked_at = work.now
        membership.locked_by = work.actor.person_id
        work.session.flush()
    _end_sessions(work, person_id)


def unlock(work: UnitOfWork, *, person_id: UUID) -> None:
    """Let a colleague in again, with the roles they hold today."""
    _within_reach(work, person_id)
    membership = _membership(work, person_id)
    membership.locked_at = membership.locked_by = None
    work.session.flush()


def _to_end(work: UnitOfWork, position_id: UUID, *, free_from: date) -> schools.Position:
    """The role, if it may be ended; held until this transaction ends."""
    seen = schools.position(work.session, position_id)
    if seen is None:
        raise NotFound(what="position")
    policy.require(work.actor, Permission.PEOPLE_EDIT, Thing(seen.school_id))
    if seen.role == ADMIN:
        # Before the role's own row, or two who end each other's would wait for one another.
        _require_another_admin(work, seen.school_id, seen.person_id, on=free_from)
    found = schools.position_for_change(work.session, position_id)
    if found is None or _state(found, work.now.date()) == "over":
        raise Refused(reason="role_over")
    return found


def _within_reach(work: UnitOfWork, person_id: UUID) -> Sequence[schools.Position]:
    """The person's roles of today, where the actor appoints in every school they lie in.

    :raises NotFound: for who never held a role where the actor appoints.
    """
    ever = schools.positions_of(work.session, person_id)
    if not any(_may_appoint(work, row.school_id) for row in ever):
        raise NotFound(what="person")
    held = [row for row in ever if _state(row, work.now.date()) == "held"]
    for row in held:
        policy.require(work.actor, Permission.PEOPLE_EDIT, Thing(row.school_id))
    return held


def _may_appoint(work: UnitOfWork, school_id: UUID) -> bool:
    return policy.allowed(work.actor, Permission.PEOPLE_EDIT, Thing(school_id))


def _require_another_admin(work: UnitOfWork, school_id: UUID, person_id: UUID, *, on: date) -> None:
    # Held while it is decided: two administrators may end each other's role in the same second.
    holders = schools.holders_for_change(work.session, school_id, ADMIN, on)
    others = [row.person_id for row in holders if row.person_id != person_id]
    if not accounts.people_able_to_act(work.session, work.tenant_id, others):
        raise Refused(reason="last_admin")


def _membership(work: UnitOfWork, person_id: UUID) -> tenancy.Membership:
    found = accounts.membership_for_change(work.session, work.tenant_id, person_id)
    if found is None:
        raise NotFound(what="person")
    return found


def _end_sessions(work: UnitOfWork, person_id: UUID) -> None:
    account = accounts.account_of_person(work.session, work.tenant_id, person_id)
    if account is not None:
        tenancy.end_sessions_in(work.session, account.id, work.tenant_id)


def _role(row: schools.Position, today: date, names: dict[UUID, str]) -> Role:
    return Role(
        id=row.id,
        role=row.role,
        municipality_id=row.municipality_id,
        since=row.since,
        until=row.until,
        state=_state(row, today),
        ended_by=names.get(row.ended_by) if row.ended_by else None,
    )


def _state(row: schools.Position, today: date) -> Literal["coming", "held", "over"]:
    if row.ended_at is not None or (row.until is not None and row.until < today):
        return "over"
    return "coming" if row.since > today else "held"
