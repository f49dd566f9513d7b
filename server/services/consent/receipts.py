"""Confirmations of consents: made after the signature, sealed, proved, and handed to the signers.

No circle of hashes: the signature's event hashes the document and the answer, the PDF prints that
event's number, and a later event holds the hash of the PDF (DECISIONS.md 2).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents import receipts as plain
from server.consents.signers import Signer, day_in
from server.kernel.canonical import sha256_hex
from server.kernel.errors import Broken, NotFound
from server.kernel.ids import new_id
from server.kernel.latin import latin
from server.kernel.text import Text
from server.model.bundle import Bundle
from server.services import evidence, persons
from server.services.cases import documents
from server.services.messages import letters, links
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, schools
from server.store import evidence as chain
from server.words.receipts import Letterhead, page

TOPIC = "receipt"
Render = Callable[[Mapping[str, Any], datetime], bytes]


def make_receipt(work: UnitOfWork, *, consent_id: UUID, seq: int, render: Render) -> None:
    """Make the confirmation of one signature, once; the last of a package sends the letters.

    `render` turns the page into PDF; it is given the moment of the signature as the date.

    :raises Broken: when the signature, its event or its document do not fit together.
    """
    row = consents.consent(work.session, consent_id)
    if row is None or not work.proofs.knows(row.subject_id):
        return  # erased meanwhile: there is nothing to confirm any more
    if consents.receipt_of(work.session, consent_id, seq) is not None:
        return
    signatures = consents.signatures_of(work.session, [consent_id])
    signed = next((one for one in signatures if one.evidence_seq == seq), None)
    if signed is None:
        raise Broken(what="receipt without a signature", consent=str(consent_id), seq=seq)
    receipt_id = new_id()
    pdf = render(_page(work, receipt_id, row, signatures, seq), signed.at)
    work.session.add(
        consents.Receipt(
            id=receipt_id,
            tenant_id=work.tenant_id,
            consent_id=row.id,
            evidence_seq=seq,
            sealed=work.proofs.of(row.subject_id).seal(
                pdf, table="receipt", column="sealed", row=receipt_id, subject=row.subject_id
            ),
            pdf_hash=sha256_hex(pdf),
            at=work.now,
        )
    )
    work.session.flush()
    evidence.append(
        work,
        type="receipt_issued",
        subject_id=row.subject_id,
        body={
            "receipt": receipt_id,
            "consent_record": row.id,
            "signature": signed.id,
            "signature_seq": seq,
            "document_hash": row.document_hash,
            "pdf_hash": sha256_hex(pdf),
            "locale": row.locale,
            "case": row.case_id,
        },
    )
    # The head of the chain is locked now: of two receipts made at once the second sees the first.
    if not _others_to_come(work, row, signed):
        _send_letters(work, row, signatures)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A PDF and the name it is kept under: which consent and which day, nothing of a person."""

    name: str
    content: bytes


def receipt_pdf(work: UnitOfWork, *, consent_id: UUID) -> Confirmation:
    """The newest confirmation of a consent, for those who signed it and for nobody else.

    :raises NotFound: when there is none, or it is not theirs.
    :raises NotAllowed: when no code was typed in this session yet.
    """
    row = consents.consent(work.session, consent_id)
    if row is None or work.actor.person_id not in _signers(work, row):
        raise NotFound(what="receipt")
    _must_be_let_in(work, row)
    found = consents.receipts_of(work.session, [consent_id])
    if not found or not work.proofs.knows(row.subject_id):
        raise NotFound(what="receipt")
    newest = max(found, key=lambda receipt: receipt.evidence_seq)
    pdf = work.proofs.of(row.subject_id).open(
        newest.sealed, table="receipt", column="sealed", row=newest.id, subject=row.subject_id
    )
    if sha256_hex(pdf) != newest.pdf_hash:
        raise Broken(what="receipt", receipt=str(newest.id))
    return Confirmation(_file_name(work, row, newest), pdf)


def _file_name(work: UnitOfWork, row: consents.Consent, receipt: consents.Receipt) -> str:
    """`soglasie-na-fotografii-2026-11-24.pdf`: the title of the consent as it is defined.

    The title in the document itself may hold a name; this one shows in lists of downloads.
    """
    case = cast(cases.Case, cases.case(work.session, row.case_id))
    school = cast(schools.School, schools.school(work.session, case.school_id))
    spec = work.ready(row.definition_hash, school.variant).bundle.consents[row.consent]
    signed = next(
        one.at
        for one in consents.signatures_of(work.session, [row.id])
        if one.evidence_seq == receipt.evidence_seq
    )
    title = latin(spec.title.in_(row.locale), between="-", most=60) or row.consent
    return f"{title}-{day_in(school.zone, signed)}.pdf"


