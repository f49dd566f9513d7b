"""Staff by API: who holds which role, and appointing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.table import Call, Wire, route
from server.services.accounts import people
from server.services.unit_of_work import UnitOfWork


class RoleOut(Wire):
    """A dated role."""

    role: str
    municipality: UUID | None
    since: date
    until: date | None


class ColleagueOut(Wire):
    """Someone of staff."""

    person: UUID
    name: str | None
    contact: str | None
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


class AppointedOut(Wire):
    """Whom the role was given to."""

    person: UUID


@route("GET", "/schools/<uuid:school_id>/people", needs=Permission.PEOPLE_READ,
       answer=ColleaguesOut)  # fmt: skip
def list_people(work: UnitOfWork, call: Call) -> ColleaguesOut:
    """Who holds which role in a school today."""
    found = people.colleagues(work, school_id=call.path["school_id"])
    return ColleaguesOut(
        people=[
            ColleagueOut(
                person=one.person_id,
                name=one.name,
                contact=one.contact,
                roles=[
                    RoleOut(role=role, municipality=place, since=since, until=until)
                    for role, _, place, since, until in one.roles
                ],
            )
            for one in found
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
