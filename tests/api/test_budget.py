"""A token may do so much in a minute; what it did is known to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.kernel.clock import FixedClock
from server.runtime import Runtime
from server.services import limits
from tests.api.conftest import Program, a_program
from tests.factories import Colleague, School, a_colleague

Worker = Callable[[], Program]


@pytest.fixture
def worker(still: Runtime, school: School, coordinator: Colleague) -> Worker:
    """Starts one more worker for the same token, which may read 100 times and change 3 times."""
    settings = replace(still.settings, api_reads=100, api_changes=3)
    known = a_program(create_app(still).test_client(), school, coordinator)

    def start() -> Program:
        return Program(create_app(replace(still, settings=settings)).test_client(), known.token)

    return start


def _read(program: Program) -> int:
    status: int = program.get("/schools").status_code
    return status


def test_changes_are_counted_by_all_workers_together(worker: Worker, school: School) -> None:
    path = f"/schools/{school.id}/invitations"
    workers = [worker(), worker()]
    for number in range(3):
        sent = workers[number % 2].post(path, {"contact": f"mum{number}@example.org"})
        assert sent.status_code == 201

    refused = workers[1].post(path, {"contact": "late@example.org"})

    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert refused.get_json()["code"] == "limit_reached"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert _read(workers[1]) == 200


def test_a_new_worker_knows_what_was_changed_before(worker: Worker, school: School) -> None:
    path = f"/schools/{school.id}/invitations"
    for number in range(3):
        worker().post(path, {"contact": f"mum{number}@example.org"})

    assert worker().post(path, {"contact": "late@example.org"}).status_code == 429


def test_reads_stop_at_the_limit_and_a_handful(worker: Worker) -> None:
    first, second = worker(), worker()
    answered = [_read(first) for _ in range(60)] + [_read(second) for _ in range(60)]

    assert answered.count(200) == 104  # the fifth of a handful is what finds the limit
    assert answered[-16:] == [429] * 16


def test_the_next_minute_begins_anew(still: Runtime, worker: Worker) -> None:
    one = worker()
    while _read(one) == 200:
        pass
    clock = still.tools.clock
    assert isinstance(clock, FixedClock)

    clock.at += timedelta(minutes=1)

    assert _read(one) == 200


def test_most_reads_write_nothing(worker: Worker, still: Runtime) -> None:
    one = worker()
    _read(one)
    trips = still.tools.database.round_trips
    before = trips.trips
    for _ in range(3):
        _read(one)
    each, rest = divmod(trips.trips - before, 3)
    before = trips.trips
    _read(one)

    assert rest == 0
    assert trips.trips - before > each  # the fifth one writes the handful down


def test_another_token_is_not_concerned(
    worker: Worker, client: FlaskClient, school: School
) -> None:
    one = worker()
    while _read(one) == 200:
        pass

    assert _read(a_program(one.client, school, a_colleague(school, name="Громов Антон"))) == 200


def test_tokens_that_open_nothing_are_counted_by_address(
    client: FlaskClient, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TOKEN_ADDRESS", replace(limits.TOKEN_ADDRESS, most=3))
    guesses = [
        client.get("/api/v1/schools", headers={"Authorization": f"Bearer ms_{number}"})
        for number in range(4)
    ]

    assert [one.status_code for one in guesses] == [401, 401, 401, 429]
    assert int(guesses[-1].headers["Retry-After"]) >= 1
    assert client.get("/api/v1/schools").status_code == 401  # nothing was guessed here
    assert program.get("/schools").status_code == 200
