"""What families and staff are told on the whole way of an application, by itself and in time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from server.jobs.schedule import Scheduler
from server.runtime import Runtime
from server.services.families import childs_turn
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_school,
    an_enrolment,
    an_invited_family,
    standing_still,
)


@dataclass(frozen=True)
class Office:
    """A school in a sandbox with a coordinator; time goes by when the test says so."""

    runtime: Runtime
    school: School
    nina: Colleague
    superuser_url: str

    def settle(self) -> None:
        scheduler = Scheduler(self.runtime, None)
        while scheduler.round():
            pass

    def wait(self, days: float) -> None:
        """Let days go by, and do each day what is due."""
        while days > 0:
            self.school.pass_days(min(1.0, days))
            days -= 1
            self.settle()

    def told(self, name: str, to: str = "") -> list[dict[str, Any]]:
        """The letters of a name that were sent, oldest first."""
        folder = self.runtime.settings.data.outbox
        found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        return [one for one in found if one["letter"] == name and to in one["to"]]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.superuser_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def unsent(self) -> list[tuple[Any, ...]]:
        """Letters that did not go out, codes that ran out apart."""
        return self.rows(
            "SELECT letter, state, failure FROM delivery WHERE state <> 'sent' AND code_id IS NULL"
        )


@pytest.fixture
def office(runtime: Runtime, superuser_url: str) -> Office:
    still = standing_still(runtime)
    school = a_school(still.tools)
    return Office(still, school, a_colleague(school, name="Белова Нина"), superuser_url)


def failures(office: Office) -> list[tuple[Any, ...]]:
    return office.rows("SELECT topic, failure FROM outbox WHERE failure IS NOT NULL") + office.rows(
        "SELECT kind, failure FROM timer WHERE failure IS NOT NULL"
    )


def test_a_family_that_does_not_answer_is_reminded_and_then_a_person_is_asked(
    office: Office,
) -> None:
    mine = an_enrolment(office.school, at="consents")
    office.settle()

    office.wait(20)

    assert office.told("reminder", mine.family.contact)
    assert office.told("overdue_to_coordinator", office.nina.email)
    assert (office.unsent(), failures(office)) == ([], [])


@pytest.mark.parametrize("has_a_contact", [True, False])
def test_a_teenager_with_two_open_tasks_gets_one_reminder_a_day(
    office: Office, has_a_contact: bool
) -> None:
    mine = an_enrolment(office.school, at="voice", age=15)
    if has_a_contact:
        office.school.do(
            mine.guardian,
            childs_turn.send_child_link,
            case_id=mine.case_id,
            contact="teen@example.org",
        )
    assert office.rows("SELECT count(*) FROM task WHERE status = 0 AND role = 'mentee'") == [(2,)]
    office.settle()

    office.wait(30)

    days = Counter((one["to"], one["at"][:10]) for one in office.told("reminder"))
    assert len(days) == 3
    assert set(days.values()) == {1}
    assert failures(office) == []


def test_a_family_that_answered_is_left_in_peace(office: Office) -> None:
    mine = an_enrolment(office.school, at="enrolled")

    office.wait(20)

    assert office.told("reminder", mine.family.contact) == []
    assert failures(office) == []


def test_an_invitation_reaches_the_guardian(office: Office) -> None:
    mine = an_invited_family(office.school, office.nina)
    office.settle()

    (letter,) = office.told("invitation", mine.family.contact)
    assert "/s/" in letter["links"][0]
    assert office.unsent() == []


@pytest.mark.parametrize("outcome", ["accept", "return", "decline"])
def test_a_decision_is_told(office: Office, outcome: str) -> None:
    mine = an_enrolment(office.school, at="review")
    mine.is_opened_by(office.nina)
    office.settle()
    mine.is_decided_by(office.nina, outcome)
    office.settle()

    name = {"accept": "enrolled", "return": "returned", "decline": "declined"}[outcome]
    assert len(office.told(name)) == 1
    assert (office.unsent(), failures(office)) == ([], [])


def test_a_childs_no_is_told(office: Office) -> None:
    an_enrolment(office.school, at="declined_by_child")
    office.settle()

    assert (office.unsent(), failures(office)) == ([], [])


def test_a_withdrawal_is_told_to_both_sides(office: Office) -> None:
    mine: Enrolment = an_enrolment(office.school, at="review")
    office.settle()
    mine.withdraws("processing")
    office.settle()

    assert office.told("consent_withdrawn", office.nina.email)
    [letter] = office.told("withdrawal_received", mine.family.contact)
    assert f"заявке {mine.row.number}." in letter["text"]  # the number the family knows
    assert (office.unsent(), failures(office)) == ([], [])


def test_a_request_nobody_answers_ends_and_nothing_is_sent_after(office: Office) -> None:
    an_enrolment(office.school, at="consents")
    office.wait(32)
    before = office.rows("SELECT count(*) FROM delivery")

    office.wait(10)

    assert office.rows('SELECT status FROM "case"') == [("ended",)]
    assert office.rows("SELECT count(*) FROM delivery") == before
    assert failures(office) == []
