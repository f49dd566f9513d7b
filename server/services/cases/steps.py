"""One step of a case: lock, look again, advance, write. Every change of a case goes through here.

Two round trips: `load` brings and locks everything, the commit carries everything queued. Services
gather what is theirs in between. Letters go out through the outbox, never from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission
from server.forms.definition import Role
from server.kernel.durations import Duration
from server.kernel.errors import AlreadyDone, NotFound, StageClosed
from server.kernel.ids import new_id
from server.model import calendar
from server.services import evidence
from server.services.cases import case_letters, documents
from server.services.cases.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import cases, schools, step_writes, steps
from server.store.cases import CANCELLED, DONE, OPEN, PAUSED
from server.store.steps import FAR_AWAY, Lock, TaskRow
from server.workflows import moves
from server.workflows.engine import advance


def load(
    work: UnitOfWork,
    case_id: UUID,
    *,
    key: str | None = None,
    consents: Lock = "SHARE",
    chain: bool = False,
    reviewer_id: UUID | None = None,
) -> Standing:
    """Lock a case with everything its step needs.

    `key` makes the step a command: its repeat finds `is_repeat` and the stored result.

    :raises NotFound: when there is no such case for this tenant.
    """
    found = steps.lock(
        work.transaction,
        work.tenant_id,
        case_id,
        now=work.now,
        key=key,
        consents=consents,
        chain=chain,
        reviewer_id=reviewer_id,
    )
    row = found.case
    ready = work.ready(row.definition_hash, row.variant)
    subject: dict[str, Any] = {}
    if row.subject_id and row.key_wrapped and row.subject_sealed and row.key_epoch is not None:
        work.keyring.hold(row.subject_id, row.key_epoch, bytes(row.key_wrapped))
        subject = work.keyring.open(
            bytes(row.subject_sealed), table="person", row=row.subject_id, subject=row.subject_id
        )
    newest = {consent.consent: consent for consent in found.consents}
    return Standing(
        case=row,
        state=moves.CaseState.from_json(row.marking),
        tasks=list(found.tasks),
        consents=newest,
        ready=ready,
        head=evidence.head_at(work, found.head) if chain else None,
        subject=subject,
        authors=found.author_ids,
        approvals=found.approvals,
        own_family=found.own_family,
        repeat=found.repeat,
        is_repeat=found.is_repeat,
        key=key,
        consent_states={name: consent.state for name, consent in newest.items()},
        owed=frozenset(cast(Role, role) for consent in newest.values() for role in consent.owed),
    )


def take(
    work: UnitOfWork,
    standing: Standing,
    move: moves.Move,
    *,
    kind: str,
    data: Mapping[str, Any] | None = None,
    actor_id: UUID | None = None,
    on_behalf_of: UUID | None = None,
) -> moves.Taken:
    """Advance the case by one move and write all that follows, once.

    `data` goes into the event: ids, hashes and states only.

    :raises StageClosed: when the step is not open (any more).
    :raises ConsentMissing: when its gate is closed at this moment.
    """
    facts = moves.Facts(
        age=standing.age(work.now),
        consents=standing.consent_states,  # type: ignore[arg-type]  # states come from rows
        owed=standing.owed,
    )
    taken = advance(standing.compiled, standing.state, move, facts)
    standing.state = taken.state
    revision = standing.case.revision + 1
    standing.case = standing.case._replace(
        revision=revision, status=taken.state.status, marking=taken.state.to_json()
    )
    step_writes.save_case(
        work.transaction,
        work.tenant_id,
        standing.case,
        marking=taken.state.to_json(),
        revision=revision,
        now=work.now,
    )
    step_writes.add_event(
        work.transaction,
        work.tenant_id,
        standing.case.id,
        seq=revision,
        at=work.now,
        kind=kind,
        actor_id=actor_id or work.actor.person_id,
        actor_role=work.actor.role,
        on_behalf_of=on_behalf_of,
        data=dict(data or {}),
    )
    for effect in taken.effects:
        _carry_out(work, standing, effect)
    return taken


def finish(work: UnitOfWork, standing: Standing, result: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what the command answered, so that its repeat gets the same."""
    answer = dict(result)
    if standing.key is not None:
        step_writes.keep_result(work.transaction, work.tenant_id, standing.key, answer)
    return answer


