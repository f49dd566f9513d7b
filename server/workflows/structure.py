"""What one workflow says of itself and of its forms and consents: names, ages, order, people.

Looks at the written file alone, no run of it; what can only be seen by running is proofs.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from server.consents.definition import ConsentSpec
from server.forms.definition import FieldSpec, FormSpec
from server.kernel.problems import Place, Problem
from server.workflows.definition import (
    OLDEST,
    YOUNGEST,
    AgeRow,
    ChooseStep,
    ConsentStep,
    FormStep,
    NotifyStep,
    ReviewStep,
    Stage,
    Step,
    StopOn,
    WaitOn,
    WorkflowSpec,
)
from server.workflows.structure_people import FAMILY, Offices, people_faults
from server.workflows.structure_times import time_faults

Path = tuple[str | int, ...]
PlaceOf = Callable[[Path], Place | None]


def nowhere(_: Path) -> Place | None:
    """The place of what was not read from a file: none."""
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a workflow and is no definition: who may act, which letters there are.

    `numbers` are the values of counting parameters in force, `raised` the staff tasks that
    withdrawals of consents open.
    """

    offices: Offices
    letters_to_family: frozenset[str]
    letters_to_staff: frozenset[str]
    numbers: Mapping[str, int] = field(default_factory=dict)
    raised: frozenset[str] = frozenset()


def check_structure(
    spec: WorkflowSpec,
    forms: Mapping[str, FormSpec],
    consents: Mapping[str, ConsentSpec],
    *,
    around: Around,
    place_of: PlaceOf = nowhere,
) -> list[Problem]:
    """Every contradiction of a workflow with itself, its forms, its consents and who may act."""
    return _Structure(spec, forms, consents, around, place_of).check()


