"""Partners, schools and staff: set up from the shell, the platform's API and the demo."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.contacts import parse_contact
from server.kernel.errors import Conflict, NotFound, Refused
from server.kernel.ids import new_id
from server.kernel.marks import token_hash
from server.services import persons
from server.services.accounts import sign_in
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import accounts, people, schools, tenancy

STAFF_ROLES = ("partner_admin", "coordinator", "cycle_lead", "curator", "tutor")
# Who looks after one place: without it the role would open the whole school.
PLACED_ROLES = ("curator",)


def add_tenant(work: UnitOfWork, *, slug: str, name: str, platform: bool = False) -> UUID:
    """Add an organisation; everything of it lives in its own tenant.

    :raises Conflict: when the short name is taken.
    """
    policy.require(work.actor, Permission.TENANTS_EDIT, Thing())
    if tenancy.tenant_by_slug(work.session, slug) is not None:
        raise Conflict(what="tenant", slug=slug)
    row = tenancy.Tenant(id=new_id(), slug=slug, name=name, platform=platform, created_at=work.now)
    work.session.add(row)
    work.session.flush()
    return row.id


def describe_partner(work: UnitOfWork, *, facts: Mapping[str, Any]) -> None:
    """Write what consent texts name of the tenant's organisation."""
    policy.require(work.actor, Permission.TENANTS_EDIT, Thing())
    work.session.add(schools.Partner(id=new_id(), tenant_id=work.tenant_id, **facts))
    work.session.flush()


def add_school(
    work: UnitOfWork, *, facts: Mapping[str, Any], places: Sequence[tuple[str, str]]
) -> UUID:
    """Open a school with its places, and the public door its posters lead to.

    :raises Conflict: when the short name is taken anywhere: it is a public address.
    """
    policy.require(work.actor, Permission.TENANTS_EDIT, Thing())
    school_id = new_id()
    door = token_hash(f"school {facts['slug']}")
    if tenancy.door_of(work.session, door) is not None:
        raise Conflict(what="school", slug=facts["slug"])
    work.session.add(schools.School(id=school_id, tenant_id=work.tenant_id, **facts))
    work.session.add(
        tenancy.Door(token_hash=door, kind="school", tenant_id=work.tenant_id, target=school_id)
    )
    work.session.flush()
    for slug, name in places:
        work.session.add(
            schools.Municipality(
                id=new_id(),
                tenant_id=work.tenant_id,
                school_id=school_id,
                slug=slug,
                name=name,
            )
        )
    work.session.flush()
    return school_id


def add_colleague(
    work: UnitOfWork, *, name: str, email: str, password_hash: str | None, locale: str = "ru"
) -> UUID:
    """Add someone of staff with an account; a known account is joined to this tenant.

    Who works here already stays who they are, whatever name was typed.

    :raises Refused: when the address is no mail address, or the name holds what nobody sees.
    """
    _may_appoint(work)
    contact = parse_contact(email)
    if contact.kind != "mail":
        raise Refused(reason="mail_wrong")
    # Two clicks, or two organisations in the same second: the second one finds the account.
    work.transaction.hold(f"account {contact.value.lower()}")
    account = tenancy.account_by_email(work.session, contact.value)
    if account is not None:
        for held in tenancy.memberships_of(work.session, account.id):
            if held.tenant_id == work.tenant_id:
                return held.person_id
    person = persons.new_person(
        work, kind="staff", locale=locale, name=remark(name), contact=contact
    )
    if account is None:
        account = tenancy.Account(
            id=new_id(),
            email=contact.value.lower(),
            password=password_hash,
            active=True,
            fs_uniquifier=secrets.token_hex(32),
            locale=locale,
            created_at=work.now,
        )
        work.session.add(account)
        work.session.flush()
    work.session.add(
        tenancy.Membership(account_id=account.id, tenant_id=work.tenant_id, person_id=person.id)
    )
    work.session.flush()
    return person.id


def appoint(
    work: UnitOfWork,
    *,
    person_id: UUID,
    school_id: UUID,
    role: str,
    since: date,
    municipality_id: UUID | None = None,
) -> None:
    """Give a colleague a dated role in a school.

    :raises Refused: for a role staff cannot hold (`role_unknown`), a place left out that the role
        needs (`place_needed`), or a role they hold there already (`role_held`).
    """
    policy.require(work.actor, Permission.PEOPLE_EDIT, Thing(school_id))
    if role not in STAFF_ROLES:
        raise Refused(reason="role_unknown", role=role)
    if role in PLACED_ROLES and municipality_id is None:
        raise Refused(reason="place_needed", role=role)
    person = people.person(work.session, person_id)
    if person is None or person.kind != "staff":
        raise NotFound(what="person")
    schools.require_place(work.session, school_id, municipality_id)
    if any(
        (one.school_id, one.municipality_id, one.role) == (school_id, municipality_id, role)
        and one.ended_at is None
        and (one.until is None or one.until >= since)
        for one in schools.positions_of(work.session, person_id)
    ):
        raise Refused(reason="role_held")
    work.session.add(
        schools.Position(
            id=new_id(),
            tenant_id=work.tenant_id,
            person_id=person_id,
            school_id=school_id,
            municipality_id=municipality_id,
            role=role,
            since=since,
        )
    )
    work.session.flush()


def add_and_appoint(
    work: UnitOfWork,
    *,
    school_id: UUID,
    name: str,
    email: str,
    role: str,
    since: date,
    municipality_id: UUID | None = None,
    locale: str = "ru",
) -> UUID:
    """Add a colleague and give them a role; a letter tells them, whether they are known or not.

    Somebody new gets the link to a first password. Nothing that comes back tells whether the
    address had an account: it may be another organisation's.

    :raises Refused: as `add_colleague` and `appoint`.
    """
    policy.require(work.actor, Permission.PEOPLE_EDIT, Thing(school_id))
    person = add_colleague(work, name=name, email=email, password_hash=None, locale=locale)
    appoint(
        work,
        person_id=person,
        school_id=school_id,
        role=role,
        since=since,
        municipality_id=municipality_id,
    )
    sign_in.welcome(work, person_id=person)
    return person


def keepers(work: UnitOfWork) -> list[str]:
    """The mail addresses of the model's keepers: whom a partner asks for an exception."""
    return accounts.platform_addresses(work.session)


def schools_seen(work: UnitOfWork) -> list[schools.School]:
    """The schools in which the actor may read settings.

    :raises NotAllowed: when it may in no school at all.
    """
    policy.require(work.actor, Permission.SETTINGS_READ, Thing())
    return [
        row
        for row in schools.schools(work.session)
        if policy.allowed(work.actor, Permission.SETTINGS_READ, Thing(row.id))
    ]


def zone_of(work: UnitOfWork) -> str:
    """The time zone in which the actor's school counts its days."""
    held = next(iter(work.actor.holdings), None)
    row = schools.school(work.session, held.school_id) if held else None
    return row.zone if row is not None else "Europe/Moscow"


def _may_appoint(work: UnitOfWork) -> None:
    schools_here = {held.school_id for held in work.actor.holdings}
    if work.actor.kind == "shell" or work.actor.platform:
        return
    school_id = next(iter(schools_here), None)
    policy.require(work.actor, Permission.PEOPLE_EDIT, Thing(school_id))
