"""The world around a case, as proofs play it: who the child is, and what may happen next.

A family answers a package in every combination, a second signer agrees or not, consents are taken
back, tasks come late, staff decide in each way that is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

from server.forms.definition import Role
from server.kernel.problems import Turn
from server.workflows.compiled import Compiled
from server.workflows.definition import AgeRow, FormStep, Overdue, ReviewStep
from server.workflows.engine import outcomes_left
from server.workflows.moves import (
    LIVE,
    CaseState,
    ConsentState,
    Decided,
    Facts,
    Filled,
    Move,
    Raised,
    Signed,
    Taken,
    TaskFinished,
    Withdrawn,
)

BIRTH_DATE = "mentee.birth_date"

Answer = Literal["given", "refused", "deferred"]
SignersAt = Callable[[int], tuple[Role, ...]]


def guardian_alone(_: int) -> tuple[Role, ...]:
    """The simplest rule: at every age the guardian signs."""
    return ("guardian",)


@dataclass(frozen=True)
class World:
    """What is true outside the case: the child's age, what was answered, who must still sign."""

    age: int
    known_age: bool = False
    consents: Mapping[str, ConsentState] = field(default_factory=dict)
    owed: frozenset[Role] = frozenset()

    def facts(self) -> Facts:
        return Facts(self.age if self.known_age else None, self.consents, self.owed)

    def key(self) -> tuple[object, ...]:
        return self.age, self.known_age, tuple(sorted(self.consents.items())), self.owed


@dataclass(frozen=True, eq=False)
class Stand:
    """One state of a case in its world, and the move by which it was first reached."""

    state: CaseState
    world: World
    taken: Taken | None = None
    before: Stand | None = None
    turn: Turn | None = None
    moved: Move | None = None

    def trail(self) -> tuple[Turn, ...]:
        """The turns that lead here, first to last."""
        turns: list[Turn] = []
        stand: Stand | None = self
        while stand is not None:
            if stand.turn is not None:
                turns.append(stand.turn)
            stand = stand.before
        return tuple(reversed(turns))


