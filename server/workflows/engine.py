"""The engine: what happened to a case in, where it stands now and what follows from it out.

Pure and total: no clock, no database. The same in production, dry runs, proofs and tests.
A move that does not fit raises and changes nothing:

- StageClosed(step, state): the step is not open (any more), or the case is paused or ended;
- ConsentMissing(step, missing): the gate of the step is closed;
- Refused(reason, ...): the move itself is not complete, `reason` is a key of words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from server.kernel.errors import ConsentMissing, Refused, StageClosed
from server.workflows.compiled import Compiled
from server.workflows.definition import (
    AgeRow,
    ChooseStep,
    ConsentStep,
    FormStep,
    Outcome,
    ReviewStep,
)
from server.workflows.moves import (
    LIVE,
    CaseState,
    Closed,
    CloseTask,
    Decided,
    Facts,
    Filled,
    Looked,
    Move,
    PauseTasks,
    Raised,
    Signed,
    Started,
    Taken,
    TaskFinished,
    Withdrawn,
)
from server.workflows.progress import Progress


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


class _Step(Progress):
    """One step being taken: a method for each move, then what it must not do."""

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
            self.compiled.task(task)
        except KeyError:
            raise StageClosed(step=task, state="unknown") from None
        if self._status(task) != "open":
            self._open_staff(task)

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

    def _reopen_reviews(self, form: str) -> None:
        for review, waiting in [*self.steps.items()]:
            if waiting.status == "waiting" and waiting.outcome is not None:
                outcome = self.compiled.outcome(review, waiting.outcome)
                if outcome is not None and outcome.back_to == form:
                    self._open(self.compiled.step(review))

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


def _about(move: Move) -> str:
    for name in ("step", "stage", "task", "consent", "end"):
        if hasattr(move, name):
            return str(getattr(move, name))
    return type(move).__name__.lower()


def _used_up(returns: Mapping[str, int], review: str, outcome: Outcome) -> bool:
    taken = returns.get(f"{review}.{outcome.outcome}", 0)
    return outcome.at_most is not None and taken >= outcome.at_most


def _says(wanted: Mapping[str, str], answers: Mapping[str, Any]) -> bool:
    return bool(wanted) and all(_word(answers.get(name)) == word for name, word in wanted.items())


def _answered(answer: str | None, step: ConsentStep) -> bool:
    return answer is not None and (answer != "deferred" or step.postpone)


def _word(answer: object) -> object:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer
