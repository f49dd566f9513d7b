"""Letters to one person: asked for in a step's transaction, written and sent after its commit.

No text, code or link is kept: each is computed anew when the letter is written, so a repeat
carries the same ones (DECISIONS.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from server.gateways import CHANNEL_OF
from server.gateways.message import Message
from server.kernel.contacts import Contact
from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.kernel.marks import link_token, one_time_code
from server.kernel.text import Text
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, deliveries, people, schools, tenancy

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


def write_letter(work: UnitOfWork, *, delivery_id: UUID) -> Message | None:
    """The letter as it goes out now; None when it was sent, or is not to be sent any more.

    A letter has become pointless when its person was erased, its link was revoked or has expired,
    or its code was used, replaced or has expired. It is then marked as failed, with the reason.
    """
    from server.words.letters import render_letter

    row = deliveries.delivery(work.session, delivery_id)
    if row is None or row.state == deliveries.SENT:
        return None
    whom = _addressee(work, row)
    reason = _why_pointless(work, row, whom)
    if whom is None or whom.contact is None or reason is not None:
        row.state, row.failure = deliveries.FAILED, reason
        return None
    row.channel = CHANNEL_OF[whom.contact.kind]
    pepper = work.tools.pepper
    links = [_address(work, row.link_id)] if row.link_id else []
    codes = [one_time_code(pepper, row.code_id)] if row.code_id else []
    rendered = render_letter(
        row.letter,
        whom.locale,
        CHANNEL_OF[whom.contact.kind],
        {
            "base_url": work.tools.base_url,
            **_sender(work, row, whom),
            **row.values,
            **({"link": links[0]} if links else {}),
            **({"code": codes[0]} if codes else {}),
        },
    )
    return Message(
        id=row.id,
        letter=row.letter,
        channel=CHANNEL_OF[whom.contact.kind],
        to=whom.contact.value,
        subject=rendered.subject,
        text=rendered.text,
        links=tuple(links),
        codes=tuple(codes),
        at=row.created_at,
    )


def note_sent(work: UnitOfWork, *, delivery_id: UUID) -> None:
    """The gateway took the letter."""
    row = deliveries.delivery(work.session, delivery_id)
    if row is not None:
        row.state, row.failure = deliveries.SENT, None
        row.attempts += 1
        row.sent_at = work.now


def note_failure(work: UnitOfWork, *, delivery_id: UUID, failure: str, over: bool) -> None:
    """The gateway did not take the letter; `over` tells that nobody tries again."""
    row = deliveries.delivery(work.session, delivery_id)
    if row is not None:
        row.failure = failure
        row.attempts += 1
        if over:
            row.state = deliveries.FAILED


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Who gets the letter; without a contact when they were erased or gave none."""

    contact: Contact | None
    locale: str
    school_id: UUID | None


def _addressee(work: UnitOfWork, row: deliveries.Delivery) -> _Addressee | None:
    if row.person_id is not None:
        person = people.person(work.session, row.person_id)
        if person is None:
            return None
        contact = persons.contact_of(persons.read(work, person))
        return _Addressee(contact, person.locale, None)
    check = work.session.get(people.ContactCheck, (row.check_id, work.tenant_id))
    if check is None:
        return None
    if not work.keyring.knows(check.id):
        return _Addressee(None, check.locale, check.school_id)
    opened = work.keyring.open(check.sealed, table="contact_check", row=check.id, subject=check.id)
    return _Addressee(persons.contact_of(opened), check.locale, check.school_id)


def _why_pointless(
    work: UnitOfWork, row: deliveries.Delivery, whom: _Addressee | None
) -> str | None:
    if whom is None or whom.contact is None:
        return "no_contact"
    if whom.contact.kind not in work.tools.channels:
        return "no_gateway"
    if row.link_id is not None:
        link = consents.link(work.session, row.link_id)
        if link is None or link.revoked_at is not None:
            return "link_revoked"
        if link.expires_at <= work.now:
            return "link_expired"
    if row.code_id is not None:
        code = consents.code(work.session, row.code_id)
        if code is None or code.used_at is not None or code.dropped_at is not None:
            return "code_used"
        if code.expires_at <= work.now:
            return "code_expired"
    return None


def _sender(
    work: UnitOfWork, row: deliveries.Delivery, whom: _Addressee
) -> dict[str, str]:
    """What every letter says of who writes: school, partner, and a number to call back."""
    partner = schools.partner(work.session)
    school_id = whom.school_id
    if row.case_id is not None:
        case = cases.case(work.session, row.case_id)
        school_id = case.school_id if case else school_id
    school = schools.school(work.session, school_id) if school_id else None
    return {
        "school_title": Text(school.title).in_(whom.locale) if school else partner.name,
        "partner_name": partner.name,
        "contact_name": partner.contact_name,
        "contact_phone": partner.contact_phone,
    }


def _address(work: UnitOfWork, link_id: UUID) -> str:
    return f"{work.tools.base_url}/s/{link_token(work.tools.pepper, link_id)}"


def _person_of(work: UnitOfWork, account_id: UUID) -> UUID:
    for membership in tenancy.memberships_of(work.session, account_id):
        if membership.tenant_id == work.tenant_id:
            return membership.person_id
    raise Broken(what="account without a person here", account=str(account_id))
