"""The outbox is worked off fairly and surely: nothing is lost, nobody waits behind a broken row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from server.access.actors import SYSTEM
from server.jobs import effects
from server.jobs.relay import relay
from server.jobs.schedule import Scheduler
from server.kernel.ids import new_id
from server.store import outgoing
from server.store.due import Claimed
from tests.jobs.conftest import Place


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

    # set_config, SET ROLE, lanes, claim, lease
    assert trips.statements - before == 5
    with place.runtime.tools.begin(SYSTEM, place.tenant_id) as work:
        assert work.session.connection() is not None
