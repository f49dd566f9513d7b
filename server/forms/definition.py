"""What a form is: fields in order, each with its data class, readers and mark."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictInt

from server.kernel.durations import AnyDuration
from server.kernel.frozen import Frozen, Id, ParameterId, WhyId
from server.kernel.text import AnyText
from server.kernel.written import Flag, Whole, WrittenDate

FieldType = Literal[
    "text", "long_text", "one_of", "several_of", "yes_no", "date", "person_name", "contact",
    "number", "scale", "note",
]  # fmt: skip
DataClass = Literal["contact", "identity", "ordinary", "special"]
Role = Literal["guardian", "mentee", "coordinator", "tutor", "mentor", "curator", "cycle_lead"]
# What a partner may do with a point that is free: the operations of model/settings.py.
Freedom = Literal["label", "help", "order", "hide", "choices", "required"]


class Locked(Frozen):
    """Nothing here may be changed, and why (an id of the origin registry in legal/)."""

    why: WhyId


class Bound(Frozen):
    """May be changed within a parameter of the model."""

    bound: ParameterId


class OwnFields(Bound):
    """A partner may add fields of these data classes, as many as the parameter allows."""

    classes: tuple[DataClass, ...] = ("ordinary",)


class Choice(Frozen):
    """One answer that may be chosen; its value never changes, its label may."""

    value: Id
    label: AnyText


class Choices(Frozen):
    """A list to choose from, and within which parameter its length may move."""

    options: tuple[Choice, ...] = Field(min_length=2, max_length=100)
    bound: ParameterId | None = None


class Data(Frozen):
    """What an answer is in the eyes of the law: its class, and the purpose that must be live."""

    class_: DataClass = Field(alias="class")
    purpose: Id


class FieldSpec(Frozen):
    """One question of a form."""

    field: Id
    type: FieldType
    label: AnyText
    help: AnyText | None = None
    required: Flag = False
    choices: Choices | None = None
    min: Whole | WrittenDate | Literal["today"] | None = None
    max: Whole | WrittenDate | Literal["today"] | None = None
    max_length: StrictInt | None = Field(default=None, ge=1, le=10_000)
    readers: tuple[Role, ...] = ()
    data: Data | None = None
    is_: str | None = Field(default=None, alias="is", pattern=r"^(mentee|guardian)\.[a-z_]+$")
    free: tuple[Freedom, ...] = ()
    locked: Locked | None = None
    own: Flag = False  # added by a partner; set by the merge, never written in a file


class FormSpec(Frozen):
    """One form as the model ships it, or as a school's settings have made it."""

    form: Id
    code: str | None = Field(default=None, pattern=r"^F\d{2}[a-z]?$")
    title: AnyText
    intro: AnyText | None = None
    locked: Locked | None = None
    own_fields: OwnFields | None = None
    hidden: Bound | None = None
    fields: tuple[FieldSpec, ...] = Field(min_length=1, max_length=200)
    keep: AnyDuration | None = None

    def field_named(self, name: str) -> FieldSpec | None:
        """The field with this id, or None."""
        return next((spec for spec in self.fields if spec.field == name), None)
