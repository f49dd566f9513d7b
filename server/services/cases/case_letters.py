"""Letters of a case: who of the case gets one, with a link of their own where they need it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from server.consents.signers import day_in
from server.services.cases.standing import Standing
from server.services.messages import letters, links
from server.services.unit_of_work import UnitOfWork
from server.store import deliveries, schools
from server.store.steps import FAR_AWAY, TaskRow

FAMILY = ("guardian", "mentee")


def to_role(work: UnitOfWork, standing: Standing, *, letter: str, role: str) -> None:
    """Send a letter to everyone who has this role in the case."""
    if role in FAMILY:
        to_family(work, standing, letter=letter, role=role)
    else:
        to_staff(work, standing, letter=letter, role=role)


def to_family(
    work: UnitOfWork,
    standing: Standing,
    *,
    letter: str,
    role: str,
    values: dict[str, str | int] | None = None,
) -> None:
    """Send a letter with a fresh link; a child without a contact gets it through the guardian."""
    role = _reached_as(standing, role)
    case = standing.case
    person_id = case.guardian_id if role == "guardian" else case.subject_id
    if person_id is None:
        return
    link = links.make_link(work, case_id=case.id, person_id=person_id, role=role)
    letters.queue_letter(
        work,
        letter=letter,
        case_id=case.id,
        person_id=person_id,
        link_id=link,
        values={"number": case.number, **(values or {})},
    )


def to_staff(
    work: UnitOfWork,
    standing: Standing,
    *,
    letter: str,
    role: str,
    but: AbstractSet[UUID] = frozenset(),
) -> None:
    """Send a letter to those who hold the role where the case lies, today, `but` some."""
    case = standing.case
    for person_id in _holders(work, standing, role, day_in(case.zone, work.now)):
        if person_id in but:
            continue
        letters.queue_letter(
            work,
            letter=letter,
            case_id=case.id,
            person_id=person_id,
            values={"number": case.number},
        )


def remind(work: UnitOfWork, standing: Standing, task: TaskRow) -> None:
    """Remind whoever a task waits for, each person once a day: two tasks may come due together."""
    case = standing.case
    midnight = datetime.combine(day_in(case.zone, work.now), time(), ZoneInfo(case.zone))
    letter = "reminder" if task.role in FAMILY else "overdue_to_coordinator"
    told = deliveries.told_since(work.session, case.id, letter=letter, since=midnight)
    if task.role not in FAMILY:
        to_staff(work, standing, letter=letter, role=task.role, but=told)
        return
    as_guardian = _reached_as(standing, task.role) == "guardian"
    if (case.guardian_id if as_guardian else case.subject_id) not in told:
        remind_now(work, standing, task)


def remind_now(work: UnitOfWork, standing: Standing, task: TaskRow) -> None:
    """Remind whoever a task waits for, now."""
    values: dict[str, str | int] = {}
    if task.due_at < FAR_AWAY:
        values["due_date"] = day_in(standing.case.zone, task.due_at).isoformat()
    if task.role in FAMILY:
        to_family(work, standing, letter="reminder", role=task.role, values=values)
    else:
        to_staff(work, standing, letter="overdue_to_coordinator", role=task.role)


def _reached_as(standing: Standing, role: str) -> str:
    """Whose letter it becomes: a child without a contact is reached through the guardian."""
    if role == "mentee" and not standing.subject.get("contact"):
        return "guardian"
    return role


def _holders(work: UnitOfWork, standing: Standing, role: str, today: date) -> list[UUID]:
    case = standing.case
    found = schools.holders(work.session, case.school_id, role, today)
    return list(
        dict.fromkeys(
            position.person_id
            for position in found
            if position.municipality_id in (None, case.municipality_id)
        )
    )
