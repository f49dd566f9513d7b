"""Real databases for tests: one PostgreSQL per worker, one fresh database per test.

A migrated cluster is made once and kept, keyed by the migrations; each pytest worker starts a copy
of it with fsync off, and each test gets a clone of its database. Nothing is mocked.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings as examples

from server.data_folder import DataFolder
from server.settings import APP_ROLE, OWNER_ROLE, Settings, load_or_create
from server.store import migrations
from server.supervisor import binaries, postgres, redis
from server.supervisor.processes import Child, stop

# A power cut may eat a test's data.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


# How long an example takes says how busy the machine is, not whether the claim holds.
examples.register_profile("house", deadline=None)
examples.load_profile("house")


class Sleeping:
    """Waits without watching for signals: those are pytest's."""

    def pause(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.05))

    rest = pause


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL whose template database is migrated and holds no rows."""

    data: DataFolder
    server: postgres.EmbeddedPostgres

    def clone(self, name: str) -> None:
        """A database of its own for one test."""
        self._run(f'create database "{name}" template mentor_school owner school_owner')

    def drop(self, name: str) -> None:
        """Away with it, also while somebody is connected."""
        self._run(f'drop database if exists "{name}" with (force)')

    def owner_url(self, name: str) -> str:
        return self.data.database_url(OWNER_ROLE, "postgres_owner", name) or ""

    def app_url(self, name: str) -> str:
        return self.data.database_url(APP_ROLE, "postgres_app", name) or ""

    def superuser_url(self, name: str) -> str:
        return self.server.superuser_url(name)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server.superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def install(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: Any
) -> Callable[[], DataFolder]:
    """Makes a data folder with keys and a migrated, stopped cluster; each call a new one."""
    kept = Path(pytestconfig.rootpath) / ".pytest_cache" / "mentor-school" / _key()

    def copy() -> DataFolder:
        place = tmp_path_factory.mktemp("installed") / "data"
        with _one_at_a_time(kept.parent):
            if not (kept / "complete").exists():
                _make_template(kept)
            command = ["cp", "-a", "--reflink=auto", f"{kept}/data", f"{place}"]
            subprocess.run(command, check=True)
        return DataFolder(place)

    return copy


@pytest.fixture(scope="session")
def cluster(install: Callable[[], DataFolder]) -> Iterator[Cluster]:
    """One PostgreSQL for all tests of this worker."""
    data = install()
    server = _started(data)
    yield Cluster(data, server)
    stop([server.child], Sleeping())


@pytest.fixture
def fresh_database(cluster: Cluster) -> Iterator[str]:
    """The name of an empty, migrated database that only this test uses."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    cluster.clone(name)
    yield name
    cluster.drop(name)


_numbers = count()


@pytest.fixture
def owner_url(cluster: Cluster, fresh_database: str) -> str:
    """The test's database as the owner of the tables sees it."""
    return cluster.owner_url(fresh_database)


@pytest.fixture
def app_url(cluster: Cluster, fresh_database: str) -> str:
    """The test's database as the application's bound role sees it."""
    return cluster.app_url(fresh_database)


@pytest.fixture
def superuser_url(cluster: Cluster, fresh_database: str) -> str:
    """The test's database without any wall, to look behind them."""
    return cluster.superuser_url(fresh_database)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataFolder]:
    """One Redis for all tests of this worker."""
    data = DataFolder(tmp_path_factory.mktemp("redis"))
    data.prepare()
    program = binaries.redis()
    if program is None:
        pytest.skip("there is no Redis for this machine")
    child: Child = redis.child(data, program)
    child.start()
    while not redis.answers(data):
        assert child.exit_code is None, child.last_words()
        time.sleep(0.01)
    yield data
    stop([child], Sleeping())


@pytest.fixture
def redis_url(redis_server: DataFolder) -> str:
    """A real Redis, empty."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(redis_server.redis_socket))
        line.sendall(b"FLUSHALL\r\n")
        assert line.recv(16) == b"+OK\r\n"
    return redis.url(redis_server)


@pytest.fixture
def settings(tmp_path: Path, owner_url: str, app_url: str) -> Settings:
    """A sandbox of its own: folder, keys, database; no Redis, as most tests need none."""
    return load_or_create(
        {
            "DATABASE_URL": app_url,
            "DATABASE_OWNER_URL": owner_url,
            "REDIS_URL": "none",
            "MENTOR_SCHOOL_DATA": str(tmp_path / "data"),
            "MENTOR_SCHOOL_SANDBOX": "yes",
            "MENTOR_SCHOOL_POOL_SIZE": "4",
        }
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Any]:
    """Everything a process is built of, on this test's settings."""
    from server.runtime import build

    built = build(settings)
    yield built
    built.close()


def _key() -> str:
    """Changes whenever the template would come out differently."""
    digest = hashlib.sha256()
    for file in (*sorted(migrations.HERE.rglob("*.py")), *map(Path, (postgres.__file__, __file__))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class _one_at_a_time:  # noqa: N801 - reads as a phrase in `with`
    """One worker makes the template and the others wait; nobody removes it while it is copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / "lock").open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _make_template(place: Path) -> None:
    for old in place.parent.glob("*/"):
        shutil.rmtree(old)
    data = DataFolder(place / "data")
    data.prepare()
    data.make_keys()
    server = _started(data)
    try:
        server.prepare()
        migrations.upgrade(data.database_url(OWNER_ROLE, "postgres_owner") or "")
    finally:
        stop([server.child], Sleeping())
    (place / "complete").touch()


def _started(data: DataFolder) -> postgres.EmbeddedPostgres:
    programs = binaries.postgres()
    assert programs is not None
    data.prepare()
    server = postgres.EmbeddedPostgres(
        data, programs, wakeups=Sleeping(), say=_silent, options=FAST
    )
    server.start()
    server.wait()
    return server


def _silent(msgid: str, /, **facts: Any) -> None:
    pass
