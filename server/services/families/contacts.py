"""Contacts of one request: guardian, child and staff come by different ones (DECISIONS.md 6).

That a contact is a colleague's is told to nobody who has not proved it by a code: else whoever
types addresses learns who works at the school.
"""

from __future__ import annotations

from uuid import UUID

from server.kernel.contacts import Contact
from server.kernel.errors import ContactRefused
from server.kernel.ids import new_id
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people


def must_be_a_guardians(work: UnitOfWork, contact_index: bytes) -> None:
    """The contact that was proved may be a guardian's.

    A guardian who is known by it stays one, also as a colleague of today: then others decide.

    :raises ContactRefused: when it is a colleague's, or a child answers by it.
    """
    if people.guardian_by_contact(work.session, contact_index) is not None:
        return
    for other in people.anybody_by_contact(work.session, contact_index):
        if other.kind == "staff":
            raise ContactRefused(reason="contact_of_staff")
        # What a guardian typed for a child and nobody proved shuts out nobody.
        if other.kind == "mentee" and is_in_use(work, other):
            raise ContactRefused(reason="contact_of_child")


def must_be_a_childs(work: UnitOfWork, child: people.Person, case: cases.Case) -> None:
    """The contact that the child proved differs from those of its guardian and of the staff.

    :raises ContactRefused: when it does not.
    """
    if child.contact_index is None:
        return
    for other in people.anybody_by_contact(work.session, child.contact_index):
        if other.kind == "staff":
            raise ContactRefused(reason="childs_contact_of_staff")
        if other.id == case.guardian_id:
            raise ContactRefused(reason="childs_contact_of_guardian")


def kept_for_a_day(
    work: UnitOfWork,
    contact: Contact,
    *,
    school_id: UUID,
    municipality_id: UUID | None,
    locale: str,
) -> people.ContactCheck:
    """A contact that belongs to nobody here, or not any more: it is erased within a day."""
    check = people.ContactCheck(
        id=new_id(),
        tenant_id=work.tenant_id,
        school_id=school_id,
        municipality_id=municipality_id,
        kind=contact.kind,
        sealed=b"",
        contact_index=persons.contact_index(work, contact),
        locale=locale,
        created_at=work.now,
    )
    work.keyring.create(check.id)
    check.sealed = work.keyring.seal(
        {"contact": {"kind": contact.kind, "value": contact.value}},
        table="contact_check",
        row=check.id,
        subject=check.id,
    )
    work.session.add(check)
    work.session.flush()
    return check


def is_in_use(work: UnitOfWork, child: people.Person) -> bool:
    """Whether the child has come in, answered or signed by its own contact."""
    session = work.session
    return (
        consents.has_come_in(session, child.id)
        or consents.has_answered(session, child.id)
        or bool(answers_since(work, child))
    )


def answers_since(work: UnitOfWork, child: people.Person) -> set[str]:
    """What the child wrote since its contact is the one of now, by id."""
    before = persons.read(work, child).get("wrote_before", [])
    return {str(one) for one in cases.answers_by_child(work.session, child.id)} - set(before)
