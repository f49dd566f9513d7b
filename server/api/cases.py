"""Cases and tasks by API: the worklist, a card, invitations, answers for a family, decisions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.table import Call, Wire, route
from server.consents.signers import day_in
from server.forms.answers import read_json
from server.forms.definition import FormSpec
from server.kernel.errors import Refused
from server.services.accounts import people
from server.services.cases import decisions, filling
from server.services.cases.filling import Read
from server.services.families import arrivals
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import desk
from server.services.worklist.work_rows import WorkRow


class TaskOut(Wire):
    """One open task of the worklist."""

    task: UUID
    case: UUID
    number: int
    step: str
    kind: str
    role: str
    label: dict[str, str]
    child: str | None
    age: int | None
    place: str | None
    consents: dict[str, str]
    due_at: datetime | None
    overdue: bool
    blocked: str | None
    revision: int
    flagged: bool
    duplicate: bool


class WorklistOut(Wire):
    """A page of the worklist; `after` asks for the next one."""

    tasks: list[TaskOut]
    counts: dict[str, int]
    after: str | None


class WorklistQuery(Wire):
    """What of the worklist."""

    tab: Literal["ready", "waiting", "overdue", "urgent", "all"] = "all"
    municipality: UUID | None = None
    number: int | None = Field(default=None, ge=1, le=999_999_999)
    after: str | None = Field(default=None, max_length=200)


class SearchIn(Wire):
    """An exact surname, and where the page before ended."""

    surname: str = Field(min_length=2, max_length=100, pattern=r"\D")
    after: str | None = Field(default=None, max_length=200)


class CardTaskOut(Wire):
    """An open or paused task of a case."""

    task: UUID
    step: str
    kind: str
    role: str
    label: dict[str, str]
    state: str
    due_at: datetime | None
    blocked: str | None
    outcomes: list[str]


class CaseOut(Wire):
    """A case as its card shows it; opening it is written down."""

    id: UUID
    number: int
    workflow: str
    status: str
    stage: str | None
    end: str | None
    revision: int
    child: str | None
    birth: date | None
    age: int | None
    guardian: str | None
    guardian_contact: str | None
    capacity: str | None
    level: str
    consents: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    tasks: list[CardTaskOut]
    duplicates: list[UUID]


class EventOut(Wire):
    """One thing that happened."""

    seq: int
    at: datetime
    kind: str
    role: str
    actor: UUID | None
    data: dict[str, Any]


class EventsOut(Wire):
    """The history of a case."""

    events: list[EventOut]


class InviteIn(Wire):
    """The guardian's contact and nothing about the child."""

    contact: str = Field(min_length=3, max_length=254)
    municipality: UUID | None = None
    locale: str = Field(default="ru", pattern=r"^(ru|en)$")


class CaseRef(Wire):
    """A case."""

    case: UUID


class AnswersIn(Wire):
    """Answers by field."""

    answers: dict[str, Any]


class FilledOut(Wire):
    """What the answers led to."""

    case: UUID
    end: str | None


class DecisionIn(Wire):
    """A decision; `revision` is the state the decision was made on."""

    case: UUID
    outcome: str
    comment: str = Field(default="", max_length=2000)
    revision: int | None = Field(default=None, ge=0, le=2**31 - 1)


class VerdictOut(Wire):
    """What a decision came to: decided, or one_of_two while another person must agree."""

    state: str
    outcome: str
    case: UUID
    number: int


class OutcomeIn(Wire):
    """How a staff task ended."""

    case: UUID
    outcome: str


class ReminderIn(Wire):
    """Whose reminder."""

    case: UUID


@route("GET", "/schools/<uuid:school_id>/tasks", needs=Permission.DESK_READ,
       query=WorklistQuery, answer=WorklistOut)  # fmt: skip
def worklist(work: UnitOfWork, call: Call) -> WorklistOut:
    """What waits in a school, by due date, a page at a time."""
    found = desk.worklist(
        work,
        school_id=call.path["school_id"],
        tab=call.query.tab,
        place_id=call.query.municipality,
        search=str(call.query.number or ""),
        after=_cursor(call.query.after),
    )
    return _worklist(found)


@route("POST", "/schools/<uuid:school_id>/tasks/search", needs=Permission.DESK_READ,
       body=SearchIn, answer=WorklistOut)  # fmt: skip
def search_tasks(work: UnitOfWork, call: Call) -> WorklistOut:
    """Find open tasks by the child's exact surname: a name never stands in an address."""
    found = desk.worklist(
        work,
        school_id=call.path["school_id"],
        search=call.body.surname,
        after=_cursor(call.body.after),
    )
    return _worklist(found)


def _worklist(found: desk.Worklist) -> WorklistOut:
    return WorklistOut(
        tasks=[_task(row) for row in found.rows],
        counts=dict(found.counts),
        after=_written(found.next_after),
    )


@route("POST", "/schools/<uuid:school_id>/invitations", needs=Permission.CASE_INVITE,
       body=InviteIn, answer=CaseRef, status=201)  # fmt: skip
def invite(work: UnitOfWork, call: Call) -> CaseRef:
    """Invite a family by the guardian's contact alone."""
    case = arrivals.invite(
        work,
        school_id=call.path["school_id"],
        municipality_id=call.body.municipality,
        contact=call.body.contact,
        locale=call.body.locale,
    )
    return CaseRef(case=case)


