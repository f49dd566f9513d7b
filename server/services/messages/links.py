"""Ways in for families: links whose token is computed, never stored, and what they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.kernel.errors import DeadLink
from server.kernel.ids import new_id
from server.kernel.marks import link_token, token_hash
from server.services.unit_of_work import UnitOfWork
from server.store import consents, people, step_writes

LIFE = timedelta(days=14)


@dataclass(frozen=True)
class Entry:
    """Where a living link leads."""

    tenant_id: UUID
    link_id: UUID
    case_id: UUID
    person_id: UUID
    role: str
    locale: str


def make_link(work: UnitOfWork, *, case_id: UUID, person_id: UUID, role: str) -> UUID:
    """A new link for one person of one case; each message has its own (DECISIONS.md 7)."""
    link_id = new_id()
    step_writes.add_link(
        work.transaction,
        work.tenant_id,
        link_id=link_id,
        case_id=case_id,
        person_id=person_id,
        role=role,
        token_hash=token_hash(link_token(work.tools.pepper, link_id)),
        at=work.now,
        expires_at=work.now + LIFE,
    )
    return link_id


def open_link(work: UnitOfWork, *, link_id: UUID) -> Entry:
    """Enter by a link: nothing is signed and nothing is used up by it (R29).

    :raises DeadLink: when it is expired, revoked, or its request was erased.
    """
    row = consents.link(work.session, link_id)
    if row is None or row.revoked_at is not None or row.expires_at <= work.now:
        raise DeadLink(what="link")
    person = people.person(work.session, row.person_id)
    if person is None or person.erased_at is not None:
        raise DeadLink(what="link")
    if row.opened_at is None:
        row.opened_at = work.now
    return Entry(work.tenant_id, row.id, row.case_id, row.person_id, row.role, person.locale)


def revoke_links(work: UnitOfWork, *, child_id: UUID) -> None:
    """All links of a child stop working, in whatever case."""
    for row in consents.links_of_child(work.session, child_id):
        row.revoked_at = row.revoked_at or work.now
