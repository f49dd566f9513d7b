"""What follows from a step, as rows: tasks with their timers, consents asked, letters, the end.

Letters go out through the outbox, never from here.
"""

from __future__ import annotations

from datetime import datetime

from server.kernel.durations import Duration
from server.kernel.ids import new_id
from server.model import calendar
from server.services.cases import case_letters, documents
from server.services.cases.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import step_writes
from server.store.cases import CANCELLED, DONE, OPEN, PAUSED
from server.store.steps import FAR_AWAY, TaskRow
from server.workflows import moves


def carry_out(work: UnitOfWork, standing: Standing, effect: moves.Effect) -> None:
    """Queue the rows that one effect of a step stands for."""
    match effect:
        case moves.OpenTask():
            _open_task(work, standing, effect)
        case moves.CloseTask():
            _close_task(work, standing, effect)
        case moves.PauseTasks():
            _pause(work, standing, effect.steps)
        case moves.AskConsents():
            documents.ask(work, standing, effect.consents)
        case moves.SendLetter():
            case_letters.to_role(work, standing, letter=effect.letter, role=effect.to)
        case moves.EndCase():
            _end(work, standing)


def due_at(work: UnitOfWork, standing: Standing, due: Duration | None) -> datetime:
    """When something due in so long is due, on the school's calendar; far away for None."""
    if due is None:
        return FAR_AWAY
    return calendar.add(work.now, due, zone=standing.case.zone)


def set_expiry(work: UnitOfWork, standing: Standing, *, days: int) -> None:
    """The one timer that ends a request: never one with a consent (DECISIONS.md 10)."""
    step_writes.add_timer(
        work.transaction,
        work.tenant_id,
        timer_id=new_id(),
        case_id=standing.case.id,
        task_id=None,
        kind="expire",
        fires_at=calendar.add(work.now, Duration(days, "days"), zone=standing.case.zone),
        rule={"in": f"{days} days"},
    )


def _open_task(work: UnitOfWork, standing: Standing, effect: moves.OpenTask) -> None:
    task = TaskRow(
        id=new_id(),
        step=effect.step,
        kind=effect.kind,
        form=effect.form,
        role=effect.role,
        round=effect.round,
        status=OPEN,
        due_at=due_at(work, standing, effect.due),
        opened_at=work.now,
    )
    step_writes.add_task(
        work.transaction, work.tenant_id, standing.case, task, listed=not effect.optional
    )
    standing.tasks.append(task)
    for after in effect.remind:
        _set_timer(work, standing, task, "remind", after)
    if effect.overdue and effect.due:
        _set_timer(work, standing, task, "overdue", effect.due, opens=effect.overdue)


def _set_timer(
    work: UnitOfWork, standing: Standing, task: TaskRow, kind: str, after: Duration, **rule: str
) -> None:
    step_writes.add_timer(
        work.transaction,
        work.tenant_id,
        timer_id=new_id(),
        case_id=standing.case.id,
        task_id=task.id,
        kind=kind,
        fires_at=due_at(work, standing, after),
        rule={"after": str(after), "anchor": task.opened_at.isoformat(), **rule},
    )


def _close_task(work: UnitOfWork, standing: Standing, effect: moves.CloseTask) -> None:
    closing = [
        task
        for task in standing.tasks
        if task.step == effect.step and effect.role in (None, task.role)
    ]
    status = DONE if effect.how == "done" else CANCELLED
    _close(work, standing, closing, status=status, outcome=effect.outcome)


def _pause(work: UnitOfWork, standing: Standing, names: tuple[str, ...]) -> None:
    pausing = [task for task in standing.tasks if task.step in names and task.status == OPEN]
    if not pausing:
        return
    ids = [task.id for task in pausing]
    step_writes.close_tasks(
        work.transaction,
        work.tenant_id,
        ids,
        status=PAUSED,
        outcome=None,
        done_by=None,
        now=work.now,
    )
    standing.tasks = [
        task._replace(status=PAUSED) if task.id in ids else task for task in standing.tasks
    ]


def _end(work: UnitOfWork, standing: Standing) -> None:
    _close(work, standing, list(standing.tasks), status=CANCELLED, outcome=None)
    step_writes.drop_case_timers(work.transaction, work.tenant_id, standing.case.id)


def _close(
    work: UnitOfWork,
    standing: Standing,
    closing: list[TaskRow],
    *,
    status: int,
    outcome: str | None,
) -> None:
    if not closing:
        return
    ids = [task.id for task in closing]
    step_writes.close_tasks(
        work.transaction,
        work.tenant_id,
        ids,
        status=status,
        outcome=outcome,
        done_by=work.actor.person_id,
        now=work.now,
    )
    standing.tasks = [task for task in standing.tasks if task.id not in ids]
