"""One step of a case through the service layer, against what it sends, sent by hand.

A coordinator decides on an application: accept (the case ends, a letter goes out) or return (the
questionnaire is open again, with its reminders and a letter). Before each run the service is
carried out once and taken back, which tells the statements and their parameters; then either the
service does it for good, or a bare psycopg connection sends statements of it one by one, prepared,
in one transaction: all of them; locks and writes only; writes only; or four, as the smallest
durable step has them (lock, event, state, letter). Every run has an application of its own, and
every commit waits for the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import event

from bench.copies import Copied, copies, settle
from bench.families import Families, families
from bench.ground import Ground
from bench.results import Result
from bench.rounds import Rounds, Timed, interleaved
from server.services.cases import decisions
from server.services.unit_of_work import UnitOfWork
from server.store.database import Database, Statement

EACH = 10
HISTORY = 2000
OUTCOMES = ("accept", "return")
ALL = "the same one by one"
LOCKS = "locks and writes one by one"
WRITES = "writes alone one by one"
FOUR = "four statements"
# The strictest reading of the goal carries it too: a transaction of nothing but the writes.
GOALS = {ALL: 1.0, LOCKS: None, WRITES: 1.0, FOUR: None}


def measure(ground: Ground, *, rounds: int) -> list[Result]:
    """Both outcomes, each with its variants in turns."""
    name = ground.database("step")
    results: list[Result] = []
    with ground.runtime(name) as runtime, ExitStack() as stack:
        known = families(runtime)
        amount = len(OUTCOMES) * (1 + len(GOALS)) * EACH * (rounds + 1) + 2
        waiting = iter(_filled(ground, name, known, amount))
        steps = _Steps(known, waiting, _recording(ground.app_url(name), stack))
        for outcome in OUTCOMES:
            results += _results(steps, outcome, _run(ground, name, steps, outcome, rounds))
    return results


@dataclass(frozen=True)
class Sent:
    """What one step sends: what opens and locks, what only reads, what writes."""

    opening: Sequence[Statement]
    reading: Sequence[Statement]
    writing: Sequence[Statement]

    @property
    def all(self) -> list[Statement]:
        """The whole step: what it locks, looks at and writes."""
        return [*self.opening, *self.reading, *self.writing]

    @property
    def locks_and_writes(self) -> list[Statement]:
        """The same for somebody who knows beforehand how the decision comes out."""
        locking = [one for one in self.reading if " FOR " in one[0]]
        return [*self.opening, *locking, *self.writing]

    @property
    def writes(self) -> list[Statement]:
        """The same for somebody who is alone in the database, too."""
        return [*self.opening, *self.writing]

    @property
    def four(self) -> list[Statement]:
        """Lock the case, write its event, write the case, put a letter into the outbox."""
        case = next(one for one in self.reading if " FOR UPDATE OF c" in one[0])
        wanted = ("INSERT INTO event", 'UPDATE "case"', "INSERT INTO outbox")
        tenant = self.opening[:1]
        return [*tenant, case, *(one for one in self.writing if one[0].startswith(wanted))]


class _RolledBack(Exception):
    """The end of a rehearsal."""


class _Recorder(psycopg.Cursor[Any]):
    """A cursor that notes what it sends."""

    sent: list[Statement] = []

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        self.sent.append((query, params))
        return super().execute(query, params, **more)


@dataclass(frozen=True)
class _Steps:
    known: Families
    waiting: Iterator[Copied]
    recording: Database

    def service(self, outcome: str) -> Timed:
        """The service, for good."""

        def run() -> float:
            copied = next(self.waiting)
            self.rehearsed(copied, outcome)
            begun = time.perf_counter()
            with self.known.tools.begin(self.known.coordinator, self.known.tenant_id) as work:
                self._decide(work, copied, outcome)
            return time.perf_counter() - begun

        return run

    def by_hand(
        self,
        outcome: str,
        connection: psycopg.Connection[Any],
        choose: Callable[[Sent], list[Statement]],
    ) -> Timed:
        """Some of what the service sends, each statement by itself."""

        def run() -> float:
            statements = choose(self.rehearsed(next(self.waiting), outcome))
            begun = time.perf_counter()
            for query, params in statements:
                cursor = connection.execute(query, params)
                if cursor.pgresult and cursor.pgresult.nfields:
                    cursor.fetchall()
            connection.commit()
            return time.perf_counter() - begun

        return run

    def rehearsed(self, copied: Copied, outcome: str) -> Sent:
        """What the step would send, after it was taken back."""
        reads: list[Statement] = []
        _Recorder.sent = reads
        tools = replace(self.known.tools, database=self.recording)
        writes: Sequence[Any] = ()
        try:
            with tools.begin(self.known.coordinator, self.known.tenant_id) as work:
                self._decide(work, copied, outcome)
                writes = work.transaction.queued
                raise _RolledBack
        except _RolledBack:
            return Sent(reads[:2], reads[2:], writes)

    def trips(self, outcome: str) -> tuple[int, int]:
        """Round trips and statements of the service."""
        counts = self.known.tools.database.round_trips
        before = counts.trips, counts.statements
        self.service(outcome)()
        return counts.trips - before[0], counts.statements - before[1]

    def _decide(self, work: UnitOfWork, copied: Copied, outcome: str) -> None:
        decisions.decide(
            work,
            case_id=copied.case_id,
            task_id=copied.task_id,
            outcome=outcome,
            comment="Расскажи подробнее о цели" if outcome != "accept" else "",
            key=str(uuid4()),
        )


def _filled(ground: Ground, name: str, known: Families, amount: int) -> list[Copied]:
    """Applications at review, beside a history of decided ones."""
    master, place = known.tools.master, known.places[0]
    with ground.superuser(name) as connection:
        copies(connection, master, known.enrolled, HISTORY, at=place)
        made = copies(connection, master, known.at_review, amount, at=place)
        connection.execute(
            "INSERT INTO command (key, tenant_id, at) SELECT md5(n::text), %s, now()"
            " FROM generate_series(1, %s) n",
            [known.tenant_id, HISTORY],
        )
        settle(connection)
    return made


def _recording(url: str, stack: ExitStack) -> Database:
    """A database whose connections note what they send."""
    database = Database(url, pool_size=1)
    stack.callback(database.close)

    @event.listens_for(database.engine, "connect")
    def record(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.cursor_factory = _Recorder

    return database


def _run(ground: Ground, name: str, steps: _Steps, outcome: str, rounds: int) -> Rounds:
    chosen: dict[str, Callable[[Sent], list[Statement]]] = {
        ALL: lambda sent: sent.all,
        LOCKS: lambda sent: sent.locks_and_writes,
        WRITES: lambda sent: sent.writes,
        FOUR: lambda sent: sent.four,
    }
    with ExitStack() as stack:
        variants = {"service": steps.service(outcome)}
        for variant, choose in chosen.items():
            connection = stack.enter_context(closing(psycopg.connect(ground.app_url(name))))
            variants[variant] = steps.by_hand(outcome, connection, choose)
        return interleaved(variants, rounds=rounds, each=EACH)


def _results(steps: _Steps, outcome: str, found: Rounds) -> list[Result]:
    scenario = f"step: {outcome}"
    results = [
        Result(
            scenario, "service", found.value("service") * 1e3, "ms", found.count,
            baseline=baseline, ratio=found.ratio("service", baseline), goal=goal,
        )
        for baseline, goal in GOALS.items()
    ]  # fmt: skip
    trips, statements = steps.trips(outcome)
    return [
        *results,
        Result(scenario, "round trips", trips, "trips", 1, goal=4),
        Result(scenario, "statements sent", statements, "statements", 1),
    ]
