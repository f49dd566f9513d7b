"""The request for a place: what a guardian tells before any consent, and the case it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from server.forms.definition import FormSpec
from server.kernel.errors import AnswersRefused, NotAllowed, NotFound, StageClosed
from server.kernel.ids import new_id
from server.services import in_force, persons, steps
from server.services.arrivals import KEEP_REQUEST_DAYS, WORKFLOW
from server.services.filling import Read, keep_answer
from server.services.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people
from server.workflows import moves

FORM = "place_request"
Reading = Callable[[FormSpec], Read]


@dataclass(frozen=True)
class RequestForm:
    """The form of the request, and what is known of the guardian already."""

    form: FormSpec
    guardian_name: str | None


def request_form(work: UnitOfWork, *, school_id: UUID, case_id: UUID | None) -> RequestForm:
    """The form that the guardian is about to fill in: pinned by an invitation, else today's."""
    guardian_id = _guardian(work)
    row = people.person(work.session, guardian_id)
    name = persons.read(work, row).get("name") if row else None
    if case_id is None:
        return RequestForm(in_force.ready_in_force(work, school_id).bundle.forms[FORM], name)
    case = cases.case(work.session, case_id)
    if case is None or case.guardian_id != guardian_id:
        raise NotFound(what="case")
    ready = work.tools.bundles.get(
        work.session, case.definition_hash, steps.variant_of(work, case.school_id)
    )
    return RequestForm(ready.bundle.forms[FORM], name)


def place_request(
    work: UnitOfWork,
    *,
    school_id: UUID,
    municipality_id: UUID | None,
    case_id: UUID | None,
    read: Reading,
) -> UUID:
    """The guardian asks for a place for one child: the case begins, its documents are made.

    With `case_id` it is the case of an invitation. A child like one already known is flagged to
    the coordinator; the guardian is told nothing of it (DECISIONS.md 12d).

    :raises AnswersRefused: with everything that is wrong in the form.
    """
    guardian_id = _guardian(work)
    if case_id is None:
        ready = in_force.ready_in_force(work, school_id)
        values = _checked(ready.bundle.forms[FORM], read)
        case_id = steps.start_case(
            work,
            school_id=school_id,
            municipality_id=municipality_id,
            workflow=WORKFLOW,
            definition_hash=ready.bundle.hash,
            guardian_id=guardian_id,
        )
        standing = _with_child(work, case_id, values)
        steps.take(work, standing, moves.Started(), kind="started")
        steps.set_expiry(work, standing, days=KEEP_REQUEST_DAYS)
    else:
        values = _checked(request_form(work, school_id=school_id, case_id=case_id).form, read)
        case = cases.case(work.session, case_id)
        if case is None or case.subject_id is not None:
            raise StageClosed(step=FORM, state="done")
        standing = _with_child(work, case_id, values)
    keep_answer(work, standing, step=FORM, form=FORM, values=values, flags=[])
    steps.take(work, standing, moves.Filled(FORM, values), kind="filled", data={"step": FORM})
    return case_id


def _checked(form: FormSpec, read: Reading) -> Mapping[str, Any]:
    found = read(form)
    if found.problems:
        raise AnswersRefused(problems=found.problems)
    return found.values


def _with_child(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any]) -> Standing:
    """Create the child, bind guardian and child, and lock the case with both in it."""
    guardian_id = _guardian(work)
    guardian = people.person(work.session, guardian_id)
    assert guardian is not None
    known = persons.read(work, guardian)
    persons.write(work, guardian, {**known, "name": values["guardian_name"]})
    birth = values["birth_date"]
    child = persons.new_person(
        work,
        kind="mentee",
        locale=guardian.locale,
        name=values["child_name"],
        birth=birth if isinstance(birth, date) else date.fromisoformat(birth),
    )
    work.session.add(
        people.Guardianship(
            id=new_id(),
            tenant_id=work.tenant_id,
            child_id=child.id,
            guardian_id=guardian_id,
            capacity=values["relation"],
            since=work.now,
        )
    )
    case = cases.case(work.session, case_id)
    assert case is not None
    case.subject_id = child.id
    assert child.name_birth_index is not None
    case.duplicate = bool(people.mentees_like(work.session, child.name_birth_index, but=child.id))
    work.session.flush()
    return steps.load(work, case_id, consents="UPDATE")


def _guardian(work: UnitOfWork) -> UUID:
    actor = work.actor
    if actor.kind != "guardian" or not actor.assured or actor.person_id is None:
        raise NotAllowed(permission="FAMILY_SIGN")
    return actor.person_id
