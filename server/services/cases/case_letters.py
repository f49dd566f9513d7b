"""Letters of a case: who of the case gets one, with a link of their own where they need it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from server.consents.signers import day_in
from server.services.cases.standing import Standing
from server.services.messages import letters, links
from server.services.unit_of_work import UnitOfWork
from server.store import schools
from server.store.steps import FAR_AWAY, TaskRow


def to_role(work: UnitOfWork, standing: Standing, *, letter: str, role: str) -> None:
    """Send a letter to everyone who has this role in the case."""
    if role in ("guardian", "mentee"):
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
    if role == "mentee" and not standing.subject.get("contact"):
        role = "guardian"
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


def to_staff(work: UnitOfWork, standing: Standing, *, letter: str, role: str) -> None:
    """Send a letter to those who hold the role where the case lies, today."""
    case = standing.case
    for person_id in _holders(work, standing, role, day_in(case.zone, work.now)):
        letters.queue_letter(
            work,
            letter=letter,
            case_id=case.id,
            person_id=person_id,
            values={"number": case.number},
        )


def remind(work: UnitOfWork, standing: Standing, task: TaskRow) -> None:
    """Remind whoever a task waits for."""
    values: dict[str, str | int] = {}
    if task.due_at < FAR_AWAY:
        values["due_date"] = day_in(standing.case.zone, task.due_at).isoformat()
    if task.role in ("guardian", "mentee"):
        to_family(work, standing, letter="reminder", role=task.role, values=values)
    else:
        to_staff(work, standing, letter="overdue_to_coordinator", role=task.role)


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
