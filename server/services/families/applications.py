"""One child's application as its family sees it: consents, what comes next, how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from server.kernel.errors import NotFound
from server.kernel.text import Text
from server.services import persons
from server.services.cases import decisions, documents, steps
from server.services.cases.standing import Standing
from server.services.consent import anew
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.consent.renewals import is_by_wish
from server.services.consent.withdrawals import is_withdrawable
from server.services.families.arrivals import WORKFLOW
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents
from server.store.steps import TaskRow, due_of
from server.workflows.definition import ChooseStep
from server.workflows.moves import LIVE


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
    can_answer_anew: bool  # optional and ended: the guardian may give it by a new document
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
    child_signs_from: int  # the age from which the law asks for the child's own signature
    grown_up: bool  # 18 or more: a guardian signs nothing any more
    adult_comes: bool  # somebody of the school is to explain to the child first
    renewal: UUID | None  # the case in which a changed text waits for this guardian's answer


def application(work: UnitOfWork, *, case_id: UUID) -> Application:
    """One application of this guardian.

    :raises NotFound: when it is not theirs.
    """
    case = cases.case(work.session, case_id)
    actor = work.actor
    if case is None or actor.kind != "guardian" or case.guardian_id != actor.person_id:
        raise NotFound(what="case")
    return application_of(work, case)


def application_of(work: UnitOfWork, case: cases.Case) -> Application:
    standing = steps.load(work, case.id)
    age = standing.age(work.now)
    contact = persons.contact_of(standing.subject)
    for_child = any(task.role == "mentee" for task in standing.tasks)
    stage = standing.compiled.stage(case.stage).title if case.stage else None
    signs_from = documents.signer_rules(standing.ready.bundle).signs_from("mentee")
    old_enough = age is not None and age >= signs_from
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
        # What staff were called for (a call, a talk) is a step of nobody in the family.
        next_steps=tuple(next_step(standing, t) for t in standing.tasks if t.kind != "staff"),
        consents=consent_states(work, standing),
        child_contact=contact.masked if contact else None,
        child_needs_contact=for_child and old_enough and contact is None,
        child_can_take_the_phone=for_child and not old_enough,
        child_signs_from=signs_from,
        grown_up=not documents.guardian_signs(work, standing),
        adult_comes=adult_comes(standing),
        renewal=_renewal(work, case),
    )


def adult_comes(standing: Standing) -> bool:
    """Whether an answer that decides nothing yet has called for a person, who has yet to come."""
    called = {
        rule.open
        for task in standing.tasks
        if task.kind == "form"
        for way in standing.compiled.form_rows(task.step)
        for rule in way.wait_on
        if rule.open is not None
    }
    return any(standing.task(name) is not None for name in called)


def next_step(standing: Standing, row: TaskRow) -> NextStep:
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


def consent_states(
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
            can_answer_anew=work.actor.kind == "guardian" and _can_answer_anew(work, standing, row),
            document_hash=row.document_hash,
        )
        for row in rows
    )


def _can_answer_anew(work: UnitOfWork, standing: Standing, row: consents.Consent) -> bool:
    if row.state in LIVE:
        return False  # the common case: it costs no query
    own = standing if row.case_id == standing.case.id else steps.load(work, row.case_id)
    return anew.may_be_asked_anew(work, own, row)


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
        if other.workflow == RENEWAL and other.status == "open" and not is_by_wish(work, other):
            waiting = cases.open_task(work.session, other.id, "renewal", "guardian")
            if waiting is not None:
                return other.id
    return None


def _newest(work: UnitOfWork, standing: Standing) -> list[consents.Consent]:
    """The consents of a case in its order, each replaced by the answer to a newer text."""
    rows = consents.consents_of_case(work.session, standing.case.id)
    if standing.case.workflow != WORKFLOW or standing.case.subject_id is None:
        return rows
    newer = {
        row.consent: row for row in consents.board(work.session, [standing.case.subject_id])
        if row.state in (*LIVE, "refused", "withdrawn", "revoked", "expired")
        or row.case_id == standing.case.id
    }  # fmt: skip
    return [newer.get(row.consent, row) for row in rows]
