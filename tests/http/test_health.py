"""Probes: alive, ready, degraded, down; and no detail for strangers."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.kernel import heartbeat
from server.runtime import Runtime, assemble
from server.settings import Settings
from tests.http.conftest import browser


def test_alive_asks_nobody(client: FlaskClient, runtime: Runtime) -> None:
    before = runtime.tools.database.round_trips.trips

    answer = client.get("/livez")

    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert runtime.tools.database.round_trips.trips == before


def test_ready_when_everything_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "state": "ready",
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "keys": "ok",
            "disk": "ok",
            "redis": "none",
        },
    }


def test_not_ready_on_a_schema_of_another_version(client: FlaskClient, superuser_url: str) -> None:
    with psycopg.connect(superuser_url) as connection:
        connection.execute("update alembic_version set version_num = '0000'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["state"] == "down"
    assert answer.get_json()["checks"]["migrations"].startswith("0000, not ")


def test_not_ready_without_a_database_and_no_word_about_where_it_is(settings: Settings) -> None:
    gone = assemble(
        replace(settings, database_url="postgresql://school_app:secret@127.0.0.1:1/nowhere")
    )
    client = browser(create_app(gone))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["checks"]["database"] == "away"
    assert "secret" not in answer.text
    assert "127.0.0.1" not in answer.text
    assert client.get("/livez").status_code == 200
    assert client.get("/sign-in/school").status_code == 303  # what needs no database goes on
    gone.close()


def test_without_redis_it_limps_but_takes_requests(runtime: Runtime, tmp_path: Path) -> None:
    lame = replace(runtime, redis_url=f"unix://{tmp_path}/nothing.sock")

    answer = browser(create_app(lame)).get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json()["state"] == "degraded"
    assert answer.get_json()["checks"]["redis"] == "down"


def test_a_running_redis_is_seen(runtime: Runtime, redis_url: str) -> None:
    assert replace(runtime, redis_url=redis_url).redis_answers() is True
    assert runtime.redis_answers() is None


@pytest.mark.parametrize(
    ("credentials", "command"),
    [
        (":geheim%20wort@", b"*2\r\n$4\r\nAUTH\r\n$11\r\ngeheim wort\r\n"),
        ("school:pw@", b"*3\r\n$4\r\nAUTH\r\n$6\r\nschool\r\n$2\r\npw\r\n"),
    ],
)
def test_a_redis_with_a_password_is_asked_politely(
    runtime: Runtime, credentials: str, command: bytes
) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_redis_with_password, args=(server, heard))
        thread.start()
        url = f"redis://{credentials}127.0.0.1:{server.getsockname()[1]}/0"
        assert replace(runtime, redis_url=url).redis_answers() is True
        thread.join()

    assert heard == [command, b"*1\r\n$4\r\nPING\r\n"]


def test_numbers_are_for_the_machine_itself(client: FlaskClient) -> None:
    near = client.get("/healthz").get_json()
    far = client.get("/healthz", environ_base={"REMOTE_ADDR": "203.0.113.9"}).get_json()

    assert near["oldest_effect_seconds"] is None
    assert near["scheduler_beat_seconds_ago"] is None
    assert near["checks"]["effects"] == "ok"
    assert far == {"state": "ready"}


def test_an_effect_that_waits_too_long_is_told(
    client: FlaskClient, runtime: Runtime, superuser_url: str
) -> None:
    _an_old_effect(superuser_url)
    heartbeat.beat(runtime.settings.data.path)
    near = client.get("/healthz")

    assert near.status_code == 200
    assert near.get_json()["state"] == "degraded"
    assert near.get_json()["oldest_effect_seconds"] > 300
    assert near.get_json()["checks"]["effects"] == "late"


def test_a_dead_scheduler_is_told_though_pages_go_on(client: FlaskClient, runtime: Runtime) -> None:
    folder = runtime.settings.data.path
    heartbeat.beat(folder)
    alive = client.get("/healthz")
    long_ago = time.time() - 121
    os.utime(folder / "scheduler.alive", (long_ago, long_ago))
    dead = client.get("/healthz")

    assert alive.status_code == 200
    assert alive.get_json()["checks"]["scheduler"] == "ok"
    assert dead.status_code == 503
    assert dead.get_json()["state"] == "down"
    assert dead.get_json()["scheduler_beat_seconds_ago"] > 120
    assert client.get("/readyz").status_code == 200


def test_a_scheduler_elsewhere_is_dead_when_nothing_is_taken_from_the_outbox(
    client: FlaskClient, superuser_url: str
) -> None:
    assert client.get("/healthz").get_json()["checks"]["scheduler"] == "none"
    _an_old_effect(superuser_url)

    assert client.get("/healthz").status_code == 503


def _an_old_effect(superuser_url: str) -> None:
    with psycopg.connect(superuser_url) as connection:
        connection.execute(
            "insert into outbox (id, tenant_id, topic, payload, created_at, run_at, attempts)"
            " values (gen_random_uuid(), gen_random_uuid(), 'letter', '{}', now(),"
            " now() - interval '6 minutes', 0)"
        )


def _redis_with_password(server: socket.socket, heard: list[bytes]) -> None:
    line, _ = server.accept()
    with line:
        for answer in (b"+OK\r\n", b"+PONG\r\n"):
            heard.append(line.recv(256))
            line.sendall(answer)
