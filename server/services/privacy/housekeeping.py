"""What is kept no longer than it is needed: unconfirmed contacts, refused and stopped requests,
whatever is known of a child once the consent to work with it is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.services import evidence
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people
from server.store.erasure import (
    cases_to_erase,
    children_withdrawn,
    destroy_key,
    destroy_old_proofs,
    destroy_proofs,
    forget_check,
    guardians_without_case,
    has_signed,
    is_anybody_theirs_left,
    old_commands,
    unconfirmed_checks,
)

# The terms of `retention` in legal/ru.yaml.
UNCONFIRMED = timedelta(hours=24)
AFTER_END = timedelta(days=30)
AFTER_WITHDRAWAL = timedelta(days=30)
PROOFS = timedelta(days=3 * 365)  # retention of evidence in legal/ru.yaml; a lawyer checks it
COMMANDS = timedelta(days=30)
# "Within 30 days" is no later than the thirtieth day, also when a sweep or two fall out.
EARLY = timedelta(hours=12)
# Such a request ended because its own 30 days were over: nothing is left to wait for.
EXPIRED_ENDS = ("expired",)
REFUSED_ENDS = (
    "declined_by_family", "declined_by_child", "declined_by_school", "closed_after_withdrawal",
)  # fmt: skip


@dataclass(frozen=True)
class Swept:
    """How much went."""

    contacts: int
    people: int


def sweep(work: UnitOfWork) -> Swept:
    """Erase what has had its day; keys are destroyed, events and evidence stay and still verify.

    What proves a signature has a key of its own, which lives for three years more; who signed
    nothing leaves nothing to prove, and that key goes too.
    """
    checks = unconfirmed_checks(work.session, work.now - UNCONFIRMED)
    for check_id in checks:
        destroy_key(work.session, check_id)
        forget_check(work.session, check_id)
    gone: set[UUID] = set()
    refused = cases_to_erase(work.session, REFUSED_ENDS, work.now - AFTER_END + EARLY)
    for case in [*cases_to_erase(work.session, EXPIRED_ENDS, work.now), *refused]:
        if not _has_other_case(work, case):
            gone |= _erase_family(work, [case])
    # By the day of the withdrawal, whether or not the school has closed its part by then.
    for child_id in children_withdrawn(work.session, work.now - AFTER_WITHDRAWAL + EARLY):
        gone |= _erase_family(work, cases.cases_of_subject(work.session, child_id))
    for person_id in guardians_without_case(work.session, work.now - AFTER_END):
        gone |= _erase_person(work, person_id)
    destroy_old_proofs(work.session, work.now - PROOFS)
    old_commands(work.session, work.now - COMMANDS)
    return Swept(len(checks), len(gone))


def _has_other_case(work: UnitOfWork, case: cases.Case) -> bool:
    """Whether the child has a case besides this one and those that follow from it."""
    if case.subject_id is None:
        return False
    return any(
        other.id != case.id and other.cause_id != case.id and other.id != case.cause_id
        for other in cases.cases_of_subject(work.session, case.subject_id)
    )


def _erase_family(work: UnitOfWork, of: Iterable[cases.Case]) -> set[UUID]:
    """Erase the child of these cases, and a guardian when nobody else of theirs is left."""
    gone: set[UUID] = set()
    held = list(of)
    for child_id in {case.subject_id for case in held if case.subject_id}:
        gone |= _erase_person(work, child_id)
    for guardian_id in {case.guardian_id for case in held if case.guardian_id}:
        if not is_anybody_theirs_left(work.session, guardian_id):
            gone |= _erase_person(work, guardian_id)
    return gone


def _erase_person(work: UnitOfWork, person_id: UUID) -> set[UUID]:
    row = people.person(work.session, person_id)
    if row is None or row.erased_at is not None:
        return set()
    row.erased_at = work.now
    row.sealed = b""
    row.contact_index = row.surname_index = row.name_birth_index = None
    row.turns_14 = row.turns_18 = None
    evidence.append(
        work, type="person_erased", subject_id=person_id, body={"reason_code": "retention"}
    )
    work.session.flush()
    destroy_key(work.session, person_id)
    if not has_signed(work.session, person_id):
        destroy_proofs(work.session, person_id)
    return {person_id}
