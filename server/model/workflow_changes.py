"""A school's changes to the deadlines, reminders and approvals of a workflow, and to how long a
consent lives: each held against the limits, the good ones carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic_core import PydanticCustomError

from server.consents.definition import ConsentSpec
from server.kernel.durations import Duration, parse_duration
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.model.definition import Change, PlaceOf, Set, length_in_days
from server.model.form_changes import Outcome, nearest_of
from server.model.limits import ROOT_WHY, Limit, Limits, Verdict, steps_of
from server.model.own_fields import Pen
from server.workflows.definition import (
    AnyStep,
    ConsentStep,
    FormStep,
    ReviewStep,
    TaskSpec,
    WorkflowSpec,
)

Point = AnyStep | TaskSpec


def adapt_workflow(
    workflow: WorkflowSpec,
    changes: Iterable[tuple[int, Change]],
    *,
    limits: Limits,
    place_of: PlaceOf,
) -> tuple[WorkflowSpec, Outcome]:
    """The workflow with every change carried out that has no problem."""
    adapting = _Adapting(workflow, limits, place_of)
    for number, change in changes:
        adapting.take(number, change)
    return adapting.result(), adapting.outcome


def adapt_consent(
    consent: ConsentSpec,
    changes: Iterable[tuple[int, Change]],
    *,
    limits: Limits,
    place_of: PlaceOf,
) -> tuple[ConsentSpec, Outcome]:
    """The consent with another term after the end of the cycle, when that has no problem."""
    outcome = Outcome()
    verdict = limits.valid(consent.consent)
    for number, change in changes:
        pen = Pen(change.at, ("changes", number), verdict.why, place_of)
        outcome.problems[number], outcome.stored[number] = pen.found, change
        known = f"{consent.consent}.valid.plus"
        if change.at != known:
            _no_such_point(pen, [known])
        elif not isinstance(change, Set):
            pen.refused(Verdict(verdict.why, "LIMIT-LOCKED"), name=consent.title)
        else:
            term = _duration(change.to, pen)
            if term == consent.valid.plus:
                outcome.stored[number] = None
            elif term is not None and _is_within(term, verdict, consent.title, pen):
                valid = consent.valid.model_copy(update={"plus": term})
                consent = consent.model_copy(update={"valid": valid})
    return consent, outcome


def step_points(workflow: WorkflowSpec) -> Mapping[str, Point]:
    """Whatever of a workflow may carry a due time, by id: its steps, then its tasks."""
    steps = {cast(Any, step).id: step for step in steps_of(workflow)}
    return {**steps, **{task.task: task for task in workflow.tasks}}


def name_of(point: Point, bundle: Bundle) -> Text:
    """What people call a step or a task."""
    if isinstance(point, FormStep) and point.form in bundle.forms:
        return bundle.forms[point.form].title
    if isinstance(point, ConsentStep) and point.consent in bundle.consents:
        return bundle.consents[point.consent].title
    return point.label or Text({"en": cast(Any, point).id})


class _Adapting:
    """One workflow while its changes are carried out."""

    def __init__(self, workflow: WorkflowSpec, limits: Limits, place_of: PlaceOf) -> None:
        self.workflow = workflow
        self.limits = limits
        self.place_of = place_of
        self.outcome = Outcome()
        self.shipped = step_points(workflow)
        self.points = dict(self.shipped)
        self.pens: dict[str, list[Pen]] = {}  # of due times and reminders, by step

    def take(self, number: int, change: Change) -> None:
        why = self.workflow.locked.why if self.workflow.locked else ROOT_WHY
        pen = Pen(change.at, ("changes", number), why, self.place_of)
        self.outcome.problems[number], self.outcome.stored[number] = pen.found, change
        _, _, rest = change.at.partition(".")
        step, _, part = rest.partition(".")
        point = self.shipped.get(step)
        if point is None or not self._has(point, part):
            _no_such_point(pen, self._known())
        elif not isinstance(change, Set):
            pen.refused(Verdict(why, "LIMIT-LOCKED"), name=name_of(point, self.limits.bundle))
        else:
            pen.path = (*pen.path, "to")
            if not self._set(step, part, change, pen):
                self.outcome.stored[number] = None

    def result(self) -> WorkflowSpec:
        for step, pens in self.pens.items():
            self._check_reminders_before_due(step, pens)
        if self.points == self.shipped:
            return self.workflow
        stages = tuple(
            stage.model_copy(
                update={"steps": tuple(self.points[cast(Any, one).id] for one in stage.steps)}
            )
            for stage in self.workflow.stages
        )
        tasks = tuple(self.points[task.task] for task in self.workflow.tasks)
        return self.workflow.model_copy(update={"stages": stages, "tasks": tasks})

    def _set(self, step: str, part: str, change: Set, pen: Pen) -> bool:
        """Carry out one change; False when the point already has this value."""
        point = self.shipped[step]
        if part == "approvals":
            return self._set_approvals(step, cast(ReviewStep, point), change, pen)
        if part == "due.in":
            self.pens.setdefault(step, []).append(pen)
            return self._set_due(step, point, change, pen)
        self.pens.setdefault(step, []).append(pen)
        return self._set_remind(step, cast(AnyStep, point), change, pen)

    def _set_due(self, step: str, point: Point, change: Set, pen: Pen) -> bool:
        assert point.due is not None
        wanted = _duration(change.to, pen)
        if wanted == point.due.in_:
            return False
        verdict = self.limits.due(self.workflow, point.due)
        if wanted is not None and _is_within(
            wanted, verdict, name_of(point, self.limits.bundle), pen, unit=point.due.in_.unit
        ):
            self._update(step, due=point.due.model_copy(update={"in_": wanted}))
        return True

    def _set_remind(self, step: str, point: AnyStep, change: Set, pen: Pen) -> bool:
        assert point.remind is not None
        wanted = _durations(change.to, pen)
        if wanted == point.remind.after:
            return False
        verdict = self.limits.remind(self.workflow, point.remind)
        if wanted is None:
            return True
        name = name_of(point, self.limits.bundle)
        if not verdict.open:
            pen.refused(verdict, name=name)
            return True
        pen.why = verdict.why
        _check_reminders(wanted, cast(Limit, verdict.limit), name, pen)
        if not pen.found:
            self._update(step, remind=point.remind.model_copy(update={"after": wanted}))
        return True

    def _set_approvals(self, step: str, point: ReviewStep, change: Set, pen: Pen) -> bool:
        verdict = self.limits.approvals(self.workflow, point)
        name = name_of(point, self.limits.bundle)
        if not isinstance(change.to, int) or isinstance(change.to, bool):
            pen.mistyped("SETTINGS-NUMBER")
        elif not verdict.open:
            pen.refused(verdict, name=name)
        else:
            limit = cast(Limit, verdict.limit)
            lowest, highest = cast(int, limit.lowest), cast(int, limit.highest)
            if lowest <= change.to <= highest:
                self._update(step, approvals=change.to)
            else:
                put = min(max(change.to, lowest), highest)
                facts = {"from": lowest, "to": highest, "given": change.to, "put": put}
                pen.note(f"LIMIT-{limit.parameter}", {**facts, "name": name}, why=verdict.why)
        return True

    def _check_reminders_before_due(self, step: str, pens: list[Pen]) -> None:
        """A reminder after the due time reminds of nothing: refuse what was changed of the two."""
        point = self.points[step]
        if point == self.shipped[step]:
            return
        remind = point.remind if isinstance(point, AnyStep) else None
        if remind is None or point.due is None or not remind.after:
            return
        last, due = remind.after[-1], point.due.in_
        if length_in_days(last) < _shortest_days(due):
            return
        self.points[step] = self.shipped[step]
        if any(pen.found for pen in pens):
            return  # what was typed is refused already, and not compared with anything
        facts = {"name": name_of(point, self.limits.bundle), "due": due, "last": last}
        why = self.limits.remind(self.workflow, remind).why
        code = f"LIMIT-{remind.bound}-DUE" if remind.bound else "LIMIT-LOCKED"
        pens[-1].note(code, facts, why=why)

    def _update(self, step: str, **fresh: object) -> None:
        self.points[step] = self.points[step].model_copy(update=fresh)

    def _has(self, point: Point, part: str) -> bool:
        held = {
            "due.in": point.due is not None,
            "remind.after": isinstance(point, AnyStep) and point.remind is not None,
            "approvals": isinstance(point, ReviewStep),
        }
        return held.get(part, False)

    def _known(self) -> list[str]:
        return [
            f"{self.workflow.workflow}.{step}.{part}"
            for step, point in self.shipped.items()
            for part in ("due.in", "remind.after", "approvals")
            if self._has(point, part)
        ]


def _check_reminders(wanted: tuple[Duration, ...], limit: Limit, name: Text, pen: Pen) -> None:
    lowest, highest = cast(Duration, limit.lowest), cast(Duration, limit.highest)
    code = f"LIMIT-{limit.parameter}"
    facts: dict[str, object]
    if not 1 <= len(wanted) <= (limit.at_most or len(wanted)):
        facts = {"most": limit.at_most, "given": len(wanted), "name": name}
        pen.note(f"{code}-COUNT", facts)
    wrong: set[int] = set()
    for number, one in enumerate(wanted):
        if one.unit != lowest.unit:
            put = Duration(one.amount, lowest.unit)
            wrong.add(number)
            pen.note(f"{code}-UNIT", {"given": one, "put": put, "name": name}, part=(number,))
        elif not lowest.amount <= one.amount <= highest.amount:
            put = Duration(min(max(one.amount, lowest.amount), highest.amount), one.unit)
            facts = {"from": lowest, "to": highest, "given": one, "put": put, "name": name}
            wrong.add(number)
            pen.note(code, facts, part=(number,))
    lengths = [length_in_days(one) for one in wanted]
    for number in range(1, len(wanted)):
        if {number, number - 1} & wrong:
            continue  # one that is out of bounds is mended first
        if lengths[number] <= lengths[number - 1]:
            facts = {"given": wanted[number], "before": wanted[number - 1], "name": name}
            pen.note(f"{code}-ORDER", facts, part=(number,))


def _is_within(
    wanted: Duration, verdict: Verdict, name: Text, pen: Pen, *, unit: str | None = None
) -> bool:
    """Whether a duration lies within the limit, in the unit it must be counted in."""
    if not verdict.open:
        pen.refused(verdict, name=name)
        return False
    limit = cast(Limit, verdict.limit)
    lowest, highest = cast(Duration, limit.lowest), cast(Duration, limit.highest)
    units = {unit} if unit else {lowest.unit, highest.unit}
    if wanted.unit not in units:
        facts = {"given": wanted, "from": lowest, "to": highest, "name": name}
        pen.note(f"LIMIT-{limit.parameter}-UNIT", facts, why=verdict.why)
        return False
    length = length_in_days(wanted)
    if length_in_days(lowest) <= length <= length_in_days(highest):
        return True
    put = lowest if length < length_in_days(lowest) else highest
    facts = {"from": lowest, "to": highest, "given": wanted, "put": put, "name": name}
    pen.note(f"LIMIT-{limit.parameter}", facts, why=verdict.why)
    return False


def _duration(written: object, pen: Pen) -> Duration | None:
    try:
        return cast(Duration, parse_duration(written))
    except PydanticCustomError:
        pen.mistyped("SETTINGS-DURATION")
        return None


def _durations(written: object, pen: Pen) -> tuple[Duration, ...] | None:
    if not isinstance(written, tuple):
        pen.mistyped("SETTINGS-DURATIONS")
        return None
    found = [_duration(one, pen) for one in written]
    return None if None in found else tuple(one for one in found if one is not None)


def _shortest_days(due: Duration) -> float:
    """The fewest days a due time can last: so many working days may all follow each other."""
    return due.amount * 28.0 if due.unit == "months" else length_in_days(due)


def _no_such_point(pen: Pen, known: list[str]) -> None:
    pen.path = (*pen.path, "at")
    pen.mistyped("SETTINGS-POINT", {"given": pen.at, "nearest": nearest_of(pen.at, known)})
