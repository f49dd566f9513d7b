"""What a coordinator decides: reviews with four eyes, one by one or many, and staff tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import (
    AlreadyDone,
    Conflict,
    NotAllowed,
    NotFound,
    NotYours,
    Refused,
    StageClosed,
)
from server.kernel.ids import new_id
from server.services import evidence, persons
from server.services.cases import case_letters, steps
from server.services.cases.standing import Standing
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import cases, step_writes
from server.store import desk as desk_rows
from server.store.steps import TaskRow
from server.workflows import moves

LONGEST_COMMENT = 2000
# A second press, or a second coordinator, within this time would only annoy the family.
REMINDED_LATELY = timedelta(hours=1)
MOST_AT_ONCE = 100  # rows one bulk decision may name: a page of the desk holds 25
# What keeps one row of many from being decided, and no other: each row answers for itself.
OF_ONE_ROW = (NotFound, NotAllowed, Refused, Conflict)


@dataclass(frozen=True)
class Verdict:
    """What a decision came to: `state` is decided, or one_of_two while more people must agree."""

    state: str
    outcome: str
    case_id: UUID
    number: int


def decide(
    work: UnitOfWork,
    *,
    case_id: UUID,
    task_id: UUID,
    outcome: str,
    comment: str = "",
    revision: int | None = None,
    key: str | None = None,
    in_bulk: bool = False,
) -> Verdict:
    """Decide on one application.

    `revision` is the state the browser saw; `key` makes a repeat harmless; `in_bulk` takes only
    rows that this person has opened and that carry no flag (DECISIONS.md 34).

    :raises AlreadyDone: when someone was first, with who and when.
    :raises NotYours: when another person must decide, with the reason.
    :raises ConsentMissing: when a consent was withdrawn meanwhile.
    """
    reviewer = work.actor.person_id
    standing = steps.load(work, case_id, key=key, chain=True, reviewer_id=reviewer)
    if standing.is_repeat:
        return _verdict(standing, standing.repeat or {})
    steps.require(work, standing, Permission.CASE_DECIDE)
    task = _open_review(work, standing, task_id, revision)
    reason = not_mine(work, standing, task)
    if reason is not None:
        raise NotYours(reason=reason, permission="CASE_DECIDE")
    if in_bulk:
        _must_be_fit_for_bulk(work, standing, task)
    said = _comment(standing, task, outcome, comment)
    decision_id = new_id()
    taken = steps.take(
        work,
        standing,
        moves.Decided(task.step, outcome, _approvals(standing, task, outcome)),
        kind="decided",
        data={"step": task.step, "outcome": outcome, "decision": str(decision_id)},
    )
    _keep(work, standing, task, decision_id, outcome, said)
    decided = any(isinstance(effect, moves.CloseTask) for effect in taken.effects)
    if decided:
        _tell(work, standing, task, outcome)
    state = "decided" if decided else "one_of_two"
    return _verdict(standing, steps.finish(work, standing, {"state": state, "outcome": outcome}))


def must_decide_somewhere(work: UnitOfWork) -> None:
    """Whoever decides on many rows may decide at all; each row is asked for by itself then.

    :raises NotAllowed: when they may not, wherever the rows lie.
    """
    policy.require(work.actor, Permission.CASE_DECIDE, Thing())


def finish_task(
    work: UnitOfWork, *, case_id: UUID, task_id: UUID, outcome: str, key: str | None = None
) -> Verdict:
    """Finish a task that another step opened for staff: a call made, an application closed."""
    standing = steps.load(work, case_id, key=key, reviewer_id=work.actor.person_id)
    if standing.is_repeat:
        return _verdict(standing, standing.repeat or {})
    steps.require(work, standing, Permission.CASE_DECIDE)
    task = _open(work, standing, task_id, None)
    if task.kind != "staff":
        raise StageClosed(step=task.step, state="not_a_task")
    steps.take(
        work,
        standing,
        moves.TaskFinished(task.step, outcome),
        kind="task_finished",
        data={"task": task.step, "outcome": outcome},
    )
    if outcome == "resend":
        _resend(work, standing)
    if standing.state.status == "ended" and standing.case.cause_id is not None:
        step_writes.add_inbox(
            work.transaction,
            work.tenant_id,
            inbox_id=new_id(),
            case_id=standing.case.cause_id,
            move={"move": "closed", "cause": "withdrawal"},
            at=work.now,
        )
    return _verdict(
        standing, steps.finish(work, standing, {"state": "decided", "outcome": outcome})
    )


def remind(work: UnitOfWork, *, case_id: UUID, task_id: UUID) -> None:
    """Remind the family by hand; the link in the message is a fresh one.

    :raises Refused: when a message went out to the family within the last hour.
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.CASE_REMIND)
    task = _open(work, standing, task_id, None)
    if task.role not in ("guardian", "mentee"):
        raise StageClosed(step=task.step, state="not_a_family_task")
    newest = desk_rows.newest_letters(work.transaction, work.tenant_id, [case_id]).get(case_id)
    if newest is not None and work.now - newest.created_at < REMINDED_LATELY:
        raise Refused(reason="reminded_lately")
    case_letters.remind_now(work, standing, task)


