"""The coordinator's desk: the school one works in, what waits there, and a child's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.signers import day_in
from server.kernel.contacts import parse_contact
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.marks import name_index
from server.kernel.text import Text
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import work_rows
from server.services.worklist.cards import Alike, Card, CardInMaking, school_of, thing_of
from server.services.worklist.work_rows import Choice, Listed, WorkRow
from server.store import cases, desk, people, schools
from server.store.desk import Filter

PAGE = 25


@dataclass(frozen=True)
class Place:
    """A municipality of a school; `slug` stands in the address of its poster."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True)
class Office:
    """The school somebody works in, as every page of the desk needs it."""

    school_id: UUID
    slug: str
    title: Text
    initials: str
    partner_name: str
    contact_name: str
    contact_phone: str
    contact_hours: Text
    zone: str
    now: datetime
    today: date
    opening_on: date | None
    places: tuple[Place, ...]  # those this person sees
    schools: tuple[tuple[UUID, Text], ...]  # all this person works in
    may_decide: bool
    may_invite: bool
    may_change_settings: bool


@dataclass(frozen=True)
class Resting:
    """An application in which nothing waits: decided, closed, or stopped by a withdrawal."""

    case_id: UUID
    number: int
    title: Text
    child_name: str | None
    hidden: bool
    place: str | None
    end_label: Text | None  # None: it is paused


@dataclass(frozen=True)
class Worklist:
    """A page of the worklist."""

    office: Office
    rows: tuple[WorkRow, ...]
    counts: Mapping[str, int]
    resting: tuple[Resting, ...]  # of a search: found, and nothing waits in them
    tab: str
    next_after: tuple[datetime, UUID] | None


def office(work: UnitOfWork, *, school_id: UUID | None = None) -> Office:
    """The school one works in: the one named, if one has a desk there, else one's first.

    :raises NotAllowed: for who works at no desk.
    """
    mine = _desks(work)
    if not mine:
        raise NotAllowed(permission=Permission.DESK_READ.name)
    chosen = school_id if school_id in mine else mine[0]
    return _office(work, chosen, mine)


