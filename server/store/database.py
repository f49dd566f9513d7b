"""The door to PostgreSQL: one place begins, one place commits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from server.kernel.errors import Broken, MentorSchoolError

# Only settings of the transaction: they hold behind a pooler too, and nothing leaks to the next.
OPENING = (
    "SELECT set_config('app.tenant', %s, true), set_config('lock_timeout', '5s', true),"
    " set_config('idle_in_transaction_session_timeout', '30s', true)"
)
Rows = list[tuple[Any, ...]]
Params = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Params]
Write = tuple[str, Sequence[Any]]


class Transaction:
    """One transaction of one tenant (or of none, for what lies outside row-level security).

    Most services use `session`. The engine's step uses `read` and `queue`, which talk to the
    driver on the same connection and send many statements in one round trip.
    """

    def __init__(self, connection: Connection, tenant_id: UUID | None, counter: RoundTrips) -> None:
        self._connection = connection
        self._opening: Statement | None = (OPENING, [str(tenant_id) if tenant_id else ""])
        self._session: Session | None = None
        self._queued: list[Write] = []
        self._counter = counter

    @property
    def session(self) -> Session:
        """SQLAlchemy's session on this connection; the tenant is set before its first statement."""
        if self._session is None:
            self._open()
            self._session = Session(bind=self._connection, expire_on_commit=False)
        return self._session

    def read(self, *statements: Statement) -> list[Rows]:
        """Run statements in one round trip and give the rows of each."""
        opening, self._opening = self._opening, None
        driver = self._driver
        with driver.pipeline():
            if opening:
                driver.execute(*opening)
            cursors = [driver.execute(sql, params) for sql, params in statements]
        self._counter.add(len(statements) + bool(opening))
        return [_rows(cursor) for cursor in cursors]

    def queue(self, sql: str, params: Sequence[Any]) -> None:
        """Keep a statement whose result nobody needs: it goes out together with the commit."""
        self._queued.append((sql, params))

    @property
    def queued(self) -> tuple[Write, ...]:
        """What waits to go out, in its order."""
        return tuple(self._queued)

    def run_queued(self) -> None:
        """Send what is queued now, for a service that reads its own writes."""
        if self._queued:
            queued, self._queued = self._queued, []
            self.read(*_joined(queued))

    def hold(self, what: str) -> None:
        """Wait until nobody else holds this, and hold it until the transaction ends."""
        held = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
        self.session.execute(held, {"what": what})

    def as_relay(self) -> None:
        """Act as the relay: due timers and outbox rows of all tenants, nothing else."""
        self.session.execute(text("SET LOCAL ROLE school_relay"))

    def finish(self) -> None:
        """Write everything and commit, in one round trip where the session was not used."""
        if self._session is not None:
            self._session.flush()
        if self._queued:
            queued, self._queued = self._queued, []
            self.read(*_joined(queued), ("COMMIT", ()))
        self._connection.commit()
        # SQLAlchemy knows nothing of what `read` alone wrote and would roll it back.
        self._driver.commit()

    def close(self) -> None:
        """Let go of the session; what was not committed is rolled back with the connection."""
        if self._session is not None:
            self._session.close()

    @property
    def _driver(self) -> psycopg.Connection[Any]:
        return _driver_of(self._connection)

    def _open(self) -> None:
        if self._opening:
            self._connection.exec_driver_sql(self._opening[0], tuple(self._opening[1]))
            self._opening = None


class RoundTrips:
    """Counts what is sent: the tests gate on it instead of on time."""

    def __init__(self) -> None:
        self.trips = 0
        self.statements = 0

    def add(self, statements: int) -> None:
        """One round trip with so many statements."""
        self.trips += 1
        self.statements += statements


