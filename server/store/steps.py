"""What a step reads: everything it needs, locked and brought in one round trip.

SQL prepared by the driver and not built by an expression language: this is the hot path. Rows are
locked in one order everywhere: command, consents, case, head of the chain (DECISIONS.md 4). What a
step writes stands in `step_writes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from server.kernel.errors import NotFound
from server.store.database import Statement, Transaction

FAR_AWAY = datetime(2999, 12, 31, tzinfo=UTC)  # nothing is due
Lock = Literal["SHARE", "UPDATE"]


class CaseRow(NamedTuple):
    """A locked case with what its step needs from its school and subject."""

    id: UUID
    school_id: UUID
    municipality_id: UUID | None
    workflow: str
    number: int
    definition_hash: str
    subject_id: UUID | None
    guardian_id: UUID | None
    cause_id: UUID | None
    status: str
    marking: dict[str, Any]
    revision: int
    flags: list[str]
    invited_by: UUID | None
    zone: str
    variant: str
    key_epoch: int | None
    key_wrapped: bytes | None
    subject_sealed: bytes | None


class TaskRow(NamedTuple):
    """A task that is open or paused."""

    id: UUID
    step: str
    kind: str
    form: str | None
    role: str
    round: int
    status: int
    due_at: datetime
    opened_at: datetime


class ConsentRow(NamedTuple):
    """A consent of the case, locked."""

    id: UUID
    consent: str
    state: str
    owed: list[str]
    document_hash: str


class HeadRow(NamedTuple):
    """The end of the tenant's chain, locked."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Locked:
    """What one round trip brought. `repeat` is the stored result of the same command."""

    case: CaseRow
    tasks: list[TaskRow]
    consents: list[ConsentRow]
    head: HeadRow | None
    repeat: dict[str, Any] | None
    is_repeat: bool
    author_ids: dict[str, UUID]  # form → who filled in its newest answer
    approvals: list[tuple[str, int, UUID, str]]  # step, round, person, outcome
    own_family: bool  # the reviewer has the contact of the guardian or the child


_COMMAND = (
    "INSERT INTO command (key, tenant_id, at) VALUES (%s, %s, %s)"
    " ON CONFLICT (key, tenant_id) DO NOTHING RETURNING 1"
)
_RESULT = "SELECT result FROM command WHERE key = %s AND tenant_id = %s"
_CONSENTS = (
    "SELECT id, consent, state, owed, document_hash FROM consent"
    " WHERE tenant_id = %s AND case_id = %s ORDER BY id FOR "
)
_CASE = (
    "SELECT c.id, c.school_id, c.municipality_id, c.workflow, c.number, c.definition_hash,"
    " c.subject_id, c.guardian_id, c.cause_id, c.status, c.marking, c.revision, c.flags,"
    " c.invited_by, s.zone, s.variant, k.epoch, k.wrapped, p.sealed"
    ' FROM "case" c JOIN school s ON s.id = c.school_id AND s.tenant_id = c.tenant_id'
    " LEFT JOIN subject_key k ON k.subject_id = c.subject_id AND k.tenant_id = c.tenant_id"
    " LEFT JOIN person p ON p.id = c.subject_id AND p.tenant_id = c.tenant_id"
    " WHERE c.tenant_id = %s AND c.id = %s FOR UPDATE OF c"
)
_TASKS = (
    "SELECT 'task', id, step, kind, form, role, round, status, due_at, opened_at FROM task"
    " WHERE tenant_id = %s AND case_id = %s AND status IN (0, 3)"
)
# What a reviewer must know comes along as rows of the same shape: each statement more costs the
# client as much as a small query costs the server.
_REVIEW = (
    _TASKS  # noqa: S608 - literals alone
    + " UNION ALL (SELECT DISTINCT ON (step) 'author', author_id, step, NULL, NULL, NULL,"
    " NULL, NULL, NULL, NULL FROM answer WHERE tenant_id = %s AND case_id = %s"
    " ORDER BY step, id DESC)"
    " UNION ALL SELECT 'decision', person_id, step, outcome, NULL, NULL, round, NULL, NULL, NULL"
    " FROM decision WHERE tenant_id = %s AND case_id = %s"
    " UNION ALL (SELECT 'own family', me.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    " FROM person me JOIN person they ON they.tenant_id = me.tenant_id"
    " AND they.contact_index = me.contact_index AND they.id <> me.id"
    ' JOIN "case" c ON c.tenant_id = they.tenant_id AND they.id IN (c.guardian_id, c.subject_id)'
    " WHERE me.tenant_id = %s AND c.id = %s AND me.id = %s LIMIT 1)"
)
_HEAD = "SELECT seq, hash FROM evidence_head WHERE tenant_id = %s FOR UPDATE"


