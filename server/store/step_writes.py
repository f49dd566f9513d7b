"""What a step writes: statements queued one by one, sent together with its commit.

SQL for the driver, as in `steps.py`: the rows were locked there, so nobody can be in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from server.store.database import Transaction
from server.store.steps import FAR_AWAY, CaseRow, TaskRow


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
        " role, round, status, urgent, listed, due_at, opened_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s)",
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
            bool(case.flags),
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


def leave_to_choice(transaction: Transaction, tenant_id: UUID, case_id: UUID) -> None:
    """What is open in a case is nobody's due: no reminder, no list of what is late."""
    drop_case_timers(transaction, tenant_id, case_id)
    transaction.queue(
        "UPDATE task SET listed = false, due_at = %s"
        " WHERE tenant_id = %s AND case_id = %s AND status = 0",
        (FAR_AWAY, tenant_id, case_id),
    )


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
    """Mark a case whose answers a person must read one by one: what is open in it is urgent."""
    transaction.queue(
        'UPDATE "case" SET flags = %s::jsonb WHERE tenant_id = %s AND id = %s',
        (json.dumps(flags), tenant_id, case_id),
    )
    transaction.queue(
        "UPDATE task SET urgent = true WHERE tenant_id = %s AND case_id = %s AND status IN (0, 3)",
        (tenant_id, case_id),
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


def keep_result(
    transaction: Transaction, tenant_id: UUID, key: str, result: Mapping[str, Any]
) -> None:
    """Keep what a command answered, for its repeats."""
    transaction.queue(
        "UPDATE command SET result = %s::jsonb WHERE key = %s AND tenant_id = %s",
        (json.dumps(result), key, tenant_id),
    )
