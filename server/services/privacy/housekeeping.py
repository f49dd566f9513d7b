"""What is kept no longer than it is needed: unconfirmed contacts, refused and stopped requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.services import evidence
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people
from server.store.erasure import (
    cases_to_erase,
    destroy_key,
    destroy_old_proofs,
    forget_check,
    guardians_without_case,
    old_commands,
    unconfirmed_checks,
)

UNCONFIRMED = timedelta(hours=24)
AFTER_END = timedelta(days=30)
PROOFS = timedelta(days=3 * 365)  # retention of evidence in legal/ru.yaml; a lawyer checks it
COMMANDS = timedelta(days=30)
REFUSED_ENDS = (
    "declined_by_family", "declined_by_child", "declined_by_school", "closed_after_withdrawal",
    "expired",
)  # fmt: skip


@dataclass(frozen=True)
class Swept:
    """How much went."""

    contacts: int
    people: int


def sweep(work: UnitOfWork) -> Swept:
    """Erase what has had its day; keys are destroyed, events and evidence stay and still verify.

    What proves a signature has a key of its own, which lives for three years more.
    """
    checks = unconfirmed_checks(work.session, work.now - UNCONFIRMED)
    for check_id in checks:
        destroy_key(work.session, check_id)
        forget_check(work.session, check_id)
    gone: set[UUID] = set()
    for case in cases_to_erase(work.session, REFUSED_ENDS, work.now - AFTER_END):
        gone |= _erase_case(work, case)
    for person_id in guardians_without_case(work.session, work.now - AFTER_END):
        _erase_person(work, person_id)
        gone.add(person_id)
    destroy_old_proofs(work.session, work.now - PROOFS)
    old_commands(work.session, work.now - COMMANDS)
    return Swept(len(checks), len(gone))


def _erase_case(work: UnitOfWork, case: cases.Case) -> set[UUID]:
    """Erase the child of a refused request, and the guardian when nothing else is theirs."""
    gone: set[UUID] = set()
    if case.subject_id is not None:
        others = [
            other
            for other in cases.cases_of_subject(work.session, case.subject_id)
            if other.id != case.id and other.cause_id != case.id and other.id != case.cause_id
        ]
        if not others:
            _erase_person(work, case.subject_id)
            gone.add(case.subject_id)
    if case.guardian_id is not None:
        mine = cases.cases_of_guardian(work.session, case.guardian_id)
        if all(other.subject_id == case.subject_id for other in mine):
            _erase_person(work, case.guardian_id)
            gone.add(case.guardian_id)
    return gone


def _erase_person(work: UnitOfWork, person_id: UUID) -> None:
    row = people.person(work.session, person_id)
    if row is None or row.erased_at is not None:
        return
    row.erased_at = work.now
    row.sealed = b""
    row.contact_index = row.surname_index = row.name_birth_index = None
    row.turns_14 = row.turns_18 = None
    evidence.append(
        work, type="person_erased", subject_id=person_id, body={"reason_code": "retention"}
    )
    work.session.flush()
    destroy_key(work.session, person_id)