def due_of(due_at: datetime) -> datetime | None:
    """When something is due; None for what has no due time."""
    return None if due_at >= FAR_AWAY else due_at


def lock(
    transaction: Transaction,
    tenant_id: UUID,
    case_id: UUID,
    *,
    now: datetime,
    key: str | None = None,
    consents: Lock = "SHARE",
    chain: bool = False,
    reviewer_id: UUID | None = None,
) -> Locked:
    """Lock a case and read all its next step needs, in one round trip.

    For a reviewer it also brings who filled in the forms, who decided before, and whether the
    family is the reviewer's own; `chain` locks the head.

    :raises NotFound: when the tenant has no such case.
    """
    here = (tenant_id, case_id)
    statements: list[Statement] = [] if key is None else [(_COMMAND, (key, tenant_id, now))]
    statements += [(_CONSENTS + consents, here), (_CASE, here)]
    # After the case's own row: two who wait for it see what the first one wrote.
    if reviewer_id is None:
        statements.append((_TASKS, here))
    else:
        statements.append((_REVIEW, (*here, *here, *here, *here, reviewer_id)))
    if chain:
        statements.append((_HEAD, (tenant_id,)))
    answers = iter(transaction.read(*statements))
    is_repeat = key is not None and not next(answers)
    consent_rows, case_rows, found = next(answers), next(answers), next(answers)
    if not case_rows:
        raise NotFound(what="case")
    heads = next(answers) if chain else []
    return Locked(
        case=CaseRow(*case_rows[0]),
        tasks=sorted(TaskRow(*row[1:]) for row in found if row[0] == "task"),
        consents=[ConsentRow(*row) for row in consent_rows],
        head=HeadRow(*heads[0]) if heads else None,
        repeat=_kept(transaction, tenant_id, key) if key is not None and is_repeat else None,
        is_repeat=is_repeat,
        author_ids={row[2]: row[1] for row in found if row[0] == "author"},
        approvals=[(row[2], row[6], row[1], row[3]) for row in found if row[0] == "decision"],
        own_family=any(row[0] == "own family" for row in found),
    )


def claim(
    transaction: Transaction, tenant_id: UUID, key: str, *, now: datetime
) -> dict[str, Any] | None:
    """Take a command's key; when it was taken before, the result kept under it."""
    taken, kept = transaction.read((_COMMAND, (key, tenant_id, now)), (_RESULT, (key, tenant_id)))
    return None if taken else dict(kept[0][0] or {})


class Timer(NamedTuple):
    """A timer that fires: its case and task, what it does, and the rule that it was set by."""

    case_id: UUID
    task_id: UUID | None
    kind: str
    rule: Mapping[str, Any]


def take_timer(transaction: Transaction, tenant_id: UUID, timer_id: UUID) -> Timer | None:
    """Delete a timer's row: whoever gets it back fires it; gone means someone finished first."""
    rows = transaction.read(
        (
            "DELETE FROM timer WHERE tenant_id = %s AND id = %s"
            " RETURNING case_id, task_id, kind, rule",
            (tenant_id, timer_id),
        )
    )[0]
    return Timer(*rows[0]) if rows else None


def take_inbox(
    transaction: Transaction, tenant_id: UUID, inbox_id: UUID
) -> tuple[UUID, dict[str, Any]] | None:
    """Delete an inbox row and give what it asks for."""
    rows = transaction.read(
        (
            "DELETE FROM inbox WHERE tenant_id = %s AND id = %s RETURNING case_id, move",
            (tenant_id, inbox_id),
        )
    )[0]
    return (rows[0][0], rows[0][1]) if rows else None


def read_head(transaction: Transaction, tenant_id: UUID) -> HeadRow | None:
    """Lock the end of the chain by itself, for events outside a step."""
    rows = transaction.read((_HEAD, (tenant_id,)))[0]
    return HeadRow(*rows[0]) if rows else None


def _kept(transaction: Transaction, tenant_id: UUID, key: str) -> dict[str, Any] | None:
    # A statement of its own: the one that found the key taken may have waited for its transaction,
    # and then does not see what that wrote.
    found = transaction.read((_RESULT, (key, tenant_id)))[0]
    return found[0][0] if found else None
