"""Consents answered and signed: a package of documents, one code, each answer evidence of its own.

Nothing binds until the check list is submitted. The code is bound to the manifest of all document
hashes and answers; a text that changed since it was read is answered with what changed, and
nothing is signed (CONSENT.md R3, R7, R31).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from server.consents.packages import Entry, Manifest, manifest
from server.consents.signers import Signer, signers
from server.kernel.canonical import sha256_hex
from server.kernel.errors import Refused
from server.kernel.marks import commitment
from server.kernel.sealing import derive
from server.services import persons
from server.services.cases import case_letters, documents, steps
from server.services.cases.standing import Standing
from server.services.consent import withdrawals
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.consent.renewals import is_by_wish
from server.services.families.answers import Signing, capacity_of, record_answer
from server.services.families.arrivals import CodeSent, rules_in_force
from server.services.families.packages import Said, asked, must_be_read
from server.services.messages import codes
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, step_writes
from server.workflows import moves


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
    found = asked(work, standing, stage)
    must_be_read(work, standing, found, hashes, locale, answers)
    signing = signing_of(work, standing, found, answers)
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


def code_from(work: UnitOfWork) -> datetime | None:
    """From when on whoever asks can be sent a code; None: now."""
    person_id = work.actor.person_id
    person = people.person(work.session, person_id) if person_id is not None else None
    if person is None or person.contact_index is None:
        return None
    return codes.again_at(work, person.contact_index)


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
    found = asked(work, standing, stage)
    must_be_read(work, standing, found, hashes, locale, answers)
    signing = signing_of(work, standing, found, answers)
    code: consents.Code | None = None
    if signing.manifest.needs_code:
        if code_id is None:
            raise Refused(reason="code_needed")
        code = codes.use_code(work, code_id=code_id, typed=typed, bound_hash=signing.manifest.hash)
    for row in found:
        if answers.get(row.consent) in ("given", "refused"):
            record_answer(work, standing, signing, row, answers[row.consent], code)
        elif answers.get(row.consent) == "deferred":
            step_writes.set_consents(
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
        _call_child(work, standing)
        for row in found:
            if row.state == "refused":
                withdrawals.take_back_by_refusal(work, standing, row)
    return standing.state


def _call_child(work: UnitOfWork, standing: Standing) -> None:
    """What the guardian answered by their own wish waits for the teenager's signature: say so once.

    A changed text has its reminders; of this nobody is reminded.
    """
    case = cases.case(work.session, standing.case.id)
    waits = any(task.role == "mentee" and task.kind == "sign" for task in standing.tasks)
    if waits and work.actor.kind == "guardian" and case is not None and is_by_wish(work, case):
        step_writes.leave_to_choice(work.transaction, work.tenant_id, standing.case.id)
        case_letters.to_family(work, standing, letter="reminder", role="mentee")


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


def signing_of(
    work: UnitOfWork,
    standing: Standing,
    found: Sequence[consents.Consent],
    answers: Mapping[str, Said],
) -> Signing:
    actor = work.actor
    assert actor.person_id is not None
    person = cast(people.Person, people.person(work.session, actor.person_id))
    content = persons.read(work, person)
    capacity = capacity_of(work, standing)
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
    return Signing(
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
        capacity=capacity_of(work, standing),
    )
    return [signer.role for signer in needed if signer.role != work.actor.kind]


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
