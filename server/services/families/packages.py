"""What one signer is asked in one stage: the questions of a package, with the texts of today.

A text that changed since it was read is answered with what changed, and nothing is signed
(CONSENT.md R3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from server.consents import documents as canonical_documents
from server.consents.documents import Document
from server.consents.texts import Block
from server.kernel.errors import NotFound, StageClosed, TextChanged
from server.services.cases import documents, steps
from server.services.cases.standing import Standing
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.unit_of_work import UnitOfWork
from server.store import consents

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
    found = asked(work, standing, stage)
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
    must_be_read(work, standing, asked(work, standing, stage), hashes, locale)
    return package(work, case_id=case_id, stage=stage, locale=locale)


def asked(work: UnitOfWork, standing: Standing, stage: str) -> list[consents.Consent]:
    """The consents this actor has to answer in a stage, in the order of the definition.

    :raises StageClosed: when nothing is asked here; `reason` of_age once the child is a grown-up.
    """
    if not steps.can_see(work, standing):
        raise NotFound(what="case")
    role = work.actor.kind
    if standing.task(stage, role) is None:
        raise StageClosed(step=stage, state=standing.state.status)
    if role == "guardian" and not documents.guardian_signs(work, standing):
        raise StageClosed(step=stage, state="of_age", reason="of_age")
    names = [step.consent for step in standing.compiled.package(stage)]
    held = {row.consent: row for row in consents.consents_of_case(work.session, standing.case.id)}
    return [
        held[name]
        for name in names
        if name in held
        and held[name].state in ("requested", "deferred")
        and role in held[name].owed
    ]


def must_be_read(
    work: UnitOfWork,
    standing: Standing,
    found: Sequence[consents.Consent],
    hashes: Mapping[str, str],
    locale: str,
    answers: Mapping[str, Said] | None = None,
) -> None:
    """The texts of now are the ones that were read; newer ones are put under the requests.

    Whoever answers says which text it is an answer to: without a hash it is an answer to none.

    :raises TextChanged: for the first that is not, with what changed.
    """
    before = {row.consent: documents.read(work, row) for row in found}
    documents.renew_unsigned(work, standing, list(found), locale=locale)
    for row in found:
        shown = hashes.get(row.consent)
        if shown is None and (answers or {}).get(row.consent) not in ("given", "refused"):
            continue
        if shown != row.document_hash:
            after = documents.read(work, row)
            lines = canonical_documents.diff(before[row.consent], after)
            raise TextChanged(lines=lines, consent=row.consent, shown=shown)
