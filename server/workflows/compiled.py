"""A workflow made ready to run: its forms and consents beside it, every look-up prepared.

A case pins what it started with, so a compiled workflow is frozen and shared by all its cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from server.consents.definition import ConsentSpec
from server.forms.definition import FormSpec, Role
from server.kernel.text import Text
from server.workflows.definition import (
    AgeRow,
    Bounded,
    ChooseStep,
    ConsentStep,
    FormStep,
    NotBy,
    Outcome,
    ReviewStep,
    Stage,
    Step,
    TaskSpec,
    WorkflowSpec,
)
from server.workflows.moves import TaskKind


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """One workflow with all that its cases need; look-ups raise KeyError for what is not there.

    A *node* is what a task can stand for: a step, the package of a stage of consents (by the id
    of its stage), or a staff task.
    """

    spec: WorkflowSpec
    forms: Mapping[str, FormSpec]
    consents: Mapping[str, ConsentSpec]
    numbers: Mapping[str, int]
    _stages: Mapping[str, int]
    _steps: Mapping[str, Step]
    _homes: Mapping[str, str]
    _tasks: Mapping[str, TaskSpec]
    _gates: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """The workflow's id."""
        return self.spec.workflow

    def step(self, step: str) -> Step:
        """The step with this id."""
        return self._steps[step]

    def stage(self, stage: str) -> Stage:
        """The stage with this id."""
        return self.spec.stages[self._stages[stage]]

    def task(self, task: str) -> TaskSpec:
        """The staff task with this id."""
        return self._tasks[task]

    def index(self, stage: str) -> int:
        """The place of a stage in the order of the flow, from 0."""
        return self._stages[stage]

    def stage_of(self, node: str) -> Stage:
        """The stage in which a step or a package stands."""
        return self.stage(self._homes.get(node, node))

    def kind(self, node: str) -> TaskKind:
        """What kind of task a node is."""
        if node in self._tasks:
            return "staff"
        step = self._steps.get(node)
        if isinstance(step, ReviewStep):
            return "review"
        if step is not None and not isinstance(step, ConsentStep):
            return "form"
        return "sign"

    def package(self, stage: str) -> tuple[ConsentStep, ...]:
        """The consents that are signed together in a stage; none when it asks for no consent."""
        steps = self.stage(stage).steps
        return tuple(step for step in steps if isinstance(step, ConsentStep))

    def package_of(self, consent: str) -> str:
        """The stage whose package asks for a consent."""
        return self._homes[consent]

    def asked(self) -> tuple[str, ...]:
        """Every consent the workflow asks for, in order."""
        return tuple(name for name, step in self._steps.items() if isinstance(step, ConsentStep))

    def signer_of(self, stage: str) -> Role:
        """Who signs the package of a stage first."""
        own = all(self.consents[step.consent].signers == "self" for step in self.package(stage))
        return "mentee" if own else "guardian"

    def gate_of(self, node: str) -> tuple[str, ...]:
        """The consents that must be given whenever this node is acted on.

        Those of its stage's gate, and those behind whose purposes its form collects data.
        """
        return self._gates.get(node, ())

    def row(self, choose: str, age: int) -> AgeRow:
        """The row of a choice for an age; an age beyond all rows takes the nearest row.

        Who turns 18 while the case is open is still asked, in the oldest children's words.
        """
        rows = cast(ChooseStep, self._steps[choose]).rows
        return min(rows, key=lambda row: max(row.from_ - age, age - row.to, 0))

    def form_rows(self, step: str) -> tuple[AgeRow | FormStep, ...]:
        """The ways a form step or a choice can be filled in: each names form, by and stops."""
        found = self._steps[step]
        if isinstance(found, FormStep):
            return (found,)
        return found.rows if isinstance(found, ChooseStep) else ()

    def outcome(self, review: str, outcome: str) -> Outcome | None:
        """One outcome of a review, or None when it has no such outcome."""
        outcomes = cast(ReviewStep, self._steps[review]).outcomes
        return next((one for one in outcomes if one.outcome == outcome), None)

    def approvals(self, review: str) -> int:
        """How many people must accept."""
        wanted = cast(ReviewStep, self._steps[review]).approvals
        return self.numbers.get(wanted.bound, 1) if isinstance(wanted, Bounded) else wanted

    def not_by(self, node: str) -> NotBy | None:
        """Who may not act on this node, if somebody may not."""
        step = self._steps.get(node)
        return step.not_by if step is not None else None

    def label(self, node: str) -> Text:
        """What people call a node: its own label, else its form's, consent's or stage's title."""
        if node in self._tasks:
            return self._tasks[node].label
        step = self._steps.get(node)
        if step is not None and step.label is not None:
            return step.label
        if isinstance(step, FormStep):
            return self.forms[step.form].title
        if isinstance(step, ConsentStep) and node not in self._stages:
            return self.consents[node].title
        return self.stage_of(node).title or self.spec.title

    def end_label(self, end: str) -> Text:
        """What people call an end; its id where the definition gives no words."""
        return self.spec.end_labels.get(end) or Text({"en": end})

    def end_by(self, cause: str) -> str | None:
        """The end for a case closed from outside by `expiry` or `withdrawal`, if it has one."""
        ends = self.spec.closed_by
        return getattr(ends, cause) if ends is not None else None


def compile_workflow(
    spec: WorkflowSpec,
    forms: Mapping[str, FormSpec],
    consents: Mapping[str, ConsentSpec],
    numbers: Mapping[str, int] | None = None,
) -> Compiled:
    """Make a checked workflow ready to run.

    `numbers` are the values of counting parameters in force (`{"P13": 2}`); one where it is silent.
    """
    steps = {step.id: step for stage in spec.stages for step in stage.steps}
    homes = {step.id: stage.stage for stage in spec.stages for step in stage.steps}
    gates = {
        step.id: _gate(stage, step, forms, consents, steps)
        for stage in spec.stages
        for step in stage.steps
        if not isinstance(step, ConsentStep)
    }
    return Compiled(
        spec=spec,
        forms={name: forms[name] for name in _forms_of(spec)},
        consents={name: consents[name] for name, step in steps.items() if name in consents},
        numbers=dict(numbers or {}),
        _stages={stage.stage: index for index, stage in enumerate(spec.stages)},
        _steps=steps,
        _homes=homes,
        _tasks={task.task: task for task in spec.tasks},
        _gates=gates,
    )


def _forms_of(spec: WorkflowSpec) -> tuple[str, ...]:
    names: dict[str, None] = {start.form: None for start in spec.start if start.form}
    for stage in spec.stages:
        for step in stage.steps:
            if isinstance(step, FormStep):
                names[step.form] = None
            elif isinstance(step, ChooseStep):
                names.update((row.form, None) for row in step.rows)
    return tuple(names)


def _gate(
    stage: Stage,
    step: Step,
    forms: Mapping[str, FormSpec],
    consents: Mapping[str, ConsentSpec],
    steps: Mapping[str, Step],
) -> tuple[str, ...]:
    needed = dict.fromkeys(stage.gate.given if stage.gate else ())
    filled = (
        [step.form]
        if isinstance(step, FormStep)
        else [row.form for row in step.rows]
        if isinstance(step, ChooseStep)
        else []
    )
    purposes = {spec.data.purpose for form in filled for spec in forms[form].fields if spec.data}
    for name in steps:
        if isinstance(steps[name], ConsentStep) and consents[name].purpose in purposes:
            needed[name] = None
    return tuple(needed)
