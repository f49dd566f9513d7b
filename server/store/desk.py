"""The desk's queries: keyset pages over open tasks, capped counts, letters and looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.store.cases import tab_of, urgent_of
from server.store.database import Statement, Transaction
from server.store.evidence import Access

CAP = 1000  # counts beyond are shown as "1000+"
TABS = ("ready", "waiting", "overdue", "urgent", "all")


class DeskRow(NamedTuple):
    """One open task with its case."""

    task_id: UUID
    case_id: UUID
    step: str
    kind: str
    role: str
    round: int
    due_at: datetime
    opened_at: datetime
    number: int
    workflow: str
    definition_hash: str
    status: str
    stage: str | None
    revision: int
    flags: list[str]
    duplicate: bool
    subject_id: UUID | None
    guardian_id: UUID | None
    municipality_id: UUID | None
    invited_by: UUID | None
    school_id: UUID
    steps: dict[str, Any]  # of the case's marking: step → [status, round, outcome]


class RestingRow(NamedTuple):
    """A case in which nothing waits on the desk: it ended, or stands still."""

    case_id: UUID
    number: int
    workflow: str
    definition_hash: str
    status: str
    end: str | None
    subject_id: UUID | None
    municipality_id: UUID | None


class LetterRow(NamedTuple):
    """A letter to somebody of a case, and how far it got; `opened_at` is of the link in it."""

    case_id: UUID
    letter: str
    to: str  # guardian | mentee | staff
    channel: str | None
    state: str
    failure: str | None
    created_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    has_link: bool
    person_id: UUID | None


@dataclass(frozen=True)
class Filter:
    """What is asked for: a school, a tab, perhaps places and a surname."""

    school_id: UUID
    tab: str
    now: datetime
    municipality_ids: tuple[UUID, ...] | None = None
    surname_index: bytes | None = None
    number: int | None = None


def page(
    transaction: Transaction,
    tenant_id: UUID,
    wanted: Filter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[DeskRow], dict[str, int]]:
    """One page of the worklist, and the counts of all tabs, in one round trip.

    It goes by due date; of what is urgent a possible danger for a child comes first.
    """
    counts = [_count(tenant_id, wanted, tab) for tab in TABS]
    found = transaction.read(_rows(tenant_id, wanted, after, limit), *counts)
    rows = [DeskRow(*row) for row in found[0]]
    return rows, {tab: int(rows_[0][0]) for tab, rows_ in zip(TABS, found[1:], strict=True)}


def resting(
    transaction: Transaction, tenant_id: UUID, wanted: Filter, *, limit: int
) -> list[RestingRow]:
    """Found by number or surname: cases with nothing open on the desk, the newest first."""
    where = "c.tenant_id = %(tenant)s AND c.school_id = %(school)s AND NOT EXISTS (SELECT 1"
    where += " FROM task t WHERE t.tenant_id = c.tenant_id AND t.case_id = c.id"
    where += " AND t.status = 0 AND t.listed)"
    params: dict[str, Any] = {"tenant": tenant_id, "school": wanted.school_id, "limit": limit}
    if wanted.municipality_ids is not None:
        where += " AND c.municipality_id = ANY(%(places)s)"
        params["places"] = list(wanted.municipality_ids)
    if wanted.surname_index is not None:
        where += " AND p.surname_index = %(surname)s"
        params["surname"] = wanted.surname_index
    if wanted.number is not None:
        where += " AND c.number = %(number)s"
        params["number"] = wanted.number
    sql = (
        "SELECT c.id, c.number, c.workflow, c.definition_hash, c.status,"  # noqa: S608 - as below
        ' c."end", c.subject_id, c.municipality_id'
        f' FROM "case" c{_SURNAME if wanted.surname_index is not None else ""}'
        f" WHERE {where} ORDER BY c.number DESC LIMIT %(limit)s"
    )
    return [RestingRow(*row) for row in transaction.read((sql, params))[0]]


_COLUMNS = (
    "t.id, t.case_id, t.step, t.kind, t.role, t.round, t.due_at, t.opened_at, c.number,"
    " c.workflow, c.definition_hash, c.status, c.stage, c.revision, c.flags, c.duplicate,"
    " c.subject_id, c.guardian_id, c.municipality_id, c.invited_by, c.school_id,"
    " c.marking -> 'steps'"
)


def _rows(
    tenant_id: UUID, wanted: Filter, after: tuple[datetime, UUID] | None, limit: int
) -> Statement:
    where, params = _where(tenant_id, wanted, wanted.tab)
    urgent = wanted.tab == "urgent"
    order = "NOT t.urgent, t.due_at, t.id" if urgent else "t.due_at, t.id"
    if after is not None:
        reached = f"{_WAS_CALM}, %(due)s, %(last)s" if urgent else "%(due)s, %(last)s"
        where += f" AND ({order}) > ({reached})"
        params |= {"due": after[0], "last": after[1]}
    join = _SURNAME if wanted.surname_index is not None else ""
    sql = (
        f"SELECT {_COLUMNS} FROM task t"  # noqa: S608 - of literals; values go as parameters
        ' JOIN "case" c ON c.id = t.case_id AND c.tenant_id = t.tenant_id'
        f"{join} WHERE {where} ORDER BY {order} LIMIT %(limit)s"
    )
    return sql, params | {"limit": limit}


def _count(tenant_id: UUID, wanted: Filter, tab: str) -> Statement:
    where, params = _where(tenant_id, wanted, tab)
    join = ""
    if wanted.surname_index is not None or wanted.number is not None:
        join = ' JOIN "case" c ON c.id = t.case_id AND c.tenant_id = t.tenant_id'
    if wanted.surname_index is not None:
        join += _SURNAME
    inner = f"SELECT 1 FROM task t{join} WHERE {where} LIMIT {CAP}"  # noqa: S608 - as above
    sql = f"SELECT count(*) FROM ({inner}) capped"  # noqa: S608 - as above
    return sql, params


# On which side of the danger the last row of the page before lay; its cursor tells only the rest.
_WAS_CALM = (
    "COALESCE((SELECT NOT u.urgent FROM task u"
    " WHERE u.tenant_id = %(tenant)s AND u.id = %(last)s), true)"
)

# Whose name is kept back after a withdrawal is not found by it either.
_SURNAME = (
    " JOIN person p ON p.id = c.subject_id AND p.tenant_id = c.tenant_id"
    " AND (SELECT x.state FROM consent x WHERE x.tenant_id = c.tenant_id"
    " AND x.subject_id = c.subject_id AND x.consent = 'processing'"
    " ORDER BY x.id DESC LIMIT 1) IS DISTINCT FROM 'withdrawn'"
)


def _where(tenant_id: UUID, wanted: Filter, tab: str) -> tuple[str, dict[str, Any]]:
    # The status is a literal: against a parameter the planner leaves the partial index.
    where = "t.tenant_id = %(tenant)s AND t.school_id = %(school)s AND t.status = 0 AND t.listed"
    params: dict[str, Any] = {"tenant": tenant_id, "school": wanted.school_id}
    where += _TAB[tab]
    if tab == "overdue":
        params["now"] = wanted.now
    if wanted.municipality_ids is not None:
        where += " AND t.municipality_id = ANY(%(places)s)"
        params["places"] = list(wanted.municipality_ids)
    if wanted.surname_index is not None:
        where += " AND p.surname_index = %(surname)s"
        params["surname"] = wanted.surname_index
    if wanted.number is not None:
        where += " AND c.number = %(number)s"
        params["number"] = wanted.number
    return where, params


_TAB: Mapping[str, str] = {
    "ready": f" AND ({tab_of('t.')}) = 'review'",
    "waiting": f" AND ({tab_of('t.')}) = 'waiting'",
    "overdue": " AND t.due_at < %(now)s",
    "urgent": f" AND {urgent_of('t.')}",
    "all": "",
}


_LETTERS = (
    " d.case_id, d.letter, CASE d.person_id WHEN c.guardian_id THEN 'guardian'"
    " WHEN c.subject_id THEN 'mentee' ELSE CASE WHEN d.person_id IS NULL THEN 'mentee'"
    " ELSE 'staff' END END, d.channel, d.state, d.failure,"
    " d.created_at, d.sent_at, l.opened_at, l.id IS NOT NULL, d.person_id FROM delivery d"
    ' JOIN "case" c ON c.id = d.case_id AND c.tenant_id = d.tenant_id'
    " LEFT JOIN link l ON l.id = d.link_id AND l.tenant_id = d.tenant_id"
    " WHERE d.tenant_id = %s AND "
)


def newest_letters(
    transaction: Transaction, tenant_id: UUID, case_ids: list[UUID]
) -> dict[UUID, LetterRow]:
    """The newest letter to the family of each of these cases; codes are none."""
    rows = transaction.read(
        (
            f"SELECT DISTINCT ON (d.case_id){_LETTERS}d.case_id = ANY(%s) AND d.code_id IS NULL"
            " AND d.person_id IN (c.guardian_id, c.subject_id) ORDER BY d.case_id, d.id DESC",
            (tenant_id, case_ids),
        )
    )[0]
    return {row[0]: LetterRow(*row) for row in rows}


def letters_of(transaction: Transaction, tenant_id: UUID, case_id: UUID) -> list[LetterRow]:
    """The letters of one case without its codes, newest first."""
    rows = transaction.read(
        (
            f"SELECT{_LETTERS}d.case_id = %s AND d.code_id IS NULL ORDER BY d.id DESC LIMIT 50",
            (tenant_id, case_id),
        )
    )[0]
    return [LetterRow(*row) for row in rows]


def opened_since(session: Session, moments: Mapping[UUID, datetime], person_id: UUID) -> set[UUID]:
    """Which of these children's cards a person has looked at since the moment given for each."""
    query = select(Access.child_id, Access.at).where(
        Access.child_id.in_(moments), Access.person_id == person_id
    )
    found = session.execute(query) if moments else ()
    return {child_id for child_id, at in found if at >= moments[child_id]}
