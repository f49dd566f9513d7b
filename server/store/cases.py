"""Cases and what belongs to one: tasks, answers, decisions, events, timers, commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.store.base import Base, TenantRow, refers

OPEN, DONE, CANCELLED, PAUSED = 0, 1, 2, 3


def tab_of(table: str = "") -> str:
    """The tab of the desk a task lies under, as SQL: waiting, or its kind; null under none.

    An index orders each tab by it, so a query must say it in the same words.
    """
    role, kind = f"{table}role", f"{table}kind"
    return (
        f"CASE WHEN {role} IN ('guardian', 'mentee') THEN 'waiting'"
        f" WHEN {role} = 'coordinator' THEN {kind} END"
    )


def urgent_of(table: str = "") -> str:
    """What lies under «Urgent», as SQL: a possible danger for a child, and chores of the school.

    An index is made of these tasks alone, so a query must say it in the same words.
    """
    return f"({table}urgent OR ({table}role = 'coordinator' AND {table}kind = 'staff'))"


class Case(TenantRow, Base):
    """One run of a workflow. `marking` is the engine's state; the rest is for lists and locks."""

    __tablename__ = "case"
    school_id: Mapped[UUID]
    municipality_id: Mapped[UUID | None]
    workflow: Mapped[str]
    number: Mapped[int]
    definition_hash: Mapped[str]  # structure and texts are pinned together
    subject_id: Mapped[UUID | None]
    guardian_id: Mapped[UUID | None]
    cause_id: Mapped[UUID | None]  # the case whose consequence this one is
    status: Mapped[str]  # open | paused | ended
    stage: Mapped[str | None]
    end: Mapped[str | None]
    marking: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[bool] = mapped_column(default=False)
    flags: Mapped[list[str]] = mapped_column(default=list)
    invited_by: Mapped[UUID | None]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        refers("school_id", "school"),
        refers("municipality_id", "municipality"),
        refers("subject_id", "person", name="fk_case_subject"),
        refers("guardian_id", "person", name="fk_case_guardian"),
        UniqueConstraint("tenant_id", "number"),
        Index("ix_case_subject", "tenant_id", "subject_id"),
        Index("ix_case_guardian", "tenant_id", "guardian_id"),
        Index("ix_case_funnel", "tenant_id", "school_id", "workflow", "stage"),
        {"postgresql_with": {"fillfactor": "85"}},
    )


class Task(TenantRow, Base):
    """A step waiting for a person. Who may act is role and scope, resolved when it is read."""

    __tablename__ = "task"
    case_id: Mapped[UUID]
    school_id: Mapped[UUID]
    municipality_id: Mapped[UUID | None]
    step: Mapped[str]
    kind: Mapped[str]  # form | sign | review | staff
    form: Mapped[str | None]
    role: Mapped[str]
    round: Mapped[int]
    status: Mapped[int] = mapped_column(SmallInteger)
    urgent: Mapped[bool]  # words in the answers may mean danger: on top of what is urgent
    listed: Mapped[bool]  # optional tasks of families stay off the desk
    due_at: Mapped[datetime]  # far away where nothing is due, so that lists have one order
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    done_by: Mapped[UUID | None]
    __table_args__ = (
        refers("case_id", "case"),
        Index("ix_task_case", "tenant_id", "case_id"),
        Index("ix_task_live", "tenant_id", "case_id", postgresql_where=text("status IN (0, 3)")),
        # The literal status matters: a bound parameter makes the planner leave the index.
        Index(
            "ix_task_desk",
            "tenant_id",
            "school_id",
            "due_at",
            "id",
            postgresql_where=text("status = 0 AND listed"),
        ),
        # Role and kind come along so that a tab is counted from its index alone.
        Index(
            "ix_task_tab",
            "tenant_id",
            "school_id",
            text(f"({tab_of()})"),
            "due_at",
            "id",
            postgresql_where=text("status = 0 AND listed"),
            postgresql_include=["role", "kind"],
        ),
        # Few rows: the danger comes first, then what is due first; a place is told from it too.
        Index(
            "ix_task_urgent",
            "tenant_id",
            "school_id",
            text("(NOT urgent)"),
            "due_at",
            "id",
            postgresql_where=text(f"status = 0 AND listed AND {urgent_of()}"),
            postgresql_include=["municipality_id"],
        ),
        Index(
            "ix_task_place",
            "tenant_id",
            "school_id",
            "municipality_id",
            "due_at",
            "id",
            postgresql_where=text("status = 0 AND listed"),
            postgresql_include=["role", "kind"],
        ),
        {"postgresql_with": {"fillfactor": "85"}},
    )


