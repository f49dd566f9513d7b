"""A partner with a school, a guardian and a coordinator, in a database of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from server.access.actors import SYSTEM
from server.gateways import Gateways
from server.gateways.message import Message
from server.jobs.schedule import Scheduler
from server.kernel.contacts import Contact
from server.kernel.ids import new_id
from server.runtime import Runtime
from server.services import persons
from server.services.cases import steps
from server.services.messages import letters, links
from server.services.unit_of_work import UnitOfWork
from server.store import schools, tenancy

MAIL = Contact("mail", "olga@example.org")


@dataclass(frozen=True)
class Place:
    """One partner: its tenant, its school, and who is there."""

    runtime: Runtime
    tenant_id: UUID
    school_id: UUID
    guardian_id: UUID
    case_id: UUID

    def work(self) -> Any:
        """A transaction here, as the system."""
        return self.runtime.tools.begin(SYSTEM, self.tenant_id)

    def write(self, letter: str = "reminder", **facts: Any) -> UUID:
        """Ask for a letter with a link to the guardian; the delivery's id."""
        with self.work() as work:
            return self.write_in(work, letter, **facts)

    def write_in(self, work: UnitOfWork, letter: str = "reminder", **facts: Any) -> UUID:
        if "link_id" not in facts:
            facts["link_id"] = links.make_link(
                work, case_id=self.case_id, person_id=self.guardian_id, role="guardian"
            )
        whom = {"person_id": self.guardian_id, "case_id": self.case_id, **facts}
        return letters.queue_letter(work, letter=letter, **whom)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says behind all walls."""
        return self._behind(query)

    def _behind(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.runtime.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def sent(self) -> list[dict[str, Any]]:
        """The letters in the sandbox's folder, oldest first."""
        folder = self.runtime.settings.data.outbox
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]

    def settle(self) -> None:
        """Do all that is due, here and now."""
        scheduler = Scheduler(self.runtime, None)
        while scheduler.round():
            pass


@dataclass(frozen=True)
class Watched(Runtime):
    """A runtime whose test may look behind the walls."""

    superuser_url: str = ""


@pytest.fixture
def make_place(runtime: Runtime, superuser_url: str) -> Callable[..., Place]:
    """Makes a further partner each time it is called."""
    made: list[Place] = []

    def make(*, title: str = "Вологодская школа наставничества") -> Place:
        watched = Watched(
            runtime.settings, runtime.tools, runtime.gateways, runtime.redis_url, superuser_url
        )
        tenant_id, school_id = new_id(), new_id()
        with runtime.tools.begin(SYSTEM) as work:
            work.session.add(
                tenancy.Tenant(
                    id=tenant_id, slug=f"partner-{len(made)}", name="Вектор роста",
                    created_at=work.now,
                )
            )  # fmt: skip
        with runtime.tools.begin(SYSTEM, tenant_id) as work:
            work.session.add(_partner(tenant_id))
            work.session.add(_school(tenant_id, school_id, title, f"school-{len(made)}"))
            work.session.flush()
            guardian = persons.new_person(
                work, kind="guardian", locale="ru", name="Смирнова Ольга", contact=MAIL
            )
            case_id = steps.start_case(
                work, school_id=school_id, municipality_id=None, workflow="minor_enrolment",
                definition_hash="0" * 64, guardian_id=guardian.id,
            )  # fmt: skip
        made.append(Place(watched, tenant_id, school_id, guardian.id, case_id))
        return made[-1]

    return make


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture
def through() -> Callable[[Place, Callable[[Message], None]], Place]:
    """The same place with another gateway for mail."""

    def other(place: Place, send: Callable[[Message], None]) -> Place:
        gateways = Gateways(mail=send, sms=None)
        return replace(place, runtime=replace(place.runtime, gateways=gateways))

    return other


@pytest.fixture
def lease_ends(superuser_url: str) -> Callable[[], None]:
    """Lets every lease and every back-off run out at once."""

    def end() -> None:
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            connection.execute("UPDATE outbox SET not_before = %s", [past])
            connection.execute("UPDATE timer SET not_before = %s", [past])

    return end


def _partner(tenant_id: UUID) -> schools.Partner:
    return schools.Partner(
        id=new_id(), tenant_id=tenant_id, name="АНО «Вектор роста»",
        legal_name="Автономная некоммерческая организация «Вектор роста»", kind="ngo",
        address="Вологда, улица Примерная, 1", inn="0000000000", ogrn="0000000000000",
        processor_name="ООО «Пример»", processor_address="Вологда",
        contact_name="Ирина Павловна", contact_phone="8 (8172) 00-00-00",
        contact_hours={"ru": "по будням с 10 до 18", "en": "weekdays from 10 to 18"},
    )  # fmt: skip


def _school(tenant_id: UUID, school_id: UUID, title: str, slug: str) -> schools.School:
    return schools.School(
        id=school_id, tenant_id=tenant_id, slug=slug, title={"ru": title, "en": title},
        initials="ВР", region="Вологодская область", zone="Europe/Moscow", variant="standard",
        cycle_start=date(2026, 9, 1), cycle_end=date(2027, 5, 31), opening_on=None,
    )  # fmt: skip


def until(claim: Callable[[], bool]) -> None:
    """Wait for something another process does; the test's own time limit is the end."""
    for _ in range(600):
        if claim():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