class Happenings:
    """What may happen to a case in its world."""

    def __init__(self, compiled: Compiled, signers_at: SignersAt, raised: frozenset[str]) -> None:
        self.compiled = compiled
        self.signers_at = signers_at
        self.raised = raised

    def after(self, stand: Stand) -> Iterator[tuple[Turn, Move, World]]:
        """Each thing that may happen next: how it is told, the move, the world behind it."""
        open_keys = [key for key, step in stand.state.steps.items() if step.status == "open"]
        for key in open_keys:
            node, _, role = key.partition(".")
            kind = self.compiled.kind(node)
            if kind == "staff":
                yield from self._finishes(node, stand.world)
            elif kind == "form" and stand.state.status == "open":
                yield from self._fillings(node, stand)
            elif kind == "review" and stand.state.status == "open":
                yield from self._decisions(node, stand)
            elif kind == "sign" and stand.state.status == "open":
                yield from self._signings(node, role, stand.world)
        yield from self._raisings(stand, open_keys)
        if stand.state.status == "open":
            yield from self._withdrawals(stand.world)

    def _finishes(self, task: str, world: World) -> Iterator[tuple[Turn, Move, World]]:
        spec = self.compiled.task(task)
        for outcome in spec.done if spec.closes else spec.done[:1]:
            facts = {"who": spec.for_, "task": task, "outcome": outcome}
            yield Turn("finish", facts), TaskFinished(task, outcome), world

    def _fillings(self, step: str, stand: Stand) -> Iterator[tuple[Turn, Move, World]]:
        way = self._way(step, stand.state)
        world = stand.world
        if any(spec.is_ == BIRTH_DATE for spec in self.compiled.forms[way.form].fields):
            world = replace(world, known_age=True)
        filled = {"who": way.by, "form": way.form}
        yield Turn("fill", filled), Filled(step), world
        if way.stop_on is not None:
            answers = way.stop_on.answer
            yield Turn("fill_saying", {**filled, "said": answers}), Filled(step, answers), world

    def _way(self, step: str, state: CaseState) -> AgeRow | FormStep:
        ways = self.compiled.form_rows(step)
        return next((way for way in ways if way.form == state.steps[step].outcome), ways[0])

    def _decisions(self, review: str, stand: Stand) -> Iterator[tuple[Turn, Move, World]]:
        spec = self.compiled.step(review)
        assert isinstance(spec, ReviewStep)
        for outcome in outcomes_left(self.compiled, stand.state, review):
            enough = self.compiled.approvals(review)
            move = Decided(review, outcome.outcome, approvals=enough)
            facts = {"who": spec.by[0], "review": review, "outcome": outcome.outcome}
            yield Turn("decide", facts), move, stand.world

    def _signings(self, stage: str, role: str, world: World) -> Iterator[tuple[Turn, Move, World]]:
        if role:
            yield from self._second_signings(stage, "mentee", world)
            return
        by = self.compiled.signer_of(stage)
        package = self.compiled.package(stage)
        choices: list[tuple[Answer, ...]] = [
            ("given", "refused", "deferred") if step.postpone else ("given", "refused")
            for step in package
        ]
        for combination in product(*choices):
            named = zip(package, combination, strict=True)
            answers: dict[str, Answer] = {step.consent: said for step, said in named}
            after = world
            for name, said in answers.items():
                after = self._answered(after, name, said, by)
            yield Turn("sign", {"who": by, "signed": answers}), Signed(stage, by, answers), after

    def _answered(self, world: World, name: str, said: Answer, by: Role) -> World:
        further = [role for role in self._signers(name, world.age) if role != by]
        if said == "given" and further:
            return _with(world, name, "requested", owed=world.owed | set(further))
        return _with(world, name, said)

    def _signers(self, consent: str, age: int) -> tuple[Role, ...]:
        rule = self.compiled.consents[consent].signers
        if rule == "by_age":
            return self.signers_at(age)
        return ("mentee",) if rule == "self" else ("guardian",)

    def _second_signings(
        self, stage: str, by: Role, world: World
    ) -> Iterator[tuple[Turn, Move, World]]:
        names = [s.consent for s in self.compiled.package(stage)]
        names = [name for name in names if world.consents.get(name) == "requested"]
        for no in (None, *names):
            answers: dict[str, Answer] = {
                name: "refused" if name == no else "given" for name in names
            }
            after = world
            for name, said in answers.items():
                after = _with(after, name, said)
            elsewhere = "requested" in after.consents.values()
            after = replace(after, owed=after.owed if elsewhere else after.owed - {by})
            yield Turn("sign", {"who": by, "signed": answers}), Signed(stage, by, answers), after

    def _raisings(self, stand: Stand, open_keys: list[str]) -> Iterator[tuple[Turn, Move, World]]:
        late = {
            overdue.open
            for key in open_keys
            for overdue in self._overdue(key)
            if stand.state.status == "open"
        }
        asked = {
            rule.open
            for key in open_keys
            for way in self._ways(key)
            for rule in way.wait_on
            if rule.open is not None and stand.state.status == "open"
        }
        for task in sorted(late | asked | self.raised):
            known = any(spec.task == task and spec.closes for spec in self.compiled.spec.tasks)
            # A task that ends nothing changes no way through the case.
            if known and task not in open_keys:
                yield Turn("raise", {"task": task}), Raised(task), stand.world

    def _ways(self, key: str) -> tuple[AgeRow | FormStep, ...]:
        node = key.partition(".")[0]
        return self.compiled.form_rows(node) if self.compiled.kind(node) == "form" else ()

    def _overdue(self, key: str) -> list[Overdue]:
        node = key.partition(".")[0]
        if self.compiled.kind(node) == "sign":
            return [s.overdue for s in self.compiled.package(node) if s.overdue]
        if self.compiled.kind(node) == "staff":
            return []
        step = self.compiled.step(node)
        return [step.overdue] if step.overdue else []

    def _withdrawals(self, world: World) -> Iterator[tuple[Turn, Move, World]]:
        for name, state in world.consents.items():
            if state in LIVE:
                effect = self.compiled.consents[name].on_withdraw
                move = Withdrawn(name, effect.pause if effect else ())
                yield Turn("withdraw", {"consent": name}), move, _with(world, name, "withdrawn")


def _with(
    world: World, consent: str, state: ConsentState, *, owed: frozenset[Role] | None = None
) -> World:
    consents: dict[str, ConsentState] = {**world.consents, consent: state}
    return replace(world, consents=consents, owed=world.owed if owed is None else owed)
