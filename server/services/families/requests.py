"""The request for a place: what a guardian tells before any consent, and the case it begins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from server.access.policy import Permission
from server.consents.signers import age_on, day_in
from server.consents.texts import Block, blocks
from server.forms.definition import FormSpec
from server.kernel.errors import AnswersRefused, NotAllowed, NotFound, StageClosed
from server.kernel.ids import new_id
from server.kernel.problems import Problem
from server.model.bundle import Bundle
from server.services import persons
from server.services.bundles import Ready
from server.services.cases import consequences, documents, steps, unattended
from server.services.cases.filling import Reading, keep_answer, labels_of
from server.services.cases.standing import Standing
from server.services.families.arrivals import CONSENTS, KEEP_REQUEST_DAYS, WORKFLOW
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, schools
from server.workflows import moves

FORM = "place_request"


@dataclass(frozen=True)
class RequestForm:
    """The form of the request, and what is known already: of the guardian, and when it is mended
    of the child too."""

    form: FormSpec
    known: Mapping[str, str]  # by field
    ground: tuple[Block, ...]  # by what right this is asked before any consent
    consents: int  # how many consents will be asked next, a page each


def request_form(
    work: UnitOfWork, *, school_id: UUID, case_id: UUID | None, locale: str
) -> RequestForm:
    """The form that the guardian is about to fill in: pinned by an invitation, else today's.

    Of a request made already it holds what was said, so that it can be mended.
    """
    case = _own_case(work, case_id) if case_id is not None else None
    ready = in_force.ready_in_force(work, school_id) if case is None else _ready_of(work, case)
    ground = ready.bundle.texts.get("place_request_ground", {}).get(locale, "")
    return RequestForm(
        ready.bundle.forms[FORM],
        _known(work, case.subject_id if case else None),
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
    one_word: Collection[str] = (),
) -> UUID:
    """The guardian asks for a place for one child: the case begins, its documents are made.

    With `case_id` it is the case of an invitation. A child like one already known is flagged to
    the coordinator; the guardian is told nothing of it (DECISIONS.md 12d). `one_word` are the
    fields whose name has one word in the document, as the guardian says when asked.

    :raises AnswersRefused: with everything that is wrong in the form.
    """
    guardian_id = _guardian(work)
    if case_id is None:
        ready = in_force.ready_in_force(work, school_id)
        values = _checked(work, ready.bundle, school_id, read, one_word)
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
        values = _checked(work, _ready_of(work, case).bundle, case.school_id, read, one_word)
        standing = _with_child(work, case_id, values)
    keep_answer(work, standing, step=FORM, form=FORM, values=values, flags=[])
    steps.take(work, standing, moves.Filled(FORM, values), kind="filled", data={"step": FORM})
    return case_id


def mend_request(
    work: UnitOfWork, *, case_id: UUID, read: Reading, one_word: Collection[str] = ()
) -> None:
    """Names or the birth date were mistyped: put them right, and make the unsigned documents anew.

    :raises AnswersRefused: with everything that is wrong in the form.
    :raises StageClosed: once the consents were answered: what was signed stays as it was.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    case = _own_case(work, case_id)
    if standing.task(CONSENTS, "guardian") is None or case.subject_id is None:
        raise StageClosed(step=FORM, state=standing.state.status)
    values = _checked(work, standing.ready.bundle, case.school_id, read, one_word)
    child = people.person(work.session, case.subject_id)
    assert child is not None
    _name_guardian(work, values)
    content = {
        **standing.subject,
        "name": values["child_name"],
        "birth": _day(values["birth_date"]).isoformat(),
    }
    persons.write(work, child, content)
    standing.subject = content
    for bond in people.guardians_of(work.session, child.id):
        if bond.guardian_id == case.guardian_id:
            bond.capacity = values["relation"]
    _flag_duplicate(work, case, child)
    work.session.flush()
    documents.make_anew(work, standing)
    keep_answer(work, standing, step=FORM, form=FORM, values=values, flags=[])
    steps.take(work, standing, moves.Looked(), kind="mended", data={"step": FORM})


