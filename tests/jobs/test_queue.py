"""Redis carries ids and may lose everything: what must happen happens all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Worker

from server.jobs import queue
from server.jobs.relay import relay
from server.jobs.worker import EffectWorker
from server.kernel.ids import new_id
from server.runtime import Runtime
from server.store.due import Claimed
from tests.jobs.conftest import Place, until


@pytest.fixture
def waiting(redis_url: str) -> Iterator[queue.Waiting]:
    made = queue.connect(redis_url)
    yield made
    made.connection.close()


def burst(place: Place, waiting: queue.Waiting) -> None:
    """A worker that ends when nothing is left."""
    EffectWorker(waiting, runtime=place.runtime).work(burst=True, logging_level="WARNING")


def everything_in(connection: Any) -> str:
    """Whatever Redis holds, as text."""
    found = []
    for key in connection.keys("*"):
        kind = connection.type(key).decode()
        if kind == "hash":
            found.append(repr(connection.hgetall(key)))
        elif kind == "list":
            found.append(repr(connection.lrange(key, 0, -1)))
        elif kind == "zset":
            found.append(repr(connection.zrange(key, 0, -1)))
        elif kind == "set":
            found.append(repr(connection.smembers(key)))
        else:
            found.append(repr(connection.get(key)))
        found.append(repr(key))
    return "\n".join(found)


def test_a_worker_carries_out_what_the_relay_hands_over(
    place: Place, waiting: queue.Waiting
) -> None:
    place.write()

    assert relay(place.runtime, waiting) == 1
    assert place.sent() == []

    burst(place, waiting)

    assert len(place.sent()) == 1
    assert waiting.count == 0


def test_redis_knows_ids_and_nothing_else(place: Place, waiting: queue.Waiting) -> None:
    place.write()
    relay(place.runtime, waiting)
    ((effect_id,),) = place.rows("SELECT id FROM outbox")

    seen = everything_in(waiting.connection)

    assert str(effect_id) in seen
    assert f'["{place.tenant_id}", "{effect_id}"]' in _plain(seen, waiting, effect_id)
    for secret in ("olga", "Смирнова", "Вологодская", "reminder", "/s/"):
        assert secret not in seen + _plain(seen, waiting, effect_id)


def _plain(seen: str, waiting: queue.Waiting, effect_id: Any) -> str:
    job = waiting.fetch_job(str(effect_id))
    assert job is not None
    assert job.func_name == queue.JOB
    return str(list(job.args)).replace("'", '"')


def test_what_waits_in_the_queue_is_not_put_there_twice(
    place: Place, waiting: queue.Waiting, lease_ends: Callable[[], None]
) -> None:
    place.write()
    relay(place.runtime, waiting)
    lease_ends()
    relay(place.runtime, waiting)

    assert waiting.count == 1


def test_a_flush_of_redis_loses_nothing(
    place: Place, waiting: queue.Waiting, lease_ends: Callable[[], None]
) -> None:
    place.write()
    relay(place.runtime, waiting)
    waiting.connection.flushall()
    burst(place, waiting)
    assert place.sent() == []

    lease_ends()
    relay(place.runtime, waiting)
    burst(place, waiting)

    assert len(place.sent()) == 1


def test_without_an_answer_from_redis_it_is_done_here(place: Place, tmp_path: Path) -> None:
    place.write()

    assert relay(place.runtime, queue.connect(f"unix://{tmp_path}/nobody.sock")) == 1
    assert len(place.sent()) == 1


def test_the_queue_is_kept_short(
    place: Place, waiting: queue.Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LONGEST_QUEUE", 3)
    queue.put(waiting, [Claimed(new_id(), place.tenant_id) for _ in range(3)])
    place.write()

    assert relay(place.runtime, waiting) == 0
    assert place.rows("SELECT not_before FROM outbox") == [(None,)]


def test_a_code_is_the_next_a_worker_takes(place: Place, waiting: queue.Waiting) -> None:
    queue.put(waiting, [Claimed(new_id(), place.tenant_id) for _ in range(3)])
    code = Claimed(new_id(), place.tenant_id, soon=True)

    queue.put(waiting, [code])

    assert waiting.get_job_ids()[0] == str(code.id)


def test_an_effect_that_fails_is_no_failed_job(place: Place, waiting: queue.Waiting) -> None:
    with place.work() as work:
        work.emit("no_such_topic", {})
    relay(place.runtime, waiting)
    burst(place, waiting)

    assert waiting.failed_job_registry.count == 0
    assert place.rows("SELECT failure FROM outbox") == [("KeyError",)]


STALLING = """
import sys, time
from dataclasses import replace
from pathlib import Path
import os
from server import runtime, settings
from server.gateways import Gateways
from server.gateways.sandbox import SandboxGateway
from server.jobs import worker

built = runtime.build(settings.load(os.environ))
sandbox = SandboxGateway(built.settings.data.outbox)
begun = Path(sys.argv[1])

def stall(message):
    if begun.exists():
        sandbox.send(message)
        return
    begun.write_text(str(message.id))
    time.sleep(600)

worker.run(replace(built, gateways=Gateways(mail=stall, sms=None)))
"""


@pytest.fixture
def start_worker(
    runtime: Runtime, redis_url: str, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker whose first letter never ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        settings = runtime.settings
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", STALLING, str(tmp_path / "begun")],
                env={
                    **os.environ,
                    "DATABASE_URL": settings.database_url,
                    "REDIS_URL": redis_url,
                    "MENTOR_SCHOOL_DATA": str(settings.data.path),
                    "MENTOR_SCHOOL_SANDBOX": "yes",
                },
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_killed_in_the_middle_costs_one_repeat_with_the_same_id(
    place: Place,
    waiting: queue.Waiting,
    start_worker: Callable[[], subprocess.Popen[bytes]],
    lease_ends: Callable[[], None],
    tmp_path: Path,
) -> None:
    delivery_id = place.write()
    relay(place.runtime, waiting)
    first = start_worker()
    until((tmp_path / "begun").exists)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert relay(place.runtime, waiting) == 0  # it may still be under way

    lease_ends()
    relay(place.runtime, waiting)
    start_worker()
    until(lambda: bool(place.sent()))

    assert [letter["id"] for letter in place.sent()] == [str(delivery_id)]
    assert (tmp_path / "begun").read_text() == str(delivery_id)
    until(lambda: place.rows("SELECT state FROM delivery") == [("sent",)])


def test_a_worker_asked_to_end_ends(
    place: Place, start_worker: Callable[[], subprocess.Popen[bytes]], redis_url: str
) -> None:
    process = start_worker()
    with Redis.from_url(redis_url) as connection:
        until(lambda: [worker.get_state() for worker in Worker.all(connection)] == ["idle"])
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0
        assert Worker.all(connection) == []


def test_without_redis_there_is_no_worker_to_start(runtime: Runtime) -> None:
    from server.jobs import worker
    from server.kernel.errors import Refused

    with pytest.raises(Refused):
        worker.run(replace(runtime, redis_url=None))
