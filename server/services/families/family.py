"""The guardian's own page: what was signed, what comes next, who looked; the way to the child."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from server.access.policy import Permission
from server.consents.documents import Document
from server.consents.texts import Block
from server.kernel.errors import ContactRefused, NotAllowed, NotFound, StageClosed
from server.kernel.text import Text
from server.services import persons
from server.services.cases import case_letters, decisions, documents, steps
from server.services.cases.standing import Standing
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.consent.withdrawals import is_withdrawable
from server.services.families.arrivals import WORKFLOW, CodeSent, reachable
from server.services.messages import links
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, schools
from server.store import evidence as evidence_rows
from server.store.steps import TaskRow, due_of
from server.workflows.definition import ChooseStep
from server.workflows.moves import LIVE

OWN_SIGNATURE_FROM = 14


@dataclass(frozen=True)
class ConsentState:
    """One consent as the family sees it."""

    consent_id: UUID
    consent: str
    stage: str  # whose package asks for it
    required: bool
    title: Text
    state: str
    owed: tuple[str, ...]
    answered_at: datetime | None
    withdrawn_at: datetime | None
    valid_until: date
    edition: date
    can_withdraw: bool
    has_receipt: bool
    document_hash: str


@dataclass(frozen=True)
class NextStep:
    """Something somebody has to do: a form, a package, a decision at the school."""

    step: str
    kind: str
    role: str
    label: Text
    due_at: datetime | None
    optional: bool


@dataclass(frozen=True)
class Application:
    """One child's application on the family's page."""

    case_id: UUID
    school_id: UUID
    municipality_id: UUID | None
    number: int
    child_name: str
    age: int | None
    status: str
    stage: Text | None
    end: str | None
    end_label: Text | None
    reason: str | None  # why the school declined, in its own words
    next_steps: tuple[NextStep, ...]
    consents: tuple[ConsentState, ...]
    child_contact: str | None  # masked
    child_needs_contact: bool
    child_can_take_the_phone: bool
    renewal: UUID | None  # the case in which a changed text waits for this guardian's answer


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
        applications=tuple(_application(work, case) for case in mine),
        looked={case.id: _looked(work, cast(UUID, case.subject_id)) for case in mine},
        invitation=next(invited, None),
        school_id=begun[0].school_id if begun else schools.schools(work.session)[0].id,
    )


@dataclass(frozen=True)
class Letterhead:
    """Who speaks on a page: the school and the organisation that runs it."""

    school: schools.School
    partner: schools.Partner


def letterhead(work: UnitOfWork, *, case_id: UUID | None, school_id: UUID | None) -> Letterhead:
    """The school of a case or of a poster's link; what it shows is public.

    :raises NotFound: when there is no such school or case here.
    """
    if case_id is not None:
        case = cases.case(work.session, case_id)
        school_id = case.school_id if case else None
    school = schools.school(work.session, school_id) if school_id else None
    if school is None:
        raise NotFound(what="school")
    return Letterhead(school, schools.partner(work.session))


def application(work: UnitOfWork, *, case_id: UUID) -> Application:
    """One application of this guardian.

    :raises NotFound: when it is not theirs.
    """
    case = cases.case(work.session, case_id)
    actor = work.actor
    if case is None or actor.kind != "guardian" or case.guardian_id != actor.person_id:
        raise NotFound(what="case")
    return _application(work, case)


@dataclass(frozen=True)
class HandOver:
    """The child takes the guardian's phone: the guardian's session ends, the child's begins."""

    person_id: UUID
    case_id: UUID
    locale: str
    way_back: UUID  # a link of the guardian's, through which a code lets them in again


