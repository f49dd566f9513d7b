"""Proof before publishing: the real engine walks every way through a workflow.

The world's part is played too: a child of each age that makes a difference, every combination of
answers to the consents, what a second signer says, withdrawals, overdue tasks. Every state found
is checked, and a state that breaks a demand is shown by the shortest way that leads there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cached_property

from server.consents.definition import ConsentSpec
from server.forms.definition import FormSpec
from server.kernel.problems import Problem
from server.workflows.compiled import Compiled
from server.workflows.definition import Requirement
from server.workflows.moves import LIVE, CaseState, Decided, Filled, OpenTask, Withdrawn
from server.workflows.structure import Path, PlaceOf, nowhere
from server.workflows.walks import MAX_STATES, Walk
from server.workflows.worlds import SignersAt, Stand, guardian_alone


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
    walk = Walk(compiled, signers_at, raised)
    if not walk.complete:
        at = compiled.id
        return [Problem("PROOF-TOO-LARGE", {"most": MAX_STATES}, place_of(()), at)]
    return list(_Findings(walk, consents, place_of).all())


class _Findings:
    """What the walk proves wrong."""

    def __init__(self, walk: Walk, consents: Mapping[str, ConsentSpec], place_of: PlaceOf) -> None:
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