def start_case(
    work: UnitOfWork,
    *,
    school_id: UUID,
    municipality_id: UUID | None,
    workflow: str,
    definition_hash: str,
    guardian_id: UUID | None,
    subject_id: UUID | None = None,
    cause_id: UUID | None = None,
    invited_by: UUID | None = None,
) -> UUID:
    """Put a new case into the database, not yet moved: `load` and `take(Started())` come next."""
    row = cases.Case(
        id=new_id(),
        tenant_id=work.tenant_id,
        school_id=school_id,
        municipality_id=municipality_id,
        workflow=workflow,
        number=cases.next_number(work.session, work.tenant_id, "case"),
        definition_hash=definition_hash,
        subject_id=subject_id,
        guardian_id=guardian_id,
        cause_id=cause_id,
        status="open",
        marking=moves.CaseState().to_json(),
        revision=0,
        flags=[],
        invited_by=invited_by,
        opened_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    return row.id


def variant_of(work: UnitOfWork, school_id: UUID) -> str:
    """The variant of the model that a school runs."""
    school = schools.school(work.session, school_id)
    if school is None:
        raise NotFound(what="school")
    return school.variant


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


def fire_timer(work: UnitOfWork, timer_id: UUID) -> bool:
    """What a due timer does: remind, open a task for a person, or end a request without consent.

    Its own row goes first: when it is gone already, someone finished in time and nothing happens.
    """
    found = steps.take_timer(work.transaction, work.tenant_id, timer_id)
    if found is None:
        return False
    case_id, task_id, kind = found
    try:
        standing = load(work, case_id)
    except NotFound:
        return False
    if kind == "expire":
        return _expire(work, standing)
    task = next((t for t in standing.tasks if t.id == task_id and t.status == OPEN), None)
    if task is None:
        return False
    if kind == "remind":
        case_letters.remind(work, standing, task)
        return True
    return _overdue(work, standing, task)


def apply_inbox(work: UnitOfWork, inbox_id: UUID) -> bool:
    """Apply what another case asked of this one, under this case's own lock."""
    found = steps.take_inbox(work.transaction, work.tenant_id, inbox_id)
    if found is None:
        return False
    case_id, wish = found
    standing = load(work, case_id)
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
    take(work, standing, move, kind=f"inbox_{wish['move']}", data=wish)
    return True


def must_be_open(standing: Standing, task_id: UUID, *, revision: int | None = None) -> TaskRow:
    """The open task with this id.

    :raises AlreadyDone: when it was done meanwhile, with the state the browser did not see.
    """
    task = next((t for t in standing.tasks if t.id == task_id), None)
    if task is None:
        raise AlreadyDone(task=task_id, case=standing.case.id)
    if task.status == PAUSED:
        raise StageClosed(step=task.step, state="paused")
    if revision is not None and revision != standing.case.revision:
        raise AlreadyDone(task=task_id, case=standing.case.id)
    return task


def require(work: UnitOfWork, standing: Standing, permission: Permission) -> None:
    """The actor may do this with this case.

    A case out of the actor's reach is answered as a missing one.

    :raises NotFound: when it may not even be seen.
    :raises NotAllowed: when it may be seen but this may not be done.
    """
    if not can_see(work, standing):
        raise NotFound(what="case")
    policy.require(work.actor, permission, standing.thing)


def can_see(work: UnitOfWork, standing: Standing) -> bool:
    """Whether the actor may know that this case exists."""
    seeing = (
        Permission.CASE_OPEN,
        Permission.FAMILY_READ,
        Permission.CHILD_ANSWER,
    )
    actor = work.actor
    return actor.kind == "system" or any(
        policy.allowed(actor, permission, standing.thing) for permission in seeing
    )


def _carry_out(work: UnitOfWork, standing: Standing, effect: moves.Effect) -> None:
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


def _expire(work: UnitOfWork, standing: Standing) -> bool:
    answered = any(state == "given" for state in standing.consent_states.values())
    end = standing.compiled.end_by("expiry")
    if answered or end is None or standing.state.status == "ended":
        return False
    take(work, standing, moves.Closed(end), kind="expired")
    return True


def _overdue(work: UnitOfWork, standing: Standing, task: TaskRow) -> bool:
    stage = standing.compiled.stage_of(task.step)
    step = next((s for s in stage.steps if s.overdue is not None), None)
    if step is None or step.overdue is None:
        return False
    if standing.task(step.overdue.open) is not None:
        return False
    take(work, standing, moves.Raised(step.overdue.open), kind="overdue", data={"step": task.step})
    case_letters.to_role(work, standing, letter="overdue_to_coordinator", role="coordinator")
    return True