class Database:
    """The bound role's way in. The pool opens with the first use, so it survives a fork."""

    def __init__(self, url: str, *, pool_size: int = 5, prepare_threshold: int | None = 5) -> None:
        self.url = url
        self.round_trips = RoundTrips()
        self.engine: Engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            connect_args={"prepare_threshold": prepare_threshold},
        )
        event.listen(self.engine, "after_cursor_execute", self._count)

    @contextmanager
    def begin(self, tenant_id: UUID | None) -> Iterator[Transaction]:
        """A transaction of one tenant. The only commit in the house is here."""
        with self.engine.connect() as connection:
            transaction = Transaction(connection, tenant_id, self.round_trips)
            try:
                yield transaction
                transaction.finish()
            except MentorSchoolError as refusal:
                if refusal.keeps_writes:
                    transaction.finish()
                raise
            finally:
                transaction.close()

    @contextmanager
    def in_one(self) -> Iterator[Database]:
        """The same database, where all that is begun is one transaction: everything or nothing.

        For what is worth nothing by half. Nobody else sees any of it before the end, and one part
        that fails takes all the others with it.
        """
        with self.engine.connect() as connection, connection.begin() as whole:
            yield _InOne(self, connection)
            whole.commit()
            # As in `Transaction.finish`: SQLAlchemy knows nothing of what `read` alone wrote.
            _driver_of(connection).commit()

    def refuse_powerful_role(self) -> None:
        """Refuse to work as a role that row-level security does not bind (SECURITY.md A11).

        :raises Broken: for a superuser, an owner of a table, or a role with BYPASSRLS.
        """
        with self.engine.connect() as connection:
            role = connection.exec_driver_sql(
                "SELECT rolsuper, rolbypassrls, EXISTS (SELECT 1 FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
                " AND pg_has_role(c.relowner, 'MEMBER')), current_user"
                " FROM pg_roles WHERE rolname = current_user"
            ).one()
            bare = connection.exec_driver_sql(
                "SELECT array_agg(c.relname::text) FROM pg_class c JOIN pg_namespace n"
                " ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
                " WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attname = 'tenant_id'"
                " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
                " AND c.relname NOT IN ('door', 'membership')"
            ).scalar()
        for held, what in zip(role[:3], ("superuser", "bypassrls", "owner"), strict=True):
            if held:
                raise Broken(what="database role", role=role[3], power=what)
        if bare:
            raise Broken(what="tables without row-level security", tables=bare)

    def forget_connections(self) -> None:
        """After a fork: the parent's sockets are not ours."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def _count(self, *_: Any) -> None:
        self.round_trips.add(1)


class _InOne(Database):
    """A database whose transactions are parts of one that somebody else commits."""

    def __init__(self, outer: Database, connection: Connection) -> None:
        self.url = outer.url
        self.engine = outer.engine
        self.round_trips = outer.round_trips
        self._connection = connection

    @contextmanager
    def begin(self, tenant_id: UUID | None) -> Iterator[Transaction]:
        """A part, in its own tenant; what it wrote the next part reads."""
        part = _Part(self._connection, tenant_id, self.round_trips)
        try:
            yield part
            part.finish()
        finally:
            part.close()


class _Part(Transaction):
    """A transaction that ends without a commit."""

    def as_relay(self) -> None:
        # The role would stay with the parts that follow.
        raise Broken(what="transaction", state="part_of_one")

    def finish(self) -> None:
        if self._session is not None:
            self._session.flush()
        self.run_queued()


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _rows(cursor: psycopg.Cursor[Any]) -> Rows:
    # Not by `description`: that names and types every column first.
    return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []


def _joined(queued: Sequence[Write]) -> list[Statement]:
    """The same writes in fewer statements: to send one costs the client more than to run it."""
    left = iter(queued)
    return [
        (sql, [param for _, params in islice(left, amount) for param in params])
        for amount, sql in _join(tuple(sql for sql, _ in queued))
    ]


@lru_cache(maxsize=512)
def _join(statements: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """How many statements each joined one holds, and its text."""
    groups: list[_Group] = []
    for sql in statements:
        if not groups or not groups[-1].take(sql):
            groups.append(_Group(sql))
    return tuple((len(group.statements), group.text) for group in groups)


class _Group:
    """Statements that say the same when joined by WITH.

    Joined, they see the tables as they were before all of them. So whatever looks at rows of a
    table (an update, a delete, an upsert) has that table to itself, and whatever reads goes alone.
    """

    def __init__(self, first: str) -> None:
        self.statements = [first]
        table, looks = _change(first)
        self._tables = {table}
        self._looked_at = {table} if looks else set()

    def take(self, sql: str) -> bool:
        """Whether the statement joins the others."""
        table, looks = _change(sql)
        apart = self._tables if looks else self._looked_at
        if table is None or None in self._tables or table in apart or not self._fits(sql):
            return False
        self.statements.append(sql)
        self._tables.add(table)
        if looks:
            self._looked_at.add(table)
        return True

    @property
    def text(self) -> str:
        *others, last = self.statements
        named = [f"w{at} AS ({sql})" for at, sql in enumerate(others)]
        return f"WITH {', '.join(named)} {last}" if named else last

    def _fits(self, sql: str) -> bool:
        # The driver parses longer statements, and those with more parameters, anew each time.
        whole = [*self.statements, sql]
        return sum(len(one) + 10 for one in whole) < 4096 and sum(map(_holes, whole)) <= 50


_CHANGE = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "?(\w+)')
_READS = re.compile(r" (SELECT|FROM|USING) ")


def _change(sql: str) -> tuple[str | None, bool]:
    """The table a plain write changes, None for any other statement; whether it looks at rows."""
    found = _CHANGE.match(sql)
    if found is None or _READS.search(sql, found.end()):
        return None, True
    return found[2], found[1] != "INSERT INTO" or "ON CONFLICT" in sql


def _holes(sql: str) -> int:
    return sql.count("%s")
