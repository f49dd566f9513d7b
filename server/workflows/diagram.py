"""A workflow as a Mermaid flow chart, for docs and golden files."""

from __future__ import annotations

from collections.abc import Iterator

from server.workflows.compiled import Compiled
from server.workflows.definition import (
    AgeRow,
    ChooseStep,
    FormStep,
    NotifyStep,
    ReviewStep,
    Stage,
    Step,
)


def mermaid(compiled: Compiled, locale: str) -> str:
    """The chart: stages as boxes with their steps, ends, and every way between them."""
    return "\n".join(["flowchart TD", *(f"  {line}" for line in _lines(compiled, locale))]) + "\n"


def _lines(compiled: Compiled, locale: str) -> Iterator[str]:
    for stage in compiled.spec.stages:
        title = stage.title.in_(locale) if stage.title else stage.stage
        yield f'subgraph stage_{stage.stage}["{_safe(title)}"]'
        for node, shape, label in _nodes(compiled, stage, locale):
            yield f'  {node}{shape[0]}"{_safe(label)}"{shape[1]}'
        yield "end"
    for end in compiled.spec.ends:
        yield f'end_{end}(["{_safe(compiled.end_label(end).in_(locale))}"])'
    yield from _flow(compiled)
    for stage in compiled.spec.stages:
        yield from _ways_out(compiled, stage, locale)


def _nodes(
    compiled: Compiled, stage: Stage, locale: str
) -> Iterator[tuple[str, tuple[str, str], str]]:
    package = compiled.package(stage.stage)
    if package:
        titles = (compiled.consents[step.consent].title.in_(locale) for step in package)
        yield stage.stage, ("[/", "/]"), "<br>".join(titles)
        return
    for step in stage.steps:
        yield step.id, _shape(step), compiled.label(step.id).in_(locale)


def _shape(step: Step) -> tuple[str, str]:
    if isinstance(step, ReviewStep | ChooseStep):
        return "{", "}"
    return (">", "]") if isinstance(step, NotifyStep) else ("[", "]")


def _flow(compiled: Compiled) -> Iterator[str]:
    """The order of the list; what is optional hangs beside it on a dotted line."""
    before: str | None = None
    for stage in compiled.spec.stages:
        nodes = [stage.stage] if compiled.package(stage.stage) else [s.id for s in stage.steps]
        if stage.optional:
            if before is not None:
                yield f"{before} -.-> {nodes[0]}"
            continue
        for node in nodes:
            if before is not None:
                yield f"{before} --> {node}"
            before = node


def _ways_out(compiled: Compiled, stage: Stage, locale: str) -> Iterator[str]:
    for end in dict.fromkeys(stage.refused.values()):
        names = ", ".join(name for name, to in stage.refused.items() if to == end)
        yield f"{stage.stage} -- refused: {names} --> end_{end}"
    for step in stage.steps:
        if isinstance(step, FormStep | ChooseStep):
            yield from _stops(step.id, compiled.form_rows(step.id))
        if isinstance(step, ReviewStep):
            for outcome in step.outcomes:
                target = f"end_{outcome.to}" if outcome.to else outcome.back_to
                if target is not None:
                    yield f"{step.id} -- {_safe(outcome.label.in_(locale))} --> {target}"


def _stops(step: str, ways: tuple[AgeRow | FormStep, ...]) -> Iterator[str]:
    ends = dict.fromkeys(way.stop_on.to for way in ways if way.stop_on)
    for end in ends:
        stops = (way.stop_on for way in ways if way.stop_on and way.stop_on.to == end)
        said = dict.fromkeys(f"{k}: {v}" for stop in stops for k, v in stop.answer.items())
        yield f"{step} -- {', '.join(said)} --> end_{end}"


def _safe(label: str) -> str:
    return label.replace('"', "'")
