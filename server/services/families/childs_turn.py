"""The way to the child: the guardian's telephone below the age of an own signature, then a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from server.access.policy import Permission
from server.kernel.errors import ContactRefused, NotAllowed, StageClosed
from server.services import persons
from server.services.cases import case_letters, documents, steps
from server.services.families.arrivals import CodeSent, reachable
from server.services.messages import links
from server.services.unit_of_work import UnitOfWork
from server.store import people


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


def send_child_link(work: UnitOfWork, *, case_id: UUID, contact: str) -> CodeSent:
    """Send the teenager's own link to a contact of their own, which the guardian typed.

    :raises ContactRefused: when it is the guardian's own or a colleague's contact: the three of one
        request must differ (DECISIONS.md 6).
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.FAMILY_SIGN)
    child_id = standing.case.subject_id
    if child_id is None:
        raise StageClosed(step="voice", state="not_open")
    parsed = reachable(work, contact)
    index = persons.contact_index(work, parsed)
    for other in people.anybody_by_contact(work.session, index):
        if other.id == standing.case.guardian_id:
            raise ContactRefused(reason="contact_of_guardian")
        if other.kind == "staff":
            raise ContactRefused(reason="contact_of_staff")
    child = cast(people.Person, people.person(work.session, child_id))
    content = {**standing.subject, "contact": {"kind": parsed.kind, "value": parsed.value}}
    if standing.subject.get("contact") not in (None, content["contact"]):
        # A contact was there before: whatever went to it must not work any more (R23).
        links.revoke_links(work, case_id=case_id, person_id=child_id)
    persons.write(work, child, content)
    standing.subject = content
    case_letters.to_family(work, standing, letter="child_link", role="mentee")
    return CodeSent(child_id, parsed.masked, parsed.kind)
