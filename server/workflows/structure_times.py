"""Whether what a workflow says by default can ever be: times in order, rows with an age in them,
rules that are not shadowed by others, tasks that something opens."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from server.kernel.durations import Duration
from server.kernel.yaml import Path
from server.workflows.definition import (
    AgeRow,
    AnyStep,
    ChooseStep,
    ConsentStep,
    Due,
    FormStep,
    Stage,
    WorkflowSpec,
)
from server.workflows.structure_people import Fault

# Only to put unlike lengths in order: five working days are a week, twelve months a year.
_DAYS = {"hours": 1 / 24, "days": 1.0, "working days": 7 / 5, "months": 365 / 12}


def time_faults(spec: WorkflowSpec, raised: Collection[str]) -> Iterator[Fault]:
    """Everything that could never happen as it is written.

    `raised` are the staff tasks that withdrawals of consents open.
    """
    for index, stage in enumerate(spec.stages):
        path: Path = ("stages", index)
        yield from _package(stage, path)
        for number, step in enumerate(stage.steps):
            at: Path = (*path, "steps", number)
            yield from _due(step.due, (*at, "due", "in"), step.id)
            yield from _reminders(step, _due_of(step, stage), (*at, "remind", "after"))
            for where, way in _ways(step, at):
                yield from _waits(way, where, step.id)
    yield from _tasks(spec, raised)


def _package(stage: Stage, path: Path) -> Iterator[Fault]:
    """What is signed together is one task: it has one due time, one list of reminders."""
    for key in ("due", "remind", "overdue"):
        said = [
            (number, step)
            for number, step in enumerate(stage.steps)
            if isinstance(step, ConsentStep) and getattr(step, key) is not None
        ]
        for number, step in said[1:]:
            if getattr(step, key) != getattr(said[0][1], key):
                facts = {"step": step.id, "key": key, "first": said[0][1].id}
                yield Fault("PACKAGE-TIMES", (*path, "steps", number, key), step.id, facts)


def _due_of(step: AnyStep, stage: Stage) -> Due | None:
    if step.due is not None or not isinstance(step, ConsentStep):
        return step.due
    return next((one.due for one in stage.steps if one.due is not None), None)


def _due(due: Due | None, path: Path, at: str) -> Iterator[Fault]:
    if due is not None and due.in_.amount == 0:
        yield Fault("TIME-ZERO", path, at, {"given": str(due.in_)})


def _reminders(step: Any, due: Due | None, path: Path) -> Iterator[Fault]:
    before: Duration | None = None
    after = step.remind.after if step.remind is not None else ()
    for number, one in enumerate(after):
        facts: dict[str, Any] = {"step": step.id, "given": str(one)}
        if one.amount == 0:
            yield Fault("TIME-ZERO", (*path, number), step.id, {"given": str(one)})
        elif before is not None and _length(one) <= _length(before):
            right = [str(each) for each in sorted(set(after), key=_length)]
            facts = {**facts, "before": str(before), "right": right}
            yield Fault("REMIND-ORDER", (*path, number), step.id, facts)
        if due is not None and due.in_.amount and _length(one) >= _length(due.in_):
            yield Fault("REMIND-LATE", (*path, number), step.id, {**facts, "due": str(due.in_)})
        before = one


def _length(duration: Duration) -> float:
    return duration.amount * _DAYS[duration.unit]


def _ways(step: AnyStep, path: Path) -> Iterator[tuple[Path, FormStep | AgeRow]]:
    if isinstance(step, FormStep):
        yield path, step
    elif isinstance(step, ChooseStep):
        for number, row in enumerate(step.rows):
            yield (*path, "rows", number), row


def _waits(way: FormStep | AgeRow, path: Path, at: str) -> Iterator[Fault]:
    if isinstance(way, AgeRow) and way.from_ > way.to:
        yield Fault("ROW-EMPTY", path, at, {"from_": way.from_, "to": way.to})
    if way.stop_on is None:
        return
    for number, rule in enumerate(way.wait_on):
        # A stop wins over a wait: whoever answers so is never asked to wait.
        if way.stop_on.answer.items() <= rule.answer.items():
            said = ", ".join(f"{name}: {value}" for name, value in way.stop_on.answer.items())
            yield Fault("WAIT-NEVER", (*path, "wait_on", number), at, {"said": said})


def _tasks(spec: WorkflowSpec, raised: Collection[str]) -> Iterator[Fault]:
    opened = set(raised)
    for stage in spec.stages:
        for step in stage.steps:
            if step.overdue is not None:
                opened.add(step.overdue.open)
            for _, way in _ways(step, ()):
                opened.update(rule.open for rule in way.wait_on if rule.open is not None)
    for index, task in enumerate(spec.tasks):
        yield from _due(task.due, ("tasks", index, "due", "in"), task.task)
        if task.task not in opened:
            yield Fault("TASK-NEVER", ("tasks", index, "task"), task.task, {"task": task.task})
