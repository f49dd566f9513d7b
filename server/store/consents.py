"""Consents and what proves them: requests with their documents, signatures, codes, links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Label, Select, UniqueConstraint, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, aliased, defer, mapped_column

from server.store.base import Base, TenantRow, refers
from server.store.cases import Case
from server.store.evidence import Evidence
from server.workflows.moves import LIVE


class Consent(TenantRow, Base):
    """One consent asked of one person for one purpose, with the document that was shown.

    `state` is one of the ten names of the Data Privacy Vocabulary. Giving again after a withdrawal
    is a new row (R51).
    """

    __tablename__ = "consent"
    case_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    consent: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    definition_hash: Mapped[str]
    edition: Mapped[date]
    locale: Mapped[str]
    document: Mapped[bytes]  # canonical bytes, sealed under the subject's key
    document_hash: Mapped[str]
    owed: Mapped[list[str]]  # roles whose signature is still missing
    requested_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    valid_until: Mapped[date]
    __table_args__ = (
        refers("case_id", "case"),
        refers("subject_id", "person", name="fk_consent_subject"),
        refers("guardian_id", "person", name="fk_consent_guardian"),
        Index(None, "tenant_id", "case_id"),
        Index(
            "ix_consent_subject",
            "tenant_id",
            "subject_id",
            "consent",
            postgresql_include=["state", "answered_at"],
        ),
    )


class Signature(TenantRow, Base):
    """One person's answer to one document: yes or no, in a capacity, at a level."""

    __tablename__ = "signature"
    consent_id: Mapped[UUID]
    person_id: Mapped[UUID]
    role: Mapped[str]  # guardian | mentee
    capacity: Mapped[str]  # mother | father | adopter | guardian | self
    answer: Mapped[str]  # given | refused
    level: Mapped[str]
    document_hash: Mapped[str]
    answer_nonce: Mapped[bytes]
    code_id: Mapped[UUID | None]  # a refusal needs no code
    companion: Mapped[str | None]  # which plain-language text was shown
    evidence_seq: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (
        refers("consent_id", "consent"),
        refers("person_id", "person"),
        UniqueConstraint("tenant_id", "consent_id", "person_id"),
    )


class Link(TenantRow, Base):
    """A way in for one person of one case. All links of a person open the same folder."""

    __tablename__ = "link"
    case_id: Mapped[UUID]
    person_id: Mapped[UUID]
    role: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # opened, which is not read
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        refers("case_id", "case"),
        refers("person_id", "person"),
        Index(None, "tenant_id", "case_id", "person_id"),
    )


class Code(TenantRow, Base):
    """A one-time code that was asked for; the code itself is computed, never stored.

    `bound_hash` is what it signs: the rules of the signature, or a package's manifest.
    """

    __tablename__ = "code"
    purpose: Mapped[str]  # contact | enter | package | withdraw
    person_id: Mapped[UUID | None]
    check_id: Mapped[UUID | None]
    contact_index: Mapped[bytes]
    bound_hash: Mapped[str]
    channel: Mapped[str]  # mail | sms
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]  # another one took its place
    __table_args__ = (Index(None, "tenant_id", "contact_index", "created_at"),)


class Receipt(TenantRow, Base):
    """The confirmation of one consent as PDF, sealed under the subject's key."""

    __tablename__ = "receipt"
    consent_id: Mapped[UUID]
    evidence_seq: Mapped[int]  # the signature it confirms
    sealed: Mapped[bytes]
    pdf_hash: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        refers("consent_id", "consent"),
        UniqueConstraint("tenant_id", "consent_id", "evidence_seq"),
    )


def consent(session: Session, consent_id: UUID) -> Consent | None:
    """A consent by id."""
    return session.scalar(select(Consent).where(Consent.id == consent_id))


def consents_of_case(session: Session, case_id: UUID) -> list[Consent]:
    """The consents asked in a case, oldest first."""
    return list(
        session.scalars(select(Consent).where(Consent.case_id == case_id).order_by(Consent.id))
    )


def consents_of_subject(session: Session, subject_id: UUID) -> list[Consent]:
    """All consents about a child, newest first."""
    query = select(Consent).where(Consent.subject_id == subject_id)
    return list(session.scalars(query.order_by(Consent.id.desc())))


