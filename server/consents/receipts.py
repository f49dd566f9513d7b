"""The confirmation a signer keeps: everything its PDF and its JSON say, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.consents.definition import Level
from server.consents.documents import Answer, Document
from server.consents.signers import Signer, day_in
from server.evidence.chain import Head, written_time

SCHEMA: Final = "mentor-school/receipt/1"


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature a receipt confirms, as its event tells it."""

    id: UUID
    signer: Signer
    signer_name: str
    answer: Answer
    at: datetime  # aware
    method: str  # code by mail, code by phone, paper: a key of words
    masked_contact: str
    level: Level
    manifest_hash: str
    answers_hash: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Who answers for the data, and how a person reaches it to withdraw."""

    name: str
    address: str
    phone: str
    mail: str
    withdraw_url: str  # a page, without token: the code is asked there


def receipt(
    receipt_id: UUID,
    *,
    document: Document,
    signatures: Sequence[Signature],
    operator: Operator,
    seq: int,
    head: Head,
    valid_until: datetime | None,
    time_zone: str,
) -> dict[str, Any]:
    """What the confirmation says of one document.

    `seq` is the number of the signature's event and `head` the end of the chain at that moment:
    with both in a parent's hands the tail of the chain cannot be cut unseen (CONSENT.md R38).
    """
    return {
        "schema": SCHEMA,
        "receipt": str(receipt_id),
        "locale": document.locale,
        "consent": document.consent,
        "purpose": document.purpose,
        "edition": document.edition,
        "title": document.title,
        "question": document.question,
        "facts": [list(fact) for fact in document.facts],
        "text": [asdict(block) for block in document.text],
        "data": list(document.data),
        "actions": list(document.actions),
        "subject": asdict(document.subject),
        "document_hash": document.hash,
        "signatures": [_signature(signature, time_zone) for signature in signatures],
        "valid_until": valid_until and day_in(time_zone, valid_until).isoformat(),
        "time_zone": time_zone,
        "operator": asdict(operator),
        "evidence": {
            "stream": head.stream,
            "seq": seq,
            "head_seq": head.seq,
            "head_hash": head.hash.hex(),
        },
    }


def _signature(signature: Signature, time_zone: str) -> dict[str, Any]:
    return {
        "signature": str(signature.id),
        **asdict(signature.signer),
        "name": signature.signer_name,
        "answer": signature.answer,
        "at": written_time(signature.at),
        "day": day_in(time_zone, signature.at).isoformat(),
        "method": signature.method,
        "contact": signature.masked_contact,
        "level": signature.level,
        "manifest_hash": signature.manifest_hash,
        "answers_hash": signature.answers_hash,
    }
