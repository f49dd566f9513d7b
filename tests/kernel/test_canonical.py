"""Canonical bytes: one value, one sequence of bytes, whoever writes it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.canonical import canonical, normal_text, sha256, sha256_hex

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
    | st.floats(-1e15, 1e15),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def without_twins(value: object) -> bool:
    """No object in it has two keys that NFC makes one."""
    if isinstance(value, dict):
        return len({normal_text(key) for key in value}) == len(value) and all(
            map(without_twins, value.values())
        )
    return all(map(without_twins, value)) if isinstance(value, list) else True


@given(json_values.filter(without_twins))
def test_what_is_read_back_has_the_same_bytes(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


@given(st.dictionaries(st.sampled_from("абвгд"), st.booleans(), max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, bool]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ("и\u0306", '"й"'.encode()),
        ("a\r\nb\rc", b'"a\\nb\\nc"'),
        (1.0, b"1"),
        (("a", "b"), b'["a","b"]'),
    ],
)
def test_bytes_are_these(value: object, expected: bytes) -> None:
    assert canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 2**60, "\ud800", {"й": 1, "и\u0306": 2}, {1: 2}, b"bytes", object()],
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_a_hash_is_shown_in_hex() -> None:
    assert sha256(b"").hex() == sha256_hex(b"")
