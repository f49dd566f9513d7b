"""An event is canonical bytes that hold the event before, and nothing about a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from server.evidence.chain import BEFORE_THE_FIRST, SHAPES, EventType, Head, next_event
from server.kernel.canonical import canonical, sha256
from server.kernel.errors import Broken
from server.kernel.ids import new_id

AT = datetime(2026, 9, 7, 11, 15, 0, 123, tzinfo=timezone(timedelta(hours=3)))
DECIDED: dict[str, Any] = {"outcome": "accept", "step": "decision"}


def decided(head: Head, **more: Any) -> Any:
    return next_event(head, type="case_decided", at=AT, body=DECIDED | more)


def test_the_bytes_are_canonical_and_hashed_as_they_are_stored() -> None:
    event = decided(Head("tenant"))

    assert canonical(json.loads(event.stored)) == event.stored
    assert event.hash == sha256(event.stored)


def test_an_event_holds_number_and_hash_of_the_one_before() -> None:
    first = decided(Head("tenant"))
    second = decided(first.head)

    assert (first.seq, first.prev, second.seq, second.prev) == (1, BEFORE_THE_FIRST, 2, first.hash)
    assert json.loads(second.stored)["prev"] == first.hash.hex()


def test_time_is_written_in_utc_with_microseconds() -> None:
    assert json.loads(decided(Head("tenant")).stored)["at"] == "2026-09-07T08:15:00.000123Z"


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"outcome": "accept"}, ["step"]),
        (DECIDED | {"name": "Smirnov"}, ["name"]),
        (DECIDED | {"case": "17"}, ["case"]),
        (DECIDED | {"step": "Артём Смирнов"}, ["step"]),
        (DECIDED | {"stage": "two words"}, ["stage"]),
        (DECIDED | {"stage": "79161234567"}, ["stage"]),  # a telephone number is no word
        (DECIDED | {"stage": "+79161234567"}, ["stage"]),
        (DECIDED | {"stage": "ivanova@example.org"}, ["stage"]),
        (DECIDED | {"answers_hash": "abc"}, ["answers_hash"]),
        (DECIDED | {"payloads": {"mother": "0" * 64}}, ["payloads"]),
        (DECIDED | {"payloads": {str(new_id()): "her phone"}}, ["payloads"]),
    ],
)
def test_nothing_but_ids_hashes_and_words_gets_in(body: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(Broken) as refusal:
        next_event(Head("tenant"), type="case_decided", at=AT, body=body)

    assert refusal.value.keys == keys


def test_a_refusal_names_the_key_and_never_the_value() -> None:
    with pytest.raises(Broken) as refusal:
        decided(Head("tenant"), stage="Артём Смирнов")

    assert "Артём" not in str(refusal.value)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Broken):
        next_event(Head("tenant"), type="anything", at=AT, body={})


def test_every_type_has_its_shape() -> None:
    assert set(SHAPES) == set(get_args(EventType))


def test_two_tenants_never_share_an_event() -> None:
    assert decided(Head("one")).hash != decided(Head("two")).hash


def test_ids_may_come_as_uuid_and_times_in_any_zone() -> None:
    case = new_id()
    event = next_event(
        Head("tenant"),
        type="case_decided",
        at=AT.astimezone(UTC),
        body=DECIDED | {"case": case, "payloads": {case: "0" * 64}},
    )

    assert json.loads(event.stored)["body"]["case"] == str(case)
