"""What may move and how far: the model's parameters, its variants, and a school's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, StrictInt, StrictStr, Tag

from server.forms.definition import Data, FieldType, Role
from server.kernel.durations import AnyDuration, Duration
from server.kernel.frozen import Frozen, Id, ParameterId, WhyId
from server.kernel.problems import Place, Problem
from server.kernel.text import AnyText
from server.kernel.written import Flag, Whole

Variant = Literal["strict", "standard", "flexible"]
# From the narrowest to the widest: each lies within the next, and all within the outer bound.
VARIANTS: tuple[Variant, ...] = ("strict", "standard", "flexible")
ReleaseId = Annotated[str, Field(pattern=r"^\d{1,3}\.\d{1,3}$")]
Counted = Literal[
    "own fields per form", "optional fields hidden", "approvals per decision", "deadlines",
    "reminders", "retention", "own steps per workflow", "wording", "choices per list",
]  # fmt: skip
FIRST: Literal["first"] = "first"
Path = tuple[str | int, ...]
PlaceOf = Callable[[Path], Place | None]


class Range(Frozen):
    """How far something may move. What a variant leaves out is as the outer bound says."""

    from_: Whole | AnyDuration | None = Field(default=None, alias="from")
    to: Whole | AnyDuration | None = None
    percent: Annotated[Whole, Field(ge=0, le=100)] | None = None
    at_most: Annotated[Whole, Field(ge=0, le=100)] | None = None
    fixed: Flag = False  # as the model ships it: nothing may be changed
    only: tuple[Literal["label", "help"], ...] | None = None
    default: Whole | None = None  # where a definition states no number of its own (approvals)

    def within(self, outer: Range) -> Range:
        """This range with what it leaves out taken from the outer one."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return outer.model_copy(update=given)

    def holds(self, value: int | Duration) -> bool:
        """Whether a value lies between the ends, as far as they count the same kind of thing."""
        like = [None if _unlike(end, value) else end for end in (self.from_, self.to)]
        return not _less(value, like[0]) and not _less(like[1], value)

    def wider_than(self, outer: Range) -> str | None:
        """The key by which this range reaches beyond the outer one, None when it lies inside."""
        if self.fixed:
            return None
        if outer.fixed:
            return "fixed"
        if _less(self.from_, outer.from_):
            return "from"
        beyond = {
            "to": _less(outer.to, self.to),
            "percent": _less(outer.percent, self.percent),
            "at_most": _less(outer.at_most, self.at_most),
            "only": self.only is not None and not set(self.only) <= set(outer.only or ()),
        }
        return next((key for key, found in beyond.items() if found), None)


class Parameter(Frozen):
    """One limit of the model: what it counts, the outer bound, the three variants, and why."""

    title: AnyText
    counts: Counted
    outer: Range
    strict: Range
    standard: Range
    flexible: Range
    why: WhyId

    def range_in(self, variant: Variant) -> Range:
        """The range that binds in this variant, complete."""
        narrowed: Range = getattr(self, variant)
        return narrowed.within(self.outer)


class ModelSpec(Frozen):
    """One release of the model: its parameters by id."""

    model: ReleaseId
    parameters: dict[ParameterId, Parameter]

    def range_of(self, parameter: str, variant: Variant) -> Range:
        """The range of a parameter in a variant.

        :raises KeyError: when the release has no such parameter; model/checks.py refuses that.
        """
        return self.parameters[parameter].range_in(variant)

    def defaults(self, variant: Variant) -> Mapping[str, int]:
        """The number of each parameter that has one, for what a definition leaves open."""
        ranges = {name: parameter.range_in(variant) for name, parameter in self.parameters.items()}
        return {name: found.default for name, found in ranges.items() if found.default is not None}


class OfferedChoice(Frozen):
    """One choice as a partner writes it; a value that is missing is made from the label."""

    value: Id | None = None
    label: AnyText


class OwnChoices(Frozen):
    """The choices of a question that a partner adds."""

    options: tuple[OfferedChoice, ...] = Field(min_length=1, max_length=100)


class OwnField(Frozen):
    """A question that a partner adds; it has fewer keys than a shipped one and can claim less."""

    field: Id
    type: FieldType
    label: AnyText
    help: AnyText | None = None
    required: Flag = False
    choices: OwnChoices | None = None
    min: Whole | Literal["today"] | None = None
    max: Whole | Literal["today"] | None = None
    max_length: StrictInt | None = Field(default=None, ge=1, le=10_000)
    readers: tuple[Role, ...] = ("coordinator",)
    data: Data | None = None  # only a note, which asks nothing, goes without


class AnyChange(Frozen):
    """What every change says: the point it changes, as a dotted path of ids."""

    at: str = Field(min_length=1, max_length=300)


class Hide(AnyChange):
    """An optional question is not asked."""

    change: Literal["hide"]


