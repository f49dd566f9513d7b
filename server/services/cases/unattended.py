"""What happens in a case without anybody: a timer fires, or another case asks for a move."""

from __future__ import annotations

from uuid import UUID

from server.kernel.errors import NotFound
from server.services.cases import case_letters, documents, steps
from server.services.cases.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import consents
from server.store import steps as rows
from server.store.cases import OPEN
from server.store.steps import TaskRow
from server.workflows import moves


def fire_timer(work: UnitOfWork, timer_id: UUID) -> bool:
    """What a due timer does: remind, open a task for a person, or end a request without consent.

    Its own row goes first: when it is gone already, someone finished in time and nothing happens.
    """
    timer = rows.take_timer(work.transaction, work.tenant_id, timer_id)
    if timer is None:
        return False
    try:
        standing = steps.load(work, timer.case_id)
    except NotFound:
        return False
    if standing.state.status != "open":
        return False
    if timer.kind == "expire":
        return close_unsigned(work, standing)
    task = next((t for t in standing.tasks if t.id == timer.task_id and t.status == OPEN), None)
    if task is None:
        return False
    if _is_over_by_age(work, standing, task):
        return close_unsigned(work, standing)
    if timer.kind == "remind":
        case_letters.remind(work, standing, task)
        return True
    return _overdue(work, standing, task, opens=timer.rule["opens"])


def apply_inbox(work: UnitOfWork, inbox_id: UUID) -> bool:
    """Apply what another case asked of this one, under this case's own lock."""
    found = rows.take_inbox(work.transaction, work.tenant_id, inbox_id)
    if found is None:
        return False
    case_id, wish = found
    standing = steps.load(work, case_id)
    if standing.state.status == "ended":
        return False
    move: moves.Move
    if wish["move"] == "withdrawn":
        move = moves.Withdrawn(wish["consent"], tuple(wish["pause"]))
    else:
        end = standing.compiled.end_by(wish["cause"])
        if end is None:
            return False
        move = moves.Closed(end)
    steps.take(work, standing, move, kind=f"inbox_{wish['move']}", data=wish)
    return True


def close_unsigned(work: UnitOfWork, standing: Standing) -> bool:
    """End a request to which nobody ever gave a consent; whether it ended."""
    # By what was signed, not by what holds now: a consent that was withdrawn was one, and so is
    # the guardian's while the teenager has yet to sign (DECISIONS.md 10).
    signed = consents.signatures_of(work.session, [row.id for row in standing.consents.values()])
    end = standing.compiled.end_by("expiry")
    if end is None or any(one.answer == "given" for one in signed):
        return False
    steps.take(work, standing, moves.Closed(end), kind="expired")
    return True


def _is_over_by_age(work: UnitOfWork, standing: Standing, task: TaskRow) -> bool:
    """Whether a guardian is waited for who may not sign any more: the child turned 18 (R15)."""
    asked = task.kind == "sign" and task.role == "guardian"
    return asked and not documents.guardian_signs(work, standing)


def _overdue(work: UnitOfWork, standing: Standing, task: TaskRow, *, opens: str) -> bool:
    """Open the task that the late step itself names, and tell whoever has to do it."""
    if standing.task(opens) is not None:
        return False
    steps.take(work, standing, moves.Raised(opens), kind="overdue", data={"step": task.step})
    role = standing.compiled.task(opens).for_
    case_letters.to_role(work, standing, letter="overdue_to_coordinator", role=role)
    return True
