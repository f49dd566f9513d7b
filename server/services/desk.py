"""The coordinator's desk: what waits, why it cannot go on, and a child's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.signers import age_on, day_in
from server.forms.definition import FormSpec
from server.kernel.errors import NotFound
from server.kernel.ids import new_id
from server.kernel.marks import name_index
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.services import evidence, persons
from server.services.bundles import Ready
from server.services.documents import capacity_title
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, deliveries, desk, people, schools
from server.store import evidence as evidence_rows
from server.store.desk import DeskRow, Filter
from server.store.steps import FAR_AWAY
from server.workflows.engine import outcomes_left
from server.workflows.moves import CaseState

PAGE = 25
REASONS = ("answer_family", "law", "safety")


@dataclass(frozen=True)
class Sign:
    """One consent as a sign on the board: what it is about, and where it stands."""

    consent: str
    title: Text
    state: str  # one of the ten names, or not_asked
    owed: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkRow:
    """One row of the worklist."""

    task_id: UUID
    case_id: UUID
    number: int
    workflow: str
    step: str
    kind: str
    role: str
    label: Text
    revision: int
    child_name: str | None  # None before it is known, or when it may not be shown
    hidden: bool  # the name is kept back: processing was withdrawn
    age: int | None
    place: str | None
    signs: tuple[Sign, ...]
    due_at: datetime | None
    overdue: bool
    blocked: str | None  # a key of words: why it is not mine to decide
    blocked_by: str | None  # the colleague concerned
    opened: bool  # I have opened the card
    flags: tuple[str, ...]
    duplicate: bool
    approvals: tuple[int, int]  # so far, wanted
    letter: str | None  # the newest letter, and where it is
    letter_state: str | None
    outcomes: tuple[tuple[str, Text], ...]  # of a staff task

    @property
    def selectable(self) -> bool:
        """Whether the row may be part of a bulk decision."""
        return self.kind == "review" and self.blocked is None and self.opened and not self.flags


@dataclass(frozen=True)
class Worklist:
    """A page of the worklist."""

    rows: tuple[WorkRow, ...]
    counts: Mapping[str, int]
    tab: str
    next_after: tuple[datetime, UUID] | None
    places: tuple[schools.Municipality, ...]
    today: date


def worklist(
    work: UnitOfWork,
    *,
    school_id: UUID,
    tab: str = "all",
    place_id: UUID | None = None,
    search: str = "",
    after: tuple[datetime, UUID] | None = None,
) -> Worklist:
    """What waits in a school, by due date, a page at a time.

    `search` is an exact surname or an application's number. Who is limited to a municipality sees
    that one only.
    """
    policy.require(work.actor, Permission.DESK_READ, _scope(work, school_id))
    school = schools.school(work.session, school_id)
    if school is None:
        raise NotFound(what="school")
    places = schools.municipalities(work.session, school_id)
    found, counts = desk.page(
        work.transaction,
        work.tenant_id,
        Filter(
            school_id=school_id,
            tab=tab if tab in desk.TABS else "all",
            now=work.now,
            municipality_ids=_places_seen(work, school_id, place_id),
            surname_index=_surname(work, search),
            number=_number(search),
        ),
        after=after,
        limit=PAGE + 1,
    )
    rows = found[:PAGE]
    names = {place.id: place.name for place in places}
    listed = _Listed(work, school, rows).rows(names)
    last = rows[-1] if len(found) > PAGE else None
    return Worklist(
        rows=tuple(listed),
        counts=counts,
        tab=tab,
        next_after=(last.due_at, last.task_id) if last else None,
        places=tuple(places),
        today=day_in(school.zone, work.now),
    )


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


@dataclass(frozen=True)
class AnswerSheet:
    """One filled-in form with its questions."""

    form: FormSpec
    values: Mapping[str, Any]
    flags: tuple[str, ...]
    author_role: str
    author_name: str | None
    on_behalf: bool
    at: datetime
    round: int


@dataclass(frozen=True)
class OpenTask:
    """A task of the card, with what may be done about it."""

    task: cases.Task
    label: Text
    blocked: str | None
    outcomes: tuple[tuple[str, Text, str], ...]  # id, label, comment: required|optional|none
    approvals: tuple[int, int]


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
    capacity: str | None
    level: str
    place: str | None
    consents: tuple[ConsentLine, ...]
    answers: tuple[AnswerSheet, ...]
    tasks: tuple[OpenTask, ...]
    decisions: tuple[tuple[cases.Decision, str | None, str | None], ...]  # row, who, comment
    events: tuple[tuple[cases.Event, str | None], ...]
    letters: tuple[deliveries.Delivery, ...]
    alike: tuple[tuple[UUID, int], ...]  # other applications of perhaps the same child
    fillable: tuple[str, ...]  # forms a coordinator may enter for the family


def card(work: UnitOfWork, *, case_id: UUID, locale: str, reason: str | None = None) -> Card:
    """Open a child's card; that it was opened is written down and the family may see it.

    After processing was withdrawn the name is shown only with a reason, which is evidence.

    :raises NotFound: when the actor may not see this case.
    """
    case = cases.case(work.session, case_id)
    if case is None or not policy.allowed(
        work.actor,
        Permission.CASE_OPEN,
        Thing(case.school_id, municipality_id=case.municipality_id, case_id=case.id),
    ):
        raise NotFound(what="case")
    return _Card(work, case, locale).made(reason)


def due_of(due_at: datetime) -> datetime | None:
    """When a task is due, None when it never is."""
    return None if due_at >= FAR_AWAY else due_at


class _Listed:
    """Rows of a page with everything they show, read in a fixed number of queries."""

    def __init__(self, work: UnitOfWork, school: schools.School, rows: list[DeskRow]) -> None:
        self.work = work
        self.school = school
        self.found = rows
        session = work.session
        case_ids = [row.case_id for row in rows]
        children = [row.subject_id for row in rows if row.subject_id]
        me = work.actor.person_id
        self.people = people.people(session, children)
        work.keyring.load(children)
        self.board = _board(work, children)
        self.authors = cases.authors(session, case_ids)
        self.decided = cases.decisions_in(session, case_ids)
        self.letters = deliveries.newest_of_cases(session, case_ids)
        self.opened = evidence_rows.was_opened_by(session, children, me) if me else set()
        self.own = people.same_contact(session, me) if me else set()
        colleagues = {who for forms in self.authors.values() for who in forms.values()}
        self.names = persons.names(work, colleagues)

    def rows(self, places: Mapping[UUID, str]) -> list[WorkRow]:
        return [self._row(row, places) for row in self.found]

    def _row(self, row: DeskRow, places: Mapping[UUID, str]) -> WorkRow:
        ready = _ready(self.work, row.definition_hash, self.school.variant)
        compiled = ready.workflows[row.workflow]
        board = self.board.get(row.subject_id, {}) if row.subject_id else {}
        hidden = _is_hidden(board)
        child = self.people.get(row.subject_id) if row.subject_id else None
        content = persons.read(self.work, child) if child and not hidden else {}
        birth = content.get("birth")
        blocked, by = self._blocked(ready, row)
        due = None if row.due_at >= FAR_AWAY else row.due_at
        letter = self.letters.get(row.case_id)
        wanted = compiled.approvals(row.step) if row.kind == "review" else 1
        staff = compiled.task(row.step) if row.kind == "staff" else None
        return WorkRow(
            task_id=row.task_id,
            case_id=row.case_id,
            number=row.number,
            workflow=row.workflow,
            step=row.step,
            kind=row.kind,
            role=row.role,
            label=compiled.label(row.step),
            revision=row.revision,
            child_name=content.get("name"),
            hidden=hidden,
            age=age_on(date.fromisoformat(birth), day_in(self.school.zone, self.work.now))
            if birth
            else None,
            place=places.get(row.municipality_id) if row.municipality_id else None,
            signs=_signs(ready.bundle, compiled.asked(), board),
            due_at=due,
            overdue=due is not None and due < self.work.now,
            blocked=blocked,
            blocked_by=by,
            opened=row.subject_id in self.opened,
            flags=tuple(row.flags),
            duplicate=row.duplicate,
            approvals=(len(self._accepted(row)), wanted),
            letter=letter.letter if letter else None,
            letter_state=letter.state if letter else None,
            outcomes=tuple(
                (one, staff.done_labels.get(one, Text({"en": one}))) for one in staff.done
            )
            if staff
            else (),
        )

    def _blocked(self, ready: Ready, row: DeskRow) -> tuple[str | None, str | None]:
        me = self.work.actor.person_id
        if row.kind != "review":
            return None, None
        ruled_out = ready.workflows[row.workflow].not_by(row.step)
        forms = self.authors.get(row.case_id, {})
        if ruled_out and me in [forms.get(form) for form in ruled_out.author_of]:
            return "filled_in_by_you", None
        if self.own & {row.subject_id, row.guardian_id}:
            return "own_family", None
        if me in self._accepted(row):
            return "decided_by_you", None
        return None, None

    def _accepted(self, row: DeskRow) -> set[UUID]:
        return {
            one.person_id
            for one in self.decided.get(row.case_id, [])
            if one.step == row.step and one.round == row.round and one.outcome == "accept"
        }


class _Card:
    """A card while it is put together."""

    def __init__(self, work: UnitOfWork, case: cases.Case, locale: str) -> None:
        self.work = work
        self.case = case
        self.locale = locale
        self.school = cast(schools.School, schools.school(work.session, case.school_id))
        self.ready = _ready(work, case.definition_hash, self.school.variant)
        self.compiled = self.ready.workflows[case.workflow]
        self.state = CaseState.from_json(case.marking)

    def made(self, reason: str | None) -> Card:
        work, case = self.work, self.case
        session = work.session
        child = people.person(session, case.subject_id) if case.subject_id else None
        guardian = people.person(session, case.guardian_id) if case.guardian_id else None
        work.keyring.load([case.subject_id, case.guardian_id])
        board = _board(work, [case.subject_id] if case.subject_id else [])
        signs = board.get(case.subject_id, {}) if case.subject_id else {}
        hidden = _is_hidden(signs)
        if hidden and reason in REASONS and case.subject_id:
            self._note_reason(reason, case.subject_id)
            hidden = False
        if case.subject_id and not hidden:
            self._note_access(case.subject_id)
        content = persons.read(work, child) if child and not hidden else {}
        parent = persons.read(work, guardian) if guardian and not hidden else {}
        contact = persons.contact_of(parent)
        birth = date.fromisoformat(content["birth"]) if content.get("birth") else None
        bond = self._bond()
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
            capacity=capacity_title(self.ready.bundle, bond.capacity, self.locale)
            if bond
            else None,
            level=bond.level if bond else "L1",
            place=self._place(),
            consents=self._consents(),
            answers=() if hidden else self._answers(),
            tasks=self._tasks(),
            decisions=() if hidden else self._decisions(),
            events=self._events(),
            letters=tuple(deliveries.deliveries_of(session, case.id)),
            alike=() if hidden else self._alike(child),
            fillable=self._fillable(),
        )

    def _bond(self) -> people.Guardianship | None:
        if self.case.subject_id is None:
            return None
        bonds = people.guardians_of(self.work.session, self.case.subject_id)
        return next((one for one in bonds if one.guardian_id == self.case.guardian_id), None)

    def _place(self) -> str | None:
        places = schools.municipalities(self.work.session, self.case.school_id)
        return next((one.name for one in places if one.id == self.case.municipality_id), None)

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

    def _consents(self) -> tuple[ConsentLine, ...]:
        rows = consents.consents_of_case(self.work.session, self.case.id)
        signed = consents.signatures_of(self.work.session, [row.id for row in rows])
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
            )
            for row in rows
        )

    def _answers(self) -> tuple[AnswerSheet, ...]:
        rows = cases.answers_of(self.work.session, self.case.id)
        names = persons.names(self.work, [row.author_id for row in rows])
        sheets = []
        for row in rows:
            form = self.ready.bundle.forms[row.form]
            opened = self.work.keyring.open(
                row.sealed, table="answer", row=row.id, subject=row.subject_id
            )
            readable = {
                field.field for field in form.fields
                if not field.readers or "coordinator" in field.readers
            }  # fmt: skip
            sheets.append(
                AnswerSheet(
                    form=form,
                    values={name: value for name, value in opened.items() if name in readable},
                    flags=tuple(row.flags),
                    author_role=row.author_role,
                    author_name=names.get(row.author_id),
                    on_behalf=row.on_behalf_of is not None,
                    at=row.at,
                    round=row.round,
                )
            )
        return tuple(sheets)

    def _tasks(self) -> tuple[OpenTask, ...]:
        rows = [one for one in cases.tasks_of(self.work.session, self.case.id)
                if one.status in (cases.OPEN, cases.PAUSED)]  # fmt: skip
        listed = _Listed(self.work, self.school, [self._as_row(one) for one in rows]).rows({})
        return tuple(
            OpenTask(
                task=task,
                label=self.compiled.label(task.step),
                blocked=row.blocked,
                outcomes=self._outcomes(task),
                approvals=row.approvals,
            )
            for task, row in zip(rows, listed, strict=True)
        )

    def _as_row(self, task: cases.Task) -> DeskRow:
        case = self.case
        return DeskRow(
            task.id, case.id, task.step, task.kind, task.role, task.round, task.due_at,
            task.opened_at, case.number, case.workflow, case.definition_hash, case.status,
            case.stage, case.revision, case.flags, case.duplicate, case.subject_id,
            case.guardian_id, case.municipality_id, case.invited_by,
        )  # fmt: skip

    def _outcomes(self, task: cases.Task) -> tuple[tuple[str, Text, str], ...]:
        if task.kind == "staff":
            spec = self.compiled.task(task.step)
            labels = spec.done_labels
            return tuple((one, labels.get(one, Text({"en": one})), "none") for one in spec.done)
        if task.kind == "review":
            left = outcomes_left(self.compiled, self.state, task.step)
            return tuple((one.outcome, one.label, one.comment) for one in left)
        return ()

    def _decisions(self) -> tuple[tuple[cases.Decision, str | None, str | None], ...]:
        rows = cases.decisions_of(self.work.session, self.case.id)
        names = persons.names(self.work, [row.person_id for row in rows])
        return tuple((row, names.get(row.person_id), self._comment(row)) for row in rows)

    def _comment(self, row: cases.Decision) -> str | None:
        if row.sealed_comment is None or self.case.subject_id is None:
            return None
        opened = self.work.keyring.open(
            row.sealed_comment, table="decision", row=row.id, subject=self.case.subject_id
        )
        return str(opened["comment"])

    def _events(self) -> tuple[tuple[cases.Event, str | None], ...]:
        rows = cases.events_of(self.work.session, self.case.id)
        staff = [row.actor_id for row in rows if row.actor_role not in ("guardian", "mentee")]
        names = persons.names(self.work, staff)
        return tuple((row, names.get(row.actor_id) if row.actor_id else None) for row in rows)

    def _alike(self, child: people.Person | None) -> tuple[tuple[UUID, int], ...]:
        if child is None or child.name_birth_index is None:
            return ()
        others = people.mentees_like(self.work.session, child.name_birth_index, but=child.id)
        found = [
            case for other in others for case in cases.cases_of_subject(self.work.session, other)
        ]
        return tuple((case.id, case.number) for case in found)

    def _fillable(self) -> tuple[str, ...]:
        if not policy.allowed(
            self.work.actor,
            Permission.CASE_FILL_FOR_FAMILY,
            Thing(self.case.school_id, municipality_id=self.case.municipality_id),
        ):
            return ()
        return tuple(
            task.step
            for task in cases.tasks_of(self.work.session, self.case.id)
            if task.status == cases.OPEN
            and task.kind == "form"
            and self.compiled.gate_of(task.step)
        )


def _ready(work: UnitOfWork, hash_: str, variant: str) -> Ready:
    return work.tools.bundles.peek(hash_, variant) or work.tools.bundles.get(
        work.session, hash_, variant
    )


def _board(work: UnitOfWork, children: list[UUID]) -> dict[UUID, dict[str, Sign]]:
    """The newest consent of each kind for each child: child → consent → sign."""
    board: dict[UUID, dict[str, Sign]] = {}
    for row in consents.board(work.session, children):
        title = Text({"en": row.consent})
        sign = Sign(row.consent, title, row.state, tuple(row.owed))
        board.setdefault(row.subject_id, {})[row.consent] = sign
    return board


def _signs(bundle: Bundle, asked: tuple[str, ...], board: Mapping[str, Sign]) -> tuple[Sign, ...]:
    signs = []
    for name in asked:
        held = board.get(name)
        title = bundle.consents[name].title
        state, owed = (held.state, held.owed) if held else ("not_asked", ())
        signs.append(Sign(name, title, state, owed))
    return tuple(signs)


def _is_hidden(board: Mapping[str, Sign]) -> bool:
    """After processing was withdrawn staff see number, state and dates only (DECISIONS 10)."""
    held = board.get("processing")
    return held is not None and held.state == "withdrawn"


def _scope(work: UnitOfWork, school_id: UUID) -> Thing:
    """The school, seen from wherever in it the actor's role lies."""
    place = next(
        (held.municipality_id for held in work.actor.holdings if held.school_id == school_id), None
    )
    return Thing(school_id, municipality_id=place)


def _places_seen(work: UnitOfWork, school_id: UUID, wanted: UUID | None) -> tuple[UUID, ...] | None:
    held = [one for one in work.actor.holdings if one.school_id == school_id]
    everywhere = any(one.municipality_id is None for one in held)
    own = tuple(one.municipality_id for one in held if one.municipality_id is not None)
    if everywhere:
        return (wanted,) if wanted else None
    return (wanted,) if wanted in own and wanted is not None else own


def _surname(work: UnitOfWork, search: str) -> bytes | None:
    words = search.strip()
    if not words or words.isdigit():
        return None
    return name_index(work.index_key("surname"), words)


def _number(search: str) -> int | None:
    words = search.strip()
    return int(words) if words.isdigit() and len(words) < 10 else None
