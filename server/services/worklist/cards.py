"""A child's card: who, where it stands, consents, answers, what may be done, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.signers import age_on, day_in
from server.forms.definition import FieldSpec, FormSpec
from server.kernel.ids import new_id
from server.kernel.text import Text
from server.services import evidence, persons
from server.services.cases.decisions import comment_of
from server.services.cases.documents import capacity_title
from server.services.consent import renewals
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import work_rows
from server.services.worklist.work_rows import Choice, Listed, Sign, WorkRow
from server.store import cases, consents, desk, people, schools
from server.store import evidence as evidence_rows
from server.store.desk import DeskRow, LetterRow
from server.workflows.compiled import Compiled
from server.workflows.engine import outcomes_left
from server.workflows.moves import LIVE, CaseState

# Why somebody may look at a name after processing was withdrawn; the reason is evidence.
REASONS = ("answer_family", "law", "safety")


@dataclass(frozen=True)
class ConsentLine:
    """One consent on the card: what, where it stands, who answered and when."""

    consent_id: UUID
    sign: Sign
    edition: date
    locale: str
    hash: str
    answers: tuple[tuple[str, str, datetime], ...]  # role, answer, when
    level: str | None
    withdrawn_at: datetime | None
    needs_renewal: bool  # its text was changed materially since; what was signed counts until then


@dataclass(frozen=True)
class AnswerSheet:
    """One filled-in form with the questions the reader may see."""

    form: FormSpec
    fields: tuple[FieldSpec, ...]
    values: Mapping[str, Any]
    flags: tuple[str, ...]
    author_role: str
    author_name: str | None  # of staff alone
    on_behalf: bool
    at: datetime
    round: int


@dataclass(frozen=True)
class OpenTask:
    """A task of the card, with what may be done about it."""

    task: cases.Task
    row: WorkRow
    label: Text
    optional: bool
    blocked: str | None
    outcomes: tuple[Choice, ...]
    fillable: bool  # a coordinator may enter it for the family now
    remindable: bool


class Alike(NamedTuple):
    """Another application of perhaps the same child."""

    case_id: UUID
    number: int


class Made(NamedTuple):
    """A decision that was made, by whom, and the comment."""

    row: cases.Decision
    by: str | None
    comment: str | None


@dataclass(frozen=True)
class Card:
    """A child's card."""

    case: cases.Case
    revision: int
    title: Text
    end_label: Text | None
    stage_label: Text | None
    hidden: bool
    child_name: str | None
    birth: date | None
    age: int | None
    guardian_name: str | None
    guardian_contact: str | None
    guardian_contact_kind: str | None
    child_contact: str | None  # a teenager's own, masked
    contact_changeable: bool  # by this reader
    capacity: str | None
    level: str
    place: str | None
    signs: tuple[Sign, ...]  # what a decision waits for, the child's own word among them
    consents: tuple[ConsentLine, ...]
    answers: tuple[AnswerSheet, ...]
    tasks: tuple[OpenTask, ...]
    decisions: tuple[Made, ...]
    events: tuple[tuple[cases.Event, str | None], ...]
    letters: tuple[LetterRow, ...]
    letter_names: Mapping[UUID, str]  # whom of staff a letter went to
    alike: tuple[Alike, ...]
    cause: Alike | None  # the application this one follows from
    follows: tuple[Alike, ...]  # what staff still have to do after a withdrawal from this one
    compiled: Compiled  # for the words of steps, outcomes and ends


