"""The way to the child: the guardian's telephone below the age of an own signature, then a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from server.access.policy import Permission
from server.kernel.contacts import Contact
from server.kernel.errors import ContactRefused, NotAllowed, StageClosed
from server.services import persons
from server.services.cases import case_letters, documents, steps
from server.services.cases.standing import Standing
from server.services.families import contacts
from server.services.families.arrivals import CodeSent, reachable
from server.services.messages import letters, links
from server.services.unit_of_work import UnitOfWork
from server.store import cases, people, tenancy


@dataclass(frozen=True)
class HandOver:
    """The child takes the guardian's phone: the guardian's session ends, the child's begins."""

    person_id: UUID
    case_id: UUID
    locale: str
    way_back: UUID  # a link of the guardian's, through which a code lets them in again


def hand_over(work: UnitOfWork, *, case_id: UUID) -> HandOver:
    """Give the phone to a child too young to sign.

    :raises NotAllowed: to who is older: then the child comes by a link to a contact of its own.
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.FAMILY_SIGN)
    age = standing.age(work.now)
    if standing.case.subject_id is None or age is None:
        raise StageClosed(step="voice", state="not_open")
    if age >= documents.signer_rules(standing.ready.bundle).signs_from("mentee"):
        raise NotAllowed(permission="HAND_OVER", reason="own_contact_needed")
    if not any(task.role == "mentee" for task in standing.tasks):
        raise StageClosed(step="voice", state="not_open")
    child = cast(people.Person, people.person(work.session, standing.case.subject_id))
    guardian_id = cast(UUID, standing.case.guardian_id)
    way_back = links.make_link(work, case_id=case_id, person_id=guardian_id, role="guardian")
    return HandOver(child.id, case_id, child.locale, way_back)


@dataclass(frozen=True)
class ChildsContact:
    """The child's own contact, masked, and who may change it."""

    masked: str | None
    in_use: bool  # the child has come in, answered or signed by it: the school alone changes it


def childs_contact(work: UnitOfWork, *, case_id: UUID) -> ChildsContact:
    """How the child is reached, for the guardian or a coordinator.

    :raises StageClosed: before the child is known and it is its turn, and once the case has ended.
    """
    standing, child = _with_child(work, case_id)
    contact = persons.contact_of(standing.subject)
    return ChildsContact(
        contact.masked if contact else None, contact is not None and contacts.is_in_use(work, child)
    )


def send_child_link(work: UnitOfWork, *, case_id: UUID, contact: str) -> CodeSent:
    """Send the teenager's own link to a contact of their own, which the guardian typed.

    Until the child has used it, a slip of the pen can be mended here; then the child's own word
    hangs on it, and only the school changes it (CONSENT.md R23).

    :raises ContactRefused: when it is the guardian's own (DECISIONS.md 6), or another one is in
        use.
    :raises StageClosed: before the guardian has answered the consents, and once the case has ended.
    """
    standing, child = _with_child(work, case_id)
    parsed = reachable(work, contact)
    _must_not_be_the_guardians(work, standing, parsed)
    if _changes(standing, parsed):
        is_there = persons.contact_of(standing.subject) is not None
        if is_there and contacts.is_in_use(work, child):
            raise ContactRefused(reason="contact_in_use")
        _change(work, standing, child, parsed)
    return _send(work, standing, child, parsed)


def send_child_link_again(work: UnitOfWork, *, case_id: UUID) -> CodeSent:
    """Send the teenager a new link to the contact on file.

    :raises StageClosed: when there is none, or the case has ended.
    """
    standing, child = _with_child(work, case_id)
    contact = persons.contact_of(standing.subject)
    if contact is None:
        raise StageClosed(step="voice", state="not_open")
    return _send(work, standing, child, contact)


