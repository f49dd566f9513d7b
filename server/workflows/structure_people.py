"""Whether somebody can do what a workflow asks: parties that are reached, roles that may act,
people enough for the approvals."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.kernel.yaml import Path
from server.workflows.definition import (
    AgeRow,
    Bounded,
    ChooseStep,
    FormStep,
    ReviewStep,
    WorkflowSpec,
)

# These come by a link of their own; everybody else holds a role at a school.
FAMILY = ("guardian", "mentee")


@dataclass(frozen=True, slots=True)
class Offices:
    """Which roles of staff may do what, as the permission table has it (model/checks.py)."""

    start: frozenset[str]  # invite a family
    fill: frozenset[str]  # fill in a form of an application
    decide: frozenset[str]
    finish: frozenset[str]  # see a task on the desk and finish it


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its code, where it stands, by ids as well, and its facts."""

    code: str
    path: Path
    at: str
    facts: Mapping[str, Any]


def people_faults(
    spec: WorkflowSpec, offices: Offices, numbers: Mapping[str, int]
) -> Iterator[Fault]:
    """Everything that nobody could do; names that are not there at all are looked up elsewhere.

    `numbers` are the values of counting parameters in force (`{"P13": 2}`).
    """
    return _People(spec, offices, numbers).all()


class _People:
    """The parties of one workflow, and what each of them may do."""

    def __init__(self, spec: WorkflowSpec, offices: Offices, numbers: Mapping[str, int]) -> None:
        self.spec = spec
        self.offices = offices
        self.numbers = numbers
        self.authors = {step.id: _fillers(step) for stage in spec.stages for step in stage.steps}

    def all(self) -> Iterator[Fault]:
        yield from self._parties()
        for index, start in enumerate(self.spec.start):
            at: Path = ("start", index, "by")
            yield from self._may("ROLE-STARTS", start.by, self.offices.start, at, "start")
        for index, stage in enumerate(self.spec.stages):
            for number, step in enumerate(stage.steps):
                path: Path = ("stages", index, "steps", number)
                if isinstance(step, FormStep):
                    yield from self._fills(step, path, step.id)
                elif isinstance(step, ChooseStep):
                    for line, row in enumerate(step.rows):
                        yield from self._fills(row, (*path, "rows", line), step.id)
                elif isinstance(step, ReviewStep):
                    yield from self._decides(step, path)
        for index, task in enumerate(self.spec.tasks):
            at = ("tasks", index, "for")
            yield from self._may(
                "ROLE-TASKS", task.for_, self.offices.finish, at, task.task, family=False
            )

    def _parties(self) -> Iterator[Fault]:
        for role, party in self.spec.parties.items():
            in_family = role in FAMILY
            if (party.reach if in_family else party.scope) is None:
                key = "reach: link" if in_family else "scope: school"
                yield Fault("PARTY-UNREACHED", ("parties", role), role, {"party": role, "key": key})

    def _may(
        self,
        code: str,
        role: str,
        able: Collection[str],
        path: Path,
        at: str,
        *,
        family: bool = True,
    ) -> Iterator[Fault]:
        allowed = [*(FAMILY if family else ()), *sorted(able)]
        if role in self.spec.parties and role not in allowed:
            yield Fault(code, path, at, {"role": role, "allowed": allowed})

    def _fills(self, way: FormStep | AgeRow, path: Path, at: str) -> Iterator[Fault]:
        yield from self._may("ROLE-FILLS", way.by, self.offices.fill, (*path, "by"), at)

    def _decides(self, step: ReviewStep, path: Path) -> Iterator[Fault]:
        for number, role in enumerate(step.by):
            at: Path = (*path, "by", number)
            yield from self._may(
                "ROLE-DECIDES", role, self.offices.decide, at, step.id, family=False
            )
        barred = {
            role
            for name in (step.not_by.author_of if step.not_by else ())
            for role in self.authors.get(name, ())
        }
        free = {role for role in step.by if not (self._is_one_person(role) and role in barred)}
        wanted = step.approvals
        needed = self.numbers.get(wanted.bound, 1) if isinstance(wanted, Bounded) else wanted
        if not free:
            facts: dict[str, Any] = {"step": step.id, "roles": list(step.by)}
            yield Fault("NOBODY-ACTS", (*path, "not_by"), step.id, facts)
        elif len(free) < needed and all(self._is_one_person(role) for role in free):
            facts = {"step": step.id, "approvals": needed, "people": len(free)}
            yield Fault("APPROVALS-FEW", (*path, "approvals"), step.id, facts)

    def _is_one_person(self, role: str) -> bool:
        """Whoever is reached by a link is one person; a role at a school may be held by many."""
        party = self.spec.parties.get(role)  # type: ignore[call-overload]  # any role may be asked for
        return party is not None and party.scope is None


def _fillers(step: object) -> tuple[str, ...]:
    if isinstance(step, FormStep):
        return (step.by,)
    return tuple(row.by for row in step.rows) if isinstance(step, ChooseStep) else ()
