"""Who signs depends on the age on the day of signing, at the school."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.consents.definition import ConsentSpec
from server.consents.signers import (
    Signer,
    SignerRules,
    age_on,
    birthday,
    day_in,
    months_of_14_and_18,
    signer_blocks,
    signers,
)

MOTHER = Signer("guardian", "mother")
CHILD = Signer("mentee", "self")


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, (MOTHER,)),
        (13, (MOTHER,)),
        (14, (MOTHER, CHILD)),
        (17, (MOTHER, CHILD)),
        (18, (CHILD,)),
        (40, (CHILD,)),
    ],
)
def test_the_table_of_ages_gives_the_signers(
    spec: ConsentSpec, rules: SignerRules, age: int, expected: tuple[Signer, ...]
) -> None:
    assert signers(spec, age, rules, capacity="mother") == expected


@pytest.mark.parametrize(("kind", "expected"), [("guardian", (MOTHER,)), ("self", (CHILD,))])
def test_a_consent_may_name_its_signer_whatever_the_age(
    spec: ConsentSpec, rules: SignerRules, kind: str, expected: tuple[Signer, ...]
) -> None:
    named = spec.model_copy(update={"signers": kind})

    assert signers(named, 15, rules, capacity="mother") == expected


def test_the_document_holds_both_blocks_before_the_child_is_14(
    spec: ConsentSpec, rules: SignerRules
) -> None:
    guardian, child = signer_blocks(spec, rules, capacity="mother", guardian_name="Смирнова Ольга")

    assert (guardian.required_from, guardian.required_to, guardian.name) == (
        0,
        17,
        "Смирнова Ольга",
    )
    assert (child.role, child.capacity, child.required_from, child.required_to) == (
        "mentee", "self", 14, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [{"to": 13, "sign": ["guardian"]}],  # nobody signs from 14
        [{"from": 1, "sign": ["guardian"]}],
        [{"to": 13, "sign": ["guardian"]}, {"from": 15, "sign": ["mentee"]}],
        [{"to": 13, "sign": ["guardian"]}, {"from": 13, "sign": ["mentee"]}],
        [{"sign": ["guardian"]}, {"from": 14, "sign": ["mentee"]}],
        [{"to": 17, "sign": []}, {"from": 18, "sign": ["mentee"]}],
    ],
)
def test_a_table_with_a_gap_or_an_overlap_is_refused(rows: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        SignerRules.model_validate({"rows": rows})


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2012, 5, 1), date(2026, 4, 30), 13),
        (date(2012, 5, 1), date(2026, 5, 1), 14),
        (date(2012, 2, 29), date(2026, 2, 28), 13),  # no 29th this year: the 1st of March counts
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2012, 2, 29), date(2028, 2, 29), 16),
        (date(2026, 5, 1), date(2026, 4, 30), -1),
    ],
)
def test_age_is_whole_years(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


@given(
    born=st.dates(date(1920, 1, 1), date(2030, 1, 1)),
    later=st.dates(date(2030, 1, 1), date(2100, 1, 1)),
)
def test_age_never_falls_and_rises_on_the_birthday(born: date, later: date) -> None:
    age = age_on(born, later)

    assert birthday(born, age) <= later < birthday(born, age + 1)


def test_a_birthday_begins_at_midnight_of_the_school() -> None:
    moment = datetime(2026, 4, 30, 16, 30, tzinfo=UTC)

    assert day_in("Europe/Moscow", moment) == date(2026, 4, 30)
    assert day_in("Asia/Vladivostok", moment) == date(2026, 5, 1)


def test_only_months_of_the_birthdays_lie_open() -> None:
    assert months_of_14_and_18(date(2012, 5, 17)) == ("2026-05", "2030-05")
    assert months_of_14_and_18(date(2012, 2, 29)) == ("2026-03", "2030-03")
