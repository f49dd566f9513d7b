"""A case on its way: its state while it changes, what opens next, and the effects as they gather.

What each move does stands in `engine.py`; here is what moves share: the flow from step to step and
from stage to stage, as far as nobody has to act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from server.forms.definition import Role
from server.kernel.errors import Refused, StageClosed
from server.workflows.compiled import Compiled
from server.workflows.definition import (
    ChooseStep,
    ConsentStep,
    FormStep,
    NotifyStep,
    ReviewStep,
    Stage,
    Step,
)
from server.workflows.moves import (
    LIVE,
    AskConsents,
    CaseState,
    CloseTask,
    Effect,
    EndCase,
    Facts,
    OpenTask,
    SendLetter,
    StepState,
    Taken,
)


def gate_open(compiled: Compiled, stage: str, steps: Mapping[str, StepState], facts: Facts) -> bool:
    """Whether a stage may be entered: its consents given, its steps done."""
    gate = compiled.stage(stage).gate
    if gate is None:
        return True
    given = all(facts.consents.get(name) in LIVE for name in gate.given)
    return given and all(_done(compiled, steps, name) for name in gate.done)


class Progress:
    """The state's parts while they change, the effects as they gather."""

    def __init__(self, compiled: Compiled, state: CaseState, facts: Facts) -> None:
        self.compiled = compiled
        self.before = state
        self.facts = facts
        self.status = state.status
        self.stage = state.stage
        self.end: str | None = None
        self.steps = dict(state.steps)
        self.returns = dict(state.returns)
        self.effects: list[Effect] = []

    def taken(self) -> Taken:
        state = CaseState(self.status, self.stage, self.end, self.steps, self.returns)
        return Taken(state, tuple(self.effects))

    def end_when_all_is_done(self) -> None:
        """A workflow may end by itself: its last stage complete, nothing open and nothing owed."""
        end = self.compiled.end_by("done")
        if end is None or self.stage is None or self.status != "open" or self.facts.owed:
            return
        last = self.compiled.index(self.stage) == len(self.compiled.spec.stages) - 1
        waiting = any(step.status in ("open", "waiting") for step in self.steps.values())
        if last and not waiting and self._complete(self.compiled.stage(self.stage)):
            self._end(end)

    def _flow(self) -> None:
        """Go on as far as nobody has to act: the next step of the stage, then the next stages."""
        while self.stage is not None and self.status == "open":
            stage = self.compiled.stage(self.stage)
            self._open_next(stage)
            here = self.compiled.index(stage.stage)
            complete = self._complete(stage)
            following = self._next_main(here) if complete else None
            self._offer_optional(before=self._next_main(here) if complete else stage)
            if following is None:
                return
            if not gate_open(self.compiled, following.stage, self.steps, self.facts):
                return
            self._enter(following)

    def _next_main(self, index: int) -> Stage | None:
        stages = self.compiled.spec.stages[index + 1 :]
        return next((stage for stage in stages if not stage.optional), None)

    def _offer_optional(self, *, before: Stage | None) -> None:
        for stage in self.compiled.spec.stages:
            if before is not None and stage.stage == before.stage:
                return
            if not stage.optional:
                continue
            if gate_open(self.compiled, stage.stage, self.steps, self.facts):
                self._open_package(stage)
                self._open_next(stage)

    def _enter(self, stage: Stage | None) -> None:
        if stage is None:
            return
        self.stage = stage.stage
        self._open_package(stage)

    def _open_package(self, stage: Stage) -> None:
        package = self.compiled.package(stage.stage)
        if not package or stage.stage in self.steps:
            return
        names = tuple(step.consent for step in package)
        self.effects.append(AskConsents(names))
        self._open_state(stage.stage)
        self.effects.append(self._sign_task(stage, self._first_signer(stage.stage), names))

    def _open_next(self, stage: Stage) -> None:
        """Open what may be open now: all of an `any` stage, else up to the first that holds."""
        for step in stage.steps:
            if isinstance(step, ConsentStep):
                continue
            if step.id not in self.steps:
                self._open(step)
            done = self.steps[step.id].status == "done"
            if not done and not step.optional and stage.order == "listed":
                return

    def _open(self, step: Step) -> None:
        if isinstance(step, NotifyStep):
            self._open_state(step.id)
            self.steps[step.id] = replace(self.steps[step.id], status="done")
            self.effects.append(SendLetter(step.letter, step.to))
            return
        form: str | None = None
        by: Role
        if isinstance(step, ChooseStep):
            row = self.compiled.row(step.id, self._age(step.id))
            form, by = row.form, row.by
        elif isinstance(step, FormStep):
            form, by = step.form, step.by
        else:
            by = cast(ReviewStep, step).by[0]
        chosen = form if isinstance(step, ChooseStep) else None
        opened = self._open_state(step.id, outcome=chosen)
        self.effects.append(
            OpenTask(
                step=step.id,
                kind="review" if isinstance(step, ReviewStep) else "form",
                role=by,
                round=opened.round,
                form=form,
                due=_in(step.due),
                remind=step.remind.after if step.remind else (),
                overdue=step.overdue.open if step.overdue else None,
                optional=step.optional or self.compiled.stage_of(step.id).optional,
            )
        )

    def _open_state(self, key: str, outcome: str | None = None) -> StepState:
        before = self.steps.get(key)
        self.steps[key] = StepState("open", before.round + 1 if before else 1, outcome)
        return self.steps[key]

    def _open_staff(self, task: str) -> None:
        spec = self.compiled.task(task)
        opened = self._open_state(task)
        due = _in(spec.due)
        self.effects.append(OpenTask(task, "staff", spec.for_, round=opened.round, due=due))

    def _sign_task(self, stage: Stage, role: Role, consents: tuple[str, ...]) -> OpenTask:
        package = self.compiled.package(stage.stage)
        due = next((step.due for step in package if step.due), None)
        remind = next((step.remind for step in package if step.remind), None)
        overdue = next((step.overdue for step in package if step.overdue), None)
        return OpenTask(
            step=stage.stage,
            kind="sign",
            role=role,
            consents=consents,
            due=_in(due),
            remind=remind.after if remind else (),
            overdue=overdue.open if overdue else None,
            optional=stage.optional,
        )

    def _owe(self, stage: str, consents: list[str]) -> None:
        """Open the further signers' parts of a package that its first signer has answered."""
        if not consents or self.status != "open":
            return
        for role in sorted(self.facts.owed):
            if f"{stage}.{role}" not in self.steps:
                self._open_state(f"{stage}.{role}")
                found = self.compiled.stage(stage)
                self.effects.append(self._sign_task(found, role, tuple(consents)))

    def _complete(self, stage: Stage) -> bool:
        if self.compiled.package(stage.stage) and self._status(stage.stage) != "done":
            return False
        needed = [s for s in stage.steps if not s.optional and not isinstance(s, ConsentStep)]
        return all(self._status(step.id) == "done" for step in needed)

    def _finish_step(self, key: str, outcome: str | None = None) -> None:
        self.steps[key] = StepState("done", self.steps[key].round, outcome)
        told = outcome if self.compiled.kind(key) in ("review", "staff") else None
        self.effects.append(CloseTask(key, "done", outcome=told))

    def _end(self, end: str) -> None:
        for key, step in self.steps.items():
            if step.status != "done":
                self.steps[key] = replace(step, status="stopped")
        for letter in self.compiled.spec.end_letters.get(end, ()):
            self.effects.append(SendLetter(letter.letter, letter.to))
        self.effects.append(EndCase(end))
        self.status = "ended"
        self.end = end

    def _first_signer(self, stage: str) -> Role:
        try:
            return self.compiled.signer_of(stage)
        except KeyError:
            raise StageClosed(step=stage, state="unknown") from None

    def _age(self, step: str) -> int:
        if self.facts.age is None:
            raise Refused(reason="age_unknown", step=step)
        return self.facts.age

    def _status(self, key: str) -> str | None:
        found = self.steps.get(key)
        return found.status if found else None


def _done(compiled: Compiled, steps: Mapping[str, StepState], name: str) -> bool:
    """Whether a step is done; for the name of a stage: all of it that must be."""
    if name in steps:
        return steps[name].status == "done"
    try:
        stage = compiled.stage(name)
    except KeyError:
        return False
    needed = [step for step in stage.steps if not step.optional]
    return all(step.id in steps and steps[step.id].status == "done" for step in needed)


def _in(due: Any) -> Any:
    return due.in_ if due is not None else None