class Answer(TenantRow, Base):
    """One filled-in form; the only place with answers. A correction is a new row."""

    __tablename__ = "answer"
    case_id: Mapped[UUID]
    step: Mapped[str]
    form: Mapped[str]
    form_hash: Mapped[str]
    round: Mapped[int]
    subject_id: Mapped[UUID]
    sealed: Mapped[bytes]
    flags: Mapped[list[str]]
    author_id: Mapped[UUID]
    author_role: Mapped[str]
    on_behalf_of: Mapped[UUID | None]
    at: Mapped[datetime]
    __table_args__ = (
        refers("case_id", "case"),
        refers("subject_id", "person"),
        Index(None, "tenant_id", "case_id", "step"),
    )


class Decision(TenantRow, Base):
    """One person's decision on one review; one row per actor keeps counts right under load."""

    __tablename__ = "decision"
    case_id: Mapped[UUID]
    step: Mapped[str]
    round: Mapped[int]
    person_id: Mapped[UUID]
    outcome: Mapped[str]
    sealed_comment: Mapped[bytes | None]  # under the subject's key: it speaks of the child
    at: Mapped[datetime]
    __table_args__ = (
        refers("case_id", "case"),
        UniqueConstraint("tenant_id", "case_id", "step", "round", "person_id"),
    )


class Event(Base):
    """What happened in a case: ids, hashes and states, never answers and never names."""

    __tablename__ = "event"
    tenant_id: Mapped[UUID]
    case_id: Mapped[UUID]
    seq: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str]
    on_behalf_of: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "case_id", "seq"),
        refers("case_id", "case"),
    )


class Timer(TenantRow, Base):
    """When something must happen by itself: an absolute moment and the rule that gave it."""

    __tablename__ = "timer"
    case_id: Mapped[UUID]
    task_id: Mapped[UUID | None]
    kind: Mapped[str]  # remind | overdue | expire
    fires_at: Mapped[datetime]
    rule: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]  # lease, or back-off after a failure; real time
    failure: Mapped[str | None]
    __table_args__ = (
        refers("case_id", "case"),
        Index("ix_timer_due", "fires_at"),
        Index(None, "tenant_id", "task_id"),
        Index(None, "tenant_id", "case_id"),
    )


class Inbox(TenantRow, Base):
    """A move that another case makes happen here; applied under this case's own lock."""

    __tablename__ = "inbox"
    case_id: Mapped[UUID]
    move: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    __table_args__ = (refers("case_id", "case"), Index(None, "tenant_id", "case_id"))


class Command(Base):
    """A command that was carried out, by its idempotency key: a repeat gets the same result."""

    __tablename__ = "command"
    key: Mapped[str]
    tenant_id: Mapped[UUID]
    result: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
    __table_args__ = (PrimaryKeyConstraint("key", "tenant_id"),)


class Counter(Base):
    """Numbers that people say aloud: one series per tenant and name."""

    __tablename__ = "counter"
    tenant_id: Mapped[UUID]
    name: Mapped[str]
    value: Mapped[int]
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "name"),)


def case(session: Session, case_id: UUID) -> Case | None:
    """A case by id, unlocked."""
    return session.scalar(select(Case).where(Case.id == case_id))


def place_of(session: Session, case_id: UUID) -> UUID | None:
    """The municipality of a case."""
    return session.scalar(select(Case.municipality_id).where(Case.id == case_id))


def cases_of_subject(session: Session, subject_id: UUID) -> list[Case]:
    """A child's cases, newest first."""
    query = select(Case).where(Case.subject_id == subject_id).order_by(Case.id.desc())
    return list(session.scalars(query))


def cases_of_guardian(session: Session, guardian_id: UUID) -> list[Case]:
    """A guardian's cases, newest first."""
    query = select(Case).where(Case.guardian_id == guardian_id).order_by(Case.id.desc())
    return list(session.scalars(query))