class _Structure:
    """The names of one workflow, and the problems found so far."""

    def __init__(
        self,
        spec: WorkflowSpec,
        forms: Mapping[str, FormSpec],
        consents: Mapping[str, ConsentSpec],
        around: Around,
        place_of: PlaceOf,
    ) -> None:
        self.spec = spec
        self.forms = forms
        self.consents = consents
        self.around = around
        self.place_of = place_of
        self.found: list[Problem] = []
        self.stage_index = {stage.stage: index for index, stage in enumerate(spec.stages)}
        self.steps = {step.id: step for stage in spec.stages for step in stage.steps}
        self.home = {
            step.id: index for index, stage in enumerate(spec.stages) for step in stage.steps
        }
        self.asked = [name for name, step in self.steps.items() if isinstance(step, ConsentStep)]
        self.fillable = [
            name for name, step in self.steps.items() if isinstance(step, FormStep | ChooseStep)
        ]
        self.tasks = [task.task for task in spec.tasks]

    def check(self) -> list[Problem]:
        self._unique()
        self._start()
        for index, stage in enumerate(self.spec.stages):
            self._stage(stage, ("stages", index))
        if all(stage.optional for stage in self.spec.stages):
            self.note("STAGES-OPTIONAL", ("stages",), self.spec.workflow)
        self._tasks()
        self._ends()
        self._requires()
        for fault in (
            *people_faults(self.spec, self.around.offices, self.around.numbers),
            *time_faults(self.spec, self.around.raised),
        ):
            self.note(fault.code, fault.path, fault.at, **fault.facts)
        return self.found

    # Saying what is wrong -----------------------------------------------------------------------

    def note(self, code: str, path: Path, at: str, **facts: Any) -> None:
        at = at if at.startswith(self.spec.workflow) else f"{self.spec.workflow}.{at}"
        self.found.append(Problem(code, facts, self.place_of(path), at))

    def must_know(
        self, what: str, given: str | None, known: Iterable[str], path: Path, at: str
    ) -> None:
        """Refuse a name that nothing has; None says nothing."""
        names = list(known)
        if given is None or given in names:
            return
        meant = get_close_matches(given, names, n=1, cutoff=0.6)
        facts = {"what": what, "given": given, "known": names, "meant": meant[0] if meant else ""}
        self.note("TARGET-UNKNOWN", path, at, **facts)

    def _must_be_required(self, name: str, path: Path, at: str) -> None:
        """Refuse that a way ends or waits for a consent that may be refused (CONSENT.md R12)."""
        consent = self.consents.get(name)
        if consent is None or consent.required:
            return
        known = [one for one in self.asked if one in self.consents and self.consents[one].required]
        self.note("CONSENT-FREE", path, at, consent=name, known=known)

    # The parts of a workflow --------------------------------------------------------------------

    def _unique(self) -> None:
        self._once("stage", ((s.stage, ("stages", i)) for i, s in enumerate(self.spec.stages)))
        self._once("step", self._node_ids())
        self._once("end", ((end, ("ends", i)) for i, end in enumerate(self.spec.ends)))

    def _node_ids(self) -> Iterator[tuple[str, Path]]:
        for index, stage in enumerate(self.spec.stages):
            for number, step in enumerate(stage.steps):
                yield step.id, ("stages", index, "steps", number)
            others = [name for name, home in self.home.items() if home != index]
            if stage.stage in others and any(isinstance(s, ConsentStep) for s in stage.steps):
                # A package is known by its stage's id, so no step elsewhere may have it.
                yield stage.stage, ("stages", index, "stage")
        for index, task in enumerate(self.spec.tasks):
            yield task.task, ("tasks", index, "task")

    def _once(self, what: str, ids: Iterable[tuple[str, Path]]) -> None:
        seen: set[str] = set()
        for name, path in ids:
            if name in seen:
                self.note("ID-TWICE", path, name, what=what, id=name)
            seen.add(name)

    def _start(self) -> None:
        for index, start in enumerate(self.spec.start):
            path: Path = ("start", index)
            self.must_know("party", start.by, self.spec.parties, (*path, "by"), "start")
            self.must_know("form", start.form, self.forms, (*path, "form"), "start")

    def _stage(self, stage: Stage, path: Path) -> None:
        consents = [step for step in stage.steps if isinstance(step, ConsentStep)]
        if consents and len(consents) < len(stage.steps):
            self.note("STAGE-MIXED", path, stage.stage, stage=stage.stage)
        if len(consents) > 1 and stage.sign is None:
            self.note("NOT-BUILT", path, stage.stage, what="a code for each document")
        if stage.own_steps is not None:
            self.note("NOT-BUILT", (*path, "own_steps"), stage.stage, what="own_steps")
        for name, end in stage.refused.items():
            at = (*path, "refused", name)
            own = [step.consent for step in consents]
            self.must_know("consent", name, own, at, stage.stage)
            self.must_know("end", end, self.spec.ends, at, stage.stage)
            self._must_be_required(name, at, stage.stage)
        self._gate(stage, path)
        for number, step in enumerate(stage.steps):
            self._step(step, (*path, "steps", number))

    def _gate(self, stage: Stage, path: Path) -> None:
        if stage.gate is None:
            return
        here = self.stage_index[stage.stage]
        for number, name in enumerate(stage.gate.given):
            at: Path = (*path, "gate", "given", number)
            self.must_know("consent", name, self.asked, at, stage.stage)
            self._must_be_required(name, at, stage.stage)
            if self.home.get(name, -1) >= here:
                self.note("GATE-LATE", at, stage.stage, stage=stage.stage, name=name)
        for number, name in enumerate(stage.gate.done):
            at = (*path, "gate", "done", number)
            self.must_know("step", name, [*self.steps, *self.stage_index], at, stage.stage)
            if self.home.get(name, self.stage_index.get(name, -1)) >= here:
                self.note("GATE-LATE", at, stage.stage, stage=stage.stage, name=name)

    def _step(self, step: Step, path: Path) -> None:
        if step.overdue is not None:
            self.must_know(
                "task", step.overdue.open, self.tasks, (*path, "overdue", "open"), step.id
            )
            if step.due is None:
                self.note("OVERDUE-NEVER", (*path, "overdue"), step.id, step=step.id)
        if isinstance(step, FormStep):
            self._way(step, path, step.id)
        elif isinstance(step, ChooseStep):
            self._choice(step, path)
        elif isinstance(step, ConsentStep):
            self.must_know("consent", step.consent, self.consents, (*path, "consent"), step.id)
        elif isinstance(step, ReviewStep):
            self._review(step, path)
        elif isinstance(step, NotifyStep):
            self.must_know("party", step.to, self.spec.parties, (*path, "to"), step.id)
            self._letter(step.letter, step.to, (*path, "letter"), step.id)
        if step.not_by is not None:
            for number, name in enumerate(step.not_by.author_of):
                at: Path = (*path, "not_by", "author_of", number)
                self.must_know("form step", name, self.fillable, at, step.id)

    def _way(self, way: FormStep | AgeRow, path: Path, at: str) -> None:
        self.must_know("form", way.form, self.forms, (*path, "form"), at)
        self.must_know("party", way.by, self.spec.parties, (*path, "by"), at)
        if way.stop_on is not None:
            target = (*path, "stop_on", "to")
            self.must_know("end", way.stop_on.to, self.spec.ends, target, at)
            if way.form in self.forms:
                stops = (*path, "stop_on", "answer")
                self._condition(way.stop_on, self.forms[way.form], stops, at)
        for number, rule in enumerate(way.wait_on):
            here: Path = (*path, "wait_on", number)
            self.must_know("task", rule.open, self.tasks, (*here, "open"), at)
            if way.form in self.forms:
                self._condition(rule, self.forms[way.form], (*here, "answer"), at)

    def _condition(self, condition: StopOn | WaitOn, form: FormSpec, path: Path, at: str) -> None:
        for name, value in condition.answer.items():
            spec = form.field_named(name)
            names = [field.field for field in form.fields]
            self.must_know("field", name, names, (*path, name), at)
            if spec is not None and (values := _answers_to(spec)):
                self.must_know("answer", value, values, (*path, name), at)

    def _choice(self, step: ChooseStep, path: Path) -> None:
        taken: Counter[int] = Counter()
        for number, row in enumerate(step.rows):
            taken.update(range(row.from_, row.to + 1))
            self._way(row, (*path, "rows", number), step.id)
        ages = range(YOUNGEST, OLDEST + 1)
        for code, wrong in (
            ("CHOICE-GAP", [age for age in ages if not taken[age]]),
            ("CHOICE-OVERLAP", sorted(age for age, count in taken.items() if count > 1)),
        ):
            if wrong:
                self.note(code, (*path, "rows"), step.id, step=step.id, ages=spans(wrong))

    def _review(self, step: ReviewStep, path: Path) -> None:
        for number, name in enumerate(step.of):
            self.must_know("form step", name, self.fillable, (*path, "of", number), step.id)
        for number, role in enumerate(step.by):
            self.must_know("party", role, self.spec.parties, (*path, "by", number), step.id)
        self._once(
            "outcome",
            ((o.outcome, (*path, "outcomes", n, "outcome")) for n, o in enumerate(step.outcomes)),
        )
        for number, outcome in enumerate(step.outcomes):
            at: Path = (*path, "outcomes", number)
            self.must_know("end", outcome.to, self.spec.ends, (*at, "to"), step.id)
            back = (*at, "back_to")
            self.must_know("form step", outcome.back_to, self.fillable, back, step.id)
            if outcome.to is not None and outcome.back_to is not None:
                self.note("OUTCOME-TWO-WAYS", at, step.id, outcome=outcome.outcome)
            if self.home.get(outcome.back_to or "", -1) > self.home[step.id]:
                self.note("BACK-AHEAD", back, step.id, step=step.id, form=outcome.back_to)
        if step.approvals != 1 and not any(outcome.accepts for outcome in step.outcomes):
            self.note("REVIEW-NO-ACCEPT", (*path, "approvals"), step.id, step=step.id)

    def _tasks(self) -> None:
        for index, task in enumerate(self.spec.tasks):
            path: Path = ("tasks", index)
            self.must_know("party", task.for_, self.spec.parties, (*path, "for"), task.task)
            self.must_know("end", task.closes, self.spec.ends, (*path, "closes"), task.task)
            for name in task.done_labels:
                at = (*path, "done_labels", name)
                self.must_know("outcome", name, task.done, at, task.task)

    def _ends(self) -> None:
        for key in ("end_labels", "end_letters"):
            for name in getattr(self.spec, key):
                self.must_know("end", name, self.spec.ends, (key, name), key)
        for name, letters in self.spec.end_letters.items():
            for number, letter in enumerate(letters):
                at: Path = ("end_letters", name, number)
                self.must_know("party", letter.to, self.spec.parties, (*at, "to"), "end_letters")
                self._letter(letter.letter, letter.to, (*at, "letter"), "end_letters")
        if self.spec.closed_by is not None:
            for cause in ("expiry", "done", "withdrawal"):
                end = getattr(self.spec.closed_by, cause)
                self.must_know("end", end, self.spec.ends, ("closed_by", cause), "closed_by")

    def _letter(self, letter: str, to: str, path: Path, at: str) -> None:
        """A letter must be there, and say nothing that whoever it goes to cannot be told."""
        around = self.around
        known = around.letters_to_family if to in FAMILY else around.letters_to_staff
        self.must_know("letter", letter, sorted(known), path, at)

    def _requires(self) -> None:
        for index, demand in enumerate(self.spec.requires):
            path: Path = ("requires", index)
            nodes = [*self.steps, *self.stage_index]
            self.must_know("step", demand.before, nodes, (*path, "before"), "requires")
            for number, name in enumerate(demand.given):
                at: Path = (*path, "given", number)
                self.must_know("consent", name, self.asked, at, "requires")
            for number, name in enumerate(demand.done):
                self.must_know("step", name, nodes, (*path, "done", number), "requires")


def _answers_to(spec: FieldSpec) -> list[str]:
    """What a question of choices may be answered with; empty where anything may be written."""
    if spec.choices is not None:
        return [choice.value for choice in spec.choices.options]
    return ["yes", "no"] if spec.type == "yes_no" else []


def spans(ages: Iterable[int]) -> str:
    """Ages as people write them: `0-9, 14`."""
    parts: list[list[int]] = []
    for age in ages:
        if parts and age == parts[-1][-1] + 1:
            parts[-1].append(age)
        else:
            parts.append([age])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)
