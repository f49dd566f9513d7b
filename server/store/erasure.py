"""Who and what has had its day: what is to go, and its going."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session, aliased

from server.store.cases import Case, Command
from server.store.consents import Consent, Signature
from server.store.people import ContactCheck, EvidenceKey, Person, SubjectKey
from server.workflows.moves import LIVE


def unconfirmed_checks(session: Session, before: datetime) -> list[UUID]:
    """Contacts typed and never confirmed, and confirmed ones, which a person has by now."""
    query = select(ContactCheck.id).where(ContactCheck.created_at < before).limit(500)
    return list(session.scalars(query))


def cases_to_erase(session: Session, ends: Sequence[str], before: datetime) -> list[Case]:
    """Cases that ended without enrolment long enough ago, whose child is still there."""
    query = (
        select(Case)
        .join(Person, (Person.id == Case.subject_id) & (Person.tenant_id == Case.tenant_id))
        .where(Case.end.in_(ends), Case.ended_at <= before, Person.erased_at.is_(None))
        .limit(200)
    )
    return list(session.scalars(query))


def children_withdrawn(session: Session, before: datetime) -> list[UUID]:
    """Children about whom processing was withdrawn by then and not allowed again since."""
    again = aliased(Consent)
    living = exists().where(
        again.tenant_id == Consent.tenant_id,
        again.subject_id == Consent.subject_id,
        again.purpose == Consent.purpose,
        again.state.in_(LIVE),
    )
    query = (
        select(Consent.subject_id)
        .join(Person, (Person.id == Consent.subject_id) & (Person.tenant_id == Consent.tenant_id))
        .where(
            Consent.purpose == "processing",
            Consent.state == "withdrawn",
            Consent.withdrawn_at <= before,
            Person.erased_at.is_(None),
            ~living,
        )
        .distinct()
    )
    return list(session.scalars(query.limit(200)))


def is_anybody_theirs_left(session: Session, guardian_id: UUID) -> bool:
    """Whether a guardian still has a child here, or an invitation to bring one."""
    here = (
        select(Case.id)
        .outerjoin(Person, (Person.id == Case.subject_id) & (Person.tenant_id == Case.tenant_id))
        .where(
            Case.guardian_id == guardian_id,
            (Case.subject_id.is_not(None) & Person.erased_at.is_(None))
            | (Case.subject_id.is_(None) & (Case.status != "ended")),
        )
    )
    return session.scalar(here.limit(1)) is not None


def guardians_without_case(session: Session, before: datetime) -> list[UUID]:
    """Guardians who proved a contact and never asked for a place, or whose invitation ended."""
    living = exists().where(
        Case.guardian_id == Person.id,
        Case.tenant_id == Person.tenant_id,
        (Case.subject_id.is_not(None)) | (Case.status != "ended"),
    )
    query = select(Person.id).where(
        Person.kind == "guardian",
        Person.created_at < before,
        Person.erased_at.is_(None),
        ~living,
    )
    return list(session.scalars(query.limit(200)))


def forget_check(session: Session, check_id: UUID) -> None:
    """Delete a contact that was typed."""
    session.execute(delete(ContactCheck).where(ContactCheck.id == check_id))


def destroy_key(session: Session, subject_id: UUID) -> None:
    """Destroy somebody's key: nothing sealed under it opens any more."""
    session.execute(delete(SubjectKey).where(SubjectKey.subject_id == subject_id))


def has_signed(session: Session, person_id: UUID) -> bool:
    """Whether this person answered a document, or a document about them was answered."""
    mine = (
        select(Signature.id)
        .join(
            Consent,
            (Consent.id == Signature.consent_id) & (Consent.tenant_id == Signature.tenant_id),
        )
        .where((Signature.person_id == person_id) | (Consent.subject_id == person_id))
    )
    return session.scalar(mine.limit(1)) is not None


def destroy_proofs(session: Session, subject_id: UUID) -> None:
    """Destroy the key of what somebody signed: no document of theirs opens any more."""
    session.execute(delete(EvidenceKey).where(EvidenceKey.subject_id == subject_id))


def destroy_old_proofs(session: Session, before: datetime) -> None:
    """Destroy the keys of what proved the signatures of people erased long ago."""
    gone = select(Person.id).where(Person.erased_at < before)
    session.execute(delete(EvidenceKey).where(EvidenceKey.subject_id.in_(gone)))


def old_commands(session: Session, before: datetime) -> None:
    """Forget idempotency keys nobody will repeat any more."""
    session.execute(delete(Command).where(Command.at < before))
