"""The graph of every way through a workflow, found by the real engine."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from server.forms.definition import Role
from server.kernel.errors import ConsentMissing, Refused, StageClosed
from server.kernel.problems import Turn
from server.workflows.compiled import Compiled
from server.workflows.definition import OLDEST, YOUNGEST, ChooseStep
from server.workflows.engine import advance
from server.workflows.moves import CaseState, Move, Started, StepState, Withdrawn
from server.workflows.worlds import Happenings, SignersAt, Stand, World

MAX_STATES = 30_000


class Walk:
    """The graph of all stands, breadth first, so that the first way found is a shortest one."""

    def __init__(self, compiled: Compiled, signers_at: SignersAt, raised: frozenset[str]) -> None:
        self.compiled = compiled
        self.signers_at = signers_at
        self.happenings = Happenings(compiled, signers_at, raised)
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
                for turn, move, world in self.happenings.after(stand):
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
