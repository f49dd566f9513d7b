"""A sealed value opens in its own place with its own key, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.kernel.sealing import (
    MasterKeys,
    Sealer,
    Wrapped,
    derive,
    new_subject_key,
)

ROW, CHILD, OTHER = new_id(), new_id(), new_id()
PLACE: dict[str, Any] = {"table": "answer", "column": "sealed", "row": ROW, "subject": CHILD}
KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_in_its_place(plaintext: bytes) -> None:
    sealer = Sealer(KEY)

    assert sealer.open(sealer.seal(plaintext, **PLACE), **PLACE) == plaintext


@pytest.mark.parametrize(
    "moved", [{"table": "person"}, {"column": "note"}, {"row": OTHER}, {"subject": OTHER}]
)
def test_a_blob_moved_elsewhere_does_not_open(moved: dict[str, Any]) -> None:
    blob = Sealer(KEY).seal(b"grade 7", **PLACE)

    with pytest.raises(Broken):
        Sealer(KEY).open(blob, **(PLACE | moved))


def test_two_places_never_read_alike() -> None:
    blob = Sealer(KEY).seal(b"", table="ab", column="c", row="d", subject="e")

    with pytest.raises(Broken):
        Sealer(KEY).open(blob, table="a", column="bc", row="d", subject="e")


@pytest.mark.parametrize("at", [0, 1, 12, 13, -1])
def test_one_changed_bit_is_found(at: int) -> None:
    blob = bytearray(Sealer(KEY).seal(b"grade 7", **PLACE))
    blob[at] ^= 1

    with pytest.raises(Broken):
        Sealer(KEY).open(bytes(blob), **PLACE)


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_what_was_never_sealed_is_refused(blob: bytes) -> None:
    with pytest.raises(Broken):
        Sealer(KEY).open(blob, **PLACE)


def test_equal_values_are_sealed_differently() -> None:
    assert Sealer(KEY).seal(b"x", **PLACE) != Sealer(KEY).seal(b"x", **PLACE)


def test_an_error_holds_no_plaintext_and_no_key() -> None:
    with pytest.raises(Broken) as refusal:
        Sealer(KEY).open(b"secret", **PLACE)

    assert "secret" not in str(refusal.value)
    assert repr(MasterKeys({1: KEY})) == "MasterKeys()"


def test_a_persons_key_is_wrapped_for_that_person() -> None:
    master, key = MasterKeys({1: KEY}), new_subject_key()
    wrapped = master.wrap(key, subject=CHILD)

    assert master.unwrap(wrapped, subject=CHILD) == key
    with pytest.raises(Broken):
        master.unwrap(wrapped, subject=OTHER)


def test_rotation_keeps_the_living_and_loses_the_erased() -> None:
    old, living, erased = MasterKeys({1: KEY}), new_subject_key(), new_subject_key()
    kept, lost = old.wrap(living, subject=CHILD), old.wrap(erased, subject=OTHER)

    both = MasterKeys({1: KEY, 2: NEW_KEY})
    kept = both.wrap(both.unwrap(kept, subject=CHILD), subject=CHILD)
    after = MasterKeys({2: NEW_KEY})  # the file of epoch 1 was destroyed

    assert kept.epoch == after.newest == 2
    assert after.unwrap(kept, subject=CHILD) == living
    with pytest.raises(Broken):  # an old backup holds this row still; nothing opens it any more
        after.unwrap(lost, subject=OTHER)


def test_a_wrapped_key_does_not_pass_for_one_of_another_epoch() -> None:
    both = MasterKeys({1: KEY, 2: KEY})
    wrapped = both.wrap(new_subject_key(), subject=CHILD)

    with pytest.raises(Broken):
        both.unwrap(Wrapped(1, wrapped.blob), subject=CHILD)


@pytest.mark.parametrize("keys", [{}, {1: b"short"}, {1: KEY, 2: bytes(31)}])
def test_there_is_no_start_without_a_whole_master_key(keys: dict[int, bytes]) -> None:
    with pytest.raises(ValueError):
        MasterKeys(keys)


def test_no_two_purposes_share_a_key() -> None:
    assert derive(KEY, "code") != derive(KEY, "link") != derive(bytes(32), "link")
