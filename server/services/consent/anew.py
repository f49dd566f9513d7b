"""An optional consent asked anew because the family wishes so, after a no or a withdrawal (R51).

The new answer is a row of its own with its own document and code; the old one stays as it was. It
is asked in a case of its own, so that it can also be given once the application has ended. Nobody
is reminded of it and nothing hangs on it.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from server.access.policy import Permission
from server.kernel.errors import NotFound, StageClosed
from server.services.cases import documents, steps
from server.services.cases.standing import Standing
from server.services.consent.renewals import ASKED_ANEW, WORKFLOW
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, step_writes
from server.workflows import moves

_ANSWERED_NO = ("refused", "withdrawn", "revoked", "expired")
_UNANSWERED = ("requested", "deferred")
_GOES_ON = ("enrolled",)  # the end after which the child is still with the school


class Asked(NamedTuple):
    """Where the new question waits for an answer."""

    case_id: UUID
    stage: str


def ask_anew(work: UnitOfWork, *, consent_id: UUID) -> Asked:
    """The guardian wishes to answer an optional consent once more; a repeat finds the same case.

    :raises NotFound: when the consent is not theirs.
    :raises StageClosed: when it cannot be asked: it is given, waits already, or all has stopped.
    """
    row = consents.consent(work.session, consent_id)
    if row is None:
        raise NotFound(what="consent")
    standing = steps.load(work, row.case_id, consents="UPDATE")
    steps.require(work, standing, Permission.FAMILY_SIGN)
    waiting = asked_anew(work, row)
    if waiting is not None:
        return waiting
    if not may_be_asked_anew(work, standing, row):
        raise StageClosed(step=row.consent, state=row.state)
    case_id = steps.start_case(
        work,
        school_id=standing.case.school_id,
        municipality_id=standing.case.municipality_id,
        workflow=WORKFLOW,
        definition_hash=in_force.ready_in_force(work, standing.case.school_id).bundle.hash,
        guardian_id=row.guardian_id,
        subject_id=row.subject_id,
        cause_id=row.case_id,
    )
    made = steps.load(work, case_id)
    made.only = frozenset((row.consent,))
    steps.take(work, made, moves.Started(), kind=ASKED_ANEW)
    step_writes.leave_to_choice(work.transaction, work.tenant_id, case_id)
    return Asked(case_id, made.compiled.package_of(row.consent))


def asked_anew(work: UnitOfWork, row: consents.Consent) -> Asked | None:
    """Where this consent is asked anew and waits for the guardian, if it is."""
    for other in cases.cases_of_subject(work.session, row.subject_id):
        if other.workflow != WORKFLOW or other.status != "open":
            continue
        for one in consents.consents_of_case(work.session, other.id):
            open_ = one.state in _UNANSWERED and "guardian" in one.owed
            if one.consent == row.consent and open_ and other.stage is not None:
                return Asked(other.id, other.stage)
    return None


def may_be_asked_anew(work: UnitOfWork, standing: Standing, row: consents.Consent) -> bool:
    """Whether the guardian may answer this once more: optional, not given, the child still here.

    `standing` is the case of the row. A question that nobody answered before the application ended
    can be answered after it too.
    """
    bundle, state, subject = standing.ready.bundle, standing.state, row.subject_id
    unanswered = row.state in _UNANSWERED and row.answered_at is None and state.status == "ended"
    if row.state not in _ANSWERED_NO and not unanswered:
        return False
    spec = bundle.consents[row.consent]
    if spec.required or (spec.on_withdraw and spec.on_withdraw.pause):
        return False
    if not documents.guardian_signs(work, standing):
        return False
    stays = state.status == "open" or state.end in _GOES_ON or standing.case.workflow == WORKFLOW
    return (
        stays
        and not consents.lives(work.session, subject, row.consent)
        and consents.is_processing_given(work.session, subject)
    )
