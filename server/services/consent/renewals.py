"""When a consent's text changes materially, whoever gave it is asked anew (CONSENT.md R4).

The consent given before stays as it was: what was signed counts. Until the answer to the new text
the pages say that it needs renewal. A yes stands beside it, a no takes it back
(`withdrawals.take_back_by_refusal`). A mended slip of the pen asks nobody anything.
"""

from __future__ import annotations

from uuid import UUID

from server.model.bundle import Bundle
from server.services.cases import case_letters, steps
from server.services.model import editions, in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, schools
from server.workflows import moves

WORKFLOW = "consent_renewal"
ASKED_ANEW = "asked_anew"  # how a case begins in which a family answers by its own wish (`anew`)
AT_ONCE = 200  # children a school's campaign takes up in one go; the rest an hour later


def open_campaign(work: UnitOfWork) -> int:
    """Ask every family whose consent needs renewal, once; how many were asked."""
    asked = 0
    published = editions.history(work)
    for school in schools.schools(work.session):
        ready = in_force.ready_in_force(work, school.id)
        if WORKFLOW not in ready.bundle.workflows:
            continue
        since = editions.material_since(published, ready.bundle)
        stale = consents.given_before(work.session, school.id, since, limit=AT_ONCE)
        for subject_id, rows in stale.items():
            if not _is_asked_already(work, subject_id) and not _has_left(work, rows, ready.bundle):
                _ask(work, school.id, ready.bundle.hash, rows)
                asked += 1
    return asked


def needing_renewal(work: UnitOfWork, *, school_id: UUID, subject_id: UUID) -> frozenset[str]:
    """The consents of a child that live, though their text was changed materially since.

    No state of a record: what was signed stays given, and opens its gates, until the answer to the
    new text (DECISIONS.md 11).
    """
    answered = {
        row.consent: row.edition  # oldest first: the newest answer stays
        for row in reversed(consents.consents_of_subject(work.session, subject_id))
        if row.state in moves.LIVE
    }
    bundle = in_force.ready_in_force(work, school_id).bundle
    asked = bundle.consents
    older = {name for name, day in answered.items() if name in asked and day < asked[name].edition}
    if not older:
        return frozenset()  # the common case: no release has to be looked through
    since = editions.material_since(editions.history(work), bundle)
    return frozenset(name for name in older if name in since and answered[name] < since[name])


def _is_asked_already(work: UnitOfWork, subject_id: UUID) -> bool:
    mine = cases.cases_of_subject(work.session, subject_id)
    return any(
        case.workflow == WORKFLOW and case.status == "open" and not is_by_wish(work, case)
        for case in mine
    )


def is_by_wish(work: UnitOfWork, case: cases.Case) -> bool:
    """Whether the family asked for the question itself: nobody waits for the answer."""
    begun = cases.events_of(work.session, case.id, limit=1)
    return bool(begun) and begun[0].kind == ASKED_ANEW


def _has_left(work: UnitOfWork, rows: list[consents.Consent], bundle: Bundle) -> bool:
    """Whether the family took back a consent that all the rest hangs on: nothing is asked then."""
    held = consents.board(work.session, [rows[0].subject_id])
    gone = [bundle.consents.get(row.consent) for row in held if row.state == "withdrawn"]
    return any(spec and spec.on_withdraw and spec.on_withdraw.pause for spec in gone)


def _ask(work: UnitOfWork, school_id: UUID, hash_: str, rows: list[consents.Consent]) -> None:
    case_id = steps.start_case(
        work,
        school_id=school_id,
        municipality_id=cases.place_of(work.session, rows[0].case_id),
        workflow=WORKFLOW,
        definition_hash=hash_,
        guardian_id=rows[0].guardian_id,
        subject_id=rows[0].subject_id,
        cause_id=rows[0].case_id,
    )
    standing = steps.load(work, case_id)
    standing.only = frozenset(row.consent for row in rows)
    steps.take(work, standing, moves.Started(), kind="renewal_asked")
    case_letters.to_family(work, standing, letter="renewal_needed", role="guardian")