def board(session: Session, subject_ids: list[UUID]) -> list[Consent]:
    """The newest consent of each kind of each of these children.

    A question that fell away before anybody answered it is none.
    """
    if not subject_ids:
        return []
    query = (
        select(Consent)
        .where(Consent.subject_id.in_(subject_ids), Consent.state != "invalidated")
        .ext(distinct_on(Consent.subject_id, Consent.consent))
        .order_by(Consent.subject_id, Consent.consent, Consent.id.desc())
        .options(defer(Consent.document))
    )
    return list(session.scalars(query))


def is_processing_given(session: Session, subject_id: UUID) -> bool:
    """Whether the school may work with this child's data now."""
    query = select(Consent.id).where(
        Consent.subject_id == subject_id,
        Consent.purpose == "processing",
        Consent.state.in_(LIVE),
    )
    return session.scalar(query.limit(1)) is not None


def lives(session: Session, subject_id: UUID, consent: str) -> bool:
    """Whether a consent of this kind about a child is in force."""
    query = select(Consent.id).where(
        Consent.subject_id == subject_id, Consent.consent == consent, Consent.state.in_(LIVE)
    )
    return session.scalar(query.limit(1)) is not None


def living_of(session: Session, subject_id: UUID, consent: str) -> list[Consent]:
    """The living consents of one kind about a child, locked."""
    query = select(Consent).where(
        Consent.subject_id == subject_id,
        Consent.consent == consent,
        Consent.state.in_(LIVE),
    )
    return list(session.scalars(query.order_by(Consent.id).with_for_update()))


def waiting_of(session: Session, subject_id: UUID, consent: str) -> list[Consent]:
    """The requests of one kind about a child that wait for an answer, locked."""
    query = select(Consent).where(
        Consent.subject_id == subject_id,
        Consent.consent == consent,
        Consent.state.in_(("requested", "deferred")),
    )
    return list(session.scalars(query.order_by(Consent.id).with_for_update()))


def given_before(
    session: Session, school_id: UUID, editions: Mapping[str, date], *, limit: int
) -> dict[UUID, list[Consent]]:
    """Living consents to an older text than these editions, by child, of one school.

    The newest of each kind counts, and only of children who are in the programme or on their way.
    """
    newest = (
        select(Consent)
        .join(Case, (Case.id == Consent.case_id) & (Case.tenant_id == Consent.tenant_id))
        .where(
            Case.school_id == school_id,
            (Case.end.is_(None)) | (Case.end.in_(("enrolled", "answered", "stopped"))),
        )
        .ext(distinct_on(Consent.subject_id, Consent.consent))
        .order_by(Consent.subject_id, Consent.consent, Consent.id.desc())
        .subquery()
    )
    row = aliased(Consent, newest)
    older = or_(
        *(and_(row.consent == name, row.edition < edition) for name, edition in editions.items())
    )
    query = select(row).where(row.state.in_(LIVE), older).order_by(row.subject_id)
    found: dict[UUID, list[Consent]] = {}
    for one in session.scalars(query) if editions else ():
        if one.subject_id not in found and len(found) == limit:
            break
        found.setdefault(one.subject_id, []).append(one)
    return found


def signatures_of(session: Session, consent_ids: list[UUID]) -> list[Signature]:
    """Who answered these consents."""
    query = select(Signature).where(Signature.consent_id.in_(consent_ids)).order_by(Signature.id)
    return list(session.scalars(query)) if consent_ids else []


def consent_marks(session: Session) -> Iterator[Any]:
    """What every consent's row says, without its document, and the newest event it can know of.

    One statement and so one moment: an event that is written meanwhile is none of these rows'.
    """
    query = select(
        Consent.id, Consent.subject_id, Consent.consent, Consent.purpose, Consent.edition,
        Consent.locale, Consent.document_hash, Consent.state, _newest_event(),
    )  # fmt: skip
    yield from session.execute(query.execution_options(yield_per=5000))


