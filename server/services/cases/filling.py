"""Forms filled in: by the guardian, by the child, or by a coordinator on behalf of the family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from server.access import policy
from server.access.policy import Permission
from server.forms.definition import FormSpec
from server.forms.flags import flags
from server.kernel.errors import AnswersRefused, ConsentMissing, NotAllowed, NotFound, StageClosed
from server.kernel.ids import new_id
from server.kernel.text import Text
from server.services import evidence
from server.services.cases import decisions, steps
from server.services.cases.standing import Standing
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, step_writes
from server.store.steps import TaskRow
from server.workflows import moves


@dataclass(frozen=True)
class Read:
    """What a door read of a form: values, and problems by field."""

    values: Mapping[str, Any]
    problems: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenForm:
    """A form ready to be filled in: its definition and what was answered the last time."""

    form: FormSpec
    values: Mapping[str, Any]
    comment: str | None  # why it was returned
    task_id: UUID
    revision: int


Reading = Callable[[FormSpec], Read]


def open_form(work: UnitOfWork, *, case_id: UUID, step: str) -> OpenForm:
    """The form of an open step for whoever may fill it in now.

    What a child wrote is never shown again to the guardian, nor after a hand-over (DECISIONS 9):
    only a returned form brings back its own answers, and only to who wrote it. A child who came by
    the guardian's phone proved nothing, so it starts anew: who holds the phone now is not known.
    A coordinator who enters it for the family goes on from what the card shows anyway.
    """
    standing = steps.load(work, case_id)
    task = _task(work, standing, step)
    form = standing.compiled.forms[task.form or step]
    mine = _last_answer(work, standing, step)
    return OpenForm(
        form=form,
        values=mine,
        comment=_comment(work, standing) if task.round > 1 else None,
        task_id=task.id,
        revision=standing.case.revision,
    )


def fill(
    work: UnitOfWork, *, case_id: UUID, step: str, read: Reading, key: str | None = None
) -> dict[str, Any]:
    """Take a filled-in form: keep the answers sealed, and go on.

    :raises AnswersRefused: with everything that is wrong.
    :raises StageClosed: when the step is not open for this actor now.
    """
    standing = steps.load(work, case_id, key=key)
    if standing.is_repeat:
        return standing.repeat or {}
    task = _task(work, standing, step)
    form_id = task.form or step
    form = standing.compiled.forms[form_id]
    found = read(form)
    if found.problems:
        raise AnswersRefused(problems=found.problems, labels=labels_of(form))
    hits = list(flags(form, found.values, standing.ready.danger_words))
    answer = keep_answer(work, standing, step=step, form=form_id, values=found.values, flags=hits)
    behalf = standing.case.subject_id if work.actor.kind in ("staff", "token") else None
    taken = steps.take(
        work,
        standing,
        moves.Filled(step, found.values),
        kind="filled",
        data={"step": step, "form": form_id, "answer": str(answer)},
        on_behalf_of=behalf,
    )
    if hits:
        step_writes.flag_case(
            work.transaction,
            work.tenant_id,
            case_id,
            sorted({*standing.case.flags, *(f"{form_id}.{name}" for name in hits)}),
        )
    if taken.state.end == "declined_by_child":
        _note_no(work, standing, step)
    return steps.finish(work, standing, {"case": str(case_id), "end": taken.state.end})


def keep_answer(
    work: UnitOfWork,
    standing: Standing,
    *,
    step: str,
    form: str,
    values: Mapping[str, Any],
    flags: list[str],
) -> UUID:
    """Store a submission under the child's key; a correction is a new row."""
    subject = standing.case.subject_id
    author = work.actor.person_id
    assert subject is not None
    assert author is not None
    answer_id = new_id()
    task = standing.task(step)
    staff = work.actor.kind in ("staff", "token")
    step_writes.add_answer(
        work.transaction,
        work.tenant_id,
        answer_id=answer_id,
        case_id=standing.case.id,
        step=step,
        form=form,
        form_hash=standing.ready.bundle.hashes[f"form:{form}"],
        round=task.round if task else 1,
        subject_id=subject,
        sealed=work.keyring.seal(plain(values), table="answer", row=answer_id, subject=subject),
        flags=flags,
        author_id=author,
        author_role=work.actor.role,
        on_behalf_of=subject if staff else None,
        at=work.now,
    )
    return answer_id


