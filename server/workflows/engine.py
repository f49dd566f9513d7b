"""The engine: what happened to a case in, where it stands now and what follows from it out.

Pure and total: no clock, no database. The same in production, dry runs, proofs and tests.
A move that does not fit raises and changes nothing:

- StageClosed(step, state): the step is not open (any more), or the case is paused or ended;
- ConsentMissing(step, missing): the gate of the step is closed;
- Refused(reason, ...): the move itself is not complete, `reason` is a key of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from server.forms.definition import Role
from server.kernel.errors import ConsentMissing, Refused, StageClosed
from server.workflows.compiled import Compiled
from server.workflows.definition import (
    AgeRow,
    ChooseStep,
    ConsentStep,
    FormStep,
    NotifyStep,
    Outcome,
    ReviewStep,
    Stage,
    Step,
)
from server.workflows.moves import (
    LIVE,
    AskConsents,
    CaseState,
    Closed,
    CloseTask,
    Decided,
    Effect,
    EndCase,
    Facts,
    Filled,
    Looked,
    Move,
    OpenTask,
    PauseTasks,
    Raised,
    SendLetter,
    Signed,
    Started,
    StepState,
    Taken,
    TaskFinished,
    Withdrawn,
)


def advance(compiled: Compiled, state: CaseState, move: Move, facts: Facts) -> Taken:
    """Take one move: the case's new state, and the effects in the order they happen.

    :raises StageClosed: the step is not open, or the case is paused or ended.
    :raises ConsentMissing: a consent the step hangs on is not given.
    :raises Refused: an answer, an outcome or the age is missing or unknown.
    """
    if state.status == "ended":
        raise StageClosed(step=_about(move), state="ended", end=state.end)
    if state.status == "paused" and not isinstance(
        move, Closed | Raised | TaskFinished | Withdrawn
    ):
        raise StageClosed(step=_about(move), state="paused")
    if state.stage is None and not isinstance(move, Started | Closed):
        raise StageClosed(step=_about(move), state="not_started")
    step = _Step(compiled, state, facts)
    match move:
        case Started():
            step.start()
        case Filled():
            step.fill(move)
        case Signed():
            step.sign(move)
        case Decided():
            step.decide(move)
        case Raised():
            step.raise_task(move.task)
        case TaskFinished():
            step.finish(move)
        case Withdrawn():
            step.withdraw(move)
        case Closed():
            step.close(move.end)
        case Looked():
            step.look()
    step.end_when_all_is_done()
    return step.taken()


def outcomes_left(compiled: Compiled, state: CaseState, review: str) -> tuple[Outcome, ...]:
    """The outcomes a reviewer may still choose: those taken `at_most` times are used up."""
    found = compiled.step(review)
    if not isinstance(found, ReviewStep):
        return ()
    return tuple(one for one in found.outcomes if not _used_up(state.returns, review, one))


def gate_open(compiled: Compiled, stage: str, steps: Mapping[str, StepState], facts: Facts) -> bool:
    """Whether a stage may be entered: its consents given, its steps done."""
    gate = compiled.stage(stage).gate
    if gate is None:
        return True
    given = all(facts.consents.get(name) in LIVE for name in gate.given)
    return given and all(_done(compiled, steps, name) for name in gate.done)


def _about(move: Move) -> str:
    for name in ("step", "stage", "task", "consent", "end"):
        if hasattr(move, name):
            return str(getattr(move, name))
    return type(move).__name__.lower()


def _used_up(returns: Mapping[str, int], review: str, outcome: Outcome) -> bool:
    taken = returns.get(f"{review}.{outcome.outcome}", 0)
    return outcome.at_most is not None and taken >= outcome.at_most


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


def _says(wanted: Mapping[str, str], answers: Mapping[str, Any]) -> bool:
    return bool(wanted) and all(_word(answers.get(name)) == word for name, word in wanted.items())


def _answered(answer: str | None, step: ConsentStep) -> bool:
    return answer is not None and (answer != "deferred" or step.postpone)


def _word(answer: object) -> object:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer


class _Step:
    """One step being taken: the state's parts while they change, the effects as they gather."""

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

    # One method for each move -------------------------------------------------------------------

    def start(self) -> None:
        if self.stage is not None:
            raise StageClosed(step="started", state="open")
        self._offer_optional(before=self._next_main(-1))
        self._enter(self._next_main(-1))
        self._flow()

    def fill(self, move: Filled) -> None:
        self._must_be_open(move.step)
        if self.compiled.kind(move.step) != "form":
            raise StageClosed(step=move.step, state="not_a_form")
        self._must_be_gated(move.step)
        way = self._way(move.step)
        # A no stands, whatever else was answered beside it.
        stops = way.stop_on is not None and _says(way.stop_on.answer, move.answers)
        waits = [rule for rule in way.wait_on if _says(rule.answer, move.answers)]
        if waits and not stops:
            for task in dict.fromkeys(rule.open for rule in waits if rule.open is not None):
                self.raise_task(task)
            return
        self._finish_step(move.step, outcome=self.steps[move.step].outcome)
        if stops and way.stop_on is not None:
            self._end(way.stop_on.to)
            return
        self._reopen_reviews(move.step)
        self._flow()

    def sign(self, move: Signed) -> None:
        first = self._first_signer(move.stage)
        key = move.stage if move.by == first else f"{move.stage}.{move.by}"
        self._must_be_open(key)
        asked = {step.consent: step for step in self.compiled.package(move.stage)}
        if unknown := [name for name in move.answers if name not in asked]:
            raise Refused(reason="consent_not_asked", step=move.stage, consents=tuple(unknown))
        refused = self.compiled.stage(move.stage).refused
        said_no = next(
            (n for n in asked if n in refused and move.answers.get(n) == "refused"), None
        )
        if said_no is None:
            self._must_be_answered(move, asked, first=move.by == first)
            if self._postponed(move):
                return
        self.steps[key] = replace(self.steps[key], status="done")
        self.effects.append(CloseTask(move.stage, "done", role=move.by))
        if said_no is not None:
            self._end(refused[said_no])
            return
        self._flow()
        if move.by == first:
            given = [name for name in asked if move.answers.get(name) == "given"]
            self._owe(move.stage, [n for n in given if self.facts.consents.get(n) not in LIVE])

    def decide(self, move: Decided) -> None:
        self._must_be_open(move.step)
        if self.compiled.kind(move.step) != "review":
            raise StageClosed(step=move.step, state="not_a_review")
        self._must_be_gated(move.step)
        outcome = self.compiled.outcome(move.step, move.outcome)
        if outcome is None:
            raise Refused(reason="outcome_unknown", step=move.step, outcome=move.outcome)
        if _used_up(self.returns, move.step, outcome):
            raise Refused(
                reason="outcome_used_up",
                step=move.step,
                outcome=move.outcome,
                at_most=outcome.at_most,
            )
        if outcome.accepts and move.approvals < self.compiled.approvals(move.step):
            return
        self._finish_step(move.step, outcome=move.outcome)
        if outcome.to is not None:
            self._end(outcome.to)
        elif outcome.back_to is not None:
            counter = f"{move.step}.{move.outcome}"
            self.returns[counter] = self.returns.get(counter, 0) + 1
            self.steps[move.step] = replace(self.steps[move.step], status="waiting")
            self._open(self.compiled.step(outcome.back_to))
        else:
            self._flow()

    def raise_task(self, task: str) -> None:
        try:
            spec = self.compiled.task(task)
        except KeyError:
            raise StageClosed(step=task, state="unknown") from None
        if self._status(task) == "open":
            return
        round_ = self._open_state(task).round
        self.effects.append(OpenTask(task, "staff", spec.for_, round=round_, due=_in(spec.due)))

    def finish(self, move: TaskFinished) -> None:
        self._must_be_open(move.task)
        if self.compiled.kind(move.task) != "staff":
            raise StageClosed(step=move.task, state="not_a_task")
        spec = self.compiled.task(move.task)
        if move.outcome not in spec.done:
            raise Refused(reason="outcome_unknown", step=move.task, outcome=move.outcome)
        self._finish_step(move.task, outcome=move.outcome)
        if spec.closes is not None:
            self._end(spec.closes)

    def withdraw(self, move: Withdrawn) -> None:
        if not move.pause:
            return
        self.status = "paused"
        keys = [key for key in self.steps if self._pausable(key, move)]
        for key in keys:
            self.steps[key] = replace(self.steps[key], status="paused")
        if keys:
            # A further signer's part carries the stage's id as its task does, without the role.
            names = dict.fromkeys(key.partition(".")[0] for key in keys)
            self.effects.append(PauseTasks(tuple(names)))

    def close(self, end: str) -> None:
        if end not in self.compiled.spec.ends:
            raise StageClosed(step=end, state="unknown")
        self._end(end)

    def look(self) -> None:
        self._flow()
        for stage in self.compiled.spec.stages:
            package = self.compiled.package(stage.stage)
            if package and self._status(stage.stage) == "done":
                names = [step.consent for step in package]
                asked = [n for n in names if self.facts.consents.get(n) == "requested"]
                self._owe(stage.stage, asked)

    def end_when_all_is_done(self) -> None:
        """A workflow may end by itself: its last stage complete, nothing open and nothing owed."""
        end = self.compiled.end_by("done")
        if end is None or self.stage is None or self.status != "open" or self.facts.owed:
            return
        last = self.compiled.index(self.stage) == len(self.compiled.spec.stages) - 1
        waiting = any(step.status in ("open", "waiting") for step in self.steps.values())
        if last and not waiting and self._complete(self.compiled.stage(self.stage)):
            self._end(end)

    # What they share ----------------------------------------------------------------------------

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

    def _reopen_reviews(self, form: str) -> None:
        for review, waiting in [*self.steps.items()]:
            if waiting.status == "waiting" and waiting.outcome is not None:
                outcome = self.compiled.outcome(review, waiting.outcome)
                if outcome is not None and outcome.back_to == form:
                    self._open(self.compiled.step(review))

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

    def _way(self, step: str) -> AgeRow | FormStep:
        found = self.compiled.step(step)
        chosen = self.steps[step].outcome
        ways = self.compiled.form_rows(step)
        if isinstance(found, ChooseStep):
            return next((way for way in ways if way.form == chosen), ways[0])
        return ways[0]

    def _pausable(self, key: str, move: Withdrawn) -> bool:
        if self.steps[key].status not in ("open", "waiting"):
            return False
        node = key.partition(".")[0]
        if self.compiled.kind(node) == "staff":
            return False
        home = self.compiled.stage_of(node).stage
        # Nobody is to sign any more beside a consent that was taken back: neither a child whose
        # guardian took it back, nor whoever is asked for it anew.
        beside = any(step.consent == move.consent for step in self.compiled.package(home))
        return home in move.pause or beside

    def _postponed(self, move: Signed) -> bool:
        """An optional question put off stays open; in the flow it counts as answered for now."""
        optional = self.compiled.stage(move.stage).optional
        return optional and "deferred" in move.answers.values()

    def _must_be_answered(
        self, move: Signed, asked: Mapping[str, ConsentStep], *, first: bool
    ) -> None:
        # A further signer is asked only for what the first one gave: at least one answer.
        needed = list(asked) if first else list(move.answers) or list(asked)
        missing = [name for name in needed if not _answered(move.answers.get(name), asked[name])]
        if missing:
            raise Refused(reason="answer_needed", step=move.stage, consents=tuple(missing))

    def _must_be_open(self, key: str) -> None:
        status = self._status(key)
        if status != "open":
            raise StageClosed(step=key.partition(".")[0], state=status or "not_open")

    def _must_be_gated(self, step: str) -> None:
        needed = self.compiled.gate_of(step)
        missing = tuple(n for n in needed if self.facts.consents.get(n) not in LIVE)
        if missing:
            raise ConsentMissing(step=step, missing=missing)

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


def _in(due: Any) -> Any:
    return due.in_ if due is not None else None


def describe(effects: tuple[Effect, ...]) -> Iterator[str]:
    """Effects as short lines, for diagrams of runs and for tests that read like tables."""
    for effect in effects:
        match effect:
            case OpenTask():
                again = f" round {effect.round}" if effect.round > 1 else ""
                form = f" with {effect.form}" if effect.form and effect.form != effect.step else ""
                yield f"open {effect.step}{form} for {effect.role}{again}"
            case CloseTask():
                told = f" {effect.outcome}" if effect.outcome else ""
                yield f"close {effect.step} {effect.how}{told}"
            case PauseTasks():
                yield f"pause {', '.join(effect.steps)}"
            case AskConsents():
                yield f"ask {', '.join(effect.consents)}"
            case SendLetter():
                yield f"letter {effect.letter} to {effect.to}"
            case EndCase():
                yield f"end {effect.end}"
