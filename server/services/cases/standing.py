"""A locked case as one transaction sees it: its rows, its state, its definitions at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from server.access.policy import Thing
from server.consents.signers import age_on, day_in
from server.evidence.chain import Head
from server.forms.definition import Role
from server.services.bundles import Ready
from server.store.cases import OPEN
from server.store.steps import CaseRow, ConsentRow, TaskRow
from server.workflows import moves
from server.workflows.compiled import Compiled


@dataclass
class Standing:
    """A locked case as this transaction sees it, moving as steps are taken."""

    case: CaseRow
    state: moves.CaseState
    tasks: list[TaskRow]
    consents: dict[str, ConsentRow]
    ready: Ready
    head: Head | None  # of the chain, where the step locked it; else whoever appends does
    subject: dict[str, Any]  # opened: name, birth, contact
    authors: Mapping[str, UUID]
    approvals: list[tuple[str, int, UUID, str]]
    own_family: bool = False
    repeat: dict[str, Any] | None = None
    is_repeat: bool = False
    key: str | None = None
    only: frozenset[str] | None = None  # of a package, the consents that are asked at all
    consent_states: dict[str, str] = field(default_factory=dict)
    owed: frozenset[Role] = frozenset()

    @property
    def compiled(self) -> Compiled:
        """The workflow this case runs, as it was when it started."""
        return self.ready.workflows[self.case.workflow]

    @property
    def thing(self) -> Thing:
        """The case as the permission table sees it."""
        row = self.case
        return Thing(row.school_id, row.municipality_id, row.id, row.guardian_id, row.subject_id)

    @property
    def birth(self) -> date | None:
        """The subject's birth date, once it is known."""
        raw = self.subject.get("birth")
        return date.fromisoformat(raw) if raw else None

    def task(self, step: str, role: str | None = None) -> TaskRow | None:
        """The open task of a step, for a role if one is named."""
        return next(
            (
                task
                for task in self.tasks
                if task.step == step and task.status == OPEN and role in (None, task.role)
            ),
            None,
        )

    def age(self, now: datetime) -> int | None:
        """Whole years of the subject at the school today (R15)."""
        return age_on(self.birth, day_in(self.case.zone, now)) if self.birth else None