def hand_over(work: UnitOfWork, *, case_id: UUID) -> HandOver:
    """Give the phone to a child below 14.

    :raises NotAllowed: from 14 on: then the child comes by a link to a contact of its own.
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.FAMILY_SIGN)
    age = standing.age(work.now)
    if standing.case.subject_id is None or age is None:
        raise StageClosed(step="voice", state="not_open")
    if age >= OWN_SIGNATURE_FROM:
        raise NotAllowed(permission="HAND_OVER", reason="own_contact_needed")
    if not any(task.role == "mentee" for task in standing.tasks):
        raise StageClosed(step="voice", state="not_open")
    child = cast(people.Person, people.person(work.session, standing.case.subject_id))
    guardian_id = cast(UUID, standing.case.guardian_id)
    way_back = links.make_link(work, case_id=case_id, person_id=guardian_id, role="guardian")
    return HandOver(child.id, case_id, child.locale, way_back)


def send_child_link(work: UnitOfWork, *, case_id: UUID, contact: str) -> CodeSent:
    """Send the teenager's own link to a contact of their own, which the guardian typed.

    :raises ContactRefused: when it is the guardian's own or a colleague's contact: the three of one
        request must differ (DECISIONS.md 6).
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.FAMILY_SIGN)
    child_id = standing.case.subject_id
    if child_id is None:
        raise StageClosed(step="voice", state="not_open")
    parsed = reachable(work, contact)
    index = persons.contact_index(work, parsed)
    for other in people.anybody_by_contact(work.session, index):
        if other.id == standing.case.guardian_id:
            raise ContactRefused(reason="contact_of_guardian")
        if other.kind == "staff":
            raise ContactRefused(reason="contact_of_staff")
    child = cast(people.Person, people.person(work.session, child_id))
    content = {**standing.subject, "contact": {"kind": parsed.kind, "value": parsed.value}}
    if standing.subject.get("contact") not in (None, content["contact"]):
        # A contact was there before: whatever went to it must not work any more (R23).
        links.revoke_links(work, case_id=case_id, person_id=child_id)
    persons.write(work, child, content)
    standing.subject = content
    case_letters.to_family(work, standing, letter="child_link", role="mentee")
    return CodeSent(child_id, parsed.masked, parsed.kind)


@dataclass(frozen=True)
class Companion:
    """Plain words for the child beside one consent: what it is about, or what is written down."""

    kind: str  # of the consent: permission, data
    words: tuple[Block, ...]


@dataclass(frozen=True)
class ChildPage:
    """What waits for a child."""

    case_id: UUID
    number: int
    child_name: str
    age: int | None
    tasks: tuple[NextStep, ...]
    companions: tuple[Companion, ...]
    help_line: str
    ended: bool
    end: str | None
    consents: tuple[ConsentState, ...]


