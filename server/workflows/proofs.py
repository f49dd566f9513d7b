"""Proof before publishing: the real engine walks every way through a workflow.

The world's part is played too: a child of each age that makes a difference, every combination of
answers to the consents, what a second signer says, withdrawals, overdue tasks. Every state found
is checked, and a state that breaks a demand is shown by the shortest way that leads there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Literal

from server.consents.definition import ConsentSpec
from server.forms.definition import FormSpec, Role
from server.kernel.errors import ConsentMissing, Refused, StageClosed
from server.kernel.problems import Problem, Turn
from server.workflows.compiled import Compiled
from server.workflows.definition import (
    OLDEST,
    YOUNGEST,
    AgeRow,
    ChooseStep,
    FormStep,
    Overdue,
    Requirement,
    ReviewStep,
)
from server.workflows.engine import advance, outcomes_left
from server.workflows.moves import (
    LIVE,
    CaseState,
    ConsentState,
    Decided,
    Facts,
    Filled,
    Move,
    OpenTask,
    Raised,
    Signed,
    Started,
    StepState,
    Taken,
    TaskFinished,
    Withdrawn,
)
from server.workflows.structure import Path, PlaceOf, nowhere

MAX_STATES = 30_000
BIRTH_DATE = "mentee.birth_date"

Answer = Literal["given", "refused", "deferred"]
SignersAt = Callable[[int], tuple[Role, ...]]


def guardian_alone(_: int) -> tuple[Role, ...]:
    """The simplest rule: at every age the guardian signs."""
    return ("guardian",)


def prove(
    compiled: Compiled,
    *,
    consents: Mapping[str, ConsentSpec],
    signers_at: SignersAt = guardian_alone,
    raised: frozenset[str] = frozenset(),
    place_of: PlaceOf = nowhere,
) -> list[Problem]:
    """Every demand that some way through a workflow breaks, each with the shortest such way.

    `consents` are all there are, asked here or not: data of a purpose that is never asked for is
    a finding as well. `raised` are the staff tasks that withdrawals of consents open. The workflow
    must have passed `check_structure`.
    """
    walk = _Walk(compiled, signers_at, raised)
    if not walk.complete:
        at = compiled.id
        return [Problem("PROOF-TOO-LARGE", {"most": MAX_STATES}, place_of(()), at)]
    return list(_Findings(walk, consents, place_of).all())


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


class _Walk:
    """The graph of all stands, breadth first, so that the first way found is a shortest one."""

    def __init__(self, compiled: Compiled, signers_at: SignersAt, raised: frozenset[str]) -> None:
        self.compiled = compiled
        self.signers_at = signers_at
        self.raised = raised
        self.stands: list[Stand] = []
        self.edges: list[Stand] = []  # one for each move taken, seen before or not
        self.next: dict[int, set[int]] = {}
        self.numbers: dict[object, int] = {}
        self.stuck_on_age: list[tuple[Stand, str]] = []
        self.complete = self._explore()

    def _explore(self) -> bool:
        queue: deque[int] = deque()
        for age in self._ages():
            start = Stand(CaseState(), World(age))
            self._reach(None, start, Turn("start", {"age": age}), Started(), start.world, queue)
        while queue:
            number = queue.popleft()
            if len(self.stands) > MAX_STATES:
                return False
            stand = self.stands[number]
            if stand.state.status != "ended":
                for turn, move, world in self._moves(stand):
                    self._reach(number, stand, turn, move, world, queue)
        return True

    def _reach(
        self,
        number: int | None,
        stand: Stand,
        turn: Turn,
        move: Move,
        world: World,
        queue: deque[int],
    ) -> None:
        try:
            taken = advance(self.compiled, stand.state, move, world.facts())
        except (ConsentMissing, StageClosed):
            return
        except Refused as refused:
            if refused.facts.get("reason") == "age_unknown":
                at = Stand(stand.state, world, None, stand, turn, move)
                self.stuck_on_age.append((at, str(refused.facts["step"])))
            return
        reached = Stand(
            self._normal(taken.state),
            world,
            taken,
            stand if number is not None else None,
            turn,
            move,
        )
        self.edges.append(reached)
        key = (repr(reached.state.to_json()), world.key())
        if key not in self.numbers:
            self.numbers[key] = len(self.stands)
            queue.append(len(self.stands))
            self.stands.append(reached)
        # That a family may take a consent back is no way on for a case that is stuck.
        if number is not None and not isinstance(move, Withdrawn):
            self.next.setdefault(number, set()).add(self.numbers[key])

    def _normal(self, state: CaseState) -> CaseState:
        """The state without what only counts: two stands that differ in nothing else are one."""
        steps: dict[str, StepState] = {}
        for key, step in state.steps.items():
            staff = self.compiled.kind(key.partition(".")[0]) == "staff"
            if not (staff and step.status == "done"):
                steps[key] = replace(step, round=1)
        counted = {k: n for k, n in state.returns.items() if self._is_counted(k)}
        return replace(state, steps=dict(sorted(steps.items())), returns=counted)

    def _is_counted(self, key: str) -> bool:
        review, _, name = key.partition(".")
        outcome = self.compiled.outcome(review, name)
        return outcome is not None and outcome.at_most is not None

    def _ages(self) -> list[int]:
        """One child for each run of ages that all rules treat alike."""
        edges = {YOUNGEST}
        for stage in self.compiled.spec.stages:
            for step in stage.steps:
                if isinstance(step, ChooseStep):
                    edges.update(row.from_ for row in step.rows)
        before: tuple[Role, ...] | None = None
        for age in range(YOUNGEST, OLDEST + 1):
            if self.signers_at(age) != before:
                edges.add(age)
            before = self.signers_at(age)
        return sorted(age for age in edges if age <= OLDEST)

    # What may happen next -----------------------------------------------------------------------

    def _moves(self, stand: Stand) -> Iterator[tuple[Turn, Move, World]]:
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


class _Findings:
    """What the walk proves wrong."""

    def __init__(self, walk: _Walk, consents: Mapping[str, ConsentSpec], place_of: PlaceOf) -> None:
        self.walk = walk
        self.compiled = walk.compiled
        self.spec = walk.compiled.spec
        self.consents = consents
        self.place_of = place_of

    def all(self) -> Iterator[Problem]:
        if ages := list(self._ages()):
            yield from ages  # the ways end there, so that all beyond looks unreached
            return
        yield from self._unreached()
        yield from self._demands()
        yield from self._data()
        yield from self._open_after_withdrawal()
        yield from self._stuck()

    @cached_property
    def openings(self) -> list[tuple[OpenTask, Stand]]:
        """Every opening of a task, in the order found: the shortest way to each comes first."""
        return [
            (effect, edge)
            for edge in self.walk.edges
            if edge.taken is not None
            for effect in edge.taken.effects
            if isinstance(effect, OpenTask)
        ]

    def _ages(self) -> Iterator[Problem]:
        told: set[str] = set()
        for stand, step in self.walk.stuck_on_age:
            if step not in told:
                told.add(step)
                facts = {"step": step}
                yield self._problem("AGE-UNKNOWN", self._path(step), step, facts, stand)

    def _unreached(self) -> Iterator[Problem]:
        entered = {stand.state.stage for stand in self.walk.stands}
        opened = {effect.step for effect, _ in self.openings}
        ends = {stand.state.end for stand in self.walk.stands}
        outside = self.spec.closed_by
        ends |= {outside.expiry, outside.withdrawal} if outside else set()
        for index, stage in enumerate(self.spec.stages):
            reached = stage.stage in entered
            if stage.optional:
                reached = stage.stage in opened or any(s.id in opened for s in stage.steps)
            if not reached:
                path: Path = ("stages", index, "stage")
                yield self._problem("STAGE-UNREACHED", path, stage.stage, {"stage": stage.stage})
        for index, end in enumerate(self.spec.ends):
            if end not in ends:
                yield self._problem("END-UNREACHED", ("ends", index), end, {"end": end})

    def _demands(self) -> Iterator[Problem]:
        for index, demand in enumerate(self.spec.requires):
            broken = next(
                (
                    (edge, missing)
                    for edge in self.walk.edges
                    if self._comes_to(edge, demand.before)
                    and (missing := self._missing(edge, demand))
                ),
                None,
            )
            if broken is not None:
                edge, missing = broken
                facts = {"before": demand.before, "missing": missing}
                path: Path = ("requires", index)
                yield self._problem("REQUIRES", path, demand.before, facts, edge, why=demand.why)

    def _comes_to(self, edge: Stand, node: str) -> bool:
        """Whether this move opens a step, or acts on it."""
        opens = edge.taken is not None and any(
            isinstance(effect, OpenTask) and self._stands_for(effect.step, node)
            for effect in edge.taken.effects
        )
        acts = isinstance(edge.moved, Filled | Decided) and self._stands_for(edge.moved.step, node)
        return opens or acts

    def _stands_for(self, step: str, node: str) -> bool:
        return step == node or (
            self.compiled.kind(step) != "staff" and self.compiled.stage_of(step).stage == node
        )

    def _missing(self, edge: Stand, demand: Requirement) -> list[str]:
        given = [n for n in demand.given if edge.world.consents.get(n) not in LIVE]
        return given + [n for n in demand.done if not self._is_done(edge.state, n)]

    def _is_done(self, state: CaseState, name: str) -> bool:
        if name in state.steps:
            return state.steps[name].status == "done"
        stages = [stage for stage in self.spec.stages if stage.stage == name]
        needed = [step.id for stage in stages for step in stage.steps if not step.optional]
        return bool(needed) and all(
            step in state.steps and state.steps[step].status == "done" for step in needed
        )

    def _data(self) -> Iterator[Problem]:
        """No field of a purpose before that purpose's consent is given, on any way."""
        behind = {one.purpose: one for one in self.consents.values() if one.kind == "data"}
        told: set[tuple[str, str]] = set()
        for start in self.spec.start:
            if start.form is not None:
                form = self.compiled.forms[start.form]
                for purpose in _purposes(form) & behind.keys():
                    facts = {"form": form.form, "consent": behind[purpose].consent}
                    yield self._problem("DATA-BEFORE-CONSENT", ("start",), form.form, facts)
        for effect, stand in self.openings:
            if effect.form is None:
                continue
            for purpose in sorted(_purposes(self.compiled.forms[effect.form]) & behind.keys()):
                consent = behind[purpose].consent
                if stand.world.consents.get(consent) in LIVE or (effect.form, consent) in told:
                    continue
                told.add((effect.form, consent))
                facts = {"form": effect.form, "consent": consent}
                path = self._path(effect.step)
                yield self._problem("DATA-BEFORE-CONSENT", path, effect.step, facts, stand)

    def _open_after_withdrawal(self) -> Iterator[Problem]:
        """After a withdrawal nothing that hangs on the consent may stay open."""
        told: set[tuple[str, str]] = set()
        for edge in self.walk.edges:
            if not isinstance(edge.moved, Withdrawn):
                continue
            consent = edge.moved.consent
            for key, step in edge.state.steps.items():
                hangs = consent in self.compiled.gate_of(key)
                if step.status == "open" and hangs and (key, consent) not in told:
                    told.add((key, consent))
                    stage = self.compiled.stage_of(key).stage
                    facts = {"step": key, "stage": stage, "consent": consent}
                    path = self._path(key)
                    yield self._problem("WITHDRAWAL-NOT-PAUSED", path, key, facts, edge)

    def _stuck(self) -> Iterator[Problem]:
        """The first state found from which no way leads to an end."""
        can_end = self._can_end()
        for number, stand in enumerate(self.walk.stands):
            if number not in can_end:
                at = stand.state.stage or self.spec.workflow
                path: Path = ("stages", self.compiled.index(at)) if stand.state.stage else ()
                yield self._problem("CASE-STUCK", path, at, {"stage": at}, stand)
                return

    def _can_end(self) -> set[int]:
        back: dict[int, list[int]] = {}
        for number, following in self.walk.next.items():
            for other in following:
                back.setdefault(other, []).append(number)
        found = {n for n, stand in enumerate(self.walk.stands) if self._ends_here(stand)}
        queue = deque(found)
        while queue:
            for number in back.get(queue.popleft(), ()):
                if number not in found:
                    found.add(number)
                    queue.append(number)
        return found

    def _ends_here(self, stand: Stand) -> bool:
        if stand.state.status == "ended":
            return True
        outside = self.spec.closed_by
        withdrawn = "withdrawn" in stand.world.consents.values()
        return withdrawn and outside is not None and outside.withdrawal is not None

    def _path(self, node: str) -> Path:
        for index, stage in enumerate(self.spec.stages):
            for number, step in enumerate(stage.steps):
                if step.id == node:
                    return ("stages", index, "steps", number)
            if stage.stage == node:
                return ("stages", index)
        return ()

    def _problem(
        self,
        code: str,
        path: Path,
        at: str,
        facts: Mapping[str, object],
        stand: Stand | None = None,
        *,
        why: str | None = None,
    ) -> Problem:
        return Problem(
            code,
            dict(facts),
            self.place_of(path),
            f"{self.spec.workflow}.{at}",
            why=why,
            trail=stand.trail() if stand is not None else (),
        )


def _purposes(form: FormSpec) -> set[str]:
    return {spec.data.purpose for spec in form.fields if spec.data is not None}
