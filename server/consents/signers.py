"""Who signs: the set of signers by age on the day of signing, from a table given as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from server.consents.definition import ConsentSpec
from server.kernel.frozen import Frozen

SignerRole = Literal["guardian", "mentee"]
Capacity = Literal["self", "mother", "father", "adopter", "guardian", "institution"]


class AgeRow(Frozen):
    """Who signs between two ages, both counted in; no end means any age above."""

    from_: StrictInt = Field(default=0, alias="from", ge=0, le=150)
    to: StrictInt | None = Field(default=None, ge=0, le=150)
    sign: tuple[SignerRole, ...] = Field(min_length=1)


class SignerRules(Frozen):
    """The table of a country: total and without overlap, so that every age has its signers."""

    rows: tuple[AgeRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _total(self) -> SignerRules:
        expected: int | None = 0
        for row in self.rows:
            if expected is None or row.from_ != expected or (row.to or row.from_) < row.from_:
                raise PydanticCustomError("signer_ages", "the ages must follow each other from 0")
            expected = None if row.to is None else row.to + 1
        if expected is not None:
            raise PydanticCustomError("signer_ages", "the last row must be open")
        return self

    def roles_at(self, age: int) -> tuple[SignerRole, ...]:
        """Who signs at this age."""
        return next(
            row.sign for row in self.rows if row.from_ <= age and (row.to is None or age <= row.to)
        )

    def signs_from(self, role: SignerRole) -> int:
        """The youngest age at which this party signs."""
        return min(row.from_ for row in self.rows if role in row.sign)


@dataclass(frozen=True, slots=True)
class Signer:
    """A part in a signature: which party, and in what capacity (DECISIONS.md 6).

    The capacity is a relation of legal/; mother, father and adopter sign as parents.
    """

    role: SignerRole
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class SignerBlock:
    """A signer's place in the document, whether or not it is needed yet (DECISIONS.md 5)."""

    role: SignerRole
    capacity: Capacity
    required_from: int  # age of the person the data is about
    required_to: int | None
    name: str | None = None  # where it is known; never a contact


def signers(
    consent: ConsentSpec, age: int, rules: SignerRules, *, capacity: Capacity
) -> tuple[Signer, ...]:
    """Who must sign this consent for a person of this age; `capacity` is the guardian's."""
    return tuple(
        Signer(role, "self" if role == "mentee" else capacity)
        for role in _rules_of(consent, rules).roles_at(age)
    )


def signer_blocks(
    consent: ConsentSpec,
    rules: SignerRules,
    *,
    capacity: Capacity,
    guardian_name: str | None = None,
    mentee_name: str | None = None,
) -> tuple[SignerBlock, ...]:
    """The blocks that the document always holds, so that one hash serves both signers.

    A document made for a child of 13 must still fit when the child signs it at 14.
    """
    rows = _rules_of(consent, rules).rows
    names = {"guardian": guardian_name, "mentee": mentee_name}
    return tuple(
        SignerBlock(
            role=role,
            capacity="self" if role == "mentee" else capacity,
            required_from=min(row.from_ for row in held),
            required_to=_last_age(held),
            name=names[role],
        )
        for role in ("guardian", "mentee")
        if (held := [row for row in rows if role in row.sign])
    )


def _rules_of(consent: ConsentSpec, rules: SignerRules) -> SignerRules:
    if consent.signers == "by_age":
        return rules
    return _ONLY_GUARDIAN if consent.signers == "guardian" else _ONLY_SELF


_ONLY_GUARDIAN = SignerRules(rows=(AgeRow(sign=("guardian",)),))
_ONLY_SELF = SignerRules(rows=(AgeRow(sign=("mentee",)),))


def _last_age(rows: Sequence[AgeRow]) -> int | None:
    last = [row.to for row in rows]
    return None if None in last else max(age for age in last if age is not None)


def day_in(zone: str, moment: datetime) -> date:
    """The calendar day at the school at this moment: ages change at its midnight (R15)."""
    return moment.astimezone(ZoneInfo(zone)).date()


def birthday(birth: date, age: int) -> date:
    """The day on which this age is reached; for the 29th of February it is the 1st of March
    in years without one: the person is not made a day older than the calendar says."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)


def age_on(birth: date, day: date) -> int:
    """Whole years lived on this day, negative before the birth."""
    years = day.year - birth.year
    return years if birthday(birth, years) <= day else years - 1


def months_of_14_and_18(birth: date) -> tuple[str, str]:
    """The months of the two birthdays, each as `2027-03`.

    All that may lie open of a birth date, for the nightly job (CONSENT.md 4.2).
    """
    return f"{birthday(birth, 14):%Y-%m}", f"{birthday(birth, 18):%Y-%m}"
