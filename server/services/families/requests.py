"""The request for a place: what a guardian tells before any consent, and the case it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from server.consents.signers import age_on, day_in
from server.consents.texts import Block, blocks
from server.forms.definition import FormSpec
from server.kernel.errors import AnswersRefused, NotAllowed, NotFound, StageClosed
from server.kernel.ids import new_id
from server.kernel.problems import Problem
from server.model.bundle import Bundle
from server.services import persons
from server.services.bundles import Ready
from server.services.cases import consequences, documents, steps
from server.services.cases.filling import Reading, keep_answer, labels_of
from server.services.cases.standing import Standing
from server.services.families.arrivals import CONSENTS, KEEP_REQUEST_DAYS, WORKFLOW
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people, schools
from server.workflows import moves

FORM = "place_request"


@dataclass(frozen=True)
class RequestForm:
    """The form of the request, and what is known of the guardian already."""

    form: FormSpec
    guardian_name: str | None
    ground: tuple[Block, ...]  # by what right this is asked before any consent
    consents: int  # how many consents will be asked next, a page each


def request_form(
    work: UnitOfWork, *, school_id: UUID, case_id: UUID | None, locale: str
) -> RequestForm:
    """The form that the guardian is about to fill in: pinned by an invitation, else today's."""
    guardian_id = _guardian(work)
    row = people.person(work.session, guardian_id)
    name = persons.read(work, row).get("name") if row else None
    if case_id is None:
        ready = in_force.ready_in_force(work, school_id)
    else:
        ready = _ready_of(work, _own_case(work, case_id))
    ground = ready.bundle.texts.get("place_request_ground", {}).get(locale, "")
    return RequestForm(
        ready.bundle.forms[FORM],
        name,
        tuple(blocks(ground)),
        len(ready.workflows[WORKFLOW].package(CONSENTS)),
    )


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
        values = _checked(work, ready.bundle, school_id, read)
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
        consequences.set_expiry(work, standing, days=KEEP_REQUEST_DAYS)
    else:
        case = _own_case(work, case_id)
        if case.subject_id is not None:
            raise StageClosed(step=FORM, state="done")
        values = _checked(work, _ready_of(work, case).bundle, case.school_id, read)
        standing = _with_child(work, case_id, values)
    keep_answer(work, standing, step=FORM, form=FORM, values=values, flags=[])
    steps.take(work, standing, moves.Filled(FORM, values), kind="filled", data={"step": FORM})
    return case_id


def _own_case(work: UnitOfWork, case_id: UUID) -> cases.Case:
    case = cases.case(work.session, case_id)
    if case is None or case.guardian_id != _guardian(work):
        raise NotFound(what="case")
    return case


def _ready_of(work: UnitOfWork, case: cases.Case) -> Ready:
    variant = steps.variant_of(work, case.school_id)
    return work.ready(case.definition_hash, variant)


def _checked(work: UnitOfWork, bundle: Bundle, school_id: UUID, read: Reading) -> Mapping[str, Any]:
    form = bundle.forms[FORM]
    found = read(form)
    if found.problems:
        raise AnswersRefused(problems=found.problems, labels=labels_of(form))
    school = schools.school(work.session, school_id)
    assert school is not None
    age = age_on(_day(found.values["birth_date"]), day_in(school.zone, work.now))
    rules = documents.signer_rules(bundle)
    if "guardian" not in rules.roles_at(age):
        # A grown-up asks in their own name; nobody can ask for a place for them.
        below = next(young for young in range(age, -1, -1) if "guardian" in rules.roles_at(young))
        problem = Problem("ANSWER-AGE", {"below": below + 1}, at="birth_date")
        raise AnswersRefused(problems={"birth_date": [problem]}, labels=labels_of(form))
    return found.values


def _day(given: date | str) -> date:
    return given if isinstance(given, date) else date.fromisoformat(given)


def _with_child(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any]) -> Standing:
    """Create the child, bind guardian and child, and lock the case with both in it."""
    guardian_id = _guardian(work)
    guardian = people.person(work.session, guardian_id)
    assert guardian is not None
    known = persons.read(work, guardian)
    persons.write(work, guardian, {**known, "name": values["guardian_name"]})
    child = persons.new_person(
        work,
        kind="mentee",
        locale=guardian.locale,
        name=values["child_name"],
        birth=_day(values["birth_date"]),
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
