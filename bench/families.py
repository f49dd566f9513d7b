"""Real families to copy from: a school, its coordinator, and applications at three points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from bench.copies import Original, Place
from server.access.actors import SHELL, Actor, Holding
from server.runtime import Runtime
from server.services.accounts import people
from server.services.unit_of_work import Tools
from server.store import schools
from tests.factories import a_colleague, a_school, an_enrolment, standing_still


@dataclass(frozen=True)
class Families:
    """What a scenario starts from; the clock stands still."""

    tools: Tools
    tenant_id: UUID
    coordinator: Actor  # of every place
    places: Sequence[Place]
    at_review: Original
    at_consents: Original
    enrolled: Original


def families(runtime: Runtime, *, schools_: int = 1) -> Families:
    """One organisation with so many schools; its families went the way through the services."""
    standing = standing_still(runtime)
    first = a_school(standing.tools)
    nina = a_colleague(first)
    review = an_enrolment(first, at="review")
    consents = an_enrolment(first, at="consents", child="Орлова Ева")
    enrolled = an_enrolment(first, at="enrolled", child="Котова Мира")
    places = [Place(first.id, list(first.places.values()))]
    places += [_school(standing.tools, first.tenant_id, number) for number in range(1, schools_)]
    held = tuple(Holding("coordinator", place.school_id) for place in places)
    return Families(
        tools=standing.tools,
        tenant_id=first.tenant_id,
        coordinator=replace(nina.actor, holdings=held),
        places=places,
        at_review=Original(review.case_id, review.task("decision").id),
        at_consents=Original(consents.case_id, consents.task("consents").id),
        enrolled=Original(enrolled.case_id, enrolled.task("decision").id),
    )


def _school(tools: Tools, tenant_id: UUID, number: int) -> Place:
    with tools.begin(SHELL, tenant_id) as work:
        today = work.now.date()
        school_id = people.add_school(
            work,
            facts={
                "slug": f"school-of-bench-{number}",
                "title": {"ru": f"Школа № {number}", "en": f"School {number}"},
                "initials": "ШН",
                "region": "Вологодская область",
                "zone": "Europe/Moscow",
                "variant": "standard",
                "cycle_start": today,
                "cycle_end": today + timedelta(days=260),
                "opening_on": None,
            },
            places=[("vologda", "Вологда"), ("cherepovets", "Череповец")],
        )
        found = schools.municipalities(work.session, school_id)
        return Place(school_id, [one.id for one in found])
