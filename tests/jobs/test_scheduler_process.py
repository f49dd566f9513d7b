"""The scheduler as the operator runs it: works, is seen to live, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from server.kernel.heartbeat import last_beat
from tests.jobs.conftest import Place, until


@pytest.fixture
def start(place: Place) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a scheduler without Redis on the test's own sandbox."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        settings = place.runtime.settings
        environ = {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": "none",
            "MENTOR_SCHOOL_DATA": str(settings.data.path),
            "MENTOR_SCHOOL_SANDBOX": "yes",
        }
        command = [sys.executable, "-m", "server.cli", "scheduler"]
        started.append(subprocess.Popen(command, env={**os.environ, **environ}))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_it_sends_what_waits_and_ends_when_asked(
    place: Place, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    place.write()
    process = start()
    until(lambda: bool(place.sent()))
    assert last_beat(place.runtime.settings.data.path) is not None

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=20) == 0


def test_two_of_them_send_one_letter_once(
    place: Place, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    start(), start()
    for _ in range(5):
        place.write()
    until(lambda: len(place.sent()) == 5)
    until(lambda: place.rows("SELECT count(*) FROM outbox WHERE done_at IS NULL") == [(0,)])

    assert place.rows("SELECT DISTINCT attempts FROM delivery") == [(1,)]


def test_what_one_left_unfinished_the_next_one_finishes(
    place: Place,
    start: Callable[[], subprocess.Popen[bytes]],
    lease_ends: Callable[[], None],
) -> None:
    first = start()
    until(lambda: last_beat(place.runtime.settings.data.path) is not None)
    first.send_signal(signal.SIGKILL)
    first.wait()
    place.write()
    lease_ends()

    start()

    until(lambda: bool(place.sent()))
