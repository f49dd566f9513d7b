"""The guardian's own page: every child's application, and who looked at the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from server.kernel.errors import NotAllowed
from server.services import persons
from server.services.families.applications import Application, application_of
from server.services.families.arrivals import WORKFLOW
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people, schools
from server.store import evidence as evidence_rows


@dataclass(frozen=True)
class Looked:
    """Who opened the child's card on which day."""

    day: date
    name: str | None
    role: str


@dataclass(frozen=True)
class Family:
    """Everything on the guardian's page."""

    guardian_name: str | None
    applications: tuple[Application, ...]
    looked: Mapping[UUID, tuple[Looked, ...]]  # by case
    invitation: UUID | None  # a case that a coordinator opened and the guardian has not begun
    school_id: UUID  # of the newest case


def family(work: UnitOfWork) -> Family:
    """The guardian's applications, newest first.

    :raises NotAllowed: before a code was typed in this session.
    """
    actor = work.actor
    if actor.kind != "guardian" or not actor.assured or actor.person_id is None:
        raise NotAllowed(permission="FAMILY_READ")
    begun = [
        case
        for case in cases.cases_of_guardian(work.session, actor.person_id)
        if case.workflow == WORKFLOW
    ]
    mine = [case for case in begun if case.subject_id]
    invited = (case.id for case in begun if not case.subject_id and case.status == "open")
    guardian = cast(people.Person, people.person(work.session, actor.person_id))
    work.keyring.load([actor.person_id, *(case.subject_id for case in mine)])
    return Family(
        guardian_name=persons.read(work, guardian).get("name"),
        applications=tuple(application_of(work, case) for case in mine),
        looked={case.id: _looked(work, cast(UUID, case.subject_id)) for case in mine},
        invitation=next(invited, None),
        school_id=begun[0].school_id if begun else schools.schools(work.session)[0].id,
    )


def _looked(work: UnitOfWork, child_id: UUID) -> tuple[Looked, ...]:
    rows = evidence_rows.accesses_to(work.session, child_id)
    names = persons.names(work, [row.person_id for row in rows])
    return tuple(Looked(row.day, names.get(row.person_id), row.role) for row in rows)
