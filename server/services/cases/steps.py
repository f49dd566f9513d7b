"""One step of a case: lock, look again, advance, write. Every change of a case goes through here.

Two round trips: `load` brings and locks everything, the commit carries everything queued. Services
gather what is theirs in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission
from server.forms.definition import Role
from server.kernel.errors import AlreadyDone, NotFound, StageClosed
from server.kernel.ids import new_id
from server.services import evidence
from server.services.cases import consequences
from server.services.cases.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import cases, schools, step_writes, steps
from server.store.cases import PAUSED
from server.store.steps import Lock, TaskRow
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
    _write_down(
        work, standing, kind=kind, actor_id=actor_id, on_behalf_of=on_behalf_of, data=data or {}
    )
    for effect in taken.effects:
        consequences.carry_out(work, standing, effect)
    if taken.state.status == "paused":
        # Also the one that ends a request: nothing of a paused case goes on by itself.
        step_writes.drop_case_timers(work.transaction, work.tenant_id, standing.case.id)
    return taken


def note(work: UnitOfWork, standing: Standing, *, kind: str) -> None:
    """Write down what happened beside the way: the case stands where it stood."""
    _write_down(work, standing, kind=kind)


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


def _write_down(
    work: UnitOfWork,
    standing: Standing,
    *,
    kind: str,
    actor_id: UUID | None = None,
    on_behalf_of: UUID | None = None,
    data: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write where the case stands now and what happened, as its next revision."""
    revision = standing.case.revision + 1
    marking = standing.state.to_json()
    standing.case = standing.case._replace(
        revision=revision, status=standing.state.status, marking=marking
    )
    step_writes.save_case(
        work.transaction,
        work.tenant_id,
        standing.case,
        marking=marking,
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
        data=dict(data),
    )
