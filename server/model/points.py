"""Every point of a form or workflow as an editor shows it: its sign, its reason, its room to move;
and what differs between two versions, point by point, for the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from typing import Any, Literal, cast

from server.forms.definition import Choice, FieldSpec, FormSpec
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.model.definition import Change, Move, SettingsSpec, Variant
from server.model.form_changes import AdaptedForm
from server.model.limits import WORDING, Limit, Limits, Verdict
from server.model.own_fields import changed_words
from server.model.settings import adapted_form, apply
from server.model.workflow_changes import name_of, step_points
from server.workflows.definition import AnyStep, Bounded, ReviewStep, WorkflowSpec

Sign = Literal["locked", "bounded", "free"]
Kind = Literal["field", "own_fields", "hidden", "due", "remind", "approvals", "valid"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that may be done at a point: a kind of change, and the `at` it is written with."""

    change: Literal["hide", "set", "reword", "move", "add_field"]
    at: str
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How many of what may be added or hidden are used: «осталось 8 из 10»."""

    used: int
    most: int

    @property
    def left(self) -> int:
        """How many more there may be."""
        return max(0, self.most - self.used)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a point is as it is: one entry of the origin registry."""

    why: str
    origin: str  # law, safety, model or recommended
    title: Text
    text: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a form, workflow or consent.

    `now` and `shipped` are a FieldSpec for a question (`shipped` is None for an own one), a
    Duration for `due` and `valid`, durations for `remind`, a number for `approvals`. A question of
    which only the hint may be reworded is locked, and still has that operation.
    """

    at: str
    kind: Kind
    name: Text
    sign: Sign
    reason: Reason
    operations: tuple[Operation, ...] = ()
    limit: Limit | None = None
    now: Any = None
    shipped: Any = None
    changed: bool = False
    room: Room | None = None
    own: bool = False
    hidden: bool = False

    def may(self, change: str, part: str = "") -> bool:
        """Whether a kind of change is open here: `may("reword", "help")`, `may("hide")`."""
        wanted = f"{self.at}.{part}" if part else None
        return any(one.change == change and wanted in (None, one.at) for one in self.operations)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of what changed: `code` names the sentence of words/limits.py, `facts` fill it."""

    code: str
    at: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def points(
    bundle: Bundle, variant: Variant, target: str, changes: Sequence[Change] = ()
) -> list[Point]:
    """Every point of a form, workflow or consent under a school's changes.

    The questions of a form come in the order people see them, hidden ones in their places; what
    belongs to the whole form comes last. `changes` may be those of all definitions.

    :raises KeyError: when the bundle has no such definition.
    """
    settings = SettingsSpec(
        settings="shown", model=bundle.model.model, variant=variant, changes=tuple(changes)
    )
    showing = _Showing(bundle, settings, target)
    if target in bundle.forms:
        return list(showing.form(bundle.forms[target]))
    if target in bundle.workflows:
        return list(showing.workflow(bundle.workflows[target]))
    return [showing.consent(target)]