class CardInMaking:
    """A card while it is put together; what it needs is read once."""

    def __init__(self, work: UnitOfWork, case: cases.Case, school: schools.School) -> None:
        self.work = work
        self.case = case
        self.school = school
        self.ready = work.ready(case.definition_hash, school.variant)
        self.compiled = self.ready.workflows[case.workflow]
        self.state = CaseState.from_json(case.marking)
        self.board = work_rows.board(work, [case.subject_id] if case.subject_id else [])
        self.held = self.board.get(case.subject_id, {}) if case.subject_id else {}
        self.places = {one.id: one.name for one in schools.municipalities(work.session, school.id)}

    def made(self, reason: str | None, locale: str) -> Card:
        """The card; with a reason also where the name is kept back."""
        work, case = self.work, self.case
        session = work.session
        child = people.person(session, case.subject_id) if case.subject_id else None
        guardian = people.person(session, case.guardian_id) if case.guardian_id else None
        work.keyring.load([case.subject_id, case.guardian_id])
        hidden = self._note_look(reason)
        content = persons.read(work, child) if child and not hidden else {}
        parent = persons.read(work, guardian) if guardian and not hidden else {}
        contact, own = persons.contact_of(parent), persons.contact_of(content)
        birth = date.fromisoformat(content["birth"]) if content.get("birth") else None
        letters = tuple(desk.letters_of(work.transaction, work.tenant_id, case.id))
        told = {row.person_id for row in letters if row.to == "staff" and row.person_id}
        bond = self._bond()
        bundle = self.ready.bundle
        return Card(
            case=case,
            revision=case.revision,
            title=self.compiled.spec.title,
            end_label=self.compiled.end_label(case.end) if case.end else None,
            stage_label=self.compiled.stage(case.stage).title if case.stage else None,
            hidden=hidden,
            child_name=content.get("name"),
            birth=birth,
            age=age_on(birth, day_in(self.school.zone, work.now)) if birth else None,
            guardian_name=parent.get("name"),
            guardian_contact=contact.value if contact else None,
            guardian_contact_kind=contact.kind if contact else None,
            child_contact=own.masked if own else None,
            contact_changeable=policy.allowed(work.actor, Permission.CHILD_CONTACT, thing_of(case)),
            capacity=capacity_title(bundle, bond.capacity, locale) if bond and parent else None,
            level=bond.level if bond else "L1",
            place=self.places.get(case.municipality_id) if case.municipality_id else None,
            signs=work_rows.signs_of(bundle, self.compiled, self.held, case.marking["steps"]),
            consents=self._consents(),
            answers=() if hidden else self._answers(),
            tasks=self._tasks(),
            decisions=self._decisions(hidden),
            events=self._events(),
            letters=letters,
            letter_names=persons.names(work, told) if told else {},
            alike=() if hidden else self._alike(child),
            cause=self._cause(),
            follows=self._follows(),
            compiled=self.compiled,
        )

    def _note_look(self, reason: str | None) -> bool:
        """Write down that the card was opened; whether the name stays hidden."""
        hidden = work_rows.is_hidden(self.held)
        child_id = self.case.subject_id
        if child_id is None:
            return hidden
        if hidden and reason in REASONS:
            self._note_reason(reason, child_id)
            hidden = False
        if not hidden:
            self._note_access(child_id)
        return hidden

    def _note_access(self, child_id: UUID) -> None:
        actor = self.work.actor
        if actor.person_id is None:
            return
        evidence_rows.note_access(
            self.work.session,
            self.work.tenant_id,
            child_id=child_id,
            person_id=actor.person_id,
            role=actor.role,
            at=self.work.now,
            day=day_in(self.school.zone, self.work.now),
        )

    def _note_reason(self, reason: str, child_id: UUID) -> None:
        evidence.append(
            self.work,
            type="access_to_special_data",
            subject_id=child_id,
            body={
                "access": new_id(),
                "reason_code": reason,
                "case": self.case.id,
                "actor": self.work.actor.person_id,
            },
        )

    def _bond(self) -> people.Guardianship | None:
        if self.case.subject_id is None:
            return None
        bonds = people.guardians_of(self.work.session, self.case.subject_id)
        return next((one for one in bonds if one.guardian_id == self.case.guardian_id), None)

    def _consents(self) -> tuple[ConsentLine, ...]:
        rows = consents.consents_of_case(self.work.session, self.case.id)
        signed = consents.signatures_of(self.work.session, [row.id for row in rows])
        stale = self._stale(rows)
        return tuple(
            ConsentLine(
                consent_id=row.id,
                sign=Sign(
                    row.consent,
                    self.ready.bundle.consents[row.consent].title,
                    row.state,
                    tuple(row.owed),
                ),
                edition=row.edition,
                locale=row.locale,
                hash=row.document_hash,
                answers=tuple(
                    (one.role, one.answer, one.at) for one in signed if one.consent_id == row.id
                ),
                level=next((one.level for one in signed if one.consent_id == row.id), None),
                withdrawn_at=row.withdrawn_at,
                needs_renewal=row.consent in stale and row.state in LIVE,
            )
            for row in rows
        )

    def _stale(self, rows: list[consents.Consent]) -> frozenset[str]:
        child_id = self.case.subject_id
        if child_id is None or not any(row.state in LIVE for row in rows):
            return frozenset()
        return renewals.needing_renewal(self.work, school_id=self.school.id, subject_id=child_id)

    def _answers(self) -> tuple[AnswerSheet, ...]:
        rows = [
            row
            for row in cases.answers_of(self.work.session, self.case.id)
            if self.work.keyring.knows(row.subject_id) and self._may_be_read(row)
        ]
        staff = [row.author_id for row in rows if row.on_behalf_of is not None]
        names = persons.names(self.work, staff)
        return tuple(self._sheet(row, names.get(row.author_id)) for row in rows)

    def _may_be_read(self, row: cases.Answer) -> bool:
        """Until processing is given staff read of a child only the request itself (R58).

        A child's own word is recorded on a ground of its own, but nobody at the school needs what
        it says before they may work with the child at all.
        """
        asked = self._asks_for_processing()
        if asked is None:
            return True
        stage = self.compiled.stage_of(row.step).stage
        return self.compiled.index(stage) < asked or self._is_processing_given()

    def _asks_for_processing(self) -> int | None:
        """The place in the flow of the stage that asks for processing; None where none does."""
        consents_of_bundle = self.ready.bundle.consents
        for place, stage in enumerate(self.compiled.spec.stages):
            package = self.compiled.package(stage.stage)
            if any(consents_of_bundle[step.consent].purpose == "processing" for step in package):
                return place
        return None

    def _is_processing_given(self) -> bool:
        """Also while its changed text waits for an answer: what was signed counts until then."""
        child_id = self.case.subject_id
        return child_id is not None and consents.is_processing_given(self.work.session, child_id)

    def _sheet(self, row: cases.Answer, author: str | None) -> AnswerSheet:
        form = self.ready.bundle.forms[row.form]
        opened = self.work.keyring.open(
            row.sealed, table="answer", row=row.id, subject=row.subject_id
        )
        fields = tuple(
            field for field in form.fields if not field.readers or "coordinator" in field.readers
        )
        return AnswerSheet(
            form=form,
            fields=fields,
            values={one.field: opened[one.field] for one in fields if one.field in opened},
            flags=tuple(row.flags),
            author_role=row.author_role,
            author_name=author,
            on_behalf=row.on_behalf_of is not None,
            at=row.at,
            round=row.round,
        )

    def _tasks(self) -> tuple[OpenTask, ...]:
        rows = [
            one
            for one in cases.tasks_of(self.work.session, self.case.id)
            if one.status in (cases.OPEN, cases.PAUSED)
        ]
        listed = Listed(self.work, self.school, [self._as_row(one) for one in rows])
        return tuple(
            self._task(task, row) for task, row in zip(rows, listed.rows(self.places), strict=True)
        )

    def _task(self, task: cases.Task, row: WorkRow) -> OpenTask:
        optional = task.kind != "staff" and self.compiled.stage_of(task.step).optional
        waiting = task.status == cases.OPEN and task.role in ("guardian", "mentee")
        return OpenTask(
            task=task,
            row=row,
            label=row.label,
            optional=optional,
            blocked=row.blocked,
            outcomes=self._outcomes(task, row),
            fillable=waiting and self._may_fill(task),
            remindable=waiting and not optional and self._may(Permission.CASE_REMIND),
        )

    def _outcomes(self, task: cases.Task, row: WorkRow) -> tuple[Choice, ...]:
        if task.kind != "review":
            return row.outcomes
        left = {one.outcome for one in outcomes_left(self.compiled, self.state, task.step)}
        return tuple(one for one in row.outcomes if one.id in left)

    def _may_fill(self, task: cases.Task) -> bool:
        gate = self.compiled.gate_of(task.step)
        consented = all(self.held[one].state in LIVE for one in gate if one in self.held)
        known = all(one in self.held for one in gate)
        return (
            task.kind == "form"
            and bool(gate)
            and known
            and consented
            and self._may(Permission.CASE_FILL_FOR_FAMILY)
        )

    def _may(self, permission: Permission) -> bool:
        return policy.allowed(self.work.actor, permission, thing_of(self.case))

    def _as_row(self, task: cases.Task) -> DeskRow:
        case = self.case
        return DeskRow(
            task.id, case.id, task.step, task.kind, task.role, task.round, task.due_at,
            task.opened_at, case.number, case.workflow, case.definition_hash, case.status,
            case.stage, case.revision, case.flags, case.duplicate, case.subject_id,
            case.guardian_id, case.municipality_id, case.invited_by, case.school_id,
            case.marking["steps"],
        )  # fmt: skip

    def _decisions(self, hidden: bool) -> tuple[Made, ...]:
        rows = cases.decisions_of(self.work.session, self.case.id)
        names = persons.names(self.work, [row.person_id for row in rows])
        return tuple(
            Made(
                row,
                names.get(row.person_id),
                None if hidden else comment_of(self.work, row, child_id=self.case.subject_id),
            )
            for row in rows
        )

    def _events(self) -> tuple[tuple[cases.Event, str | None], ...]:
        rows = cases.events_of(self.work.session, self.case.id)
        staff = [row.actor_id for row in rows if row.actor_role not in ("guardian", "mentee")]
        names = persons.names(self.work, staff)
        return tuple((row, names.get(row.actor_id) if row.actor_id else None) for row in rows)

    def _cause(self) -> Alike | None:
        found = cases.case(self.work.session, self.case.cause_id) if self.case.cause_id else None
        return Alike(found.id, found.number) if found else None

    def _follows(self) -> tuple[Alike, ...]:
        child_id = self.case.subject_id
        if child_id is None or all(one.state != "withdrawn" for one in self.held.values()):
            return ()
        return tuple(
            Alike(case.id, case.number)
            for case in cases.cases_of_subject(self.work.session, child_id)
            if case.cause_id == self.case.id
            and case.status != "ended"
            and policy.allowed(self.work.actor, Permission.CASE_OPEN, thing_of(case))
        )

    def _alike(self, child: people.Person | None) -> tuple[Alike, ...]:
        """Other applications the reader may open; a name that is kept back is not given away."""
        if child is None or child.name_birth_index is None:
            return ()
        session = self.work.session
        others = people.mentees_like(session, child.name_birth_index, but=child.id)
        boards = work_rows.board(self.work, others)
        shown = [one for one in others if not work_rows.is_hidden(boards.get(one, {}))]
        found = [case for other in shown for case in cases.cases_of_subject(session, other)]
        return tuple(
            Alike(case.id, case.number)
            for case in found
            if policy.allowed(self.work.actor, Permission.CASE_OPEN, thing_of(case))
        )


def thing_of(case: cases.Case) -> Thing:
    """A case as the permission table sees it."""
    return Thing(case.school_id, municipality_id=case.municipality_id, case_id=case.id)


def school_of(work: UnitOfWork, case: cases.Case) -> schools.School:
    """The school a case lies in."""
    return cast(schools.School, schools.school(work.session, case.school_id))
