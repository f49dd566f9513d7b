"""Every way to touch a chain is found, at its number; erasure is no damage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.evidence.chain import Event, Head, next_event
from server.evidence.export import (
    Exported,
    read_anchors,
    read_payloads,
    read_rows,
    write_anchor,
    write_payloads,
    write_rows,
)
from server.evidence.verify import ERASED, Payload, verify
from server.kernel.canonical import canonical, sha256
from server.kernel.errors import Broken

TENANT = "01a20d47-0000-7000-8000-000000000001"
START = datetime(2026, 9, 7, 8, tzinfo=UTC)
Rows = list[Exported]


def payload_id(number: int) -> str:
    return str(UUID(int=number))


def sealed(number: int) -> bytes:
    return b"sealed %d" % number


def events(count: int, *, stream: str = TENANT, payloads: bool = False) -> Iterator[Event]:
    head = Head(stream)
    for number in range(1, count + 1):
        body = {"outcome": "accept", "step": "decision", "case": UUID(int=number)}
        if payloads:
            body["payloads"] = {payload_id(number): Payload.of(sealed(number)).hash}
        at = START + timedelta(seconds=number)
        event = next_event(head, type="case_decided", at=at, body=body)
        head = event.head
        yield event


def rows(count: int = 30) -> Rows:
    return [exported(event) for event in events(count)]


def exported(event: Event) -> Exported:
    return Exported(event.seq, event.stored, event.hash, event.prev)


def nothing_sealed(payload_id: str) -> None:
    raise AssertionError("no payload was written")


def edited(row: Exported) -> Exported:
    return replace(row, stored=row.stored.replace(b"accept", b"refuse"))


def renumbered(row: Exported, seq: int, prev: bytes) -> Exported:
    event = json.loads(row.stored) | {"seq": seq, "prev": prev.hex()}
    stored = canonical(event)
    return Exported(seq, stored, sha256(stored), prev)


def edit(chain: Rows) -> Rows:
    return [*chain[:9], edited(chain[9]), *chain[10:]]


def edit_with_its_own_hash(chain: Rows) -> Rows:
    forged = edited(chain[9])
    return [*chain[:9], replace(forged, hash=sha256(forged.stored)), *chain[10:]]


def edit_of_a_column_only(chain: Rows) -> Rows:
    return [*chain[:9], replace(chain[9], prev=bytes(32)), *chain[10:]]


def delete(chain: Rows) -> Rows:
    return chain[:9] + chain[10:]


def delete_the_first(chain: Rows) -> Rows:
    return chain[1:]


def delete_and_renumber_columns(chain: Rows) -> Rows:
    return chain[:9] + [replace(row, seq=row.seq - 1) for row in chain[10:]]


def delete_and_renumber_one_event(chain: Rows) -> Rows:
    return [*chain[:9], renumbered(chain[10], 10, chain[8].hash), *chain[11:]]


def swap(chain: Rows) -> Rows:
    return [*chain[:9], chain[10], chain[9], *chain[11:]]


def double(chain: Rows) -> Rows:
    return chain[:10] + chain[9:]


def foreign_event(chain: Rows) -> Rows:
    other = [exported(event) for event in events(30, stream=TENANT.replace("1", "2"))]
    return [*chain[:9], other[9], *chain[10:]]


def junk(chain: Rows) -> Rows:
    return [*chain[:9], Exported(10, b"[]", sha256(b"[]"), chain[8].hash), *chain[10:]]


@pytest.mark.parametrize(
    ("touch", "first_bad"),
    [
        (edit, 10),
        (edit_with_its_own_hash, 11),  # its own row is sound; the next one tells
        (edit_of_a_column_only, 10),
        (delete, 11),
        (delete_the_first, 2),
        (delete_and_renumber_columns, 10),
        (delete_and_renumber_one_event, 12),
        (swap, 11),
        (double, 10),
        (foreign_event, 10),
        (junk, 10),
    ],
)
def test_every_touch_is_found_at_its_number(touch: Callable[[Rows], Rows], first_bad: int) -> None:
    report = verify(touch(rows()), nothing_sealed)

    assert (report.exit_code, report.first_bad) == (1, first_bad)


def test_an_untouched_chain_is_intact_and_tells_its_head() -> None:
    chain = rows()

    report = verify(chain, nothing_sealed)

    assert (report.exit_code, report.events, report.head) == (
        0,
        30,
        Head(TENANT, 30, chain[-1].hash),
    )


def test_an_empty_chain_is_intact() -> None:
    assert verify([], nothing_sealed).exit_code == 0


def test_a_cut_tail_is_found_only_with_an_anchor() -> None:
    whole = rows()
    anchor = Head(TENANT, 30, whole[-1].hash)

    assert verify(whole[:20], nothing_sealed).exit_code == 0
    report = verify(whole[:20], nothing_sealed, [anchor])
    assert (report.exit_code, report.why, report.first_bad) == (2, "shorter_than_anchor", 21)


def test_a_chain_rebuilt_from_the_middle_is_other_than_its_anchor() -> None:
    whole = rows()
    rebuilt = whole[:19]
    for row in whole[20:]:
        rebuilt.append(renumbered(row, rebuilt[-1].seq + 1, rebuilt[-1].hash))

    assert verify(rebuilt, nothing_sealed).exit_code == 0
    report = verify(rebuilt, nothing_sealed, [Head(TENANT, 25, whole[24].hash)])
    assert (report.exit_code, report.why, report.first_bad) == (2, "other_than_anchor", 25)


def test_anchors_within_the_chain_agree_and_are_counted() -> None:
    whole = rows()
    anchors = [Head(TENANT, seq, whole[seq - 1].hash) for seq in (5, 30)]

    report = verify(whole, nothing_sealed, anchors)

    assert (report.exit_code, report.anchors) == (0, 2)


@pytest.mark.parametrize(
    ("state_of_7", "expected"),
    [
        (Payload.of(sealed(7)), (0, None, 0)),
        (ERASED, (0, None, 1)),  # a count, not a damage
        (None, (3, 7, 0)),
        (Payload.of(b"another"), (1, 7, 0)),
    ],
)
def test_a_payload_is_whole_erased_missing_or_changed(
    state_of_7: Payload | None, expected: tuple[int, int | None, int]
) -> None:
    chain = [exported(event) for event in events(10, payloads=True)]
    held = {payload_id(number): Payload.of(sealed(number)) for number in range(1, 11)}
    if state_of_7 is None:
        del held[payload_id(7)]
    else:
        held[payload_id(7)] = state_of_7

    report = verify(chain, held.get)

    assert (report.exit_code, report.first_bad, report.erased) == expected


def test_a_broken_chain_outweighs_a_missing_payload() -> None:
    chain = [exported(event) for event in events(20, payloads=True)]
    none_left: dict[str, Payload] = {}

    assert verify(delete(chain), none_left.get).exit_code == 1


def test_an_export_verifies_offline() -> None:
    lines = list(write_rows(events(10, payloads=True)))
    payloads = read_payloads(
        write_payloads([(payload_id(n), Payload.of(sealed(n))) for n in range(1, 10)])
    ) | {payload_id(10): ERASED}

    report = verify(read_rows(lines), payloads.get)

    assert (report.exit_code, report.events, report.erased) == (0, 10, 1)


def test_an_anchor_survives_its_file() -> None:
    head = Head(TENANT, 30, rows()[-1].hash)

    assert read_anchors(f"# from the receipt of 7 September\n\n{write_anchor(head)}\n") == [head]


@pytest.mark.parametrize(
    "read",
    [
        lambda: list(read_rows(["nonsense"])),
        lambda: read_payloads(['{"payload": 1}']),
        lambda: read_anchors("a b"),
    ],
)
def test_what_is_no_export_is_refused_with_its_line(read: Callable[[], object]) -> None:
    with pytest.raises(Broken) as refusal:
        read()

    assert refusal.value.line == 1


def test_a_hundred_thousand_events_are_verified_in_one_stream() -> None:
    report = verify(map(exported, events(100_000)), nothing_sealed)

    assert (report.exit_code, report.events) == (0, 100_000)
