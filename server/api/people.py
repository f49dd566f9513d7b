"""Staff by API: who holds which role, appointing, ending a role, locking out."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.table import Call, Wire, route
from server.services.accounts import colleagues, people
from server.services.unit_of_work import UnitOfWork


class RoleOut(Wire):
    """A dated role."""

    id: UUID
    role: str
    municipality: UUID | None
    since: date
    until: date | None


class ColleagueOut(Wire):
    """Someone of staff."""

    person: UUID
    name: str | None
    contact: str | None
    locked_at: datetime | None
    roles: list[RoleOut]


class ColleaguesOut(Wire):
    """Who holds a role in the school today."""

    people: list[ColleagueOut]


class ColleagueIn(Wire):
    """Someone to appoint; the account gets its password by the reset letter."""

    name: str = Field(min_length=2, max_length=200)
    email: str = Field(min_length=3, max_length=254)
    role: str
    municipality: UUID | None = None
    since: date
    locale: str = Field(default="ru", pattern=r"^(ru|en)$")


class EndIn(Wire):
    """When a role ends: at once, or after its last day."""

    last_day: date | None = None


class DoneOut(Wire):
    """It is done."""

    done: bool = True


class AppointedOut(Wire):
    """Whom the role was given to."""

    person: UUID


@route("GET", "/schools/<uuid:school_id>/people", needs=Permission.PEOPLE_READ,
       answer=ColleaguesOut)  # fmt: skip
def list_people(work: UnitOfWork, call: Call) -> ColleaguesOut:
    """Who holds which role in a school today."""
    found = colleagues.colleagues(work, school_id=call.path["school_id"])
    return ColleaguesOut(
        people=[
            ColleagueOut(
                person=one.person_id,
                name=one.name,
                contact=one.contact,
                locked_at=one.locked_at,
                roles=[
                    RoleOut(
                        id=role.id,
                        role=role.role,
                        municipality=role.municipality_id,
                        since=role.since,
                        until=role.until,
                    )
                    for role in one.held
                ],
            )
            for one in found
            if one.held
        ]
    )


@route("POST", "/schools/<uuid:school_id>/people", needs=Permission.PEOPLE_EDIT,
       body=ColleagueIn, answer=AppointedOut, status=201)  # fmt: skip
def appoint_person(work: UnitOfWork, call: Call) -> AppointedOut:
    """Add a colleague with an account and give them a role."""
    person = people.add_and_appoint(
        work,
        school_id=call.path["school_id"],
        name=call.body.name,
        email=call.body.email,
        role=call.body.role,
        municipality_id=call.body.municipality,
        since=call.body.since,
        locale=call.body.locale,
    )
    return AppointedOut(person=person)


@route("POST", "/roles/<uuid:position_id>/end", needs=Permission.PEOPLE_EDIT,
       body=EndIn, answer=DoneOut)  # fmt: skip
def end_role(work: UnitOfWork, call: Call) -> DoneOut:
    """End a role at once, with its holder's sessions, or let it end after a day."""
    position_id = call.path["position_id"]
    if call.body.last_day is None:
        colleagues.end_role(work, position_id=position_id)
    else:
        colleagues.end_role_after(work, position_id=position_id, last_day=call.body.last_day)
    return DoneOut()


@route("POST", "/people/<uuid:person_id>/lock", needs=Permission.PEOPLE_EDIT,
       answer=DoneOut)  # fmt: skip
def lock_person(work: UnitOfWork, call: Call) -> DoneOut:
    """Shut a colleague out of the organisation at once."""
    colleagues.lock(work, person_id=call.path["person_id"])
    return DoneOut()


@route("POST", "/people/<uuid:person_id>/unlock", needs=Permission.PEOPLE_EDIT,
       answer=DoneOut)  # fmt: skip
def unlock_person(work: UnitOfWork, call: Call) -> DoneOut:
    """Let a colleague in again."""
    colleagues.unlock(work, person_id=call.path["person_id"])
    return DoneOut()