class Set(AnyChange):
    """A number, a duration, a list takes another value: `….due.in`, `….choices`, `….required`."""

    change: Literal["set"]
    to: (
        StrictBool
        | Whole
        | StrictStr
        | tuple[StrictStr, ...]
        | tuple[OfferedChoice, ...]
    )  # fmt: skip


class Reword(AnyChange):
    """A label or a help text in other words; languages not named keep the shipped ones."""

    change: Literal["reword"]
    to: AnyText


class Move(AnyChange):
    """A question stands elsewhere: after another one, or first."""

    change: Literal["move"]
    after: Id  # the id of a question, or `first`


class AddField(AnyChange):
    """A question of the partner's own; `at` is the form. Without `after` it stands last."""

    change: Literal["add_field"]
    after: Id | None = None
    field: OwnField


def _kind(raw: object) -> str | None:
    found = raw.get("change") if isinstance(raw, Mapping) else getattr(raw, "change", None)
    return found if isinstance(found, str) else None


Change = Annotated[
    Annotated[Hide, Tag("hide")]
    | Annotated[Set, Tag("set")]
    | Annotated[Reword, Tag("reword")]
    | Annotated[Move, Tag("move")]
    | Annotated[AddField, Tag("add_field")],
    Discriminator(
        _kind,
        custom_error_type="change_kind",
        custom_error_message="a change is one of hide, set, reword, move, add_field",
    ),
]


class SettingsSpec(Frozen):
    """A school's own: which release and variant it stands on, and its list of small changes."""

    settings: Id
    model: ReleaseId
    variant: Variant
    changes: tuple[Change, ...] = Field(default=(), max_length=500)

    def without(self, target: str) -> SettingsSpec:
        """These settings with a form or workflow back as the model ships it."""
        kept = tuple(change for change in self.changes if target_of(change.at) != target)
        return self.model_copy(update={"changes": kept})


def target_of(at: str) -> str:
    """The form, workflow or consent that a point belongs to."""
    return at.partition(".")[0]


def length_in_days(duration: Duration) -> float:
    """How long a duration is, to compare bounds of unlike units; a month is a twelfth of a year."""
    days_of_one = {"hours": 1 / 24, "days": 1.0, "working days": 1.0, "months": 365 / 12}
    return duration.amount * days_of_one[duration.unit]


def check_model(model: ModelSpec, *, place_of: PlaceOf = lambda _: None) -> list[Problem]:
    """Every way in which the release contradicts itself: codes MODEL-SHAPE, -EMPTY and -WIDER."""
    return [
        problem
        for name, parameter in model.parameters.items()
        for problem in _check_parameter(name, parameter, place_of)
    ]


# The keys that a range needs, by what it counts: without them nothing would be bound.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "own fields per form": ("to",),
    "optional fields hidden": ("percent",),
    "approvals per decision": ("from_", "to", "default"),
    "deadlines": ("percent",),
    "reminders": ("from_", "to", "at_most"),
    "retention": ("from_", "to"),
    "own steps per workflow": ("to",),
    "wording": ("only",),
    "choices per list": ("from_", "to"),
}


def _check_parameter(name: str, parameter: Parameter, place_of: PlaceOf) -> list[Problem]:
    found: list[Problem] = []

    def note(code: str, layer: str, **facts: Any) -> None:
        place = place_of(("parameters", name, layer))
        facts = {"parameter": name, "layer": layer, **facts}
        found.append(Problem(code, facts, place=place, at=f"{name}.{layer}", why=parameter.why))

    # From the widest inwards, so that each layer is held against the one it narrows.
    wider, wider_name = parameter.outer, "outer"
    for layer in ("outer", *reversed(VARIANTS)):
        stated: Range = getattr(parameter, layer)
        bound = stated.within(parameter.outer)
        missing = [key for key in _NEEDED[parameter.counts] if getattr(bound, key) is None]
        if missing and not bound.fixed:
            note("MODEL-SHAPE", layer, counts=parameter.counts, missing=missing[0].rstrip("_"))
            continue
        if _is_empty(bound):
            note("MODEL-EMPTY", layer)
            continue
        beyond = bound.wider_than(wider)
        if beyond is not None:
            note("MODEL-WIDER", layer, key=beyond, wider=wider_name)
            continue
        wider, wider_name = bound, layer
    return found


def _is_empty(bound: Range) -> bool:
    if bound.fixed:  # its ends are the outer bound's, and bind nothing
        return False
    unlike = _unlike(bound.from_, bound.to)
    outside = bound.default is not None and (
        _less(bound.default, bound.from_) or _less(bound.to, bound.default)
    )
    return unlike or _less(bound.to, bound.from_) or outside


def _unlike(one: int | Duration | None, other: int | Duration | None) -> bool:
    return one is not None and other is not None and isinstance(one, int) != isinstance(other, int)


def _less(one: int | Duration | None, other: int | Duration | None) -> bool:
    """Whether one is smaller; an end that is not stated is smaller and greater than none."""
    if one is None or other is None:
        return False
    return _number(one) < _number(other)


def _number(value: int | Duration) -> float:
    return value if isinstance(value, int) else length_in_days(value)