@route("GET", "/cases/<uuid:case_id>", needs=Permission.CASE_OPEN, answer=CaseOut)
def read_case(work: UnitOfWork, call: Call) -> CaseOut:
    """A case with its consents, answers and open tasks; the family may see that it was opened."""
    card = desk.card(work, case_id=call.path["case_id"], locale="ru")
    return CaseOut(
        id=card.case.id,
        number=card.case.number,
        workflow=card.case.workflow,
        status=card.case.status,
        stage=card.case.stage,
        end=card.case.end,
        revision=card.revision,
        child=card.child_name,
        birth=card.birth,
        age=card.age,
        guardian=card.guardian_name,
        guardian_contact=card.guardian_contact,
        capacity=card.capacity,
        level=card.level,
        consents=[
            {
                "id": str(one.consent_id),
                "consent": one.sign.consent,
                "state": one.sign.state,
                "owed": list(one.sign.owed),
                "edition": one.edition.isoformat(),
                "locale": one.locale,
                "hash": one.hash,
                "level": one.level,
            }
            for one in card.consents
        ],
        answers=[
            {
                "form": sheet.form.form,
                "values": dict(sheet.values),
                "flags": list(sheet.flags),
                "by": sheet.author_role,
                "on_behalf": sheet.on_behalf,
                "at": sheet.at.isoformat(),
                "round": sheet.round,
            }
            for sheet in card.answers
        ],
        tasks=[
            CardTaskOut(
                task=one.task.id,
                step=one.task.step,
                kind=one.task.kind,
                role=one.task.role,
                label=dict(one.label),
                state="paused" if one.task.status else "open",
                due_at=one.row.due_at,
                blocked=one.blocked,
                outcomes=[outcome for outcome, _, _ in one.outcomes],
            )
            for one in card.tasks
        ],
        duplicates=[case_id for case_id, _ in card.alike],
    )


@route("GET", "/cases/<uuid:case_id>/events", needs=Permission.CASE_OPEN, answer=EventsOut)
def case_events(work: UnitOfWork, call: Call) -> EventsOut:
    """The history of a case: ids, hashes and states, never answers or names."""
    card = desk.card(work, case_id=call.path["case_id"], locale="ru")
    return EventsOut(
        events=[
            EventOut(
                seq=row.seq,
                at=row.at,
                kind=row.kind,
                role=row.actor_role,
                actor=row.actor_id,
                data=row.data,
            )
            for row, _ in card.events
        ]
    )


@route("POST", "/cases/<uuid:case_id>/forms/<step>", needs=Permission.CASE_FILL_FOR_FAMILY,
       body=AnswersIn, answer=FilledOut)  # fmt: skip
def fill_form(work: UnitOfWork, call: Call) -> FilledOut:
    """Enter a family's answers on its behalf; who enters them may not decide on them."""
    done = filling.fill(
        work,
        case_id=call.path["case_id"],
        step=call.path["step"],
        read=_reading(work, call.body.answers),
    )
    return FilledOut(case=UUID(done["case"]), end=done.get("end"))


@route("POST", "/tasks/<uuid:task_id>/decision", needs=Permission.CASE_DECIDE, body=DecisionIn,
       answer=VerdictOut)  # fmt: skip
def decide(work: UnitOfWork, call: Call) -> VerdictOut:
    """Accept, return or decline an application."""
    made = decisions.decide(
        work,
        case_id=call.body.case,
        task_id=call.path["task_id"],
        outcome=call.body.outcome,
        comment=call.body.comment,
        revision=call.body.revision,
    )
    return _verdict(made)


@route("POST", "/tasks/<uuid:task_id>/outcome", needs=Permission.CASE_DECIDE, body=OutcomeIn,
       answer=VerdictOut)  # fmt: skip
def finish_task(work: UnitOfWork, call: Call) -> VerdictOut:
    """Finish a staff task: a call made, an application closed."""
    made = decisions.finish_task(
        work,
        case_id=call.body.case,
        task_id=call.path["task_id"],
        outcome=call.body.outcome,
    )
    return _verdict(made)


@route("POST", "/tasks/<uuid:task_id>/reminder", needs=Permission.CASE_REMIND, body=ReminderIn,
       answer=CaseRef, status=202)  # fmt: skip
def remind(work: UnitOfWork, call: Call) -> CaseRef:
    """Remind the family of an open task; the link in the message is a fresh one."""
    decisions.remind(work, case_id=call.body.case, task_id=call.path["task_id"])
    return CaseRef(case=call.body.case)


def _verdict(made: decisions.Verdict) -> VerdictOut:
    return VerdictOut(state=made.state, outcome=made.outcome, case=made.case_id, number=made.number)


def _task(row: WorkRow) -> TaskOut:
    return TaskOut(
        task=row.task_id,
        case=row.case_id,
        number=row.number,
        step=row.step,
        kind=row.kind,
        role=row.role,
        label=dict(row.label),
        child=row.child_name,
        age=row.age,
        place=row.place,
        consents={sign.consent: sign.state for sign in row.signs},
        due_at=row.due_at,
        overdue=row.overdue,
        blocked=row.blocked,
        revision=row.revision,
        flagged=bool(row.flags),
        duplicate=row.duplicate,
    )


def _reading(work: UnitOfWork, answers: dict[str, Any]) -> Callable[[FormSpec], Read]:
    def read(form: FormSpec) -> Read:
        today = day_in(people.zone_of(work), work.now)
        found = read_json(form, answers, today=today)
        return Read(found.values, found.problems)

    return read


def _written(after: tuple[datetime, UUID] | None) -> str | None:
    if after is None:
        return None
    raw = f"{after[0].isoformat()} {after[1]}".encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _cursor(raw: str | None) -> tuple[datetime, UUID] | None:
    if not raw:
        return None
    try:
        text = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode()
        at, _, task = text.partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        return moment, UUID(task)
    except (ValueError, binascii.Error):
        raise Refused(reason="cursor_wrong") from None
