"""One answer to one consent: its signature, the state of the record, and the evidence of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from server.consents import documents as canonical_documents
from server.consents.packages import Manifest
from server.consents.signers import Capacity, Signer
from server.evidence.chain import Event
from server.kernel.canonical import sha256_hex
from server.kernel.ids import new_id
from server.kernel.marks import commitment, new_salt
from server.services import evidence, persons
from server.services.cases.standing import Standing
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.evidence import Payload
from server.services.families.packages import Said
from server.services.unit_of_work import UnitOfWork
from server.store import consents, people


@dataclass
class Signing:
    """Who signs what, gathered once for code and signature alike."""

    person: people.Person
    content: dict[str, object]
    signer: Signer
    manifest: Manifest
    rules_hash: str
    still_owed: set[Literal["guardian", "mentee"]]
    owed_by_consent: dict[str, list[str]]


def record_answer(
    work: UnitOfWork,
    standing: Standing,
    signing: Signing,
    row: consents.Consent,
    said: Said,
    code: consents.Code | None,
) -> None:
    """Sign one document with yes or no, move its record on, and leave the evidence of it."""
    nonce = secrets.token_bytes(canonical_documents.NONCE_BYTES)
    answer = cast("Literal['given', 'refused']", said)
    answer_bytes = canonical_documents.make_answer(
        row.document_hash, answer, signer=signing.signer, nonce=nonce
    )
    owed = signing.owed_by_consent[row.consent] if answer == "given" else []
    # A consent that had ended, or never was, is given: there is nothing to renew (R51).
    asked_again = standing.case.workflow == RENEWAL
    lives = asked_again and consents.lives(work.session, row.subject_id, row.consent)
    live = "renewed" if lives else "given"
    state = "refused" if answer == "refused" else ("requested" if owed else live)
    signature_id = new_id()
    event = _evidence(work, standing, signing, row, answer, code, answer_bytes, signature_id, state)
    work.session.add(
        consents.Signature(
            id=signature_id,
            tenant_id=work.tenant_id,
            consent_id=row.id,
            person_id=signing.person.id,
            role=signing.signer.role,
            capacity=signing.signer.capacity,
            answer=answer,
            level="L1",
            document_hash=row.document_hash,
            answer_nonce=nonce,
            code_id=code.id if code else None,
            companion=_companion(work, standing, row),
            evidence_seq=event.seq,
            at=work.now,
        )
    )
    row.state = state
    row.owed = list(owed)
    row.answered_at = work.now
    standing.consent_states[row.consent] = state
    if state == live:
        work.emit("receipt", {"consent": str(row.id), "seq": event.seq})


def capacity_of(work: UnitOfWork, standing: Standing) -> Capacity:
    """In what capacity this actor signs: for itself, or as what the guardian is to the child."""
    if work.actor.kind == "mentee":
        return "self"
    assert standing.case.subject_id is not None
    bonds = people.guardians_of(work.session, standing.case.subject_id)
    mine = next(bond for bond in bonds if bond.guardian_id == work.actor.person_id)
    return cast(Capacity, mine.capacity)


def _companion(work: UnitOfWork, standing: Standing, row: consents.Consent) -> str | None:
    """The name of the plain text shown to the child beside the document."""
    age = standing.age(work.now)
    if work.actor.kind != "mentee" or age is None:
        return None
    return standing.ready.bundle.companion_name(row.consent, age)


def _evidence(
    work: UnitOfWork,
    standing: Standing,
    signing: Signing,
    row: consents.Consent,
    answer: str,
    code: consents.Code | None,
    answer_bytes: bytes,
    signature_id: UUID,
    state: str,
) -> Event:
    salt = new_salt()
    contact = persons.contact_of(signing.content)
    proof = {
        "salt": salt.hex(),
        "name": signing.content.get("name"),
        "contact": contact.masked if contact else None,
        "code_sent": code.created_at.isoformat() if code else None,
        "code_verified": work.now.isoformat() if code else None,
        "manifest": signing.manifest.stored.decode(),
        **evidence.connection_of(work),
    }
    body = {
        "consent_record": row.id,
        "consent": row.consent,
        "purpose": row.purpose,
        "document": row.id,
        "document_hash": row.document_hash,
        "answers_hash": sha256_hex(answer_bytes),
        "answer": answer,
        "edition": row.edition.isoformat(),
        "locale": row.locale,
        "signer": signing.person.id,
        "signer_role": signing.signer.role,
        "capacity": signing.signer.capacity,
        "level": "L1",
        "channel": code.channel if code else "page",
        "tries": code.attempts if code else 0,
        "manifest_hash": signing.manifest.hash,
        "rules_hash": signing.rules_hash,
        "signature": signature_id,
        "case": standing.case.id,
        "old_state": row.state,
        "new_state": state,
        "name_commitment": commitment(salt, str(signing.content.get("name", ""))),
        "contact_commitment": commitment(salt, contact.normal if contact else ""),
    }
    companion = _companion(work, standing, row)
    if companion:
        body["companion"] = companion
    return evidence.append(
        work,
        type="consent_answered",
        subject_id=row.subject_id,
        body=body,
        payloads=(Payload(signing.person.id, proof),),
    )