def child_page(work: UnitOfWork, *, case_id: UUID, locale: str) -> ChildPage:
    """The child's own page: what is open for it, in plain words.

    :raises NotFound: when this is not the child of this case.
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.CHILD_ANSWER)
    bundle = standing.ready.bundle
    plain = [
        Companion(
            bundle.consents[step.consent].kind,
            documents.companion(work, standing, step.consent, locale),
        )
        for step in standing.compiled.package(_first_package(standing))
    ]
    return ChildPage(
        case_id=case_id,
        number=standing.case.number,
        child_name=standing.subject.get("name", ""),
        age=standing.age(work.now),
        tasks=tuple(_next(standing, task) for task in standing.tasks if task.role == "mentee"),
        companions=tuple(one for one in plain if one.words),
        help_line=_help_line(standing, locale),
        ended=standing.state.status == "ended",
        end=standing.state.end,
        consents=_consent_states(work, standing) if work.actor.assured else (),
    )


@dataclass(frozen=True)
class Record:
    """One consent of this person in full: the document, and what became of it."""

    case_id: UUID
    document: Document
    state: ConsentState
    signed: tuple[tuple[str, str, datetime], ...]  # role, answer, moment


def help_line(work: UnitOfWork, *, case_id: UUID, locale: str) -> str:
    """Whom a child may call when it is bad; it is the same for everybody and no secret."""
    return _help_line(steps.load(work, case_id), locale)


def record(work: UnitOfWork, *, consent_id: UUID) -> Record:
    """What was signed, for whoever signs it.

    :raises NotFound: when it is not theirs.
    """
    row = consents.consent(work.session, consent_id)
    me = work.actor.person_id
    if row is None or me is None or not work.actor.assured:
        raise NotFound(what="consent")
    if me not in (row.guardian_id, row.subject_id):
        raise NotFound(what="consent")
    (state,) = _consent_states(work, steps.load(work, row.case_id), [row])
    signatures = consents.signatures_of(work.session, [row.id])
    return Record(
        case_id=row.case_id,
        document=documents.read(work, row),
        state=state,
        signed=tuple((one.role, one.answer, one.at) for one in signatures),
    )


def _first_package(standing: Standing) -> str:
    """The stage that asks for the consents of this workflow."""
    stages = standing.compiled.spec.stages
    return next(one.stage for one in stages if standing.compiled.package(one.stage))


def _application(work: UnitOfWork, case: cases.Case) -> Application:
    standing = steps.load(work, case.id)
    age = standing.age(work.now)
    contact = persons.contact_of(standing.subject)
    for_child = any(task.role == "mentee" for task in standing.tasks)
    stage = standing.compiled.stage(case.stage).title if case.stage else None
    old_enough = age is not None and age >= OWN_SIGNATURE_FROM
    return Application(
        case_id=case.id,
        school_id=case.school_id,
        municipality_id=case.municipality_id,
        number=case.number,
        child_name=standing.subject.get("name", ""),
        age=age,
        status=standing.state.status,
        stage=stage,
        end=standing.state.end,
        end_label=standing.compiled.end_label(standing.state.end) if standing.state.end else None,
        reason=_reason(work, standing),
        next_steps=tuple(_next(standing, task) for task in standing.tasks),
        consents=_consent_states(work, standing),
        child_contact=contact.masked if contact else None,
        child_needs_contact=for_child and old_enough and contact is None,
        child_can_take_the_phone=for_child and not old_enough,
        renewal=_renewal(work, case),
    )


def _reason(work: UnitOfWork, standing: Standing) -> str | None:
    """What the school wrote to the family when it declined."""
    if standing.state.end != "declined_by_school":
        return None
    # The last one is what ended it: what was written when the form came back is no reason.
    made = cases.decisions_of(work.session, standing.case.id)
    return decisions.comment_of(work, made[-1], child_id=standing.case.subject_id) if made else None


def _renewal(work: UnitOfWork, case: cases.Case) -> UUID | None:
    """The open case that asks for the answer to a changed text, while it waits for the guardian."""
    if case.subject_id is None:
        return None
    for other in cases.cases_of_subject(work.session, case.subject_id):
        if other.workflow == RENEWAL and other.status == "open":
            waiting = cases.open_task(work.session, other.id, "renewal", "guardian")
            return other.id if waiting is not None else None
    return None


def _next(standing: Standing, row: TaskRow) -> NextStep:
    compiled = standing.compiled
    stage = compiled.stage_of(row.step)
    chosen = next((s for s in stage.steps if s.id == row.step), None)
    label = compiled.label(row.step)
    if isinstance(chosen, ChooseStep) and row.form and chosen.label is None:
        label = compiled.forms[row.form].title
    return NextStep(
        step=row.step,
        kind=row.kind,
        role=row.role,
        label=label,
        due_at=due_of(row.due_at),
        optional=stage.optional,
    )


def _consent_states(
    work: UnitOfWork, standing: Standing, rows: Sequence[consents.Consent] | None = None
) -> tuple[ConsentState, ...]:
    rows = _newest(work, standing) if rows is None else rows
    ready = {row.consent_id for row in consents.receipts_of(work.session, [r.id for r in rows])}
    return tuple(
        ConsentState(
            consent_id=row.id,
            consent=row.consent,
            stage=standing.compiled.package_of(row.consent),
            required=standing.ready.bundle.consents[row.consent].required,
            title=standing.ready.bundle.consents[row.consent].title,
            state=row.state,
            owed=tuple(row.owed),
            answered_at=row.answered_at,
            withdrawn_at=row.withdrawn_at,
            valid_until=row.valid_until,
            edition=row.edition,
            can_withdraw=is_withdrawable(work, row),
            has_receipt=row.id in ready,
            document_hash=row.document_hash,
        )
        for row in rows
    )


def _newest(work: UnitOfWork, standing: Standing) -> list[consents.Consent]:
    """The consents of a case in its order, each replaced by the answer to a newer text."""
    rows = consents.consents_of_case(work.session, standing.case.id)
    if standing.case.workflow != WORKFLOW or standing.case.subject_id is None:
        return rows
    newer = {
        row.consent: row for row in consents.board(work.session, [standing.case.subject_id])
        if row.state in LIVE or row.case_id == standing.case.id
    }  # fmt: skip
    return [newer.get(row.consent, row) for row in rows]


def _help_line(standing: Standing, locale: str) -> str:
    words = standing.ready.bundle.texts.get("child_help_line", {})
    return words.get(locale) or words.get("ru", "")


def _looked(work: UnitOfWork, child_id: UUID) -> tuple[Looked, ...]:
    rows = evidence_rows.accesses_to(work.session, child_id)
    names = persons.names(work, [row.person_id for row in rows])
    return tuple(Looked(row.day, names.get(row.person_id), row.role) for row in rows)
