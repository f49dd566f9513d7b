"""Records to look at: schools, releases, the chain of evidence, letters.

Nothing here can be changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext

from server.access.policy import Permission
from server.admin import said
from server.admin.base import ServiceList, school_here, schools_here
from server.admin.said import _
from server.http.context import perform, tools
from server.http.rendering import locale
from server.kernel.text import Text
from server.services import records
from server.services.model import releases
from server.words import dates, deliveries
from server.words.speech import N_

Rows = Sequence[Mapping[str, Any]]

_STATES: Mapping[str, str] = {
    "queued": N_("on its way"),
    "sent": N_("sent"),
}
_LETTERS: Mapping[str, str] = {
    "invitation": N_("Invitation"),
    "reminder": N_("Reminder"),
    "resume_link": N_("New link"),
    "child_link": N_("Link for the teenager"),
    "signing_code": N_("Code"),
    "returned": N_("Request to add to the answers"),
    "receipt_ready": N_("Confirmation"),
    "enrolled": N_("Letter: accepted"),
    "declined": N_("Letter: declined"),
    "stopped_by_child": N_("Letter: the child said no"),
    "closed_after_withdrawal": N_("Letter: the application is closed"),
    "contact_changed": N_("Notice of another contact"),
    "withdrawal_received": N_("Letter: the withdrawal has arrived"),
    "withdrawal_done": N_("Letter: all is done after the withdrawal"),
    "consent_withdrawn": N_("Notice of a withdrawn consent"),
    "overdue_to_coordinator": N_("Notice of something overdue"),
    "renewal_needed": N_("Letter: a consent is running out"),
}
_CHANNELS: Mapping[str, str] = {"mail": N_("mail"), "sms": N_("text message")}


class SchoolList(ServiceList):
    """The organisation's schools."""

    columns = ("title", "region", "zone", "variant", "cycle")
    labels = {
        "title": lazy_gettext("School"),
        "region": lazy_gettext("Region"),
        "zone": lazy_gettext("Time zone"),
        "variant": lazy_gettext("Variant"),
        "cycle": lazy_gettext("Cycle"),
    }
    lead = lazy_gettext("The schools of your organisation whose settings you may read.")

    def rows(self) -> Rows:
        """Every school the actor may read the settings of."""
        return [
            {
                "id": one.id,
                "title": Text(one.title).in_(locale()),
                "region": one.region,
                "zone": one.zone,
                "variant": said.variant(one.variant),
                "cycle": f"{_day(one.cycle_start)} – {_day(one.cycle_end)}",
            }
            for one in schools_here()
        ]


class ReleaseList(ServiceList):
    """The releases of the model."""

    needs = Permission.DEFINITIONS_READ
    columns = ("number", "published", "note", "hash")
    labels = {
        "number": lazy_gettext("Release"),
        "published": lazy_gettext("Published"),
        "note": lazy_gettext("Note"),
        "hash": lazy_gettext("Fingerprint"),
    }
    lead = lazy_gettext(
        "What the model’s keeper has published. New applications start with the first line."
    )

    def rows(self) -> Rows:
        """Every release, newest first."""
        return [
            {
                "id": one.number,
                "number": one.number,
                "published": _day(one.published_at.date()),
                "note": _("as it came with the product") if one.note == "shipped" else one.note,
                "hash": one.hash[:16],
            }
            for one in perform(releases.all_releases)
        ]


class EvidenceList(ServiceList):
    """Where the organisation's chain of evidence ends."""

    needs = Permission.EVIDENCE_READ
    columns = ("events", "last", "hash")
    labels = {
        "events": lazy_gettext("Records"),
        "last": lazy_gettext("The newest"),
        "hash": lazy_gettext("Its fingerprint"),
    }
    lead = lazy_gettext(
        "Each consent, decision and publication is a link of a chain. Keep the fingerprint"
        " elsewhere: with it anybody can prove that nothing was changed."
    )
    empty = lazy_gettext("Nothing was signed or published yet.")

    def rows(self) -> Rows:
        """The head of the chain, if there is one."""
        head = perform(records.evidence_end)
        if head is None:
            return []
        zone, now = school_here().zone, tools().clock.now()
        return [
            {
                "id": head.seq,
                "events": head.seq,
                "last": dates.moment_near(head.at, now, zone, locale()),
                "hash": head.hash,
            }
        ]


class LetterList(ServiceList):
    """The newest letters and messages, and whether they left."""

    needs = Permission.PEOPLE_READ
    columns = ("letter", "channel", "state", "written", "number")
    labels = {
        "letter": lazy_gettext("Letter"),
        "channel": lazy_gettext("Sent by"),
        "state": lazy_gettext("State"),
        "written": lazy_gettext("Written"),
        "number": lazy_gettext("Application"),
    }
    lead = lazy_gettext("The newest letters to families and staff. Their texts are not kept.")
    empty = lazy_gettext("No letter was written yet.")

    def rows(self) -> Rows:
        """The newest letters."""
        school = school_here()
        now = tools().clock.now()
        return [
            {
                "id": one.id,
                "letter": _(_LETTERS.get(one.letter, N_("Message"))),
                "channel": _(_CHANNELS[one.channel]) if one.channel else "—",
                "state": deliveries.unsent(one.state, one.failure, _) or _(_STATES[one.state]),
                "written": dates.moment_near(one.at, now, school.zone, locale()),
                "number": one.number,
            }
            for one in perform(records.newest_letters, school_id=school.id)
        ]


def _day(when: date) -> str:
    return dates.day_in_digits(when, locale())
