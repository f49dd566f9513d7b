"""Who speaks on a family's page: the school and the organisation that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from server.kernel.errors import NotFound
from server.services.unit_of_work import UnitOfWork
from server.store import cases, schools


@dataclass(frozen=True)
class Letterhead:
    """Who speaks on a page: the school and the organisation that runs it."""

    school: schools.School
    partner: schools.Partner


def letterhead(work: UnitOfWork, *, case_id: UUID | None, school_id: UUID | None) -> Letterhead:
    """The school of a case or of a poster's link; what it shows is public.

    :raises NotFound: when there is no such school or case here.
    """
    if case_id is not None:
        case = cases.case(work.session, case_id)
        school_id = case.school_id if case else None
    school = schools.school(work.session, school_id) if school_id else None
    if school is None:
        raise NotFound(what="school")
    return Letterhead(school, schools.partner(work.session))
