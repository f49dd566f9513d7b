"""Timers fire when the product's clock says so; one that fails waits alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from server.jobs.schedule import Scheduler
from server.jobs.timers import Inboxes, fire_due
from server.kernel.heartbeat import last_beat
from server.kernel.ids import new_id
from server.store import cases
from tests.jobs.conftest import Place


def set_timer(place: Place, *, after: timedelta, **changed: Any) -> None:
    with place.work() as work:
        work.session.add(
            cases.Timer(
                tenant_id=place.tenant_id,
                case_id=place.case_id,
                task_id=None,
                kind="remind",
                fires_at=work.now + after,
                rule={},
                attempts=0,
                **changed,
            )
        )


def test_a_timer_waits_for_its_moment(place: Place) -> None:
    set_timer(place, after=timedelta(days=1))

    assert fire_due(place.runtime) == 0


def test_a_timer_that_fails_is_put_off_and_seen(place: Place) -> None:
    # The case's definition is in no store: whatever wants to move it fails.
    set_timer(place, after=timedelta(seconds=-1))

    assert fire_due(place.runtime) == 1

    assert place.rows("SELECT attempts, failure FROM timer") == [(1, "Broken")]
    assert fire_due(place.runtime) == 0


def test_a_timer_that_fails_keeps_no_other_waiting(
    place: Place, lease_ends: Callable[[], None]
) -> None:
    for _ in range(3):
        set_timer(place, after=timedelta(seconds=-1))

    assert fire_due(place.runtime) == 3
    place.write()
    place.settle()

    assert len(place.sent()) == 1
    lease_ends()
    assert fire_due(place.runtime) == 3
    assert place.rows("SELECT attempts FROM timer") == [(2,), (2,), (2,)]


def test_a_leased_timer_is_left_to_whoever_leased_it(place: Place) -> None:
    with place.work() as work:
        later = work.now + timedelta(minutes=1)
    set_timer(place, after=timedelta(seconds=-1), not_before=later)

    assert fire_due(place.runtime) == 0


def test_an_inbox_row_that_fails_rests(place: Place) -> None:
    with place.work() as work:
        work.session.add(
            cases.Inbox(
                id=new_id(), tenant_id=place.tenant_id, case_id=place.case_id,
                move={"move": "withdrawn", "consent": "processing", "pause": []}, at=work.now,
            )
        )  # fmt: skip
    inboxes = Inboxes()

    assert inboxes.apply_due(place.runtime) == 1
    assert inboxes.apply_due(place.runtime) == 0
    assert len(inboxes.resting()) == 1
    assert place.rows("SELECT count(*) FROM inbox") == [(1,)]


def test_what_has_had_its_day_goes_within_the_hour(place: Place) -> None:
    place.write()
    place.settle()
    place.rows("UPDATE outbox SET done_at = now() - interval '8 days'")

    Scheduler(place.runtime, None).round()

    assert place.rows("SELECT count(*) FROM outbox") == [(0,)]


def test_what_failed_is_kept_longer_than_what_was_done(place: Place) -> None:
    place.write()
    place.settle()
    place.rows("UPDATE outbox SET done_at = now() - interval '8 days', failure = 'refused'")

    Scheduler(place.runtime, None).round()

    assert place.rows("SELECT failure FROM outbox") == [("refused",)]


def test_a_scheduler_that_never_ran_has_no_heartbeat(place: Place) -> None:
    data = place.runtime.settings.data.path
    assert last_beat(data) is None

    Scheduler(place.runtime, None).round()

    assert last_beat(data) is not None
