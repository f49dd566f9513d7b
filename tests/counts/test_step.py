"""A step of a case: two round trips, whatever it decides, and no look at the case's history."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from server.access.actors import SHELL
from server.runtime import Runtime
from server.services.cases import decisions, filling
from server.services.cases.filling import Read
from tests.counts.conftest import Sent, Wire
from tests.factories import ANSWERS, Colleague, School, a_colleague, a_school, an_enrolment
from tests.factories import standing_still as still

# What grows with the life of a case: a step writes to these and never reads them.
HISTORY = ("event", "evidence", "evidence_payload", "delivery", "outbox", "access", "signature")


@pytest.fixture
def school(runtime: Runtime) -> School:
    return a_school(still(runtime).tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school)


def decided(school: School, nina: Colleague, wire: Wire, outcome: str) -> Sent:
    waiting = an_enrolment(school)
    task = waiting.task("decision")
    with wire.listening() as sent:
        school.do(
            nina.actor,
            decisions.decide,
            case_id=waiting.case_id,
            task_id=task.id,
            outcome=outcome,
            comment="" if outcome == "accept" else "Расскажи подробнее",
            key=str(uuid4()),
        )
    return sent


@pytest.mark.parametrize("outcome", ["accept", "return", "decline"])
def test_a_decision_is_two_round_trips_with_ten_statements(
    school: School, nina: Colleague, wire: Wire, outcome: str
) -> None:
    sent = decided(school, nina, wire, outcome)

    assert sent.trips == 2
    assert len(sent.statements) <= 10


def test_a_repeated_decision_reads_its_answer_and_writes_nothing(
    school: School, nina: Colleague, wire: Wire
) -> None:
    waiting = an_enrolment(school)
    facts = {"case_id": waiting.case_id, "task_id": waiting.task("decision").id, "key": "once"}
    school.do(nina.actor, decisions.decide, outcome="accept", **facts)

    with wire.listening() as sent:
        school.do(nina.actor, decisions.decide, outcome="accept", **facts)

    assert sent.trips == 2
    assert not [one for one in sent.texts if one.startswith(("UPDATE", "DELETE", "WITH"))]


def test_a_filled_in_form_takes_few_round_trips(school: School, wire: Wire) -> None:
    asked = an_enrolment(school, at="questionnaire")

    with wire.listening() as sent:
        school.do(
            asked.mentee,
            filling.fill,
            case_id=asked.case_id,
            step="minor_questionnaire",
            read=lambda _form: Read(dict(ANSWERS)),
        )

    assert sent.trips <= 6


@pytest.mark.parametrize("table", HISTORY)
def test_a_step_does_not_read_history(
    school: School, nina: Colleague, wire: Wire, table: str
) -> None:
    sent = decided(school, nina, wire, "return")

    assert not [one for one in sent.texts if f"FROM {table} " in one or f"JOIN {table} " in one]


def test_a_long_history_costs_a_step_nothing_more(
    school: School, nina: Colleague, wire: Wire
) -> None:
    short = decided(school, nina, wire, "return")
    waiting = an_enrolment(school, child="Орлова Ева")
    for _ in range(3):
        waiting.is_decided_by(nina, "return")
        waiting.fills_in()
    school.do(SHELL, lambda work: work.session.execute(text(_MORE), {"case": waiting.case_id}))
    task = waiting.task("decision")

    with wire.listening() as sent:
        school.do(
            nina.actor,
            decisions.decide,
            case_id=waiting.case_id,
            task_id=task.id,
            outcome="accept",
        )

    assert sent.trips == short.trips
    assert len(sent.statements) <= len(short.statements)


def test_each_timer_is_fired_in_few_round_trips(school: School, wire: Wire) -> None:
    waiting = an_enrolment(school, at="consents")
    school.pass_days(timedelta(days=4).days)

    with wire.listening() as sent:
        waiting.is_overdue()

    assert sent.trips <= 8


_MORE = (
    "INSERT INTO event (tenant_id, case_id, seq, at, kind, actor_role, data)"
    " SELECT c.tenant_id, c.id, 1000 + n, now(), 'seen', 'system', '{}' FROM \"case\" c,"
    " generate_series(1, 500) n WHERE c.id = :case"
)
