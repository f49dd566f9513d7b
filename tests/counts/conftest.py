"""What is sent to PostgreSQL, noted statement by statement: gates that no busy machine can move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from server.access.actors import Actor
from server.runtime import Runtime
from server.store.database import RoundTrips
from tests.factories import School


@dataclass
class Sent:
    """What went out in a stretch of a test."""

    trips: int = 0
    statements: list[tuple[Any, Any]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [str(query) for query, _ in self.statements]


class Wire:
    """Listens on every connection of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._counter: RoundTrips = runtime.tools.database.round_trips
        self._noted: list[tuple[Any, Any]] = []
        noted = self._noted

        class Noting(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
                noted.append((query, params))
                return super().execute(query, params, **more)

        runtime.tools.database.close()

        @event.listens_for(runtime.tools.database.engine, "connect")
        def listen(connection: psycopg.Connection[Any], _record: object) -> None:
            connection.cursor_factory = Noting

    @contextmanager
    def listening(self) -> Iterator[Sent]:
        """Everything sent inside the block."""
        sent = Sent()
        self._noted.clear()
        before = self._counter.trips
        yield sent
        sent.trips = self._counter.trips - before
        sent.statements = list(self._noted)


@pytest.fixture
def wire(runtime: Runtime) -> Wire:
    return Wire(runtime)


def buffers_of(school: School, actor: Actor, sent: Sent) -> int:
    """The pages of 8 kB that the reading statements touch, all together, by EXPLAIN."""
    reads = [(query, params) for query, params in sent.statements if _only_reads(str(query))]
    total = 0
    with school.tools.begin(actor, school.tenant_id) as work:
        for query, params in reads:
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}"
            found = work.transaction.read((explained, params))[0][0][0]
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            total += int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    return total


def _only_reads(query: str) -> bool:
    return query.startswith("SELECT") and "set_config" not in query
