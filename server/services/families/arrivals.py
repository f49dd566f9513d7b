"""How a family comes in: by the school's link or poster, by an invitation, by a link of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.texts import Block
from server.kernel.canonical import sha256_hex
from server.kernel.contacts import Contact, ContactKind, parse_contact
from server.kernel.errors import ContactRefused, DeadLink, NotFound
from server.kernel.marks import commitment, new_salt, token_hash
from server.services import evidence, persons
from server.services.cases import case_letters, consequences, documents, steps
from server.services.evidence import Payload
from server.services.families import contacts
from server.services.messages import codes, links
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, schools, tenancy
from server.workflows import moves

WORKFLOW = "minor_enrolment"
CONSENTS = "consents"  # the stage whose package a guardian signs first
KEEP_REQUEST_DAYS = 30


@dataclass(frozen=True)
class SchoolDoor:
    """A school as its public page needs it."""

    school: schools.School
    partner: schools.Partner
    municipality: schools.Municipality | None
    channels: frozenset[str]
    consents: int  # how many consents are asked, a page each


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way: where it went, masked, and what it is bound to.

    `works` says whether it can still be typed, `again_at` from when on another can be asked for
    (None: now).
    """

    code_id: UUID
    masked: str
    kind: ContactKind
    check_id: UUID | None = None
    works: bool = True
    again_at: datetime | None = None


@dataclass(frozen=True)
class GuardianIn:
    """A guardian who proved a contact: who it is, and which applications are theirs."""

    person_id: UUID
    case_ids: tuple[UUID, ...]
    invitation: UUID | None = None  # an application that a coordinator opened and nobody filled in


def school_door(work: UnitOfWork, *, slug: str, place: str | None) -> SchoolDoor:
    """The school behind a poster's link; the link is public and no secret.

    :raises NotFound: when there is no such school or place.
    """
    school = schools.school_by_slug(work.session, slug)
    if school is None:
        raise NotFound(what="school")
    found = schools.municipalities(work.session, school.id)
    here = next((one for one in found if one.slug == place), None)
    if place is not None and here is None:
        raise NotFound(what="place")
    asked = in_force.ready_in_force(work, school.id).workflows[WORKFLOW].package(CONSENTS)
    return SchoolDoor(school, schools.partner(work.session), here, work.tools.channels, len(asked))


def rules_in_force(work: UnitOfWork, *, school_id: UUID, locale: str) -> tuple[str, str]:
    """The rules of the simple signature, and their hash, which the first code is bound to."""
    text = documents.rules_text(in_force.ready_in_force(work, school_id).bundle, locale)
    return text, sha256_hex(text.encode())


def rules_to_read(work: UnitOfWork, *, school_id: UUID, locale: str) -> tuple[Block, ...]:
    """The rules of the simple signature as a page shows them, with the school's names filled in."""
    school = schools.school(work.session, school_id)
    if school is None:
        raise NotFound(what="school")
    bundle = in_force.ready_in_force(work, school_id).bundle
    return documents.rules_to_read(bundle, school, schools.partner(work.session), locale)


def ask_contact(
    work: UnitOfWork, *, school_id: UUID, municipality_id: UUID | None, contact: str, locale: str
) -> CodeSent:
    """A visitor typed a contact: keep it for a day at most, and send the first code to it.

    The answer is the same whether or not the contact is known here.

    :raises ContactRefused: when it is no contact, or no letter of its kind can be sent from here.
    """
    parsed = reachable(work, contact)
    check = contacts.kept_for_a_day(
        work, parsed, school_id=school_id, municipality_id=municipality_id, locale=locale
    )
    return _send_first_code(work, check, parsed)


def ask_contact_again(work: UnitOfWork, *, check_id: UUID) -> CodeSent:
    """Send the first code once more, to the contact that was typed.

    :raises LimitReached: after too many unused codes.
    """
    check = _check(work, check_id)
    return _send_first_code(work, check, _typed_contact(work, check))


def code_on_its_way(work: UnitOfWork, *, code_id: UUID) -> CodeSent:
    """Where a code went, for the page that asks to type it.

    :raises DeadLink: when its contact has been erased meanwhile.
    """
    code = consents.code(work.session, code_id)
    if code is None:
        raise DeadLink(what="code")
    if code.person_id is None:
        contact: Contact | None = _typed_contact(work, _check(work, cast(UUID, code.check_id)))
    else:
        person = cast(people.Person, people.person(work.session, code.person_id))
        contact = persons.contact_of(persons.read(work, person))
    if contact is None:
        raise DeadLink(what="code")
    return CodeSent(
        code.id,
        contact.masked,
        contact.kind,
        code.check_id,
        works=codes.works(work, code),
        again_at=codes.again_at(work, code.contact_index),
    )


