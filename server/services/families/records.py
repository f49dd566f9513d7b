"""One consent in full, for whoever signs it: the document, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.consents.documents import Document
from server.kernel.errors import NotFound
from server.services.cases import documents, steps
from server.services.families.applications import ConsentState, consent_states
from server.services.unit_of_work import UnitOfWork
from server.store import consents


@dataclass(frozen=True)
class Record:
    """One consent of this person in full: the document, and what became of it."""

    case_id: UUID
    document: Document
    state: ConsentState
    signed: tuple[tuple[str, str, datetime], ...]  # role, answer, moment
    waits_for_me: bool  # this person may answer it now


def record(work: UnitOfWork, *, consent_id: UUID) -> Record:
    """What was signed, for whoever signs it.

    :raises NotFound: when it is not theirs.
    """
    row = consents.consent(work.session, consent_id)
    me = work.actor.person_id
    if row is None or me is None or not work.actor.assured:
        raise NotFound(what="consent")
    if me not in (row.guardian_id, row.subject_id):
        raise NotFound(what="consent")
    standing = steps.load(work, row.case_id)
    (state,) = consent_states(work, standing, [row])
    signatures = consents.signatures_of(work.session, [row.id])
    return Record(
        case_id=row.case_id,
        document=documents.read(work, row),
        state=state,
        signed=tuple((one.role, one.answer, one.at) for one in signatures),
        waits_for_me=row.state in ("requested", "deferred")
        and work.actor.kind in row.owed
        and standing.task(state.stage, work.actor.kind) is not None,
    )