class _Showing:
    """The points of one definition under one list of changes."""

    def __init__(self, bundle: Bundle, settings: SettingsSpec, target: str) -> None:
        self.bundle = bundle
        self.settings = settings
        self.target = target
        self.limits = Limits(bundle, settings.variant)
        self.origins = bundle.origins
        self.moved = {change.at for change in settings.changes if isinstance(change, Move)}

    def form(self, form: FormSpec) -> Iterator[Point]:
        adapted = adapted_form(self.bundle, self.settings, form)
        for spec in adapted.fields:
            yield self._own(form, spec) if spec.own else self._question(form, spec, adapted)
        own = sum(1 for spec in adapted.fields if spec.own)
        yield self._count("own_fields", form, self.limits.own_fields(form), own)
        yield self._count("hidden", form, self.limits.hidden_of(form), len(adapted.hidden))

    def workflow(self, workflow: WorkflowSpec) -> Iterator[Point]:
        effective = apply(self.bundle, self.settings).effective.workflows[self.target]
        now = step_points(effective)
        for step, shipped in step_points(workflow).items():
            at, name = f"{self.target}.{step}", name_of(shipped, self.bundle)
            held = now[step]
            if shipped.due is not None and held.due is not None:
                verdict = self.limits.due(workflow, shipped.due)
                yield self._value(
                    f"{at}.due.in", "due", name, verdict, shipped.due.in_, held.due.in_
                )
            if isinstance(shipped, AnyStep) and shipped.remind is not None:
                verdict = self.limits.remind(workflow, shipped.remind)
                after = cast(Any, held).remind.after
                yield self._value(
                    f"{at}.remind.after", "remind", name, verdict, shipped.remind.after, after
                )
            if isinstance(shipped, ReviewStep):
                verdict = self.limits.approvals(workflow, shipped)
                yield self._value(
                    f"{at}.approvals", "approvals", name, verdict,
                    self._number(shipped), self._number(cast(ReviewStep, held)),
                )  # fmt: skip

    def consent(self, target: str) -> Point:
        shipped = self.bundle.consents[target]
        effective = apply(self.bundle, self.settings).effective.consents[target]
        return self._value(
            f"{target}.valid.plus", "valid", shipped.title, self.limits.valid(target),
            shipped.valid.plus, effective.valid.plus,
        )  # fmt: skip

    def _question(self, form: FormSpec, spec: FieldSpec, adapted: AdaptedForm) -> Point:
        at = f"{form.form}.{spec.field}"
        shipped = cast(FieldSpec, form.field_named(spec.field))
        choices = self.limits.choices(form, shipped)
        hide = self.limits.hide(form, shipped)
        open_ = (
            ("reword", f"{at}.label", self.limits.label(form, shipped)),
            ("reword", f"{at}.help", self.limits.help(form, shipped)),
            ("set", f"{at}.choices", choices),
            ("set", f"{at}.required", self.limits.required(form, shipped)),
            ("move", at, self.limits.order(form, shipped)),
            ("hide", at, hide),
        )
        operations = tuple(
            Operation(cast(Any, change), where, verdict.limit)
            for change, where, verdict in open_
            if verdict.open and not (where.endswith(".required") and shipped.required)
        )
        sign, why = self._sign_of(form, shipped, operations)
        hidden = spec.field in adapted.hidden
        return Point(
            at,
            "field",
            spec.label,
            sign,
            self._reason(why),
            operations,
            limit=choices.limit if choices.open else None,
            now=spec,
            shipped=shipped,
            changed=hidden or spec != shipped or at in self.moved,
            hidden=hidden,
        )

    def _sign_of(
        self, form: FormSpec, shipped: FieldSpec, operations: tuple[Operation, ...]
    ) -> tuple[Sign, str]:
        choices = self.limits.choices(form, shipped)
        if choices.open:
            return "bounded", choices.why
        if any(not one.at.endswith(".help") for one in operations):
            return "free", self.bundle.model.parameters[WORDING].why
        # The reason of the lock itself; a label closed by the variant says so.
        label = self.limits.label(form, shipped)
        return "locked", label.why

    def _own(self, form: FormSpec, spec: FieldSpec) -> Point:
        verdict = self.limits.own_fields(form)
        return Point(
            f"{form.form}.{spec.field}",
            "field",
            spec.label,
            "free",
            self._reason(verdict.why),
            (Operation("add_field", form.form, verdict.limit),),
            now=spec,
            changed=True,
            own=True,
        )

    def _count(
        self, kind: Literal["own_fields", "hidden"], form: FormSpec, verdict: Verdict, used: int
    ) -> Point:
        most = verdict.limit.highest if verdict.limit else 0
        assert isinstance(most, int)
        add = (Operation("add_field", form.form, verdict.limit),) if kind == "own_fields" else ()
        return Point(
            form.form,
            kind,
            form.title,
            "bounded" if verdict.open else "locked",
            self._reason(verdict.why),
            add if verdict.open else (),
            limit=verdict.limit,
            now=used,
            shipped=0,
            changed=used > 0,
            room=Room(used, most),
        )

    def _value(
        self, at: str, kind: Kind, name: Text, verdict: Verdict, shipped: Any, now: Any
    ) -> Point:
        return Point(
            at,
            kind,
            name,
            "bounded" if verdict.open else "locked",
            self._reason(verdict.why),
            (Operation("set", at, verdict.limit),) if verdict.open else (),
            limit=verdict.limit,
            now=now,
            shipped=shipped,
            changed=now != shipped,
        )

    def _number(self, step: ReviewStep) -> int:
        if isinstance(step.approvals, Bounded):
            return self.bundle.numbers(self.settings.variant)[step.approvals.bound]
        return step.approvals

    def _reason(self, why: str) -> Reason:
        found: Mapping[str, Any] = self.origins.get(why, {})
        title, text, source = (Text(found.get(key, {})) for key in ("title", "text", "source"))
        return Reason(why, found.get("origin", "model"), title, text, source)


def diff(before: Bundle, after: Bundle) -> list[Difference]:
    """What a reader sees change from one version of the definitions to another, in their order."""
    return [
        *_in_both(before.forms, after.forms, _form_differences),
        *_in_both(before.workflows, after.workflows, partial(_workflow_differences, after)),
        *_in_both(before.consents, after.consents, _consent_differences),
    ]


def _in_both(before: Mapping[str, Any], after: Mapping[str, Any], compare: Any) -> Iterator[Any]:
    for name, spec in before.items():
        if name in after and after[name] != spec:
            yield from compare(spec, after[name])


def _form_differences(before: FormSpec, after: FormSpec) -> Iterator[Difference]:
    for spec in before.fields:
        if after.field_named(spec.field) is None:
            code = "DIFF-OWN-REMOVED" if spec.own else "DIFF-HIDDEN"
            yield Difference(code, f"{after.form}.{spec.field}", {"name": spec.label})
    for spec in after.fields:
        at = f"{after.form}.{spec.field}"
        was = before.field_named(spec.field)
        if was is None:
            code = "DIFF-OWN-ADDED" if spec.own else "DIFF-SHOWN"
            yield Difference(code, at, {"name": spec.label})
        else:
            yield from _field_differences(at, was, spec)
    yield from _moves(before, after)