def signature_marks(session: Session) -> Iterator[Any]:
    """What every signature's row says, and the newest event it can know of."""
    query = select(
        Signature.id, Signature.consent_id, Signature.person_id, Signature.role,
        Signature.capacity, Signature.answer, Signature.level, Signature.document_hash,
        Signature.companion, Signature.evidence_seq, Signature.at, _newest_event(),
    )  # fmt: skip
    yield from session.execute(query.execution_options(yield_per=5000))


def _newest_event() -> Label[int]:
    newest = select(func.coalesce(func.max(Evidence.seq), 0)).scalar_subquery()
    return newest.label("newest_event")


def link(session: Session, link_id: UUID) -> Link | None:
    """A link by id."""
    return session.scalar(select(Link).where(Link.id == link_id))


def held_link(session: Session, link_id: UUID) -> Link | None:
    """A link by id, locked: whoever shuts it waits, or has shut it already."""
    query = select(Link).where(Link.id == link_id).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def links_of_child(session: Session, child_id: UUID) -> list[Link]:
    """All links of a child in whatever case of its own, locked."""
    query = select(Link).where(Link.person_id == child_id, Link.case_id.in_(_cases_of(child_id)))
    return list(
        session.scalars(
            query.order_by(Link.id).with_for_update().execution_options(populate_existing=True)
        )
    )


def has_come_in(session: Session, child_id: UUID) -> bool:
    """Whether a code was ever typed behind a link of this child."""
    query = select(Link.id).where(
        Link.person_id == child_id, Link.case_id.in_(_cases_of(child_id)), Link.used_at.is_not(None)
    )
    return session.scalar(query.limit(1)) is not None


def has_answered(session: Session, child_id: UUID) -> bool:
    """Whether this child ever signed yes or no itself."""
    mine = select(Consent.id).where(Consent.subject_id == child_id)
    query = select(Signature.id).where(
        Signature.consent_id.in_(mine), Signature.person_id == child_id
    )
    return session.scalar(query.limit(1)) is not None


def _cases_of(child_id: UUID) -> Select[UUID]:
    return select(Case.id).where(Case.subject_id == child_id)


def code(session: Session, code_id: UUID) -> Code | None:
    """A code by id."""
    return session.scalar(select(Code).where(Code.id == code_id))


def unused_codes(session: Session, contact_index: bytes, since: datetime) -> list[Code]:
    """Codes asked for this contact since a moment and never used, newest first."""
    query = select(Code).where(
        Code.contact_index == contact_index, Code.created_at >= since, Code.used_at.is_(None)
    )
    return list(session.scalars(query.order_by(Code.created_at.desc())))


def count_try(
    session: Session, tenant_id: UUID, code_id: UUID, *, most: int, now: datetime
) -> int | None:
    """Count a try of a code before it is compared: which one it is, None when none is left."""
    tried: int | None = session.execute(
        text(
            "UPDATE code SET attempts = attempts + 1 WHERE id = :id AND tenant_id = :tenant"
            " AND attempts < :most AND used_at IS NULL AND dropped_at IS NULL AND expires_at > :now"
            " RETURNING attempts"
        ),
        {"id": code_id, "tenant": tenant_id, "most": most, "now": now},
    ).scalar()
    return tried


def take_code(session: Session, tenant_id: UUID, code_id: UUID, *, now: datetime) -> bool:
    """Use a code up; of two at the same moment only one is told that it took it."""
    taken = session.execute(
        text(
            "UPDATE code SET used_at = :now WHERE id = :id AND tenant_id = :tenant"
            " AND used_at IS NULL RETURNING id"
        ),
        {"id": code_id, "tenant": tenant_id, "now": now},
    )
    return taken.scalar() is not None


def receipt_of(session: Session, consent_id: UUID, evidence_seq: int) -> Receipt | None:
    """The confirmation of one signature."""
    query = select(Receipt).where(
        Receipt.consent_id == consent_id, Receipt.evidence_seq == evidence_seq
    )
    return session.scalar(query)


def receipts_of(session: Session, consent_ids: list[UUID]) -> list[Receipt]:
    """Confirmations there are for these consents."""
    if not consent_ids:
        return []
    return list(session.scalars(select(Receipt).where(Receipt.consent_id.in_(consent_ids))))
