"""Verifying a chain: one pass over its rows, without a database, without any key.

What each exit means is CONSENT.md R37: 0 intact, 1 broken, 2 shorter than or other than the
anchor, 3 a sealed payload is missing although nobody erased it. Erased payloads are counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from server.evidence.chain import BEFORE_THE_FIRST, Head
from server.kernel.canonical import sha256, sha256_hex

Exit = Literal[0, 1, 2, 3]
Why = Literal[
    "intact",
    "not_json",  # the stored bytes are no event
    "hash_differs",  # the bytes were edited
    "columns_differ",  # what stands beside the bytes was edited
    "number_differs",  # a row was deleted, doubled or renumbered
    "prev_differs",  # a row was deleted, swapped, or edited together with its hash
    "stream_differs",  # a row of another tenant
    "payload_differs",  # the sealed payload was edited
    "payload_missing",
    "beyond_head",  # rows behind the end that the head's own row tells
    "head_missing",  # rows, and no head's row at all
    "record_differs",  # a consent's or signature's row is not what its newest event says
    "record_untold",  # such a row, and no event tells of it
    "shorter_than_anchor",
    "other_than_anchor",
]


class Row(Protocol):
    """A row as it is stored or exported."""

    @property
    def seq(self) -> int: ...
    @property
    def stored(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def prev(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Payload:
    """A sealed payload as it was found: its bytes' hash, or that its person was erased."""

    hash: str | None  # 64 hex digits; None when erased

    @classmethod
    def of(cls, sealed: bytes) -> Payload:
        return cls(sha256_hex(sealed))


ERASED: Final = Payload(None)
Payloads = Callable[[str], Payload | None]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `first_bad` is the first number that does not hold."""

    exit_code: Exit
    why: Why
    events: int
    erased: int
    head: Head
    first_bad: int | None = None
    anchors: int = 0  # how many anchors lay within the chain and agreed


def verify(rows: Iterable[Row], payloads: Payloads, anchors: Sequence[Head] = ()) -> Report:
    """The report on rows that come in order of their number, of one stream.

    `payloads` gives by id what is stored of a sealed payload: its hash, `ERASED`, or None when it
    is not there. `anchors` are heads kept elsewhere: a receipt, a checkpoint. Without an anchor
    the tail can be cut unseen.
    """
    state = _Passed(head=Head(stream=""))
    by_seq: dict[int, list[Head]] = {}
    for anchor in anchors:
        by_seq.setdefault(anchor.seq, []).append(anchor)
    missing: int | None = None
    for row in rows:
        event, why = _checked(row, state.head)
        if event is None:
            return state.report(1, why, first_bad=row.seq)
        here = Head(event["stream"], row.seq, row.hash)
        held = by_seq.pop(row.seq, [])
        if any(anchor.hash != here.hash for anchor in held):
            return state.report(2, "other_than_anchor", first_bad=row.seq)
        found = [_payload(payloads, *each) for each in event["body"].get("payloads", {}).items()]
        if "payload_differs" in found:
            return state.report(1, "payload_differs", first_bad=row.seq)
        if "payload_missing" in found and missing is None:
            missing = row.seq
        state = state.past(here, erased=found.count("erased"), anchored=len(held))
    if any(seq > state.head.seq for seq in by_seq):
        return state.report(2, "shorter_than_anchor", first_bad=state.head.seq + 1)
    if missing is not None:
        return state.report(3, "payload_missing", first_bad=missing)
    return state.report(0, "intact")


@dataclass(frozen=True, slots=True)
class _Passed:
    head: Head
    erased: int = 0
    anchors: int = 0

    def past(self, head: Head, *, erased: int, anchored: int) -> _Passed:
        return replace(
            self, head=head, erased=self.erased + erased, anchors=self.anchors + anchored
        )

    def report(self, exit_code: Exit, why: Why, first_bad: int | None = None) -> Report:
        return Report(
            exit_code=exit_code,
            why=why,
            events=self.head.seq,
            erased=self.erased,
            head=self.head,
            first_bad=first_bad,
            anchors=self.anchors,
        )


def _checked(row: Row, before: Head) -> tuple[dict[str, Any] | None, Why]:
    """The event of a row that follows `before`, or why it does not."""
    if sha256(row.stored) != row.hash:
        return None, "hash_differs"
    try:
        event = json.loads(row.stored)
        seq, prev, stream = event["seq"], bytes.fromhex(event["prev"]), event["stream"]
        event["body"].get("payloads", {}).items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "not_json"
    if row.seq != before.seq + 1 or seq != row.seq:
        return None, "number_differs"
    if not prev == row.prev == (before.hash if before.seq else BEFORE_THE_FIRST):
        return None, "prev_differs"
    if before.seq and stream != before.stream:
        return None, "stream_differs"
    return event, "intact"


def _payload(payloads: Payloads, payload_id: str, digest: str) -> str:
    found = payloads(payload_id)
    if found is None:
        return "payload_missing"
    if found.hash is None:
        return "erased"
    return "whole" if found.hash == digest else "payload_differs"
