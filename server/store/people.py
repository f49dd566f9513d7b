"""People, their keys and who stands for whom. Names, births and contacts are sealed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.store.base import Base, TenantRow, refers


class SubjectKey(Base):
    """A person's data key, wrapped by an epoch of the master key. Destroying it erases the person.

    `subject_id` is a person or a contact check: both are somebody.
    """

    __tablename__ = "subject_key"
    subject_id: Mapped[UUID]
    tenant_id: Mapped[UUID]
    epoch: Mapped[int]
    wrapped: Mapped[bytes]
    __table_args__ = (PrimaryKeyConstraint("subject_id", "tenant_id"),)


class EvidenceKey(Base):
    """The key of what proves a person's signatures: it outlives the person's own key.

    Of a refused or stopped request the sealed evidence stays while the rest is erased
    (DECISIONS.md 10): two keys, so that destroying one destroys no proof.
    """

    __tablename__ = "evidence_key"
    subject_id: Mapped[UUID]
    tenant_id: Mapped[UUID]
    epoch: Mapped[int]
    wrapped: Mapped[bytes]
    __table_args__ = (PrimaryKeyConstraint("subject_id", "tenant_id"),)


class Person(TenantRow, Base):
    """Somebody. The sealed payload is JSON: name, birth, contact, by what kind of person it is."""

    __tablename__ = "person"
    kind: Mapped[str]  # guardian | mentee | staff
    sealed: Mapped[bytes]
    locale: Mapped[str] = mapped_column(default="ru")
    contact_index: Mapped[bytes | None]
    surname_index: Mapped[bytes | None]
    name_birth_index: Mapped[bytes | None]
    # Year and month only: a nightly job finds who turns 14 or 18 without opening a birth date.
    turns_14: Mapped[str | None]
    turns_18: Mapped[str | None]
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_person_contact", "tenant_id", "contact_index"),
        Index("ix_person_surname", "tenant_id", "surname_index"),
        Index("ix_person_name_birth", "tenant_id", "name_birth_index"),
    )


class Guardianship(TenantRow, Base):
    """A guardian of a child, and in what capacity, as the guardian said."""

    __tablename__ = "guardianship"
    child_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    capacity: Mapped[str]  # mother | father | adopter | guardian
    level: Mapped[str] = mapped_column(default="L1")
    since: Mapped[datetime]
    __table_args__ = (
        refers("child_id", "person", name="fk_guardianship_child"),
        refers("guardian_id", "person", name="fk_guardianship_guardian"),
        UniqueConstraint("tenant_id", "child_id", "guardian_id"),
        Index(None, "tenant_id", "guardian_id"),
    )


class ContactCheck(TenantRow, Base):
    """A contact somebody typed on page one, until a code confirms it; else erased in 24 hours."""

    __tablename__ = "contact_check"
    school_id: Mapped[UUID]
    municipality_id: Mapped[UUID | None]
    kind: Mapped[str]  # mail | phone
    sealed: Mapped[bytes]
    contact_index: Mapped[bytes]
    locale: Mapped[str]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    __table_args__ = (refers("school_id", "school"), refers("municipality_id", "municipality"))


def person(session: Session, person_id: UUID) -> Person | None:
    """A person by id."""
    return session.scalar(select(Person).where(Person.id == person_id))


def people(session: Session, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """People by their ids; who is not there is left out."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(Person).where(Person.id.in_(wanted)))}


Key = SubjectKey | EvidenceKey


def keys(session: Session, kind: type[Key], ids: Iterable[UUID]) -> dict[UUID, Key]:
    """The keys of one kind of these people; who was erased has none."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    rows: Iterable[Key] = session.scalars(select(kind).where(kind.subject_id.in_(wanted)))
    return {row.subject_id: row for row in rows}


def guardian_by_contact(session: Session, contact_index: bytes) -> Person | None:
    """The guardian who confirmed this contact before."""
    query = select(Person).where(Person.kind == "guardian", Person.contact_index == contact_index)
    return session.scalar(query.order_by(Person.id).limit(1))


def anybody_by_contact(session: Session, contact_index: bytes) -> list[Person]:
    """Everyone with this contact, staff included."""
    return list(session.scalars(select(Person).where(Person.contact_index == contact_index)))


def same_contact(session: Session, person_id: UUID) -> set[UUID]:
    """Others with this person's contact: a colleague's own family."""
    me = select(Person.contact_index).where(Person.id == person_id).scalar_subquery()
    query = select(Person.id).where(Person.contact_index == me, Person.id != person_id)
    return set(session.scalars(query))


def mentees_like(session: Session, name_birth_index: bytes, *, but: UUID) -> list[UUID]:
    """Other children with the same surname and birth date: perhaps the same child."""
    query = select(Person.id).where(
        Person.kind == "mentee", Person.name_birth_index == name_birth_index, Person.id != but
    )
    return list(session.scalars(query.limit(5)))


def bonds_of_guardian(session: Session, guardian_id: UUID) -> list[Guardianship]:
    """For whom a person stands, the newest last."""
    query = select(Guardianship).where(Guardianship.guardian_id == guardian_id)
    return list(session.scalars(query.order_by(Guardianship.since, Guardianship.id)))


def guardians_of(session: Session, child_id: UUID) -> list[Guardianship]:
    """Who stands for a child."""
    return list(session.scalars(select(Guardianship).where(Guardianship.child_id == child_id)))
