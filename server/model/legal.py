"""What a country's legal file must hold, so that the rest may rely on it; it may hold more."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from server.consents.signers import SignerRules
from server.kernel.durations import AnyDuration
from server.kernel.frozen import Id, WhyId
from server.kernel.text import AnyText


class Lawful(BaseModel):
    """A frozen part of a legal file; keys beyond those named here are facts for other readers."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Origin(Lawful):
    """Why a limit stands: where the reason comes from, in words for people, with its source."""

    origin: Literal["law", "safety", "model", "recommended"]
    title: AnyText
    text: AnyText
    source: AnyText


class Ground(Lawful):
    """A ground on which data may be held; `of` names what: a role's datum or `form.field`."""

    ground: Id
    title: AnyText
    text: AnyText
    why: WhyId
    of: tuple[str, ...] = ()
    keep: AnyDuration | None = None


class Element(Lawful):
    """One thing a consent's text must hold, and how people call it."""

    element: Id
    title: AnyText


class ConsentForm(Lawful):
    """What texts of one form of consent must hold, and why."""

    why: WhyId
    elements: tuple[Element, ...] = Field(min_length=1)


class LegalSpec(Lawful):
    """One country's law as dated data."""

    legal: str = Field(pattern=r"^[a-z]{2}$")
    country: str = Field(pattern=r"^[A-Z]{2}$")
    signers: SignerRules
    grounds: tuple[Ground, ...] = Field(min_length=1)
    consent_forms: dict[str, ConsentForm]
    origins: dict[WhyId, Origin]
