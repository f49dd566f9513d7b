"""The outbox is worked off fairly and surely: nothing is lost, nobody waits behind a broken row."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from server.access.actors import SYSTEM
from server.gateways.breaker import Breaker
from server.gateways.message import Message, Unreachable
from server.jobs import effects
from server.jobs import relay as relaying
from server.jobs.relay import relay
from server.jobs.schedule import Scheduler
from server.kernel.ids import new_id
from server.services import persons
from server.services.unit_of_work import UnitOfWork
from server.store import outgoing
from server.store.due import Claimed
from tests.jobs.conftest import MAIL, Place


def claim(place: Place, *, limit: int = 100) -> list[Claimed]:
    real = datetime.now(UTC)
    with place.runtime.tools.database.begin(None) as transaction:
        transaction.as_relay()
        return outgoing.claim_effects(
            transaction.session,
            now=place.runtime.tools.clock.now(),
            real=real,
            until=real + timedelta(seconds=60),
            limit=limit,
        )


def test_what_one_relay_leased_another_leaves_alone(place: Place) -> None:
    place.write()

    assert len(claim(place)) == 1
    assert claim(place) == []


def test_whoever_dies_in_the_middle_loses_the_lease(
    place: Place, lease_ends: Callable[[], None]
) -> None:
    place.write()
    (claimed,) = claim(place)
    with place.work() as work:
        assert outgoing.begin_effect(
            work.session, claimed.id, until=datetime.now(UTC) + timedelta(seconds=60)
        )
    place.settle()
    assert place.sent() == []

    lease_ends()
    place.settle()

    assert len(place.sent()) == 1


def test_an_effect_that_is_done_is_done(place: Place) -> None:
    place.write()
    (claimed,) = claim(place)

    for _ in range(3):
        effects.carry_out(place.runtime, claimed)

    assert place.rows("SELECT attempts FROM delivery") == [(1,)]


def test_a_broken_row_keeps_nobody_waiting_and_is_seen(place: Place) -> None:
    with place.work() as work:
        work.emit("no_such_topic", {})
        work.emit("letter", {"delivery": "not an id"})
    place.write()

    place.settle()

    assert len(place.sent()) == 1
    failed = place.rows("SELECT failure, attempts FROM outbox WHERE done_at IS NULL ORDER BY 1")
    assert failed == [("KeyError", 1), ("ValueError", 1)]


def test_one_letter_to_a_person_is_on_its_way_at_a_time(place: Place) -> None:
    place.write()
    place.write()

    (first,) = claim(place)
    assert claim(place) == []
    effects.carry_out(place.runtime, first)

    (second,) = claim(place)
    assert second.id > first.id


def test_a_letter_that_failed_does_not_hold_up_the_next_one(place: Place) -> None:
    place.write()
    (first,) = claim(place)
    with place.work() as work:
        outgoing.put_off_effect(
            work.session,
            first.id,
            failure="no_answer",
            until=datetime.now(UTC) + timedelta(minutes=5),
        )
    place.write()

    assert len(claim(place)) == 1


def test_a_partner_with_many_letters_leaves_room_for_the_others(
    make_place: Callable[..., Place],
) -> None:
    many, few = make_place(), make_place()
    with many.work() as work:
        for _ in range(150):
            work.emit("letter", {"delivery": str(new_id())})
    few.write()

    claimed = claim(many, limit=10)

    assert few.tenant_id in {row.tenant_id for row in claimed}


def test_many_letters_to_one_person_leave_room_for_the_partners_others(place: Place) -> None:
    with place.work() as work:
        for _ in range(150):
            work.emit("letter", {"delivery": str(new_id()), "lane": "coordinator"})
    with place.work() as work:
        work.emit("letter", {"delivery": str(new_id()), "lane": "parent"})

    lanes = [lane_of(place, row) for row in claim(place, limit=10)]

    assert lanes == ["coordinator", "parent"]


def test_a_code_goes_before_all_that_can_wait(place: Place) -> None:
    with place.work() as work:
        for number in range(20):
            work.emit("letter", {"delivery": str(new_id()), "lane": str(number)})
        # Even before an older letter to the same person.
        for facts in ({}, {"soon": True}):
            work.emit("letter", {"delivery": str(new_id()), "lane": "parent", **facts})

    (first, *_) = claim(place, limit=5)

    assert lane_of(place, first) == "parent"
    assert first.soon


def test_what_was_done_long_ago_costs_a_claim_nothing(place: Place, superuser_url: str) -> None:
    place.write()
    with psycopg.connect(superuser_url, autocommit=True) as database:
        database.execute(HISTORY)
        database.execute("VACUUM ANALYZE outbox")
    read = tuples_read(superuser_url)

    assert len(claim(place)) == 1

    assert tuples_read(superuser_url, more_than=read) - read < 20


HISTORY = """
INSERT INTO outbox (id, tenant_id, topic, payload, created_at, run_at, attempts, done_at)
SELECT uuidv7(), tenant_id, topic, payload, created_at, run_at, 1, run_at
FROM outbox, generate_series(1, 20000) LIMIT 20000
"""


def tuples_read(url: str, more_than: int = -1) -> int:
    """How many rows of the outbox were read so far; the counters come a little later."""
    with psycopg.connect(url, autocommit=True) as database:
        for _ in range(200):
            database.execute("SELECT pg_stat_force_next_flush()")
            row = database.execute(
                "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
                " WHERE relname = 'outbox'"
            ).fetchone()
            assert row is not None
            if row[0] > more_than:
                return int(row[0])
            time.sleep(0.05)
    raise AssertionError("no counter moved")


def test_where_nobody_answers_one_letter_is_tried_and_the_others_keep_their_attempts(
    place: Place, through: Callable[[Place, Callable[[Message], None]], Place]
) -> None:
    asked = []

    def silent(message: Message) -> None:
        asked.append(message.id)
        raise Unreachable("no_answer")

    there = through(place, Breaker(silent).send)
    for _ in range(8):
        there.write()
    there.settle()

    assert len(asked) == 1
    assert there.rows(
        "SELECT attempts, failure, count(*) FROM outbox WHERE done_at IS NULL"
        " GROUP BY 1, 2 ORDER BY 1"
    ) == [(0, "no_answer", 7), (1, "no_answer", 1)]
    assert there.rows("SELECT DISTINCT state FROM delivery") == [("queued",)]


def test_what_was_set_aside_goes_out_once_somebody_answers(
    place: Place,
    through: Callable[[Place, Callable[[Message], None]], Place],
    lease_ends: Callable[[], None],
) -> None:
    taken: list[Message] = []
    clock = [datetime.now(UTC) + timedelta(seconds=30)]
    there_again = clock[0] + timedelta(hours=1)

    def gateway(message: Message) -> None:
        if clock[0] < there_again:
            raise Unreachable("no_answer")
        taken.append(message)

    there = through(place, Breaker(gateway, now=lambda: clock[0]).send)
    written = [there.write() for _ in range(5)]
    there.settle()
    assert taken == []

    clock[0] = there_again
    lease_ends()
    there.settle()

    assert sorted(message.id for message in taken) == sorted(written)


def test_a_slow_server_keeps_neither_timers_waiting_nor_the_sign_of_life(
    make_place: Callable[..., Place],
    through: Callable[[Place, Callable[[Message], None]], Place],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "DRAIN", 0.0)
    place = make_place()
    with place.work() as work:
        for _ in range(6):
            place.write_in(work, person_id=a_guardian(work))
    beats: list[int] = []
    there = through(place, lambda _: None)

    assert relay(there.runtime, None, beat=lambda: beats.append(1)) == 1

    assert len(beats) == 1
    waiting = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND not_before IS NULL"
    assert there.rows(waiting) == [(5,)]


def a_guardian(work: UnitOfWork) -> UUID:
    return persons.new_person(
        work, kind="guardian", locale="ru", name="Смирнова Ольга", contact=MAIL
    ).id


def lane_of(place: Place, row: Claimed) -> str:
    ((lane,),) = place.rows(f"SELECT payload->>'lane' FROM outbox WHERE id = '{row.id}'")
    return str(lane)


def test_an_effect_of_tomorrow_waits_for_the_clock(place: Place) -> None:
    with place.work() as work:
        work.emit("no_such_topic", {}, run_at=work.now + timedelta(days=1))

    assert relay(place.runtime, None) == 0


def test_no_redis_means_it_is_done_here(place: Place) -> None:
    place.write()

    assert relay(place.runtime, None) == 1
    assert len(place.sent()) == 1


def test_nothing_is_left_once_all_is_done_or_has_failed(place: Place) -> None:
    scheduler = Scheduler(place.runtime, None)
    place.write()
    with place.work() as work:
        work.emit("no_such_topic", {})
    assert scheduler.is_anything_left()

    place.settle()

    assert not scheduler.is_anything_left()


def test_the_relay_reads_no_more_than_it_needs(place: Place) -> None:
    place.write()
    trips = place.runtime.tools.database.round_trips
    before = trips.statements

    claim(place)

    # set_config, SET ROLE, claim, lease
    assert trips.statements - before == 4
    with place.runtime.tools.begin(SYSTEM, place.tenant_id) as work:
        assert work.session.connection() is not None
