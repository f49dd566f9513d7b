"""Appending to the tenant's chain of evidence, in the transaction of what it proves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server import __version__
from server.evidence.chain import Event, EventType, Head, next_event
from server.kernel.ids import new_id
from server.services.unit_of_work import UnitOfWork
from server.store import evidence as rows
from server.store import step_writes, steps
from server.store.evidence import EvidenceHead


@dataclass(frozen=True)
class Payload:
    """What is personal about an event for one person; sealed under that person's key of proofs."""

    person_id: UUID
    content: Mapping[str, Any]


def append(
    work: UnitOfWork,
    *,
    type: EventType,
    subject_id: UUID | None,
    body: Mapping[str, Any],
    payloads: tuple[Payload, ...] = (),
    head: Head | None = None,
) -> Event:
    """Write one event after the head, which is locked (here, unless the caller did already).

    :raises Broken: when the body holds anything but ids, hashes and words of its vocabulary.
    """
    if head is None:
        work.transaction.run_queued()
        head = head_at(work, steps.read_head(work.transaction, work.tenant_id))
    sealed = {new_id(): payload for payload in payloads}
    blobs = {
        key: work.proofs.seal(
            payload.content, table="evidence_payload", row=key, subject=payload.person_id
        )
        for key, payload in sealed.items()
    }
    whole = {"app": __version__, "time_source": work.tools.clock.source(), **body}
    if subject_id is not None:
        whole["subject"] = subject_id
    if blobs:
        whole["payloads"] = {key: hashlib.sha256(blob).hexdigest() for key, blob in blobs.items()}
    event = next_event(head, type=type, at=work.now, body=whole)
    step_writes.add_evidence(
        work.transaction,
        work.tenant_id,
        seq=event.seq,
        at=event.at,
        type=event.type,
        subject_id=subject_id,
        body=event.stored,
        hash=event.hash,
        prev=event.prev,
    )
    for key, blob in blobs.items():
        step_writes.add_payload(
            work.transaction,
            work.tenant_id,
            payload_id=key,
            seq=event.seq,
            person_id=sealed[key].person_id,
            sealed=blob,
        )
    return event


def head_at(work: UnitOfWork, row: steps.HeadRow | EvidenceHead | None) -> Head:
    """The end of this tenant's chain as its row tells it; before the first event there is none."""
    stream = str(work.tenant_id)
    return Head(stream, row.seq, bytes(row.hash)) if row is not None else Head(stream)


def newest_head(work: UnitOfWork) -> Head:
    """The end of this tenant's chain at this moment, unlocked."""
    return head_at(work, rows.head(work.session, work.tenant_id))


def connection_of(work: UnitOfWork) -> dict[str, str]:
    """From where the actor came: for sealed payloads only."""
    return {
        "address": work.actor.address,
        "agent": work.actor.agent[:300],
        "session": work.actor.session_id,
    }
