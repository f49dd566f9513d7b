"""The worklist: the queries of one row for a whole page, the buffers of few tasks for many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from bench.copies import LISTED, Original, Place, copies, settle
from server.runtime import Runtime
from server.services.worklist import desk
from tests.counts.conftest import Sent, Wire, buffers_of
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_school,
    an_enrolment,
    standing_still,
)

FEW, MANY = 6_000, 20_000
MOST_TRIPS = 18
MOST_BUFFERS = 25 * 24  # 8 kB each: names, board, letters of 25 rows, the counts of all tabs


@pytest.fixture
def school(runtime: Runtime) -> School:
    return a_school(standing_still(runtime).tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school)


@pytest.fixture
def superuser(superuser_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        yield connection


def more_like(one: Enrolment, step: str, amount: int, connection: psycopg.Connection[Any]) -> None:
    """So many open tasks more, each of a child of its own, spread over forty days."""
    school = one.school
    copies(
        connection,
        school.tools.master,
        Original(one.case_id, one.task(step).id),
        amount,
        at=Place(school.id, list(school.places.values())),
        tables=LISTED,
        spread=timedelta(days=40),
    )
    settle(connection)


def asked(school: School, nina: Colleague, wire: Wire, **facts: Any) -> tuple[Sent, desk.Worklist]:
    with wire.listening() as sent:
        page = school.do(nina.actor, desk.worklist, school_id=school.id, **facts)
    return sent, page


def test_a_page_of_25_rows_takes_the_queries_of_one_row(
    school: School, nina: Colleague, wire: Wire, superuser: psycopg.Connection[Any]
) -> None:
    one = an_enrolment(school)
    lonely, page = asked(school, nina, wire)
    assert len(page.rows) == 1
    more_like(one, "decision", 40, superuser)

    full, page = asked(school, nina, wire)

    assert len(page.rows) == desk.PAGE
    assert page.next_after is not None
    assert len(full.statements) == len(lonely.statements)
    assert full.trips == lonely.trips <= MOST_TRIPS


@pytest.mark.parametrize("tab", ["all", "ready", "waiting"])
def test_every_tab_takes_the_same_queries(
    school: School, nina: Colleague, wire: Wire, superuser: psycopg.Connection[Any], tab: str
) -> None:
    an_enrolment(school)
    an_enrolment(school, at="consents", child="Орлова Ева")

    sent, _ = asked(school, nina, wire, tab=tab)

    assert sent.trips <= MOST_TRIPS


def test_buffers_do_not_grow_with_what_is_open(
    school: School, nina: Colleague, wire: Wire, superuser: psycopg.Connection[Any]
) -> None:
    review = an_enrolment(school)
    consents = an_enrolment(school, at="consents", child="Орлова Ева")
    counted = {}
    before = 0
    for volume in (FEW, MANY):
        for one, step in ((review, "decision"), (consents, "consents")):
            more_like(one, step, (volume - before) // 2, superuser)
        before = volume
        for tab in ("all", "ready", "waiting", "urgent", "overdue"):
            sent, _ = asked(school, nina, wire, tab=tab)
            counted[tab, volume] = buffers_of(school, nina.actor, sent)
        _, page = asked(school, nina, wire)
        sent, middle = asked(school, nina, wire, after=page.next_after)
        assert len(middle.rows) == desk.PAGE
        counted["second page", volume] = buffers_of(school, nina.actor, sent)

    assert max(counted.values()) <= MOST_BUFFERS, counted
    # Three times the tasks may add a level to a few trees for each of 25 rows and nothing else.
    # (Of few tasks tables are read whole: no tree to compare.)
    grown = {
        what: (counted[what, FEW], counted[what, MANY]) for what, volume in counted if volume == FEW
    }
    level = 25 * 4
    assert len(grown) == 6
    assert all(many <= few + level for few, many in grown.values()), grown