def not_mine(work: UnitOfWork, standing: Standing, task: TaskRow) -> str | None:
    """Why this reviewer may not decide here, as a key of words; None when they may.

    Filling in is authorship, inviting a family is not (DECISIONS.md 34).
    """
    me = work.actor.person_id
    ruled_out = standing.compiled.not_by(task.step)
    authored = [standing.authors.get(form) for form in (ruled_out.author_of if ruled_out else ())]
    if me in authored:
        return "filled_in_by_you"
    if standing.own_family:
        return "own_family"
    if any(step == task.step and round_ == task.round and who == me for step, round_, who, _ in
           standing.approvals):  # fmt: skip
        return "decided_by_you"
    return None


def _open_review(
    work: UnitOfWork, standing: Standing, task_id: UUID, revision: int | None
) -> TaskRow:
    task = _open(work, standing, task_id, revision)
    if task.kind != "review":
        raise StageClosed(step=task.step, state="not_a_review")
    return task


def _open(work: UnitOfWork, standing: Standing, task_id: UUID, revision: int | None) -> TaskRow:
    try:
        return steps.must_be_open(standing, task_id, revision=revision)
    except AlreadyDone:
        raise _who_was_first(work, standing, task_id) from None


def _who_was_first(work: UnitOfWork, standing: Standing, task_id: UUID) -> AlreadyDone | NotFound:
    task = cases.task(work.session, task_id)
    if task is None or task.case_id != standing.case.id:
        return NotFound(what="task")
    by = persons.names(work, [task.done_by]).get(task.done_by) if task.done_by else None
    at: datetime | None = task.closed_at
    return AlreadyDone(task=task_id, case=standing.case.id, at=at, outcome=task.outcome, by=by)


def _approvals(standing: Standing, task: TaskRow, outcome: str) -> int:
    """How many different people accepted in this round, this one included."""
    before = {
        who
        for step, round_, who, said in standing.approvals
        if step == task.step and round_ == task.round and said == outcome
    }
    return len(before) + 1


def _comment(standing: Standing, task: TaskRow, outcome: str, comment: str) -> str:
    found = standing.compiled.outcome(task.step, outcome)
    said = remark(comment)
    if found is None:
        raise Refused(reason="outcome_unknown", outcome=outcome)
    if found.comment == "required" and not said:
        raise Refused(reason="comment_needed", outcome=outcome)
    if len(said) > LONGEST_COMMENT:
        raise Refused(reason="comment_long", most=LONGEST_COMMENT)
    return said


def _must_be_fit_for_bulk(work: UnitOfWork, standing: Standing, task: TaskRow) -> None:
    child, me = standing.case.subject_id, work.actor.person_id
    assert child is not None
    assert me is not None
    if standing.case.flags:
        raise NotYours(reason="flagged", permission="CASE_DECIDE")
    if not desk_rows.opened_since(work.session, {child: task.opened_at}, me):
        raise NotYours(reason="not_opened", permission="CASE_DECIDE")


def _keep(
    work: UnitOfWork,
    standing: Standing,
    task: TaskRow,
    decision_id: UUID,
    outcome: str,
    comment: str,
) -> None:
    child, me = standing.case.subject_id, work.actor.person_id
    assert child is not None
    assert me is not None
    sealed = (
        work.keyring.seal({"comment": comment}, table="decision", row=decision_id, subject=child)
        if comment
        else None
    )
    step_writes.add_decision(
        work.transaction,
        work.tenant_id,
        decision_id=decision_id,
        case_id=standing.case.id,
        step=task.step,
        round=task.round,
        person_id=me,
        outcome=outcome,
        sealed_comment=sealed,
        at=work.now,
    )
    evidence.append(
        work,
        type="case_decided",
        subject_id=child,
        body={
            "case": standing.case.id,
            "outcome": outcome,
            "step": task.step,
            "workflow": standing.case.workflow,
            "definition_hash": standing.case.definition_hash,
            "actor": me,
        },
        head=standing.head,
    )


def comment_of(work: UnitOfWork, row: cases.Decision, *, child_id: UUID | None) -> str | None:
    """What was written beside a decision, if anything was and the child is still here."""
    if row.sealed_comment is None or not work.keyring.knows(child_id):
        return None
    assert child_id is not None
    opened = work.keyring.open(row.sealed_comment, table="decision", row=row.id, subject=child_id)
    return str(opened["comment"])


def _tell(work: UnitOfWork, standing: Standing, task: TaskRow, outcome: str) -> None:
    """A return tells who must fill in again; ends have their letters in the definition."""
    found = standing.compiled.outcome(task.step, outcome)
    if found is None or found.back_to is None:
        return
    reopened = standing.task(found.back_to)
    if reopened is not None:
        case_letters.to_family(work, standing, letter="returned", role=reopened.role)


def _resend(work: UnitOfWork, standing: Standing) -> None:
    """A new link to whom the application waits for, not to whom something optional is offered."""
    mine = [task for task in standing.tasks if task.role in case_letters.FAMILY]
    held_up = [t for t in mine if not standing.compiled.stage_of(t.step).optional]
    waiting = next(iter(held_up or mine), None)
    if waiting is not None:
        case_letters.to_family(work, standing, letter="resume_link", role=waiting.role)


def _verdict(standing: Standing, result: Mapping[str, Any]) -> Verdict:
    return Verdict(
        state=result.get("state", "decided"),
        outcome=result.get("outcome", ""),
        case_id=standing.case.id,
        number=standing.case.number,
    )
