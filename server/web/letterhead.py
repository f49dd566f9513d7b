"""Who speaks on a family's page: the school, the organisation that runs it, and whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from server.consents.signers import day_in
from server.http.context import perform, tools
from server.http.rendering import locale
from server.kernel.text import Text
from server.services.families import letterheads
from server.services.families.letterheads import Letterhead
from server.words import dates


@dataclass(frozen=True, slots=True)
class Speaker:
    """A school as the layouts ask for it, and its calendar."""

    title: str
    partner_name: str
    initials: str
    contact_name: str
    contact_phone: str
    contact_hours: str
    zone: str
    brand: str | None = None

    def today(self) -> date:
        """The day at the school."""
        return day_in(self.zone, tools().clock.now())

    def day(self, at: datetime | date) -> str:
        """A day as people say it: «10 сентября 2026 года»."""
        return dates.day(day_in(self.zone, at) if isinstance(at, datetime) else at, locale())

    def digits(self, at: datetime | date) -> str:
        """A day in digits: «10.09.2026»."""
        found = day_in(self.zone, at) if isinstance(at, datetime) else at
        return dates.day_in_digits(found, locale())

    def moment(self, at: datetime) -> str:
        """Day and hour at the school."""
        return dates.moment(at, self.zone, locale())


def speaker(head: Letterhead) -> Speaker:
    """The school behind a letterhead, in the reader's language."""
    language = locale()
    return Speaker(
        title=Text(head.school.title).in_(language),
        partner_name=head.partner.name,
        initials=head.school.initials,
        contact_name=head.partner.contact_name,
        contact_phone=head.partner.contact_phone,
        contact_hours=Text(head.partner.contact_hours).in_(language),
        zone=head.school.zone,
    )


def speaker_of(*, case_id: UUID | None = None, school_id: UUID | None = None) -> Speaker:
    """The school of a case or of a poster's link, for whoever is in this session.

    :raises NotFound: when there is none here.
    """
    return speaker(perform(letterheads.letterhead, case_id=case_id, school_id=school_id))