def task(session: Session, task_id: UUID) -> Task | None:
    """A task by id."""
    return session.scalar(select(Task).where(Task.id == task_id))


def tasks_of(session: Session, case_id: UUID) -> list[Task]:
    """All tasks of a case in the order they were opened."""
    return list(session.scalars(select(Task).where(Task.case_id == case_id).order_by(Task.id)))


def open_task(session: Session, case_id: UUID, step: str, role: str) -> Task | None:
    """The open task of a step for a role."""
    query = select(Task).where(
        Task.case_id == case_id, Task.step == step, Task.role == role, Task.status == OPEN
    )
    return session.scalar(query.limit(1))


def answers_of(session: Session, case_id: UUID) -> list[Answer]:
    """All submissions of a case, oldest first."""
    return list(
        session.scalars(select(Answer).where(Answer.case_id == case_id).order_by(Answer.id))
    )


def answers_by_child(session: Session, child_id: UUID) -> list[UUID]:
    """The ids of all that a child filled in itself, in whatever case of its own."""
    mine = select(Case.id).where(Case.subject_id == child_id)
    query = select(Answer.id).where(Answer.case_id.in_(mine), Answer.author_id == child_id)
    return list(session.scalars(query.order_by(Answer.id)))


def decisions_of(session: Session, case_id: UUID) -> list[Decision]:
    """All decisions of a case, oldest first."""
    query = select(Decision).where(Decision.case_id == case_id).order_by(Decision.id)
    return list(session.scalars(query))


def open_cases_of(session: Session, school_id: UUID, *, cap: int = 1000) -> int:
    """How many cases of a school are under way, counted up to a cap."""
    capped = select(Case.id).where(Case.school_id == school_id, Case.status == "open").limit(cap)
    return int(session.scalar(select(func.count()).select_from(capped.subquery())) or 0)


def authors(session: Session, case_ids: list[UUID]) -> dict[UUID, dict[str, UUID]]:
    """Who filled in the newest answer of each step: case → step → person."""
    found: dict[UUID, dict[str, UUID]] = {}
    query = (
        select(Answer.case_id, Answer.step, Answer.author_id)
        .where(Answer.case_id.in_(case_ids))
        .ext(distinct_on(Answer.case_id, Answer.step))
        .order_by(Answer.case_id, Answer.step, Answer.id.desc())
    )
    for case_id, step, author in session.execute(query) if case_ids else ():
        found.setdefault(case_id, {})[step] = author
    return found


def decisions_in(session: Session, case_ids: list[UUID]) -> dict[UUID, list[Decision]]:
    """The decisions of several cases."""
    found: dict[UUID, list[Decision]] = {}
    query = select(Decision).where(Decision.case_id.in_(case_ids)).order_by(Decision.id)
    for row in session.scalars(query) if case_ids else ():
        found.setdefault(row.case_id, []).append(row)
    return found


def events_of(session: Session, case_id: UUID, *, after: int = 0, limit: int = 200) -> list[Event]:
    """A case's history, a page at a time."""
    query = select(Event).where(Event.case_id == case_id, Event.seq > after)
    return list(session.scalars(query.order_by(Event.seq).limit(limit)))


def stopped_at(session: Session, case: Case) -> datetime | None:
    """When a case ended or was first paused; None while it goes on."""
    if case.status == "open":
        return None
    if case.ended_at is not None:
        return case.ended_at
    paused = ("consent_withdrawn", "inbox_withdrawn")
    query = select(func.min(Event.at)).where(Event.case_id == case.id, Event.kind.in_(paused))
    return session.scalar(query)


def next_timer(session: Session, until: datetime) -> Timer | None:
    """The first timer of this tenant that fires up to a moment."""
    query = select(Timer).where(Timer.fires_at <= until).order_by(Timer.fires_at)
    return session.scalar(query.limit(1))


def next_number(session: Session, tenant_id: UUID, name: str) -> int:
    """The next number of a series; the row is locked until the end of the transaction."""
    return int(
        session.execute(
            text(
                "INSERT INTO counter (tenant_id, name, value) VALUES (:tenant, :name, 1)"
                " ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + 1"
                " RETURNING value"
            ),
            {"tenant": tenant_id, "name": name},
        ).scalar_one()
    )