def confirm_contact(work: UnitOfWork, *, check_id: UUID, code_id: UUID, typed: str) -> GuardianIn:
    """The first code was typed: the contact is proved and the rules are accepted by conduct.

    :raises CodeRefused: when the code does not fit.
    :raises ContactRefused: when it is a colleague's contact, or a child answers by it.
    """
    check = _check(work, check_id)
    _, rules_hash = rules_in_force(work, school_id=check.school_id, locale=check.locale)
    code = codes.use_code(
        work,
        code_id=code_id,
        typed=typed,
        bound_hash=_first_code_binds(work, check.contact_index, rules_hash),
    )
    contact = _typed_contact(work, check)
    contacts.must_be_a_guardians(work, check.contact_index)
    guardian = people.guardian_by_contact(work.session, check.contact_index)
    if guardian is None:
        guardian = persons.new_person(work, kind="guardian", locale=check.locale, contact=contact)
    guardian.locale = check.locale
    check.confirmed_at = work.now
    _note_rules(work, guardian, contact, code, rules_hash, check.locale)
    mine = [
        case
        for case in cases.cases_of_guardian(work.session, guardian.id)
        if case.workflow == WORKFLOW
    ]
    invited = (
        case.id
        for case in mine
        if case.subject_id is None and case.status == "open" and case.school_id == check.school_id
    )
    return GuardianIn(guardian.id, tuple(case.id for case in mine), next(invited, None))


def invite(
    work: UnitOfWork,
    *,
    school_id: UUID,
    municipality_id: UUID | None,
    contact: str,
    locale: str,
) -> UUID:
    """A coordinator invites a family by the guardian's contact alone; the case waits for them.

    :raises ContactRefused: also when the contact is the coordinator's own (CONSENT.md R21).
    :raises NotFound: when the place is none of the school's.
    """
    policy.require(
        work.actor, Permission.CASE_INVITE, Thing(school_id, municipality_id=municipality_id)
    )
    schools.require_place(work.session, school_id, municipality_id)
    parsed = reachable(work, contact)
    index = persons.contact_index(work, parsed)
    if any(one.kind == "staff" for one in people.anybody_by_contact(work.session, index)):
        raise ContactRefused(reason="contact_of_staff")
    guardian = people.guardian_by_contact(work.session, index) or persons.new_person(
        work, kind="guardian", locale=locale, contact=parsed
    )
    ready = in_force.ready_in_force(work, school_id)
    case_id = steps.start_case(
        work,
        school_id=school_id,
        municipality_id=municipality_id,
        workflow=WORKFLOW,
        definition_hash=ready.bundle.hash,
        guardian_id=guardian.id,
        invited_by=work.actor.person_id,
    )
    standing = steps.load(work, case_id)
    steps.take(work, standing, moves.Started(), kind="invited")
    consequences.set_expiry(work, standing, days=KEEP_REQUEST_DAYS)
    case_letters.to_family(work, standing, letter="invitation", role="guardian")
    return case_id


def ask_entry_code(work: UnitOfWork, *, link_id: UUID) -> CodeSent:
    """Someone came by a link of their own: a fresh code goes to the contact on file.

    :raises DeadLink: when the link leads nowhere.
    """
    entry = links.open_link(work, link_id=link_id)
    person = cast(people.Person, people.person(work.session, entry.person_id))
    contact = persons.contact_of(persons.read(work, person))
    if contact is None or person.contact_index is None:
        raise DeadLink(what="link")
    case = cast(cases.Case, cases.case(work.session, entry.case_id))
    code_id = codes.ask_code(
        work,
        purpose="enter",
        contact_index=person.contact_index,
        kind=contact.kind,
        bound_hash=_entry_binds(work, person, case),
        person_id=person.id,
        case_id=case.id,
    )
    return CodeSent(code_id, contact.masked, contact.kind)


