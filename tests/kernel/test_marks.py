"""Marks compare without being read, and tell nothing without their key."""

from __future__ import annotations

import base64
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.ids import new_id
from server.kernel.marks import (
    blind_index,
    commitment,
    link_token,
    name_and_birth_index,
    name_index,
    new_salt,
    one_time_code,
    same_code,
    surname_of,
    token_hash,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
BORN = date(2013, 4, 11)


def test_a_blind_index_is_16_bytes_of_one_key() -> None:
    assert len(blind_index(KEY, "x")) == 16
    assert blind_index(KEY, "x") == blind_index(KEY, "x") != blind_index(OTHER_KEY, "x")


@pytest.mark.parametrize(
    ("name", "surname"),
    [
        ("Семёнов Артём", "семенов"),
        ("  СЕМЕНОВ   артём  ", "семенов"),
        ("Семёнов Артём Олегович", "семенов"),
        ("Артём Олегович Семёнов", "семенов"),
        ("Ольга Петровна Римская-Корсакова", "римская-корсакова"),
        ("Йокубаускас Юрий", "йокубаускас"),
        ("Ли", "ли"),
        ("", ""),
    ],
)
def test_a_surname_is_found_in_either_order(name: str, surname: str) -> None:
    assert surname_of(name) == surname


def test_search_is_by_surname_and_a_duplicate_by_birth_date_too() -> None:
    assert name_index(KEY, "Семёнов Артём") == name_index(KEY, "семенов пётр")
    assert name_and_birth_index(KEY, "Семёнов Артём", BORN) == name_and_birth_index(
        KEY, "Артём Олегович Семенов", BORN
    )
    assert name_and_birth_index(KEY, "Семёнов", BORN) != name_and_birth_index(
        KEY, "Семёнов", date(2013, 4, 12)
    )


def test_a_commitment_proves_its_value_with_its_salt_alone() -> None:
    salt = new_salt()

    assert commitment(salt, "Ольга") == commitment(salt, "Ольга")
    assert commitment(salt, "Ольга") != commitment(new_salt(), "Ольга")
    assert commitment(salt, "Ольга") != commitment(salt, "Олеся")


def test_codes_and_tokens_are_computed_again_from_their_row() -> None:
    row = new_id()

    assert one_time_code(KEY, row) == one_time_code(KEY, row)
    assert link_token(KEY, row) == link_token(KEY, row) != link_token(OTHER_KEY, row)
    assert link_token(KEY, row) != link_token(KEY, new_id())


@given(st.uuids())
def test_a_code_has_six_digits_and_a_token_32_bytes(row: UUID) -> None:
    code, token = one_time_code(KEY, row), link_token(KEY, row)

    assert len(code) == 6
    assert code.isdecimal()
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert "=" not in token


def test_codes_are_spread_evenly() -> None:
    first_digits = [one_time_code(KEY, new_id())[0] for _ in range(5000)]

    assert all(400 < first_digits.count(digit) < 600 for digit in "0123456789")


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("012345", True),
        (" 012 345 ", True),
        ("012-345", True),
        ("０１２３４５", True),
        ("12345", False),
        ("0123456", False),
        ("", False),
        ("абвгде", False),
        ("\ud800", False),
    ],
)
def test_a_code_is_typed_with_or_without_blanks(typed: str, same: bool) -> None:
    assert same_code("012345", typed) is same


@pytest.mark.parametrize("token", ["", "короткий", "\ud800", "a" * 10_000])
def test_any_text_can_be_looked_up_as_a_token(token: str) -> None:
    assert len(token_hash(token)) == 32
