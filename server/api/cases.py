"""Cases by API: inviting a family, a card and its history, answers entered for a family."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.consents import ConsentOut, consent_out
from server.api.table import SEES, Call, CaseRef, Wire, route
from server.consents.signers import day_in
from server.forms.answers import read_json, schema_of
from server.forms.definition import FormSpec
from server.services.accounts import people
from server.services.cases import filling
from server.services.cases.filling import Read
from server.services.families import arrivals
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import desk
from server.services.worklist.cards import AnswerSheet, Card, OpenTask


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


class SheetOut(Wire):
    """One questionnaire as it was answered; `values` by field, `by` the role that entered them."""

    form: str
    values: dict[str, Any]
    flags: list[str]
    by: str
    on_behalf: bool
    at: datetime
    round: int


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
    consents: list[ConsentOut]
    answers: list[SheetOut]
    tasks: list[CardTaskOut]
    duplicates: list[UUID]


class RevealIn(Wire):
    """Why a name that is kept back is needed; the reason is evidence."""

    reason: Literal["answer_family", "law", "safety"]


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


class FormOut(Wire):
    """A questionnaire: the question of each field, and the JSON Schema of its `answers`."""

    form: str
    labels: dict[str, dict[str, str]]
    answers: dict[str, Any]


class AnswersIn(Wire):
    """Answers by field."""

    answers: dict[str, Any]


class FilledOut(Wire):
    """What the answers led to."""

    case: UUID
    end: str | None


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
    return _case(desk.card(work, case_id=call.path["case_id"], locale="ru"))


@route("POST", "/cases/<uuid:case_id>/reveal", needs=Permission.CASE_OPEN, body=RevealIn,
       answer=CaseOut)  # fmt: skip
def reveal_case(work: UnitOfWork, call: Call) -> CaseOut:
    """A case with the names that are kept back after a withdrawal, for a reason."""
    return _case(
        desk.card(work, case_id=call.path["case_id"], locale="ru", reason=call.body.reason)
    )


def _case(card: Card) -> CaseOut:
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
        consents=[consent_out(one) for one in card.consents],
        answers=[_sheet(one) for one in card.answers],
        tasks=[_open_task(one) for one in card.tasks],
        duplicates=[one.case_id for one in card.alike],
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


@route("GET", "/cases/<uuid:case_id>/forms/<step>", needs=Permission.CASE_FILL_FOR_FAMILY,
       also=SEES, answer=FormOut, by_state=True)  # fmt: skip
def read_form(work: UnitOfWork, call: Call) -> FormOut:
    """What an open questionnaire asks, and the shape its answers are sent in."""
    opened = filling.open_form(work, case_id=call.path["case_id"], step=call.path["step"])
    return FormOut(
        form=opened.form.form,
        labels={name: dict(label) for name, label in filling.labels_of(opened.form).items()},
        answers=schema_of(opened.form),
    )


@route("POST", "/cases/<uuid:case_id>/forms/<step>", needs=Permission.CASE_FILL_FOR_FAMILY,
       also=SEES, body=AnswersIn, answer=FilledOut)  # fmt: skip
def fill_form(work: UnitOfWork, call: Call) -> FilledOut:
    """Enter a family's answers on its behalf; who enters them may not decide on them."""
    done = filling.fill(
        work,
        case_id=call.path["case_id"],
        step=call.path["step"],
        read=_reading(work, call.body.answers),
    )
    return FilledOut(case=UUID(done["case"]), end=done.get("end"))


def _sheet(one: AnswerSheet) -> SheetOut:
    return SheetOut(
        form=one.form.form,
        values=dict(one.values),
        flags=list(one.flags),
        by=one.author_role,
        on_behalf=one.on_behalf,
        at=one.at,
        round=one.round,
    )


def _open_task(one: OpenTask) -> CardTaskOut:
    return CardTaskOut(
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


def _reading(work: UnitOfWork, answers: dict[str, Any]) -> Callable[[FormSpec], Read]:
    def read(form: FormSpec) -> Read:
        today = day_in(people.zone_of(work), work.now)
        found = read_json(form, answers, today=today)
        return Read(found.values, found.problems)

    return read