def _signers(work: UnitOfWork, row: consents.Consent) -> list[UUID]:
    return [one.person_id for one in consents.signatures_of(work.session, [row.id])]


def _must_be_let_in(work: UnitOfWork, row: consents.Consent) -> None:
    thing = Thing(case_id=row.case_id, guardian_id=row.guardian_id, subject_id=row.subject_id)
    if work.actor.kind == "mentee" and work.actor.assured:
        policy.require(work.actor, Permission.CHILD_ANSWER, thing)
    else:
        policy.require(work.actor, Permission.FAMILY_READ, thing)


def _page(
    work: UnitOfWork,
    receipt_id: UUID,
    row: consents.Consent,
    signatures: Sequence[consents.Signature],
    seq: int,
) -> dict[str, Any]:
    case = cast(cases.Case, cases.case(work.session, row.case_id))
    school = cast(schools.School, schools.school(work.session, case.school_id))
    partner = schools.partner(work.session)
    bundle = work.ready(row.definition_hash, school.variant).bundle
    found = plain.receipt(
        receipt_id,
        document=documents.read(work, row),
        signatures=[_signature(work, one) for one in signatures if one.evidence_seq <= seq],
        operator=plain.Operator(
            name=partner.legal_name,
            address=partner.address,
            phone=partner.contact_phone,
            mail="",
            withdraw_url=work.tools.base_url,
        ),
        seq=seq,
        head=evidence.newest_head(work),
        valid_until=datetime.combine(row.valid_until, time(12), ZoneInfo(school.zone)),
        time_zone=school.zone,
    )
    return page(found, _letterhead(bundle, school, partner, row.locale, signatures))


def _letterhead(
    bundle: Bundle,
    school: schools.School,
    partner: schools.Partner,
    locale: str,
    signatures: Sequence[consents.Signature],
) -> Letterhead:
    return Letterhead(
        school_title=Text(school.title).in_(locale),
        partner_name=partner.name,
        initials=school.initials,
        contact_name=partner.contact_name,
        contact_hours=Text(partner.contact_hours).in_(locale),
        capacities={
            one.capacity: documents.capacity_title(bundle, one.capacity, locale)
            for one in signatures
        },
    )


def _signature(work: UnitOfWork, row: consents.Signature) -> plain.Signature:
    """A signature as its event and the signer's own sealed payload tell it."""
    event = chain.event(work.session, work.tenant_id, row.evidence_seq)
    if event is None:
        raise Broken(what="signature without evidence", signature=str(row.id))
    body = json.loads(event.body)["body"]
    proof = _proof(work, row)
    return plain.Signature(
        id=row.id,
        signer=Signer(role=row.role, capacity=row.capacity),  # type: ignore[arg-type]  # from rows
        signer_name=proof.get("name") or "",
        answer=row.answer,  # type: ignore[arg-type]  # given or refused, as it was written
        at=row.at,
        method=body["channel"],
        masked_contact=proof.get("contact") or "",
        level=row.level,  # type: ignore[arg-type]  # L1 to L4, as it was written
        manifest_hash=body["manifest_hash"],
        answers_hash=body["answers_hash"],
    )


def _proof(work: UnitOfWork, row: consents.Signature) -> dict[str, Any]:
    if not work.proofs.knows(row.person_id):
        return {}
    for sealed in chain.payloads_of(work.session, row.evidence_seq):
        if sealed.person_id == row.person_id:
            opened = work.proofs.open(
                sealed.sealed, table="evidence_payload", row=sealed.id, subject=row.person_id
            )
            return cast(dict[str, Any], opened)
    return {}


def _others_to_come(work: UnitOfWork, row: consents.Consent, signed: consents.Signature) -> bool:
    """Whether another confirmation of the same signer's package is still to be made."""
    held = [one.id for one in consents.consents_of_case(work.session, row.case_id)]
    package = [
        one.consent_id
        for one in consents.signatures_of(work.session, held)
        if one.person_id == signed.person_id and one.at == signed.at and one.consent_id != row.id
    ]
    return work.awaits(TOPIC, key="consent", ids=package)


def _send_letters(
    work: UnitOfWork, row: consents.Consent, signatures: Sequence[consents.Signature]
) -> None:
    """Every signer gets a letter with a link of their own; what was signed is not in it (R42)."""
    held = people.people(work.session, [one.person_id for one in signatures])
    for one in signatures:
        if persons.contact_of(persons.read(work, held[one.person_id])) is None:
            continue
        letters.queue_letter(
            work,
            letter="receipt_ready",
            case_id=row.case_id,
            person_id=one.person_id,
            link_id=links.make_link(
                work, case_id=row.case_id, person_id=one.person_id, role=one.role
            ),
        )
