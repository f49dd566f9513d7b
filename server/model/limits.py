"""Whether a point may be changed, within what, and why: the one place that answers it.

`settings.py` refuses by it and `points.py` shows it, so that no screen offers what is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from server.forms.definition import DataClass, FieldSpec, FormSpec, Locked
from server.kernel.durations import Duration
from server.kernel.wordlists import WordList
from server.model.bundle import Bundle, thawed
from server.model.definition import Range, Variant
from server.workflows.definition import (
    AgeRow,
    AnyStep,
    Bounded,
    ChooseStep,
    Due,
    FormStep,
    Remind,
    ReviewStep,
    WorkflowSpec,
)

# Parameters that bind a kind of change wherever a definition names none of its own.
HIDDEN, APPROVALS, WORDING, CHOICES = "P11", "P13", "P25", "P26"
# The reason of what nobody marked: the root of every definition is locked (WORKFLOWS.md).
ROOT_WHY = "model.enrolment"
# What answers of these types are in the eyes of the law, whatever a partner declares.
CLASS_OF_TYPE: Mapping[str, DataClass] = {"contact": "contact", "person_name": "identity"}

Bound = int | Duration


@dataclass(frozen=True, slots=True)
class Limit:
    """Between what a point may move, both ends included, and how many of it there may be."""

    parameter: str
    lowest: Bound | None = None
    highest: Bound | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a change is open at a point: `why` is an id of the origin registry.

    `code` names the refusal when it is closed; `limit` holds the numbers where there are any.
    """

    why: str
    code: str = ""
    limit: Limit | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether the change may be made, within the limit."""
        return not self.code


@dataclass(frozen=True)
class Limits:
    """The limits of one bundle in one variant."""

    bundle: Bundle
    variant: Variant

    def label(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May the question be worded otherwise?"""
        return self._wording(form, spec, "label")

    def help(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May the hint be worded otherwise?"""
        return self._wording(form, spec, "help")

    def order(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May the question stand elsewhere?"""
        if not _frees(spec, "order"):
            return _locked(spec, form)
        return Verdict(self._why(WORDING))

    def hide(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May the question be left out? How many of a form may be is `hidden_of`."""
        if spec.required or spec.is_:
            return Verdict(_lock_of(spec, form), "LIMIT-REQUIRED-HIDE")
        if (form.form, spec.field) in self.routes:
            return Verdict(_lock_of(spec, form), "LIMIT-USED")
        if not _frees(spec, "hide"):
            return _locked(spec, form)
        return self.hidden_of(form)

    def hidden_of(self, form: FormSpec) -> Verdict:
        """How many questions may be left out: a share of the optional ones, rounded up."""
        parameter = form.hidden.bound if form.hidden else HIDDEN
        percent = self._range(parameter).percent or 0
        optional = sum(1 for spec in form.fields if _is_optional(spec))
        most = -(-optional * percent // 100)
        limit = Limit(parameter, 0, most)
        facts = {"percent": percent, "optional": optional, "most": most}
        code = "" if most else f"LIMIT-{parameter}-NONE"
        return Verdict(self._why(parameter), code, limit, facts)

    def required(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May an optional question be made required?"""
        if not _frees(spec, "required"):
            return _locked(spec, form)
        return Verdict(self._why(WORDING))

    def choices(self, form: FormSpec, spec: FieldSpec) -> Verdict:
        """May the choices be changed, and how many may there be?"""
        bound = spec.choices.bound if spec.choices else None
        if spec.choices is None or spec.is_ or (bound is None and not _frees(spec, "choices")):
            return _locked(spec, form)
        return self.choice_count(bound or CHOICES)

    def choice_count(self, parameter: str = CHOICES) -> Verdict:
        """How many choices a list may have."""
        return self._between(parameter)

    def own_fields(self, form: FormSpec) -> Verdict:
        """How many questions of its own a partner may add to the form."""
        if form.own_fields is None:
            return Verdict(form.locked.why if form.locked else ROOT_WHY, "LIMIT-OWN-CLOSED")
        parameter = form.own_fields.bound
        most = _whole(self._range(parameter).to)
        code = "" if most else f"LIMIT-{parameter}-NONE"
        return Verdict(self._why(parameter), code, Limit(parameter, 0, most), {"most": most})

    def due(self, workflow: WorkflowSpec, due: Due) -> Verdict:
        """Between what may a due time move? A share of the shipped one, in whole units."""
        if due.bound is None:
            return _locked(workflow)
        percent = self._range(due.bound).percent or 0
        shipped, unit = due.in_.amount, due.in_.unit
        lowest = max(1, -(-shipped * (100 - percent) // 100))
        highest = shipped * (100 + percent) // 100
        limit = Limit(due.bound, Duration(lowest, unit), Duration(highest, unit))
        code = "" if lowest < highest else f"LIMIT-{due.bound}-NONE"
        return Verdict(self._why(due.bound), code, limit, {"percent": percent, "shipped": due.in_})

    def remind(self, workflow: WorkflowSpec, remind: Remind) -> Verdict:
        """When and how often may people be reminded?"""
        return self._between(remind.bound) if remind.bound else _locked(workflow)

    def approvals(self, workflow: WorkflowSpec, step: ReviewStep) -> Verdict:
        """How many people may a decision need?"""
        if not isinstance(step.approvals, Bounded):
            return _locked(workflow)
        return self._between(step.approvals.bound)

    def valid(self, consent: str) -> Verdict:
        """How long may a consent live after the end of the cycle?"""
        spec = self.bundle.consents[consent]
        if spec.valid.bound is None:
            return Verdict(spec.locked.why if spec.locked else ROOT_WHY, "LIMIT-LOCKED")
        return self._between(spec.valid.bound)

    @cached_property
    def routes(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The answers by which a workflow chooses its way, by form and question."""
        found: dict[tuple[str, str], set[str]] = {}
        for step in steps_of_all(self.bundle.workflows):
            for asked in _asked(step):
                stops = () if asked.stop_on is None else (asked.stop_on,)
                for rule in (*stops, *asked.wait_on):
                    for question, answer in rule.answer.items():
                        found.setdefault((asked.form, question), set()).add(answer)
        return {key: frozenset(answers) for key, answers in found.items()}

    @cached_property
    def special_words(self) -> WordList:
        """The words by which a question asks for special data, of every country."""
        lists = [
            WordList.model_validate(thawed(law["special_words"]))
            for law in self.bundle.legal.values()
            if law.get("special_words")
        ]
        return WordList.joined(lists)

    def _wording(self, form: FormSpec, spec: FieldSpec, part: Literal["label", "help"]) -> Verdict:
        if not _frees(spec, part):
            return _locked(spec, form)
        open_ = part in (self._range(WORDING).only or ())
        return Verdict(self._why(WORDING), "" if open_ else f"LIMIT-{WORDING}")

    def _between(self, parameter: str) -> Verdict:
        bound = self._range(parameter)
        limit = Limit(parameter, bound.from_, bound.to, bound.at_most)
        code = f"LIMIT-{parameter}-NONE" if bound.fixed else ""
        return Verdict(self._why(parameter), code, limit)

    def _range(self, parameter: str) -> Range:
        return self.bundle.model.range_of(parameter, self.variant)

    def _why(self, parameter: str) -> str:
        return self.bundle.model.parameters[parameter].why


def steps_of(workflow: WorkflowSpec) -> Iterator[AnyStep]:
    """Every step of a workflow, in order."""
    for stage in workflow.stages:
        yield from stage.steps


def steps_of_all(workflows: Mapping[str, WorkflowSpec]) -> Iterator[AnyStep]:
    """Every step of every workflow."""
    for workflow in workflows.values():
        yield from steps_of(workflow)


def _asked(step: AnyStep) -> tuple[FormStep | AgeRow, ...]:
    if isinstance(step, FormStep):
        return (step,)
    return step.rows if isinstance(step, ChooseStep) else ()


def _is_optional(spec: FieldSpec) -> bool:
    return not (spec.required or spec.is_ or spec.own or spec.type == "note")


def _frees(spec: FieldSpec, part: str) -> bool:
    # What says who somebody is stays as it is, whatever its file frees.
    return part in spec.free and not spec.is_


def _lock_of(*stands_in: FieldSpec | FormSpec | WorkflowSpec) -> str:
    """The reason of the nearest lock, from the inside out."""
    locks: Iterator[Locked] = (thing.locked for thing in stands_in if thing.locked)
    return next((lock.why for lock in locks), ROOT_WHY)


def _locked(*stands_in: FieldSpec | FormSpec | WorkflowSpec) -> Verdict:
    return Verdict(_lock_of(*stands_in), "LIMIT-LOCKED")


def _whole(bound: Bound | None) -> int:
    return bound if isinstance(bound, int) else 0