def confirm_entry(work: UnitOfWork, *, link_id: UUID, code_id: UUID, typed: str) -> links.Entry:
    """The code of a returning person fits: they are in, and have accepted the rules as they are.

    :raises CodeRefused: when the code does not fit.
    :raises ContactRefused: when a child's contact is its guardian's or a colleague's.
    """
    # A link is shut together with the sessions behind it: none may begin in between.
    row = consents.held_link(work.session, link_id)
    if row is None:
        raise DeadLink(what="link")
    person = cast(people.Person, people.person(work.session, row.person_id))
    case = cast(cases.Case, cases.case(work.session, row.case_id))
    code = codes.use_code(
        work, code_id=code_id, typed=typed, bound_hash=_entry_binds(work, person, case)
    )
    entry = links.open_link(work, link_id=link_id)
    if entry.role == "mentee":
        contacts.must_be_a_childs(work, person, case)
    row.used_at = row.used_at or work.now
    contact = persons.contact_of(persons.read(work, person))
    if contact is not None:
        _, rules_hash = rules_in_force(work, school_id=case.school_id, locale=person.locale)
        _note_rules(work, person, contact, code, rules_hash, person.locale)
    return entry


def ask_new_link(work: UnitOfWork, *, token: str) -> None:
    """The owner of a dead link asks for a new one, sent to the contact on file.

    To the eye it does the same for every token; nothing happens for an unknown one.
    """
    door = tenancy.door_of(work.session, token_hash(token))
    if door is None or door.kind != "link" or door.tenant_id != work.tenant_id:
        return
    row = consents.link(work.session, door.target)
    if row is None:
        return
    person = people.person(work.session, row.person_id)
    if person is None or person.erased_at is not None or row.revoked_at is not None:
        return
    standing = steps.load(work, row.case_id)
    case_letters.to_family(work, standing, letter="resume_link", role=row.role)


def reachable(work: UnitOfWork, typed: str) -> Contact:
    """The contact typed, if a letter of its kind can be sent from here.

    :raises ContactRefused: `reason` contact_no_mail or contact_no_phone where no gateway exists.
    """
    parsed = parse_contact(typed)
    if parsed.kind not in work.tools.channels:
        raise ContactRefused(reason=f"contact_no_{parsed.kind}")
    return parsed


def _check(work: UnitOfWork, check_id: UUID) -> people.ContactCheck:
    check = work.session.get(people.ContactCheck, (check_id, work.tenant_id))
    if check is None or not work.keyring.knows(check_id):
        raise DeadLink(what="contact check")
    return check


def _typed_contact(work: UnitOfWork, check: people.ContactCheck) -> Contact:
    opened = work.keyring.open(check.sealed, table="contact_check", row=check.id, subject=check.id)
    return Contact(opened["contact"]["kind"], opened["contact"]["value"])


def _send_first_code(work: UnitOfWork, check: people.ContactCheck, contact: Contact) -> CodeSent:
    _, rules_hash = rules_in_force(work, school_id=check.school_id, locale=check.locale)
    code_id = codes.ask_code(
        work,
        purpose="contact",
        contact_index=check.contact_index,
        kind=contact.kind,
        bound_hash=_first_code_binds(work, check.contact_index, rules_hash),
        check_id=check.id,
    )
    code = cast(consents.Code, consents.code(work.session, code_id))
    # After a double click the first message carries the code: the first check counts.
    return CodeSent(code_id, contact.masked, contact.kind, code.check_id or check.id)


def _first_code_binds(work: UnitOfWork, contact_index: bytes, rules_hash: str) -> str:
    """The contact, the rules, and the browser that asked (DECISIONS.md 12a)."""
    return sha256_hex(contact_index + f"{rules_hash} {work.actor.session_id}".encode())


def _entry_binds(work: UnitOfWork, person: people.Person, case: cases.Case) -> str:
    return sha256_hex(f"enter {work.tenant_id} {person.id} {case.id}".encode())


def _note_rules(
    work: UnitOfWork,
    person: people.Person,
    contact: Contact,
    code: consents.Code,
    rules_hash: str,
    locale: str,
) -> None:
    salt = new_salt()
    evidence.append(
        work,
        type="rules_accepted",
        subject_id=person.id,
        body={
            "rules_hash": rules_hash,
            "contact_commitment": commitment(salt, contact.normal),
            "channel": contact.kind,
            "signer": person.id,
            "locale": locale,
            "tries": code.attempts,
        },
        payloads=(
            Payload(
                person.id,
                {
                    "salt": salt.hex(),
                    "contact": contact.value,
                    "code_sent": code.created_at.isoformat(),
                    "code_verified": work.now.isoformat(),
                    **evidence.connection_of(work),
                },
            ),
        ),
    )
