"""The step's own SQL: everything read and locked in one round trip, everything written in another.

Prepared by the driver and not built by an expression language: this is the hot path. Rows are
locked in one order everywhere: command, consents, case, head of the chain (DECISIONS.md 4).
"""

from __future__ import annotations

import json
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


def save_case(
    transaction: Transaction,
    tenant_id: UUID,
    case: CaseRow,
    *,
    marking: Mapping[str, Any],
    revision: int,
    now: datetime,
) -> None:
    """Write where the case stands now; its row is locked, so nobody can be in between."""
    ended = marking["status"] == "ended"
    transaction.queue(
        'UPDATE "case" SET status = %s, stage = %s, "end" = %s, marking = %s::jsonb,'
        " revision = %s, ended_at = CASE WHEN %s THEN %s ELSE ended_at END"
        " WHERE id = %s AND tenant_id = %s",
        (
            marking["status"],
            marking["stage"],
            marking["end"],
            json.dumps(marking),
            revision,
            ended,
            now,
            case.id,
            tenant_id,
        ),
    )


def add_event(
    transaction: Transaction,
    tenant_id: UUID,
    case_id: UUID,
    *,
    seq: int,
    at: datetime,
    kind: str,
    actor_id: UUID | None,
    actor_role: str,
    on_behalf_of: UUID | None,
    data: Mapping[str, Any],
) -> None:
    """Write what happened: one row for one step."""
    transaction.queue(
        "INSERT INTO event (tenant_id, case_id, seq, at, kind, actor_id, actor_role,"
        " on_behalf_of, data) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
        (tenant_id, case_id, seq, at, kind, actor_id, actor_role, on_behalf_of, json.dumps(data)),
    )


def add_task(
    transaction: Transaction, tenant_id: UUID, case: CaseRow, task: TaskRow, *, listed: bool
) -> None:
    """Open a task."""
    transaction.queue(
        "INSERT INTO task (id, tenant_id, case_id, school_id, municipality_id, step, kind, form,"
        " role, round, status, listed, due_at, opened_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, %s)",
        (
            task.id,
            tenant_id,
            case.id,
            case.school_id,
            case.municipality_id,
            task.step,
            task.kind,
            task.form,
            task.role,
            task.round,
            listed,
            task.due_at,
            task.opened_at,
        ),
    )


def close_tasks(
    transaction: Transaction,
    tenant_id: UUID,
    ids: list[UUID],
    *,
    status: int,
    outcome: str | None,
    done_by: UUID | None,
    now: datetime,
) -> None:
    """Close or pause tasks; their timers go with them."""
    # One by one: against an array PostgreSQL plans anew each time, which costs more than to run it.
    for task_id in ids:
        transaction.queue(
            "UPDATE task SET status = %s, outcome = %s, done_by = %s, closed_at = %s"
            " WHERE tenant_id = %s AND id = %s",
            (status, outcome, done_by, now, tenant_id, task_id),
        )
        transaction.queue(
            "DELETE FROM timer WHERE tenant_id = %s AND task_id = %s", (tenant_id, task_id)
        )


def add_timer(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    timer_id: UUID,
    case_id: UUID,
    task_id: UUID | None,
    kind: str,
    fires_at: datetime,
    rule: Mapping[str, Any],
) -> None:
    """Set a timer: an absolute moment, and the rule that gave it."""
    transaction.queue(
        "INSERT INTO timer (id, tenant_id, case_id, task_id, kind, fires_at, rule, attempts)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, 0)",
        (timer_id, tenant_id, case_id, task_id, kind, fires_at, json.dumps(rule)),
    )


def drop_case_timers(transaction: Transaction, tenant_id: UUID, case_id: UUID) -> None:
    """An ended case has no timers."""
    transaction.queue(
        "DELETE FROM timer WHERE tenant_id = %s AND case_id = %s", (tenant_id, case_id)
    )


def take_timer(
    transaction: Transaction, tenant_id: UUID, timer_id: UUID
) -> tuple[UUID, UUID | None, str] | None:
    """Delete a timer's row: whoever gets it back fires it; gone means someone finished first."""
    rows = transaction.read(
        (
            "DELETE FROM timer WHERE tenant_id = %s AND id = %s RETURNING case_id, task_id, kind",
            (tenant_id, timer_id),
        )
    )[0]
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


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


def add_inbox(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    inbox_id: UUID,
    case_id: UUID,
    move: Mapping[str, Any],
    at: datetime,
) -> None:
    """Ask another case to move, under its own lock and soon."""
    transaction.queue(
        "INSERT INTO inbox (id, tenant_id, case_id, move, at) VALUES (%s, %s, %s, %s::jsonb, %s)",
        (inbox_id, tenant_id, case_id, json.dumps(move), at),
    )


