"""Tasks by API: the worklist a page at a time, decisions, reminders."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.problems import Refusal
from server.api.table import SEES, Call, CaseRef, Wire, route
from server.http.context import perform
from server.http.errors import problem_of
from server.kernel.errors import Refused
from server.services import commands
from server.services.cases import decisions
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


class DecisionIn(Wire):
    """A decision; `revision` is the state the decision was made on."""

    case: UUID
    outcome: str
    comment: str = Field(default="", max_length=decisions.LONGEST_COMMENT)
    revision: int | None = Field(default=None, ge=0, le=2**31 - 1, strict=True)


class VerdictOut(Wire):
    """What a decision came to: decided, or one_of_two while another person must agree."""

    state: str
    outcome: str
    case: UUID
    number: int


class RowIn(Wire):
    """One of many applications, and the state it was seen in."""

    task: UUID
    case: UUID
    revision: int = Field(ge=0, le=2**31 - 1, strict=True)


class DecisionsIn(Wire):
    """One decision on many applications; a family reads the comment."""

    outcome: str
    comment: str = Field(default="", max_length=decisions.LONGEST_COMMENT)
    rows: list[RowIn] = Field(min_length=1, max_length=decisions.MOST_AT_ONCE)


class RowOut(Wire):
    """What became of one row: decided, one_of_two, or refused, as a single decision would be."""

    task: UUID
    case: UUID
    state: Literal["decided", "one_of_two", "refused"]
    refusal: Refusal | None = None


class DecisionsOut(Wire):
    """What became of each row, in the order they were named."""

    rows: list[RowOut]


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


@route("POST", "/tasks/<uuid:task_id>/decision", needs=Permission.CASE_DECIDE, also=SEES,
       body=DecisionIn, answer=VerdictOut)  # fmt: skip
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


@route("POST", "/tasks/decisions", needs=Permission.CASE_DECIDE, also=SEES,
       body=DecisionsIn, answer=DecisionsOut, apart=True)  # fmt: skip
def decide_many(call: Call) -> DecisionsOut:
    """Decide alike on many opened applications without a flag; each row has its own answer."""
    perform(decisions.must_decide_somewhere)
    # A task named twice is decided once.
    rows = {row.task: row for row in reversed(call.body.rows)}
    return DecisionsOut(rows=[_decided(call, row) for row in reversed(rows.values())])


@route("POST", "/tasks/<uuid:task_id>/outcome", needs=Permission.CASE_DECIDE, also=SEES,
       body=OutcomeIn, answer=VerdictOut)  # fmt: skip
def finish_task(work: UnitOfWork, call: Call) -> VerdictOut:
    """Finish a staff task: a call made, an application closed."""
    made = decisions.finish_task(
        work,
        case_id=call.body.case,
        task_id=call.path["task_id"],
        outcome=call.body.outcome,
    )
    return _verdict(made)


@route("POST", "/tasks/<uuid:task_id>/reminder", needs=Permission.CASE_REMIND, also=SEES,
       body=ReminderIn, answer=CaseRef, status=202)  # fmt: skip
def remind(work: UnitOfWork, call: Call) -> CaseRef:
    """Remind the family of an open task; the link in the message is a fresh one."""
    decisions.remind(work, case_id=call.body.case, task_id=call.path["task_id"])
    return CaseRef(case=call.body.case)


def _decided(call: Call, row: RowIn) -> RowOut:
    """Decide on one row in its own transaction: once for the key of the whole request."""

    def command(work: UnitOfWork) -> dict[str, Any]:
        made = decisions.decide(
            work,
            case_id=row.case,
            task_id=row.task,
            outcome=call.body.outcome,
            comment=call.body.comment,
            revision=row.revision,
            in_bulk=True,
        )
        return {"state": made.state}

    try:
        if call.key is None:
            done = perform(command)
        else:
            asked = {"outcome": call.body.outcome, **row.model_dump(mode="json")}
            done = perform(
                commands.once, key=f"{call.key} {row.task}", asked=asked, command=command
            )
    except decisions.OF_ONE_ROW as error:
        refusal = Refusal.model_validate(problem_of(error))
        return RowOut(task=row.task, case=row.case, state="refused", refusal=refusal)
    return RowOut(task=row.task, case=row.case, state=done["state"])


def _worklist(found: desk.Worklist) -> WorklistOut:
    return WorklistOut(
        tasks=[_task(row) for row in found.rows],
        counts=dict(found.counts),
        after=_written(found.next_after),
    )


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


def _verdict(made: decisions.Verdict) -> VerdictOut:
    return VerdictOut(state=made.state, outcome=made.outcome, case=made.case_id, number=made.number)


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
