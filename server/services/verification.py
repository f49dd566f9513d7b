"""Verifying a tenant's chain of evidence: the rows as they lie there, without any key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from server.access import policy
from server.access.policy import Permission, Thing
from server.evidence.chain import Head
from server.evidence.verify import ERASED, Payload, Report, verify
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


def verify_chain(
    work: UnitOfWork,
    *,
    anchors: Sequence[Head] = (),
    seen: Callable[[int], object] = int,
) -> Report:
    """Verify every event and every sealed payload of this tenant (CONSENT.md R37).

    The head's own row counts as an anchor: cutting the tail alone is found even without one kept
    elsewhere. `seen` is told the number of each event, for whoever watches the progress.
    """
    policy.require(work.actor, Permission.EVIDENCE_READ, Thing())
    # The head first: what is written from here on is left to the next verification.
    head = newest_head(work)
    marks = {
        str(payload): Payload(hash_) if has_key else ERASED
        for payload, hash_, has_key in evidence.payload_marks(work.session)
    }
    # Of two anchors for one number the last is asked: the one that was kept elsewhere.
    known = [head, *anchors] if head.seq else list(anchors)
    report = verify(_rows(work, head, seen), marks.get, known)
    if report.events and report.head.stream != head.stream:
        return replace(report, exit_code=1, why="stream_differs", first_bad=1)
    return report


def _rows(work: UnitOfWork, head: Head, seen: Callable[[int], object]) -> Iterator[Stored]:
    for row in evidence.chain(work.session):
        if row.seq > head.seq > 0:
            return
        seen(row.seq)
        yield Stored(row.seq, bytes(row.body), bytes(row.hash), bytes(row.prev))