def change_childs_contact(work: UnitOfWork, *, case_id: UUID, contact: str) -> CodeSent:
    """A coordinator gives the teenager another contact: the one before is shut, and told so.

    Links and sessions of the old contact end at once, and what was written by it is shown to
    nobody who comes by the new one (CONSENT.md R23, DECISIONS.md 9).

    :raises ContactRefused: when it is no contact, a guardian's or a colleague's.
    :raises StageClosed: when there is no contact yet, or the case has ended.
    """
    standing, child = _with_child(work, case_id)
    before = persons.contact_of(standing.subject)
    if before is None:
        raise StageClosed(step="voice", state="not_open")
    parsed = reachable(work, contact)
    _must_not_be_the_guardians(work, standing, parsed)
    index = persons.contact_index(work, parsed)
    if any(one.kind == "staff" for one in people.anybody_by_contact(work.session, index)):
        raise ContactRefused(reason="contact_of_staff")
    if _changes(standing, parsed):
        _change(work, standing, child, parsed)
        _tell_old_contact(work, standing, child, before)
        steps.note(work, standing, kind="contact_changed")
    return _send(work, standing, child, parsed)


def _with_child(work: UnitOfWork, case_id: UUID) -> tuple[Standing, people.Person]:
    standing = steps.load(work, case_id)
    by_guardian = work.actor.kind == "guardian"
    steps.require(
        work, standing, Permission.FAMILY_SIGN if by_guardian else Permission.CHILD_CONTACT
    )
    if standing.case.subject_id is None or standing.state.status == "ended":
        raise StageClosed(step="voice", state=standing.state.status)
    if by_guardian and not _is_childs_turn(standing):
        raise StageClosed(step="voice", state="not_open")
    return standing, cast(people.Person, people.person(work.session, standing.case.subject_id))


def _is_childs_turn(standing: Standing) -> bool:
    """Whether the guardian has said yes: before, nobody may keep a child's contact or write to it.

    A contact that is there has had its turn: a consent asked anew takes it from nobody.
    """
    guardian_signs = any(
        task.kind == "sign"
        and task.role == "guardian"
        and not standing.compiled.stage_of(task.step).optional
        for task in standing.tasks
    )
    return persons.contact_of(standing.subject) is not None or not guardian_signs


def _must_not_be_the_guardians(work: UnitOfWork, standing: Standing, contact: Contact) -> None:
    index = persons.contact_index(work, contact)
    for other in people.anybody_by_contact(work.session, index):
        if other.id == standing.case.guardian_id:
            own = work.actor.kind == "guardian"
            raise ContactRefused(reason="contact_of_guardian" if own else "contact_of_the_guardian")


def _changes(standing: Standing, contact: Contact) -> bool:
    return persons.contact_of(standing.subject) != contact


def _change(work: UnitOfWork, standing: Standing, child: people.Person, contact: Contact) -> None:
    # Of a child of 13 there are answers already, by the guardian's telephone: also not to be read.
    wrote = [str(one) for one in cases.answers_by_child(work.session, child.id)]
    content = {
        **standing.subject,
        "contact": {"kind": contact.kind, "value": contact.value},
        "wrote_before": wrote,
    }
    if persons.contact_of(standing.subject) is not None:
        # Whatever went to the contact before must not work any more (R23).
        links.revoke_links(work, child_id=child.id)
        tenancy.end_family_sessions(work.session, child.id)
    persons.write(work, child, content)
    standing.subject = content


def _tell_old_contact(
    work: UnitOfWork, standing: Standing, child: people.Person, before: Contact
) -> None:
    kept = contacts.kept_for_a_day(
        work,
        before,
        school_id=standing.case.school_id,
        municipality_id=standing.case.municipality_id,
        locale=child.locale,
    )
    letters.queue_letter(work, letter="contact_changed", case_id=standing.case.id, check_id=kept.id)


def _send(work: UnitOfWork, standing: Standing, child: people.Person, contact: Contact) -> CodeSent:
    case_letters.to_family(work, standing, letter="child_link", role="mentee")
    return CodeSent(child.id, contact.masked, contact.kind)