def _field_differences(at: str, before: FieldSpec, after: FieldSpec) -> Iterator[Difference]:
    name = after.label
    if before.label != after.label:
        yield Difference("DIFF-LABEL", at, _reworded(before.label, after.label))
    if before.help != after.help:
        code = "DIFF-HELP" if after.help else "DIFF-HELP-REMOVED"
        fresh = changed_words(before.help, after.help or Text({}))
        yield Difference(code, at, {"name": name, "after": fresh or after.help or Text({})})
    if before.required != after.required:
        code = "DIFF-REQUIRED" if after.required else "DIFF-OPTIONAL"
        yield Difference(code, at, {"name": name})
    if before.choices != after.choices:
        old = before.choices.options if before.choices else ()
        new = after.choices.options if after.choices else ()
        yield from _choice_differences(at, name, old, new)
    told = {"label", "help", "required", "choices"}
    if before.model_dump(exclude=told) != after.model_dump(exclude=told):
        yield Difference("DIFF-OWN-CHANGED", at, {"name": name})


def _choice_differences(
    at: str, name: Text, before: tuple[Choice, ...], after: tuple[Choice, ...]
) -> Iterator[Difference]:
    old = {choice.value: choice.label for choice in before}
    new = {choice.value: choice.label for choice in after}
    for value, label in old.items():
        if value not in new:
            yield Difference("DIFF-CHOICE-REMOVED", at, {"name": name, "label": label})
    for value, label in new.items():
        if value not in old:
            yield Difference("DIFF-CHOICE-ADDED", at, {"name": name, "label": label})
        elif old[value] != label:
            facts = {"name": name, **_reworded(old[value], label)}
            yield Difference("DIFF-CHOICE-LABEL", at, facts)
    if [value for value in old if value in new] != [value for value in new if value in old]:
        yield Difference("DIFF-CHOICE-ORDER", at, {"name": name})


def _reworded(before: Text, after: Text) -> dict[str, Text]:
    """Both texts in the languages that differ: a reader of another one is shown what did change."""
    fresh = changed_words(before, after)
    said = {locale: before[locale] for locale in fresh if locale in before}
    return {"before": Text(said) if said else before, "after": fresh or after}


def _moves(before: FormSpec, after: FormSpec) -> Iterator[Difference]:
    old = [spec.field for spec in before.fields if after.field_named(spec.field)]
    new = [spec.field for spec in after.fields if before.field_named(spec.field)]
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in new[block.b : block.b + block.size]}
    for number, spec in enumerate(after.fields):
        if spec.field in new and spec.field not in kept:
            at = f"{after.form}.{spec.field}"
            if number == 0:
                yield Difference("DIFF-MOVED-FIRST", at, {"name": spec.label})
            else:
                facts = {"name": spec.label, "after": after.fields[number - 1].label}
                yield Difference("DIFF-MOVED", at, facts)


def _workflow_differences(
    bundle: Bundle, before: WorkflowSpec, after: WorkflowSpec
) -> Iterator[Difference]:
    old = step_points(before)
    for step, point in step_points(after).items():
        was = old.get(step)
        if was is None or was == point:
            continue
        at = f"{after.workflow}.{step}"
        name = name_of(point, bundle)
        if was.due and point.due and was.due != point.due:
            facts = {"name": name, "before": was.due.in_, "after": point.due.in_}
            yield Difference("DIFF-DUE", f"{at}.due.in", facts)
        reminders = [one.remind for one in (was, point) if isinstance(one, AnyStep) and one.remind]
        if len(reminders) == 2 and reminders[0] != reminders[1]:
            facts = {"name": name, "before": reminders[0].after, "after": reminders[1].after}
            yield Difference("DIFF-REMIND", f"{at}.remind.after", facts)
        if isinstance(was, ReviewStep) and isinstance(point, ReviewStep):
            yield from _approval_differences(f"{at}.approvals", name, was, point)


def _approval_differences(
    at: str, name: Text, before: ReviewStep, after: ReviewStep
) -> Iterator[Difference]:
    if before.approvals == after.approvals:
        return
    if isinstance(after.approvals, Bounded):
        yield Difference("DIFF-APPROVALS-SHIPPED", at, {"name": name})
    else:
        yield Difference("DIFF-APPROVALS", at, {"name": name, "after": after.approvals})


def _consent_differences(before: Any, after: Any) -> Iterator[Difference]:
    if before.valid != after.valid:
        facts = {
            "name": after.title,
            "before": before.valid.plus,
            "after": after.valid.plus,
        }
        yield Difference("DIFF-VALID", f"{after.consent}.valid.plus", facts)
