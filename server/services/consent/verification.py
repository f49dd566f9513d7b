"""Verifying a tenant's chain of evidence: the rows as they lie there, without any key.

What pages and gates go by, the rows of consents and signatures, must say what the chain says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.access import policy
from server.access.policy import Permission, Thing
from server.evidence.chain import Head, written_time
from server.evidence.export import write_payloads, write_rows
from server.evidence.verify import ERASED, Payload, Report, Why, verify
from server.services.consent.records import Records
from server.services.evidence import newest_head
from server.services.unit_of_work import UnitOfWork
from server.store import evidence


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it is stored."""

    seq: int
    stored: bytes
    hash: bytes
    prev: bytes


def head_of(work: UnitOfWork) -> Head:
    """Where the chain ends, to be kept elsewhere as an anchor."""
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    return newest_head(work)


def exported_rows(work: UnitOfWork) -> Iterator[str]:
    """This tenant's events, a line each, for whoever verifies without the server."""
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    yield from write_rows(
        Stored(row.seq, bytes(row.body), bytes(row.hash), bytes(row.prev))
        for row in evidence.chain(work.session)
    )


def exported_payloads(work: UnitOfWork) -> Iterator[str]:
    """Which sealed parts are here and which were erased with their person, a line each."""
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    yield from write_payloads(_marks(work).items())


def verify_chain(
    work: UnitOfWork,
    *,
    anchors: Sequence[Head] = (),
    seen: Callable[[int], object] = int,
) -> Report:
    """Verify every event and every sealed payload of this tenant (CONSENT.md R37).

    The head's own row counts as an anchor: cutting the tail alone is found even without one kept
    elsewhere; so are rows behind it, and rows without any. What stands beside an event for
    searching must say what the event says: pages read it there. So must the rows of consents and
    signatures: a state or a hash written past the chain is found at the newest event that says
    otherwise. `seen` is told the number of each event, for whoever watches the progress.
    """
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    # Before everything else: what the rows know of must lie within what is verified.
    records = Records(work.session)
    # The last row before the head: whoever writes meanwhile moves both, so an honest head is never
    # behind. What is written after the head was read is left to the next verification.
    last = evidence.last_seq(work.session)
    head = newest_head(work)
    end = max(last, head.seq)
    marks = _marks(work)
    known = [head, *anchors] if head.seq else list(anchors)
    touched: list[int] = []
    report = verify(_rows(work, end, seen, touched, records), marks.get, known)
    if touched and (report.exit_code in (0, 3) or touched[0] < (report.first_bad or 1)):
        return replace(report, exit_code=1, why="columns_differ", first_bad=touched[0])
    if report.events and report.head.stream != head.stream:
        return replace(report, exit_code=1, why="stream_differs", first_bad=1)
    if last > head.seq and (report.exit_code in (0, 3) or head.seq < (report.first_bad or 1)):
        why: Why = "beyond_head" if head.seq else "head_missing"
        return replace(report, exit_code=1, why=why, first_bad=head.seq + 1)
    if report.exit_code in (0, 3) and (wrong := records.wrong()):
        return replace(report, exit_code=1, why=wrong.why, first_bad=wrong.seq)
    return report


def _marks(work: UnitOfWork) -> dict[str, Payload]:
    return {
        str(payload): Payload(hash_) if has_key else ERASED
        for payload, hash_, has_key in evidence.payload_marks(work.session)
    }


def _rows(
    work: UnitOfWork,
    end: int,
    seen: Callable[[int], object],
    touched: list[int],
    records: Records,
) -> Iterator[Stored]:
    for row in evidence.chain(work.session):
        if row.seq > end:
            return
        seen(row.seq)
        event = _event(row)
        if event is not None:
            if not _says_the_same(row, event):
                touched.append(row.seq)
            records.see(row.seq, event)
        yield Stored(row.seq, bytes(row.body), bytes(row.hash), bytes(row.prev))


def _event(row: evidence.Evidence) -> dict[str, Any] | None:
    """The event of a row, None where there is none at all: the chain itself tells that."""
    try:
        event: dict[str, Any] = json.loads(row.body)
        event["at"], event["type"], event["body"].get("subject")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event


def _says_the_same(row: evidence.Evidence, event: dict[str, Any]) -> bool:
    """Whether time, type and subject beside an event are those in it."""
    said = event["at"], event["type"], event["body"].get("subject")
    subject = str(row.subject_id) if row.subject_id else None
    return said == (written_time(row.at), row.type, subject)
