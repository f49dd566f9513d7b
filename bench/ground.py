"""The ground of a run: a PostgreSQL of its own, fsync on, in a folder that is removed again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from server.data_folder import DataFolder
from server.runtime import Runtime, build
from server.settings import APP_ROLE, OWNER_ROLE, Settings, load_or_create
from server.store import migrations
from server.supervisor import binaries, postgres
from server.supervisor.processes import stop


class Patient:
    """Waits without watching for signals: Ctrl-C ends a run at once."""

    def pause(self, seconds: float) -> None:
        """Wait, but look again soon."""
        time.sleep(min(seconds, 0.02))

    rest = pause


@dataclass(frozen=True)
class Ground:
    """A running cluster that holds no data of the user's."""

    data: DataFolder
    server: postgres.EmbeddedPostgres

    def database(self, name: str, *, template: str = postgres.DATABASE) -> str:
        """Make a database of its own; its name."""
        with self.superuser("postgres") as connection:
            connection.execute(
                f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {OWNER_ROLE}'.encode()
            )
        return name

    def settings(self, database: str) -> Settings:
        """The settings of a process that works on a database of this cluster."""
        return load_or_create(
            {
                "DATABASE_URL": self.app_url(database),
                "DATABASE_OWNER_URL": self._url(OWNER_ROLE, "postgres_owner", database),
                "REDIS_URL": "none",
                "MENTOR_SCHOOL_DATA": str(self.data.path),
                "MENTOR_SCHOOL_SANDBOX": "yes",
            }
        )

    @contextmanager
    def runtime(self, database: str) -> Iterator[Runtime]:
        """Everything a process is built of, on a database of this cluster."""
        built = build(self.settings(database))
        try:
            yield built
        finally:
            built.close()

    @contextmanager
    def superuser(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection that no wall binds, for filling tables and looking at plans."""
        url = self.server.superuser_url(database)
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def app_url(self, database: str) -> str:
        """The database as the application's bound role sees it."""
        return self._url(APP_ROLE, "postgres_app", database)

    def _url(self, role: str, secret: str, database: str) -> str:
        return self.data.database_url(role, secret, database) or ""


@contextmanager
def ground() -> Iterator[Ground]:
    """A migrated cluster; nothing is left of it afterwards.

    :raises RuntimeError: there is no PostgreSQL for this machine.
    """
    programs = binaries.postgres()
    if programs is None:
        raise RuntimeError("there is no embedded PostgreSQL for this machine")
    with tempfile.TemporaryDirectory(prefix="mentor-school-bench-") as folder:
        data = DataFolder(Path(folder) / "data")
        data.prepare()
        data.make_keys()
        server = postgres.EmbeddedPostgres(data, programs, wakeups=Patient(), say=_silent)
        server.start()
        try:
            server.wait()
            server.prepare()
            migrations.upgrade(data.database_url(OWNER_ROLE, "postgres_owner") or "")
            yield Ground(data, server)
        finally:
            stop([server.child], Patient())


def _silent(msgid: str, /, **facts: Any) -> None:
    """The supervisor's words are for people who start the product."""