def worklist(
    work: UnitOfWork,
    *,
    school_id: UUID,
    tab: str = "all",
    place_id: UUID | None = None,
    search: str = "",
    mark: bytes | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> Worklist:
    """What waits in a school, by due date, a page at a time.

    `search` is an exact surname or an application's number; `mark` is a surname as `surname_mark`
    gives it; a search finds also what ended. Who is limited to a municipality sees that one only.
    """
    policy.require(work.actor, Permission.DESK_READ, _scope(work, school_id))
    here = _office(work, school_id, _desks(work))
    wanted = Filter(
        school_id=school_id,
        tab=tab if tab in desk.TABS else "all",
        now=work.now,
        municipality_ids=_places_seen(work, school_id, place_id),
        surname_index=mark or surname_mark(work, typed=search),
        number=number_in(search),
    )
    found, counts = desk.page(work.transaction, work.tenant_id, wanted, after=after, limit=PAGE + 1)
    rows = found[:PAGE]
    school = schools.school(work.session, school_id)
    assert school is not None
    listed = Listed(work, school, rows).rows({place.id: place.name for place in here.places})
    last = rows[-1] if len(found) > PAGE else None
    return Worklist(
        office=here,
        rows=tuple(listed),
        counts=counts,
        resting=_resting(work, school, wanted, here) if after is None else (),
        tab=wanted.tab,
        next_after=(last.due_at, last.task_id) if last else None,
    )


def _resting(
    work: UnitOfWork, school: schools.School, wanted: Filter, here: Office
) -> tuple[Resting, ...]:
    """What a search finds beside what waits; nothing while nobody is searched for."""
    if wanted.number is None and wanted.surname_index is None:
        return ()
    rows = desk.resting(work.transaction, work.tenant_id, wanted, limit=PAGE)
    children = [row.subject_id for row in rows if row.subject_id]
    boards = work_rows.board(work, children)
    found = people.people(work.session, children)
    work.keyring.load(children)
    places = {place.id: place.name for place in here.places}
    shown = []
    for row in rows:
        compiled = work.ready(row.definition_hash, school.variant).workflows[row.workflow]
        shown.append(
            Resting(
                case_id=row.case_id,
                number=row.number,
                title=compiled.spec.title,
                child_name=_name_of(work, row.subject_id, found, boards),
                hidden=row.subject_id is not None
                and work_rows.is_hidden(boards.get(row.subject_id, {})),
                place=places.get(row.municipality_id) if row.municipality_id else None,
                end_label=compiled.end_label(row.end) if row.end else None,
            )
        )
    return tuple(shown)


def open_cases_of(
    work: UnitOfWork, *, school_id: UUID, municipality_id: UUID | None, contact: str
) -> tuple[Alike, ...]:
    """Open applications of whoever has this contact, as far as the actor may open them.

    :raises ContactRefused: when it is no contact.
    """
    here = Thing(school_id, municipality_id=municipality_id)
    policy.require(work.actor, Permission.CASE_INVITE, here)
    index = persons.contact_index(work, parse_contact(contact))
    guardian = people.guardian_by_contact(work.session, index)
    if guardian is None:
        return ()
    return tuple(
        Alike(case.id, case.number)
        for case in cases.cases_of_guardian(work.session, guardian.id)
        if case.status == "open"
        and case.cause_id is None
        and policy.allowed(work.actor, Permission.CASE_OPEN, thing_of(case))
    )


def surname_mark(work: UnitOfWork, *, typed: str) -> bytes | None:
    """What a surname is found by: it may stand in an address, where a name may not."""
    words = typed.strip()
    if not words or number_in(words) is not None:
        return None
    return name_index(work.index_key("surname"), words)


def number_in(typed: str) -> int | None:
    """The application's number, if digits alone were typed."""
    words = typed.strip().removeprefix("№").strip()
    return int(words) if words.isdecimal() and len(words) < 10 else None


def card(work: UnitOfWork, *, case_id: UUID, locale: str, reason: str | None = None) -> Card:
    """Open a child's card; that it was opened is written down and the family may see it.

    After processing was withdrawn the name is shown only with a reason, which is evidence.

    :raises NotFound: when the actor may not see this case.
    """
    case = cases.case(work.session, case_id)
    if case is None or not policy.allowed(work.actor, Permission.CASE_OPEN, thing_of(case)):
        raise NotFound(what="case")
    return CardInMaking(work, case, school_of(work, case)).made(reason, locale)


def card_page(
    work: UnitOfWork, *, case_id: UUID, locale: str, reason: str | None = None
) -> tuple[Office, Card]:
    """The card with the office around it."""
    made = card(work, case_id=case_id, locale=locale, reason=reason)
    return _office(work, made.case.school_id, _desks(work)), made


@dataclass(frozen=True)
class Told:
    """One row of a bulk decision as its result tells it afterwards."""

    task_id: UUID
    case_id: UUID
    number: int
    child_name: str | None
    outcomes: tuple[Choice, ...]
    outcome_label: Text | None  # of what was decided, by whoever was first
    by: str | None
    at: datetime | None


def told(work: UnitOfWork, *, task_ids: Sequence[UUID]) -> list[Told]:
    """What became of these tasks; those out of the actor's sight are left out."""
    rows = [row for one in task_ids if (row := cases.task(work.session, one)) is not None]
    seen = {row.id: case for row in rows if (case := _seen_case(work, row)) is not None}
    children = [case.subject_id for case in seen.values() if case.subject_id]
    boards = work_rows.board(work, children)
    found_people = people.people(work.session, children)
    work.keyring.load(children)
    names = persons.names(work, [row.done_by for row in rows])
    found = []
    for row in rows:
        if (case := seen.get(row.id)) is None:
            continue
        outcomes = _outcomes(work, case, row)
        found.append(
            Told(
                task_id=row.id,
                case_id=case.id,
                number=case.number,
                child_name=_name(work, case, found_people, boards),
                outcomes=outcomes,
                outcome_label=next((o.label for o in outcomes if o.id == row.outcome), None),
                by=names.get(row.done_by) if row.done_by else None,
                at=row.closed_at,
            )
        )
    return found


def _seen_case(work: UnitOfWork, task: cases.Task) -> cases.Case | None:
    case = cases.case(work.session, task.case_id)
    if case is None or not policy.allowed(work.actor, Permission.CASE_OPEN, thing_of(case)):
        return None
    return case


def _name(
    work: UnitOfWork,
    case: cases.Case,
    found: Mapping[UUID, people.Person],
    boards: Mapping[UUID, dict[str, Any]],
) -> str | None:
    return _name_of(work, case.subject_id, found, boards)


def _name_of(
    work: UnitOfWork,
    child_id: UUID | None,
    found: Mapping[UUID, people.Person],
    boards: Mapping[UUID, dict[str, Any]],
) -> str | None:
    child = found.get(child_id) if child_id else None
    if child is None or work_rows.is_hidden(boards.get(child.id, {})):
        return None
    name = persons.read(work, child).get("name")
    return str(name) if name else None


def _outcomes(work: UnitOfWork, case: cases.Case, task: cases.Task) -> tuple[Choice, ...]:
    ready = work.ready(case.definition_hash, school_of(work, case).variant)
    return work_rows.choices(ready.workflows[case.workflow], task.step, task.kind)


def _desks(work: UnitOfWork) -> list[UUID]:
    """The schools in which the actor has a desk, in the order of its roles."""
    held = dict.fromkeys(one.school_id for one in work.actor.holdings)
    return [
        one for one in held if policy.allowed(work.actor, Permission.DESK_READ, _scope(work, one))
    ]


def _office(work: UnitOfWork, school_id: UUID, mine: Sequence[UUID]) -> Office:
    known = {row.id: row for row in schools.schools(work.session)}
    school = known.get(school_id)
    if school is None:
        raise NotFound(what="school")
    partner = schools.partner(work.session)
    seen = _places_seen(work, school_id, None)
    scope = _scope(work, school_id)
    return Office(
        school_id=school.id,
        slug=school.slug,
        title=Text(school.title),
        initials=school.initials,
        partner_name=partner.name,
        contact_name=partner.contact_name,
        contact_phone=partner.contact_phone,
        contact_hours=Text(partner.contact_hours),
        zone=school.zone,
        now=work.now,
        today=day_in(school.zone, work.now),
        opening_on=school.opening_on,
        places=tuple(
            Place(row.id, row.slug, row.name)
            for row in schools.municipalities(work.session, school_id)
            if seen is None or row.id in seen
        ),
        schools=tuple((one, Text(known[one].title)) for one in mine if one in known),
        may_decide=policy.allowed(work.actor, Permission.CASE_DECIDE, scope),
        may_invite=policy.allowed(work.actor, Permission.CASE_INVITE, scope),
        may_change_settings=policy.allowed(work.actor, Permission.SETTINGS_EDIT, scope),
    )


def _scope(work: UnitOfWork, school_id: UUID) -> Thing:
    """The school, seen from wherever in it the actor's role lies."""
    held = [one for one in work.actor.holdings if one.school_id == school_id]
    limited = all(one.municipality_id is not None for one in held)
    return Thing(school_id, municipality_id=held[0].municipality_id if held and limited else None)


def _places_seen(work: UnitOfWork, school_id: UUID, wanted: UUID | None) -> tuple[UUID, ...] | None:
    held = [one for one in work.actor.holdings if one.school_id == school_id]
    everywhere = any(one.municipality_id is None for one in held)
    own = tuple(one.municipality_id for one in held if one.municipality_id is not None)
    if everywhere:
        return (wanted,) if wanted else None
    return (wanted,) if wanted in own and wanted is not None else own
