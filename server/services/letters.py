"""Letters to one person: asked for in a step's transaction, written and sent after its commit.

No text, code or link is kept: each is computed anew when the letter is written, so a repeat
carries the same ones (DECISIONS.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.services.unit_of_work import UnitOfWork
from server.store import deliveries, tenancy

TOPIC = "letter"


def queue_letter(
    work: UnitOfWork,
    *,
    letter: str,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
    check_id: UUID | None = None,
    link_id: UUID | None = None,
    code_id: UUID | None = None,
    values: Mapping[str, str | int] | None = None,
    account_id: UUID | None = None,
) -> UUID:
    """Write down that a letter goes to a person, a contact being checked or an account's person.

    `values` fill the letter's own places: numbers, dates, titles, never anything about a person.
    School, partner, telephone, link and code are filled in by themselves.

    :raises Broken: when nobody is named, or the account has no person in this tenant.
    """
    if account_id is not None:
        person_id = _person_of(work, account_id)
    whom = person_id or check_id
    if whom is None:
        raise Broken(what="letter to nobody", letter=letter)
    delivery_id = new_id()
    deliveries.add(
        work.transaction,
        work.tenant_id,
        delivery_id=delivery_id,
        letter=letter,
        case_id=case_id,
        person_id=person_id,
        check_id=check_id,
        link_id=link_id,
        code_id=code_id,
        values=values or {},
        at=work.now,
    )
    # The lane keeps letters to one person in order; it is a random id and tells nothing.
    work.emit(TOPIC, {"delivery": str(delivery_id), "lane": str(whom)})
    return delivery_id


def _person_of(work: UnitOfWork, account_id: UUID) -> UUID:
    for membership in tenancy.memberships_of(work.session, account_id):
        if membership.tenant_id == work.tenant_id:
            return membership.person_id
    raise Broken(what="account without a person here", account=str(account_id))
