"""What a consent is: one purpose, one document of its own, its signers, its life."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.forms.definition import DataClass, Locked
from server.kernel.durations import AnyDuration
from server.kernel.frozen import Frozen, Id, ParameterId
from server.kernel.text import AnyText
from server.kernel.written import Flag, WrittenDate

Level = Literal["L1", "L2", "L3", "L4"]


class Validity(Frozen):
    """Until when a consent lives: the end of the cycle plus a duration within a parameter."""

    until: Literal["cycle_end"]
    plus: AnyDuration
    bound: ParameterId | None = None


class OnWithdraw(Frozen):
    """What a withdrawal does to open cases: stages that pause, a task that opens for staff."""

    pause: tuple[Id, ...] = ()
    open: Id | None = None


class Fact(Frozen):
    """One line of the fact list: a term and its explanation, with flat {{name}} places."""

    term: AnyText
    text: AnyText


class ConsentSpec(Frozen):
    """One consent; its texts lie beside it, one file for each language."""

    consent: Id
    code: str | None = Field(default=None, pattern=r"^F\d{2}[a-z]?$")
    title: AnyText
    question: AnyText  # the one question of its page, answered yes or no
    summary: tuple[Fact, ...] = ()  # the fact list of its page: who, what, until when
    form: Literal["simple", "written"]
    purpose: Id
    kind: Literal["data", "permission"] = "data"
    required: Flag = False
    text: str = Field(pattern=r"^consents/[a-z_]+$")
    edition: WrittenDate
    material: Flag
    level: Level = "L1"
    signers: Literal["by_age", "guardian", "self"] = "by_age"
    classes: tuple[DataClass, ...] = ()
    valid: Validity
    on_withdraw: OnWithdraw | None = None
    companions: dict[Literal["7-13", "14-17"], str] = Field(default_factory=dict)
    locked: Locked | None = None