def add_answer(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    answer_id: UUID,
    case_id: UUID,
    step: str,
    form: str,
    form_hash: str,
    round: int,
    subject_id: UUID,
    sealed: bytes,
    flags: list[str],
    author_id: UUID,
    author_role: str,
    on_behalf_of: UUID | None,
    at: datetime,
) -> None:
    """Keep a filled-in form, sealed under its subject's key."""
    transaction.queue(
        "INSERT INTO answer (id, tenant_id, case_id, step, form, form_hash, round, subject_id,"
        " sealed, flags, author_id, author_role, on_behalf_of, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s)",
        (
            answer_id,
            tenant_id,
            case_id,
            step,
            form,
            form_hash,
            round,
            subject_id,
            sealed,
            json.dumps(flags),
            author_id,
            author_role,
            on_behalf_of,
            at,
        ),
    )


def flag_case(transaction: Transaction, tenant_id: UUID, case_id: UUID, flags: list[str]) -> None:
    """Mark a case whose answers a person must read one by one."""
    transaction.queue(
        'UPDATE "case" SET flags = %s::jsonb WHERE tenant_id = %s AND id = %s',
        (json.dumps(flags), tenant_id, case_id),
    )


def add_decision(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    decision_id: UUID,
    case_id: UUID,
    step: str,
    round: int,
    person_id: UUID,
    outcome: str,
    sealed_comment: bytes | None,
    at: datetime,
) -> None:
    """Keep one person's decision."""
    transaction.queue(
        "INSERT INTO decision (id, tenant_id, case_id, step, round, person_id, outcome,"
        " sealed_comment, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            decision_id,
            tenant_id,
            case_id,
            step,
            round,
            person_id,
            outcome,
            sealed_comment,
            at,
        ),
    )


def set_consents(
    transaction: Transaction,
    tenant_id: UUID,
    ids: list[UUID],
    *,
    state: str,
    owed: list[str],
    at: datetime,
) -> None:
    """Write the state of consents whose rows are locked."""
    transaction.queue(
        "UPDATE consent SET state = %s, owed = %s::jsonb,"
        " answered_at = CASE WHEN %s = 'withdrawn' THEN answered_at ELSE %s END,"
        " withdrawn_at = CASE WHEN %s = 'withdrawn' THEN %s ELSE withdrawn_at END"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        (state, json.dumps(owed), state, at, state, at, tenant_id, ids),
    )


def add_evidence(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    seq: int,
    at: datetime,
    type: str,
    subject_id: UUID | None,
    body: bytes,
    hash: bytes,
    prev: bytes,
) -> None:
    """Append to the chain and move its head, which is locked."""
    transaction.queue(
        "INSERT INTO evidence (tenant_id, seq, at, type, subject_id, body, hash, prev)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant_id, seq, at, type, subject_id, body, hash, prev),
    )
    transaction.queue(
        "INSERT INTO evidence_head (tenant_id, seq, hash) VALUES (%s, %s, %s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET seq = EXCLUDED.seq, hash = EXCLUDED.hash",
        (tenant_id, seq, hash),
    )


def add_payload(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    payload_id: UUID,
    seq: int,
    person_id: UUID,
    sealed: bytes,
) -> None:
    """Keep what is personal about an event, under one person's key."""
    transaction.queue(
        "INSERT INTO evidence_payload (id, tenant_id, seq, person_id, sealed)"
        " VALUES (%s, %s, %s, %s, %s)",
        (payload_id, tenant_id, seq, person_id, sealed),
    )


def add_link(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    link_id: UUID,
    case_id: UUID,
    person_id: UUID,
    role: str,
    token_hash: bytes,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Make a way in for one person of a case, and the door that its token opens."""
    transaction.queue(
        "INSERT INTO link (id, tenant_id, case_id, person_id, role, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (link_id, tenant_id, case_id, person_id, role, at, expires_at),
    )
    transaction.queue(
        "INSERT INTO door (token_hash, kind, tenant_id, target) VALUES (%s, 'link', %s, %s)",
        (token_hash, tenant_id, link_id),
    )


def read_head(transaction: Transaction, tenant_id: UUID) -> HeadRow | None:
    """Lock the end of the chain by itself, for events outside a step."""
    rows = transaction.read((_HEAD, (tenant_id,)))[0]
    return HeadRow(*rows[0]) if rows else None


def keep_result(
    transaction: Transaction, tenant_id: UUID, key: str, result: Mapping[str, Any]
) -> None:
    """Keep what a command answered, for its repeats."""
    transaction.queue(
        "UPDATE command SET result = %s::jsonb WHERE key = %s AND tenant_id = %s",
        (json.dumps(result), key, tenant_id),
    )


def _kept(transaction: Transaction, tenant_id: UUID, key: str) -> dict[str, Any] | None:
    # A statement of its own: the one that found the key taken may have waited for its transaction,
    # and then does not see what that wrote.
    found = transaction.read((_RESULT, (key, tenant_id)))[0]
    return found[0][0] if found else None
