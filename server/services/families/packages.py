"""Consents answered and signed: a package of documents, one code, each answer evidence of its own.

Nothing binds until the check list is submitted. The code is bound to the manifest of all document
hashes and answers; a text that changed since it was read is answered with what changed, and
nothing is signed (CONSENT.md R3, R7, R31).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from server.consents import documents as canonical_documents
from server.consents.documents import Document
from server.consents.packages import Entry, Manifest, manifest
from server.consents.signers import Capacity, Signer, signers
from server.consents.texts import Block
from server.evidence.chain import Event
from server.kernel.canonical import sha256_hex
from server.kernel.errors import NotFound, Refused, StageClosed, TextChanged
from server.kernel.ids import new_id
from server.kernel.marks import commitment, new_salt
from server.kernel.sealing import derive
from server.services import evidence, persons
from server.services.cases import documents, steps
from server.services.cases.standing import Standing
from server.services.consent import withdrawals
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.evidence import Payload
from server.services.families.arrivals import CodeSent, rules_in_force
from server.services.messages import codes
from server.services.unit_of_work import UnitOfWork
from server.store import consents, people
from server.store import steps as rows
from server.workflows import moves

Said = Literal["given", "refused", "deferred"]


@dataclass(frozen=True)
class Question:
    """One consent as its page shows it."""

    consent_id: UUID
    consent: str
    document: Document
    required: bool
    stops: bool  # a no ends the application, so nothing more is asked after it
    postpone: bool
    takes_back: bool  # a no ends the consent that was given to the text before
    companion: tuple[Block, ...]  # plain words for the child, where the child is asked
    state: str


@dataclass(frozen=True)
class Package:
    """What one signer is asked in one stage, in order."""

    case_id: UUID
    number: int
    stage: str
    role: str
    questions: tuple[Question, ...]
    child_name: str
    age: int | None


def package(work: UnitOfWork, *, case_id: UUID, stage: str, locale: str) -> Package:
    """The questions of an open package, in the reader's language and with today's texts.

    Making the documents anew in another language or edition is no answer: nothing is signed.

    :raises StageClosed: when nothing is to be answered here by this actor.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    found = _asked(work, standing, stage)
    documents.renew_unsigned(work, standing, found, locale=locale)
    age = standing.age(work.now)
    bundle = standing.ready.bundle
    child = work.actor.kind == "mentee"
    questions = []
    for row in found:
        spec = bundle.consents[row.consent]
        step = next(
            step for step in standing.compiled.package(stage) if step.consent == row.consent
        )
        questions.append(
            Question(
                consent_id=row.id,
                consent=row.consent,
                document=documents.read(work, row),
                required=spec.required,
                stops=row.consent in standing.compiled.stage(stage).refused,
                postpone=step.postpone and standing.compiled.stage(stage).optional,
                takes_back=standing.case.workflow == RENEWAL,
                companion=documents.companion(work, standing, row.consent, locale) if child else (),
                state=row.state,
            )
        )
    return Package(
        case_id=case_id,
        number=standing.case.number,
        stage=stage,
        role=work.actor.kind,
        questions=tuple(questions),
        child_name=standing.subject.get("name", ""),
        age=age,
    )


def current(
    work: UnitOfWork, *, case_id: UUID, stage: str, hashes: Mapping[str, str], locale: str
) -> Package:
    """The questions of an open package, if these hashes are of the texts of now.

    :raises TextChanged: with what changed since; the new text is under the request from then on.
    :raises StageClosed: when nothing is to be answered here by this actor.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    _must_be_read(work, standing, _asked(work, standing, stage), hashes, locale)
    return package(work, case_id=case_id, stage=stage, locale=locale)


def ask_package_code(
    work: UnitOfWork,
    *,
    case_id: UUID,
    stage: str,
    answers: Mapping[str, Said],
    hashes: Mapping[str, str],
    locale: str,
) -> CodeSent:
    """All is answered: send the one code that signs exactly these answers to these texts.

    :raises TextChanged: when a text is not the one that was read.
    :raises LimitReached: after too many unused codes.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    found = _asked(work, standing, stage)
    _must_be_read(work, standing, found, hashes, locale)
    signing = _signing(work, standing, found, answers)
    sealed = signing.person.contact_index
    contact = persons.contact_of(signing.content)
    if contact is None or sealed is None:
        raise Refused(reason="contact_missing")
    code_id = codes.ask_code(
        work,
        purpose="package",
        contact_index=sealed,
        kind=contact.kind,
        bound_hash=signing.manifest.hash,
        person_id=signing.person.id,
        case_id=case_id,
    )
    return CodeSent(code_id, contact.masked, contact.kind)


