"""The demo is loaded whole or not at all, whenever its process is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import psycopg
import pytest

from server import demo
from server.runtime import Runtime
from server.settings import Settings

COUNTED = ("tenant", "account", "school", "person", "case", "consent", "evidence", "outbox")
MIDWAY = (
    "select count(*) from pg_stat_activity where usename = 'school_app'"
    " and datname = current_database() and clock_timestamp() - xact_start > interval '1 second'"
)
LEFT = (
    "select count(*) from pg_stat_activity where usename = 'school_app'"
    " and datname = current_database() and xact_start is not null"
)


@pytest.mark.slow
def test_a_load_killed_midway_leaves_nothing_and_the_next_one_loads_all(
    runtime: Runtime, settings: Settings, superuser_url: str
) -> None:
    with psycopg.connect(superuser_url, autocommit=True) as database:
        loading = _process(settings)
        _wait_until(database, MIDWAY, 1, loading)
        loading.send_signal(signal.SIGKILL)
        loading.wait()
        _wait_until(database, LEFT, 0)
        assert _rows(database) == dict.fromkeys(COUNTED, 0)
        assert not settings.data.demo.exists()

        demo.load(runtime)

        loaded = _rows(database)
        assert loaded["tenant"] == 4
        assert min(loaded.values()) > 0
        written = json.loads(settings.data.demo.read_text())
        assert {one["partner"] for one in written["accounts"]} == {
            row[0] for row in database.execute("select slug from tenant")
        }

        demo.load(runtime)

        assert _rows(database) == loaded
        assert json.loads(settings.data.demo.read_text()) == written


@pytest.mark.slow
def test_letters_of_the_demos_past_went_out_in_their_time(
    runtime: Runtime, settings: Settings, superuser_url: str
) -> None:
    demo.load(runtime)

    with psycopg.connect(superuser_url) as database:
        states = dict(
            database.execute("select state, count(*) from delivery group by 1").fetchall()
        )
        late = database.execute(
            "select letter from delivery where state = 'sent' and sent_at <> created_at"
        ).fetchall()
        waiting = database.execute(
            "select count(*) from outbox where topic = 'letter' and done_at is null"
        ).fetchone()
    assert set(states) == {"sent"}
    assert (late, waiting) == ([], (0,))
    assert len(list(settings.data.outbox.glob("*.json"))) == states["sent"] > 100


@pytest.mark.slow
def test_tokens_of_a_load_killed_after_its_commit_are_found_by_the_next(
    runtime: Runtime, settings: Settings
) -> None:
    demo.load(runtime)
    file = settings.data.demo
    written = file.read_text()
    file.rename(file.with_suffix(".new"))  # committed, and killed before this

    demo.load(runtime)

    assert file.read_text() == written


def _process(settings: Settings) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": "none",
        "MENTOR_SCHOOL_DATA": str(settings.data.path),
        "MENTOR_SCHOOL_SANDBOX": "yes",
    }
    return subprocess.Popen([sys.executable, "-m", "server.cli", "load-demo"], env=environ)


def _wait_until(
    database: psycopg.Connection[Any],
    question: Any,
    wanted: int,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    for _ in range(600):
        if database.execute(question).fetchone() == (wanted,):
            return
        assert process is None or process.poll() is None, "it was over before it could be killed"
        time.sleep(0.05)
    raise AssertionError(question)


def _rows(database: psycopg.Connection[Any]) -> dict[str, int]:
    found = {}
    for table in COUNTED:
        row = database.execute(f'select count(*) from "{table}"').fetchone()
        assert row is not None
        found[table] = row[0]
    return found
