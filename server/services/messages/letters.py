"""Letters to one person: asked for in a step's transaction, written and sent after its commit.

No text, code or link is kept: each is computed anew when the letter is written, so a repeat
carries the same ones (DECISIONS.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from server.gateways import CHANNEL_OF
from server.gateways.message import Channel, Message
from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.kernel.marks import link_token, one_time_code, token_hash
from server.kernel.text import Text
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, deliveries, people, schools, tenancy
from server.words.letters import render_letter

TOPIC = "letter"
# Letters that ask somebody to go on with a case: nobody needs them once it stands still.
ASKING = frozenset(
    ("invitation", "reminder", "child_link", "returned", "renewal_needed", "overdue_to_coordinator")
)
# Where the token of each kind of door belongs.
ENTRANCES = {"link": "/s/", "password_reset": "/reset/"}


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
    payload: dict[str, Any] = {"delivery": str(delivery_id), "lane": str(whom)}
    if code_id is not None:
        # Somebody waits for it in front of a page, and soon it is worth nothing.
        payload["soon"] = True
    work.emit(TOPIC, payload)
    return delivery_id


def write_letter(work: UnitOfWork, *, delivery_id: UUID) -> Message | None:
    """The letter as it goes out now; None when it was sent, or is not to be sent any more.

    A letter has become pointless when its person was erased, its case stands still, its link was
    revoked or has expired, or its code was used, replaced or has expired. It is then marked as
    dropped, with the reason; as failed only where it should have gone out and cannot.

    :raises Broken: when there is no such letter, or a place of it cannot be filled.
    """
    row = deliveries.delivery(work.session, delivery_id)
    if row is None or row.state == deliveries.SENT:
        return None
    try:
        whom = _addressee(work, row)
        _must_be_wanted(work, row)
        link = _link(work, row.link_id) if row.link_id else None
        code = _code(work, row.code_id) if row.code_id else None
    except _Pointless as pointless:
        row.state, row.failure = deliveries.DROPPED, pointless.reason
        return None
    except _Unreachable as unreachable:
        row.state, row.failure = deliveries.FAILED, unreachable.reason
        return None
    row.channel = whom.channel
    facts = {**row.values, **_common(work, row, whom), "link": link, "code": code}
    rendered = render_letter(
        row.letter, whom.locale, whom.channel, {k: v for k, v in facts.items() if v is not None}
    )
    return Message(
        id=row.id,
        letter=row.letter,
        channel=whom.channel,
        to=whom.address,
        subject=rendered.subject,
        text=rendered.text,
        links=(link,) if link else (),
        codes=(code,) if code else (),
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


class _Pointless(Exception):
    """The letter is not to be sent any more, for a reason of one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Unreachable(Exception):
    """The letter is wanted and there is no way to its reader, for a reason of one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Who gets the letter, where, and in which language."""

    channel: Channel
    address: str
    locale: str
    school_id: UUID | None


def _addressee(work: UnitOfWork, row: deliveries.Delivery) -> _Addressee:
    content: dict[str, Any]
    somebody: people.Person | people.ContactCheck | None
    if row.person_id is not None:
        somebody = people.person(work.session, row.person_id)
        content = persons.read(work, somebody) if somebody else {}
    else:
        somebody = work.session.get(people.ContactCheck, (row.check_id, work.tenant_id))
        content = _read_check(work, somebody) if somebody else {}
    if somebody is None or not work.keyring.knows(somebody.id):
        raise _Pointless("erased")
    contact = persons.contact_of(content)
    if contact is None:
        raise _Unreachable("no_contact")
    if contact.kind not in work.tools.channels:
        raise _Unreachable("no_gateway")
    return _Addressee(
        CHANNEL_OF[contact.kind],
        contact.value,
        somebody.locale,
        somebody.school_id if isinstance(somebody, people.ContactCheck) else None,
    )


def _read_check(work: UnitOfWork, check: people.ContactCheck) -> dict[str, Any]:
    if not work.keyring.knows(check.id):
        return {}
    opened = work.keyring.open(check.sealed, table="contact_check", row=check.id, subject=check.id)
    return cast(dict[str, Any], opened)


def _must_be_wanted(work: UnitOfWork, row: deliveries.Delivery) -> None:
    """Look at the case again now: a withdrawal may have come between queue and sending (R46)."""
    case = cases.case(work.session, row.case_id) if row.case_id else None
    if case is None or case.status == "open":
        return
    if row.letter in ASKING:
        raise _Pointless("case_closed")
    # Its own page stays open to a family: a link that it asks for afterwards goes out.
    if row.letter == "resume_link":
        stopped = cases.stopped_at(work.session, case)
        if stopped is not None and row.created_at < stopped:
            raise _Pointless("case_closed")


def _link(work: UnitOfWork, link_id: UUID) -> str:
    """The address of a way in, by the door it opens."""
    token = link_token(work.tools.pepper, link_id)
    door = tenancy.door_of(work.session, token_hash(token))
    if door is None:
        raise _Pointless("link_closed")
    if door.kind == "link":
        link = consents.link(work.session, link_id)
        if link is None or link.revoked_at is not None:
            raise _Pointless("link_revoked")
        if link.expires_at <= work.now:
            raise _Pointless("link_expired")
    return f"{work.tools.base_url}{ENTRANCES[door.kind]}{token}"


def _code(work: UnitOfWork, code_id: UUID) -> str:
    code = consents.code(work.session, code_id)
    if code is None or code.used_at is not None:
        raise _Pointless("code_used")
    if code.dropped_at is not None:
        raise _Pointless("code_replaced")
    if code.expires_at <= work.now:
        raise _Pointless("code_expired")
    return one_time_code(work.tools.pepper, code_id)


def _common(
    work: UnitOfWork, row: deliveries.Delivery, whom: _Addressee
) -> dict[str, str | int | None]:
    """What any letter may say: who writes, a number to call back, the application's number."""
    partner = schools.partner(work.session)
    case = cases.case(work.session, row.case_id) if row.case_id else None
    school_id = case.school_id if case else whom.school_id
    school = schools.school(work.session, school_id) if school_id else None
    return {
        "school_title": Text(school.title).in_(whom.locale) if school else partner.name,
        "partner_name": partner.name,
        "contact_phone": partner.contact_phone,
        "base_url": work.tools.base_url,
        "number": _known_as(work, case, row.person_id) if case else None,
    }


def _known_as(work: UnitOfWork, case: cases.Case, reader_id: UUID | None) -> int:
    """The number a reader knows: to a family, staff's work on a withdrawal is their application."""
    of_family = reader_id in (case.guardian_id, case.subject_id)
    cause = cases.case(work.session, case.cause_id) if case.cause_id and of_family else None
    return cause.number if cause is not None else case.number


def _person_of(work: UnitOfWork, account_id: UUID) -> UUID:
    for membership in tenancy.memberships_of(work.session, account_id):
        if membership.tenant_id == work.tenant_id:
            return membership.person_id
    raise Broken(what="account without a person here", account=str(account_id))