def stop_of_age(work: UnitOfWork, *, case_id: UUID) -> None:
    """Close a request that nobody may sign any more: the child turned 18 before anything was given.

    A grown-up asks for a place in their own name. What was given before the birthday goes on.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    steps.require(work, standing, Permission.FAMILY_SIGN)
    if not documents.guardian_signs(work, standing):
        unattended.close_unsigned(work, standing)


def misnamed(work: UnitOfWork) -> tuple[UUID, ...]:
    """This guardian's applications whose unsigned documents bear a name that is theirs no more."""
    guardian_id = _guardian(work)
    name = _name_of(work, guardian_id)
    found = []
    for case in cases.cases_of_guardian(work.session, guardian_id):
        if case.status != "open" or case.subject_id is None:
            continue
        work.keyring.load([case.subject_id])
        rows = consents.consents_of_case(work.session, case.id)
        asked = [row for row in rows if documents.is_unsigned(row)]
        if any(documents.guardian_named(work, row) != name for row in asked):
            found.append(case.id)
    return tuple(found)


def rename_documents(work: UnitOfWork, *, case_id: UUID) -> None:
    """Put the guardian's name of now into the unsigned documents of one application."""
    standing = steps.load(work, case_id, consents="UPDATE")
    if _own_case(work, case_id).status == "open":
        documents.make_anew(work, standing)


def _own_case(work: UnitOfWork, case_id: UUID) -> cases.Case:
    case = cases.case(work.session, case_id)
    if case is None or case.guardian_id != _guardian(work):
        raise NotFound(what="case")
    return case


def _ready_of(work: UnitOfWork, case: cases.Case) -> Ready:
    variant = steps.variant_of(work, case.school_id)
    return work.ready(case.definition_hash, variant)


def _known(work: UnitOfWork, child_id: UUID | None) -> dict[str, str]:
    """What was said before; of a further child the guardian's name, and what they are to the last
    one: the same more often than not, and to be seen and changed."""
    guardian_id = _guardian(work)
    found = {"guardian_name": _name_of(work, guardian_id) or ""}
    bonds = people.bonds_of_guardian(work.session, guardian_id)
    mine = [bond for bond in bonds if child_id in (None, bond.child_id)]
    if mine:
        found["relation"] = mine[-1].capacity
    child = people.person(work.session, child_id) if child_id is not None else None
    if child is not None:
        content = persons.read(work, child)
        found |= {"child_name": content["name"], "birth_date": content["birth"]}
    return found


def _name_of(work: UnitOfWork, guardian_id: UUID) -> str | None:
    row = people.person(work.session, guardian_id)
    return persons.read(work, row).get("name") if row else None


def _checked(
    work: UnitOfWork, bundle: Bundle, school_id: UUID, read: Reading, one_word: Collection[str]
) -> Mapping[str, Any]:
    form = bundle.forms[FORM]
    found = read(form)
    problems = {**_short_names(form, found.values, one_word), **found.problems}
    if problems:
        raise AnswersRefused(problems=problems, labels=labels_of(form))
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


def _short_names(
    form: FormSpec, values: Mapping[str, Any], one_word: Collection[str]
) -> dict[str, list[Problem]]:
    """Full names of one word: the surname or the name was left out, or the document has no more.

    The documents and the evidence bear these names, so it is asked for once more.
    """
    return {
        field.field: [Problem("ANSWER-NAME-ONE-WORD", {}, at=field.field)]
        for field in form.fields
        if (field.is_ or "").endswith(".full_name")
        and len(str(values.get(field.field, "two words")).split()) == 1
        and field.field not in one_word
    }


def _day(given: date | str) -> date:
    return given if isinstance(given, date) else date.fromisoformat(given)


def _with_child(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any]) -> Standing:
    """Create the child, bind guardian and child, and lock the case with both in it."""
    guardian = _name_guardian(work, values)
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
            guardian_id=guardian.id,
            capacity=values["relation"],
            since=work.now,
        )
    )
    case = cases.case(work.session, case_id)
    assert case is not None
    case.subject_id = child.id
    _flag_duplicate(work, case, child)
    work.session.flush()
    return steps.load(work, case_id, consents="UPDATE")


def _name_guardian(work: UnitOfWork, values: Mapping[str, Any]) -> people.Person:
    guardian = people.person(work.session, _guardian(work))
    assert guardian is not None
    known = persons.read(work, guardian)
    persons.write(work, guardian, {**known, "name": values["guardian_name"]})
    return guardian


def _flag_duplicate(work: UnitOfWork, case: cases.Case, child: people.Person) -> None:
    assert child.name_birth_index is not None
    case.duplicate = bool(people.mentees_like(work.session, child.name_birth_index, but=child.id))


def _guardian(work: UnitOfWork) -> UUID:
    actor = work.actor
    if actor.kind != "guardian" or not actor.assured or actor.person_id is None:
        raise NotAllowed(permission="FAMILY_SIGN")
    return actor.person_id
