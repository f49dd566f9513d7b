"""Rows of the worklist: what is needed, why it cannot go on, and whether it is mine to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.signers import age_on, day_in
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, desk, people, schools
from server.store.desk import DeskRow, LetterRow
from server.store.steps import due_of
from server.workflows.compiled import Compiled
from server.workflows.definition import ChooseStep, ReviewStep

# The child's own word is a sign beside the consents; its states are told in their words.
_VOICE_STATE = {"done": "given", "stopped": "refused"}


@dataclass(frozen=True)
class Sign:
    """One consent as a sign on the board: what it is about, and where it stands.

    `consent` is the consent's id, or the id of the step in which the child is asked.
    """

    consent: str
    title: Text
    state: str  # one of the ten names, or not_asked
    owed: tuple[str, ...] = ()


LetterLine = LetterRow  # a letter and how far it got, as pages know it


class Choice(NamedTuple):
    """One way to end a task; `comment` is required, optional or none."""

    id: str
    label: Text
    comment: str = "none"


@dataclass(frozen=True)
class WorkRow:
    """One row of the worklist."""

    task_id: UUID
    case_id: UUID
    number: int
    workflow: str
    step: str
    kind: str
    role: str
    label: Text
    revision: int
    child_name: str | None  # None before it is known, or when it may not be shown
    hidden: bool  # the name is kept back: processing was withdrawn
    age: int | None
    place: str | None
    signs: tuple[Sign, ...]
    due_at: datetime | None
    overdue: bool
    blocked: str | None  # a key of words: why it is not mine to decide
    opened: bool  # I have looked at the card since it waits for a decision
    flags: tuple[str, ...]
    duplicate: bool
    approvals: tuple[int, int]  # so far, wanted
    accepted_by: tuple[str, ...]  # who has accepted so far
    waits_for: Text | None  # what the family has not done yet
    letter: LetterRow | None  # the newest one to the family
    outcomes: tuple[Choice, ...]

    @property
    def selectable(self) -> bool:
        """Whether the row may be part of a bulk decision."""
        return self.kind == "review" and self.blocked is None and self.opened and not self.flags


class Listed:
    """Rows of a page with everything they show, read in a fixed number of queries."""

    def __init__(self, work: UnitOfWork, school: schools.School, rows: Sequence[DeskRow]) -> None:
        self.work = work
        self.school = school
        self.found = rows
        self.today = day_in(school.zone, work.now)
        session = work.session
        me = work.actor.person_id
        case_ids = [row.case_id for row in rows]
        children = [row.subject_id for row in rows if row.subject_id]
        looks = {
            row.subject_id: row.opened_at for row in rows if row.subject_id and row.kind == "review"
        }
        self.people = people.people(session, children)
        work.keyring.load(children)
        self.board = board(work, children)
        self.authors = cases.authors(session, case_ids)
        self.decided = cases.decisions_in(session, case_ids)
        self.letters = desk.newest_letters(work.transaction, work.tenant_id, case_ids)
        self.opened = desk.opened_since(session, looks, me) if me else set()
        self.own = people.same_contact(session, me) if me else set()
        self.names = persons.names(work, {one for row in rows for one in self._accepted(row)})

    def rows(self, places: Mapping[UUID, str]) -> list[WorkRow]:
        """The rows, in their order."""
        return [self._row(row, places) for row in self.found]

    def _row(self, row: DeskRow, places: Mapping[UUID, str]) -> WorkRow:
        ready = self.work.ready(row.definition_hash, self.school.variant)
        compiled = ready.workflows[row.workflow]
        held = self.board.get(row.subject_id, {}) if row.subject_id else {}
        hidden = is_hidden(held)
        child = self.people.get(row.subject_id) if row.subject_id else None
        content = persons.read(self.work, child) if child and not hidden else {}
        birth = content.get("birth")
        due = due_of(row.due_at)
        accepted = self._accepted(row)
        return WorkRow(
            task_id=row.task_id,
            case_id=row.case_id,
            number=row.number,
            workflow=row.workflow,
            step=row.step,
            kind=row.kind,
            role=row.role,
            label=compiled.label(row.step),
            revision=row.revision,
            child_name=content.get("name"),
            hidden=hidden,
            age=age_on(date.fromisoformat(birth), self.today) if birth else None,
            place=places.get(row.municipality_id) if row.municipality_id else None,
            signs=() if hidden else signs_of(ready.bundle, compiled, held, row.steps),
            due_at=due,
            overdue=due is not None and due < self.work.now,
            blocked=self._blocked(compiled, row, accepted),
            opened=row.subject_id in self.opened,
            flags=tuple(row.flags),
            duplicate=row.duplicate and not hidden,
            approvals=(len(accepted), compiled.approvals(row.step) if row.kind == "review" else 1),
            accepted_by=tuple(self.names[one] for one in accepted if one in self.names),
            waits_for=_waits_for(compiled, row.steps),
            letter=self.letters.get(row.case_id),
            outcomes=choices(compiled, row.step, row.kind),
        )

    def _blocked(self, compiled: Compiled, row: DeskRow, accepted: Iterable[UUID]) -> str | None:
        if row.kind not in ("review", "staff"):
            return None
        me = self.work.actor.person_id
        here = Thing(row.school_id, municipality_id=row.municipality_id, case_id=row.case_id)
        if not policy.allowed(self.work.actor, Permission.CASE_DECIDE, here):
            return "not_your_role"
        if row.kind != "review":
            return None
        ruled_out = compiled.not_by(row.step)
        forms = self.authors.get(row.case_id, {})
        if ruled_out and me in [forms.get(form) for form in ruled_out.author_of]:
            return "filled_in_by_you"
        if self.own & {row.subject_id, row.guardian_id}:
            return "own_family"
        return "decided_by_you" if any(one == me for one in accepted) else None

    def _accepted(self, row: DeskRow) -> list[UUID]:
        """Who accepted in this round, in the order they did."""
        said = [
            one.person_id
            for one in self.decided.get(row.case_id, [])
            if one.step == row.step and one.round == row.round and one.outcome == "accept"
        ]
        return list(dict.fromkeys(said)) if row.kind == "review" else []


def board(work: UnitOfWork, children: list[UUID]) -> dict[UUID, dict[str, Sign]]:
    """The newest consent of each kind for each child: child → consent → sign."""
    found: dict[UUID, dict[str, Sign]] = {}
    for row in consents.board(work.session, children):
        title = Text({"en": row.consent})
        sign = Sign(row.consent, title, row.state, tuple(row.owed))
        found.setdefault(row.subject_id, {})[row.consent] = sign
    return found


def is_hidden(held: Mapping[str, Sign]) -> bool:
    """After processing was withdrawn staff see number, state and dates only (DECISIONS 10)."""
    found = held.get("processing")
    return found is not None and found.state == "withdrawn"


def signs_of(
    bundle: Bundle, compiled: Compiled, held: Mapping[str, Sign], steps: Mapping[str, Any]
) -> tuple[Sign, ...]:
    """What a decision waits for, in the order of the flow: consents, and the child's own word."""
    signs = []
    for stage in compiled.spec.stages:
        if stage.optional:
            continue
        for step in compiled.package(stage.stage):
            title = bundle.consents[step.consent].title
            found = held.get(step.consent)
            state, owed = (found.state, found.owed) if found else ("not_asked", ())
            signs.append(Sign(step.consent, title, state, owed))
        signs += [
            Sign(step.id, stage.title or compiled.label(step.id), _voice(steps, step.id))
            for step in stage.steps
            if isinstance(step, ChooseStep)
        ]
    return tuple(signs)


def choices(compiled: Compiled, step: str, kind: str) -> tuple[Choice, ...]:
    """The ways a task may end: the outcomes of a review, or those of a staff task."""
    if kind == "staff":
        spec = compiled.task(step)
        return tuple(
            Choice(one, spec.done_labels.get(one) or Text({"en": one})) for one in spec.done
        )
    if kind == "review":
        review = compiled.step(step)
        assert isinstance(review, ReviewStep)
        return tuple(Choice(one.outcome, one.label, one.comment) for one in review.outcomes)
    return ()


def _voice(steps: Mapping[str, Any], step: str) -> str:
    held = steps.get(step)
    return _VOICE_STATE.get(held[0], "requested") if held else "not_asked"


def _waits_for(compiled: Compiled, steps: Mapping[str, Any]) -> Text | None:
    """What the family has not done yet, by the case's own state."""
    for name, (status, *_) in steps.items():
        node = name.partition(".")[0]
        if status != "open" or compiled.kind(node) not in ("form", "sign"):
            continue
        if not compiled.stage_of(node).optional:
            return compiled.label(node)
    return None