def sign(
    work: UnitOfWork,
    *,
    case_id: UUID,
    stage: str,
    answers: Mapping[str, Said],
    hashes: Mapping[str, str],
    locale: str,
    code_id: UUID | None = None,
    typed: str = "",
) -> moves.CaseState:
    """Submit the check list: with a code when anything is given, without one for a plain no.

    A repeat of a package already signed changes nothing and answers the same.

    :raises TextChanged: when a text is not the one that was read; nothing is signed.
    :raises CodeRefused: when the code does not fit this very list; nothing is signed.
    """
    standing = steps.load(work, case_id, consents="UPDATE")
    if _signed_before(work, standing, stage, answers):
        return standing.state
    found = _asked(work, standing, stage)
    _must_be_read(work, standing, found, hashes, locale)
    signing = _signing(work, standing, found, answers)
    code: consents.Code | None = None
    if signing.manifest.needs_code:
        if code_id is None:
            raise Refused(reason="code_needed")
        code = codes.use_code(work, code_id=code_id, typed=typed, bound_hash=signing.manifest.hash)
    for row in found:
        if answers.get(row.consent) in ("given", "refused"):
            _answer(work, standing, signing, row, answers[row.consent], code)
        elif answers.get(row.consent) == "deferred":
            rows.set_consents(
                work.transaction, work.tenant_id, [row.id], state="deferred", owed=row.owed,
                at=work.now,
            )  # fmt: skip
            standing.consent_states[row.consent] = "deferred"
    standing.owed = frozenset(signing.still_owed)
    steps.take(
        work,
        standing,
        moves.Signed(
            stage,
            cast("Literal['guardian', 'mentee']", work.actor.kind),
            {**_not_asked(standing, stage, found), **answers},
        ),
        kind="signed",
        data={"stage": stage, "manifest": signing.manifest.hash},
    )
    if standing.case.workflow == RENEWAL:
        for row in found:
            if row.state == "refused":
                withdrawals.take_back_by_refusal(work, standing, row)
    return standing.state


def _not_asked(
    standing: Standing, stage: str, found: Sequence[consents.Consent]
) -> dict[str, Said]:
    """Of a renewal's package, the consents whose text has not changed: nobody asks for them."""
    asked = {row.consent for row in found}
    return {
        step.consent: "deferred"
        for step in standing.compiled.package(stage)
        if step.postpone and step.consent not in asked
    }


@dataclass
class _Signing:
    """Who signs what, gathered once for code and signature alike."""

    person: people.Person
    content: dict[str, object]
    signer: Signer
    manifest: Manifest
    rules_hash: str
    still_owed: set[Literal["guardian", "mentee"]]
    owed_by_consent: dict[str, list[str]]


def _asked(work: UnitOfWork, standing: Standing, stage: str) -> list[consents.Consent]:
    """The consents this actor has to answer in a stage, in the order of the definition."""
    if not steps.can_see(work, standing):
        raise NotFound(what="case")
    role = work.actor.kind
    if standing.task(stage, role) is None:
        raise StageClosed(step=stage, state=standing.state.status)
    names = [step.consent for step in standing.compiled.package(stage)]
    held = {row.consent: row for row in consents.consents_of_case(work.session, standing.case.id)}
    return [
        held[name]
        for name in names
        if name in held
        and held[name].state in ("requested", "deferred")
        and role in held[name].owed
    ]


def _must_be_read(
    work: UnitOfWork,
    standing: Standing,
    found: Sequence[consents.Consent],
    hashes: Mapping[str, str],
    locale: str,
) -> None:
    before = {row.consent: documents.read(work, row) for row in found}
    documents.renew_unsigned(work, standing, list(found), locale=locale)
    for row in found:
        shown = hashes.get(row.consent)
        if shown is not None and shown != row.document_hash:
            after = documents.read(work, row)
            lines = canonical_documents.diff(before[row.consent], after)
            raise TextChanged(lines=lines, consent=row.consent, shown=shown)


