"""Many applications out of a few real ones: rows copied by SQL, each child under a key of its own.

The originals went the whole way through the product's services. A copy has a child, tasks,
consents, answers and letters of its own; its name opens, because the child is sealed anew. The
documents of consents alone are left empty: nothing measured here reads them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle
from uuid import UUID

import psycopg

from server.kernel.ids import new_id
from server.kernel.sealing import MasterKeys, Sealer, Wrapped, new_subject_key

_numbers = count(1_000_000)
Connection = psycopg.Connection[tuple[object, ...]]


# What a page of the worklist reads; and with what a step reads and writes besides.
LISTED = ("person", "subject_key", "case", "task", "consent", "answer", "delivery")
WHOLE = (*LISTED, "decision", "event", "timer")


@dataclass(frozen=True)
class Original:
    """A real application and its open task that copies are made for."""

    case_id: UUID
    task_id: UUID


@dataclass(frozen=True)
class Copied:
    """A copy that waits where its original waits."""

    case_id: UUID
    task_id: UUID


@dataclass(frozen=True)
class Place:
    """Where copies lie: a school, in all its municipalities alike."""

    school_id: UUID
    municipality_ids: Sequence[UUID]


def copies(
    connection: Connection,
    master: MasterKeys,
    original: Original,
    amount: int,
    *,
    at: Place,
    tables: Sequence[str] = WHOLE,
    spread: timedelta = timedelta(0),
) -> list[Copied]:
    """So many copies; their due times are spread evenly over a time after the original's."""
    child = _Child.of(connection, master, original.case_id)
    made = [Copied(new_id(), new_id()) for _ in range(amount)]
    with connection.transaction():
        # Rows of a consistent original stay consistent: no trigger need look at each.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute(_TABLE)
        _write(connection, _lines(made, child, at, spread))
        facts = {"case": original.case_id, "task": original.task_id, "child": child.id}
        for table in tables:
            connection.execute(_insert(connection, table), facts)
        connection.execute("DROP TABLE copied")
    return made


def settle(connection: Connection) -> None:
    """Bring statistics and visibility up to date, as autovacuum soon would."""
    for _ in range(40):
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(
            "SELECT bool_and(relallvisible >= relpages - 1) FROM pg_class"
            " WHERE relname IN ('person', 'case', 'task', 'consent')"
        ).fetchone()
        if row is not None and row[0]:
            break
        # The first pass may only learn what it may clear, the last page may stay in use; or
        # somebody's snapshot is older than the copies, then no page counts until it ends.
        time.sleep(0.05)
    connection.execute("CHECKPOINT")


@dataclass(frozen=True)
class _Child:
    id: UUID
    content: bytes
    master: MasterKeys

    @classmethod
    def of(cls, connection: Connection, master: MasterKeys, case_id: UUID) -> _Child:
        row = connection.execute(
            'SELECT p.id, p.sealed, k.epoch, k.wrapped FROM "case" c JOIN person p'
            " ON p.id = c.subject_id JOIN subject_key k ON k.subject_id = p.id WHERE c.id = %s",
            [case_id],
        ).fetchone()
        assert row is not None
        child, sealed, epoch, wrapped = row
        assert isinstance(child, UUID)
        assert isinstance(sealed, bytes)
        assert isinstance(epoch, int)
        assert isinstance(wrapped, bytes)
        key = master.unwrap(Wrapped(epoch, wrapped), subject=child)
        content = Sealer(key).open(
            sealed, table="person", column="sealed", row=child, subject=child
        )
        return cls(child, content, master)

    def again(self) -> tuple[UUID, bytes, int, bytes]:
        """The same child once more: another person, under another key."""
        fresh, key = new_id(), new_subject_key()
        sealed = Sealer(key).seal(
            self.content, table="person", column="sealed", row=fresh, subject=fresh
        )
        wrapped = self.master.wrap(key, subject=fresh)
        return fresh, sealed, wrapped.epoch, wrapped.blob


Line = tuple[UUID, UUID, UUID, UUID, UUID, int, timedelta, bytes, int, bytes]


def _lines(made: list[Copied], child: _Child, at: Place, spread: timedelta) -> Iterator[Line]:
    late = [spread * one / max(len(made), 1) for one in range(len(made))]
    random.Random(2026).shuffle(late)
    everywhere = cycle(at.municipality_ids)
    for copied, later, municipality in zip(made, late, everywhere, strict=False):
        fresh, sealed, epoch, wrapped = child.again()
        ids = copied.case_id, copied.task_id, fresh, at.school_id, municipality
        yield *ids, next(_numbers), later, sealed, epoch, wrapped


def _write(connection: Connection, lines: Iterable[Line]) -> None:
    with connection.cursor().copy("COPY copied FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([*["uuid"] * 5, "int4", "interval", "bytea", "int4", "bytea"])
        for line in lines:
            copy.write_row(line)


def _insert(connection: Connection, table: str) -> bytes:
    source, replaced = _TABLES[table]
    columns = [
        str(row[0])
        for row in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            [f'"{table}"'],
        )
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(replaced.get(name, f'o."{name}"') for name in columns)
    sql = f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" o, copied n'
    return f"{sql} WHERE {source}".encode()


_TABLE = (
    "CREATE TEMPORARY TABLE copied (case_id uuid, task_id uuid, child_id uuid, school_id uuid,"
    " municipality_id uuid, number int, later interval, sealed bytea, epoch int, wrapped bytea)"
)
_OF_CASE = "o.case_id = %(case)s"
_NEW = {"id": "uuidv7()", "case_id": "n.case_id", "subject_id": "n.child_id"}
_HERE = {"school_id": "n.school_id", "municipality_id": "n.municipality_id"}
_SAME_TASK = "CASE WHEN o.{0} = %(task)s THEN n.task_id ELSE {1} END"
_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "person": ("o.id = %(child)s", {"id": "n.child_id", "sealed": "n.sealed"}),
    "subject_key": (
        "o.subject_id = %(child)s",
        {"subject_id": "n.child_id", "epoch": "n.epoch", "wrapped": "n.wrapped"},
    ),
    "case": (
        "o.id = %(case)s",
        {"id": "n.case_id", "subject_id": "n.child_id", "number": "n.number", **_HERE},
    ),
    "task": (
        _OF_CASE,
        {
            **_NEW,
            **_HERE,
            "id": _SAME_TASK.format("id", "uuidv7()"),
            "due_at": "o.due_at + n.later",
            "opened_at": "o.opened_at + n.later",
        },
    ),
    "consent": (_OF_CASE, {**_NEW, "document": "''"}),
    "answer": (_OF_CASE, _NEW),
    "decision": (_OF_CASE, _NEW),
    "event": (_OF_CASE, _NEW),
    "timer": (_OF_CASE, {**_NEW, "task_id": _SAME_TASK.format("task_id", "o.task_id")}),
    "delivery": (f"{_OF_CASE} AND o.code_id IS NULL", _NEW),
}