def labels_of(form: FormSpec) -> dict[str, Text]:
    """The questions of a form by field: a refusal names the question, not the field."""
    return {field.field: field.label for field in form.fields}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as JSON keeps them: dates as ISO text."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }


def _task(work: UnitOfWork, standing: Standing, step: str) -> TaskRow:
    """The open task of this step, if this actor is who it waits for."""
    if not steps.can_see(work, standing):
        raise NotFound(what="case")
    task = standing.task(step)
    if task is None or task.kind != "form":
        raise StageClosed(step=step, state=standing.state.status)
    actor = work.actor
    if actor.kind in ("staff", "token"):
        policy.require(actor, Permission.CASE_FILL_FOR_FAMILY, standing.thing)
        gate = standing.compiled.gate_of(step)
        if not gate:
            # Who is asked before any consent, and the child's own voice, nobody answers for them.
            raise NotAllowed(permission="CASE_FILL_FOR_FAMILY", step=step)
        missing = [n for n in gate if standing.consent_states.get(n) not in moves.LIVE]
        if missing:
            raise ConsentMissing(step=step, missing=tuple(missing))
    elif actor.kind != task.role:
        raise StageClosed(step=step, state="not_yours")
    return task


def _last_answer(work: UnitOfWork, standing: Standing, step: str) -> Mapping[str, Any]:
    subject = standing.case.subject_id
    task = standing.task(step)
    if subject is None or task is None or task.round == 1:
        return {}
    if work.actor.kind == "mentee" and not work.actor.assured:
        return {}
    answers = [row for row in cases.answers_of(work.session, standing.case.id) if row.step == step]
    on_card = _reads_the_card(work, standing)
    mine = [
        row
        for row in answers
        if on_card
        or (
            row.author_id == work.actor.person_id
            # Whoever holds the contact of now need not be who wrote by the one before
            # (CONSENT.md R23).
            and str(row.id) not in standing.subject.get("wrote_before", ())
        )
    ]
    if not mine:
        return {}
    opened: Mapping[str, Any] = work.keyring.open(
        mine[-1].sealed, table="answer", row=mine[-1].id, subject=subject
    )
    return _for_staff(standing.compiled.forms[task.form or step], opened) if on_card else opened


def _reads_the_card(work: UnitOfWork, standing: Standing) -> bool:
    """Whoever enters for the family goes on from the newest answers, where the card shows them."""
    child_id = standing.case.subject_id
    return (
        work.actor.kind == "staff"
        and child_id is not None
        and policy.allowed(work.actor, Permission.CASE_OPEN, standing.thing)
        and consents.is_processing_given(work.session, child_id)
    )


def _for_staff(form: FormSpec, values: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = [one.field for one in form.fields if not one.readers or "coordinator" in one.readers]
    return {name: values[name] for name in shown if name in values}


def _comment(work: UnitOfWork, standing: Standing) -> str | None:
    """Why the form came back, in the reviewer's words."""
    found = [
        row
        for row in cases.decisions_of(work.session, standing.case.id)
        if row.outcome == "return" and row.sealed_comment is not None
    ]
    child_id = standing.case.subject_id
    return decisions.comment_of(work, found[-1], child_id=child_id) if found else None


def _note_no(work: UnitOfWork, standing: Standing, step: str) -> None:
    evidence.append(
        work,
        type="child_said_no",
        subject_id=standing.case.subject_id,
        body={"request": standing.case.id, "workflow": standing.case.workflow, "step": step},
    )