def _signing(
    work: UnitOfWork,
    standing: Standing,
    found: Sequence[consents.Consent],
    answers: Mapping[str, Said],
) -> _Signing:
    actor = work.actor
    assert actor.person_id is not None
    person = cast(people.Person, people.person(work.session, actor.person_id))
    content = persons.read(work, person)
    capacity = _capacity(work, standing)
    signer = Signer(cast("Literal['guardian', 'mentee']", actor.kind), capacity)
    _, rules_hash = rules_in_force(
        work, school_id=standing.case.school_id, locale=found[0].locale if found else "ru"
    )
    entries = [
        Entry(row.consent, row.document_hash, said)
        for row in found
        if (said := answers.get(row.consent)) in ("given", "refused")
    ]
    salt = derive(work.tools.pepper, f"manifest {standing.case.id} {person.id}")[:16]
    name = str(content.get("name", ""))
    # A package that is only put off has nothing to sign; its manifest is never used.
    made = (
        manifest(
            entries,
            signer=signer,
            rules_hash=rules_hash,
            signer_commitment=commitment(salt, name),
        )
        if entries
        else Manifest((), signer, b"", sha256_hex(b""))
    )
    owed = {row.consent: _owed(work, standing, row) for row in found}
    given = {name for name, said in answers.items() if said == "given"}
    still = {role for name in given for role in owed.get(name, [])}
    return _Signing(
        person,
        content,
        signer,
        made,
        rules_hash,
        cast("set[Literal['guardian', 'mentee']]", still),
        owed,
    )


def _owed(work: UnitOfWork, standing: Standing, row: consents.Consent) -> list[str]:
    """Whose signature is missing after this one, by the age of this moment (R15, R16)."""
    if work.actor.kind == "mentee":
        return []
    age = standing.age(work.now)
    assert age is not None
    needed = signers(
        standing.ready.bundle.consents[row.consent],
        age,
        documents.signer_rules(standing.ready.bundle),
        capacity=_capacity(work, standing),
    )
    return [signer.role for signer in needed if signer.role != work.actor.kind]


def _capacity(work: UnitOfWork, standing: Standing) -> Capacity:
    if work.actor.kind == "mentee":
        return "self"
    assert standing.case.subject_id is not None
    bonds = people.guardians_of(work.session, standing.case.subject_id)
    mine = next(bond for bond in bonds if bond.guardian_id == work.actor.person_id)
    return cast(Capacity, mine.capacity)


def _signed_before(
    work: UnitOfWork, standing: Standing, stage: str, answers: Mapping[str, Said]
) -> bool:
    """Whether this very signer gave these very answers already: a second click."""
    if standing.task(stage, work.actor.kind) is not None or not steps.can_see(work, standing):
        return False
    held = consents.consents_of_case(work.session, standing.case.id)
    names = {row.id: row.consent for row in held}
    said = {
        names[signature.consent_id]: signature.answer
        for signature in consents.signatures_of(work.session, list(names))
        if signature.person_id == work.actor.person_id
    }
    binding = {name: answer for name, answer in answers.items() if answer != "deferred"}
    return bool(binding) and all(said.get(name) == answer for name, answer in binding.items())


def _answer(
    work: UnitOfWork,
    standing: Standing,
    signing: _Signing,
    row: consents.Consent,
    said: Said,
    code: consents.Code | None,
) -> None:
    nonce = secrets.token_bytes(canonical_documents.NONCE_BYTES)
    answer = cast("Literal['given', 'refused']", said)
    answer_bytes = canonical_documents.make_answer(
        row.document_hash, answer, signer=signing.signer, nonce=nonce
    )
    owed = signing.owed_by_consent[row.consent] if answer == "given" else []
    live = "renewed" if standing.case.workflow == RENEWAL else "given"
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


def _companion(work: UnitOfWork, standing: Standing, row: consents.Consent) -> str | None:
    """The name of the plain text shown to the child beside the document."""
    age = standing.age(work.now)
    if work.actor.kind != "mentee" or age is None:
        return None
    return standing.ready.bundle.companion_name(row.consent, age)


def _evidence(
    work: UnitOfWork,
    standing: Standing,
    signing: _Signing,
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
