"""Timers and inbox rows: what must happen in a case by itself, each in a transaction of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from server.access.actors import SYSTEM
from server.jobs.ground import BATCH, UNDER_WAY, Runtime, wait_after
from server.kernel.logs import facts_of, log
from server.services.cases import unattended
from server.services.unit_of_work import UnitOfWork
from server.store import due
from server.store.due import Claimed


def fire_due(runtime: Runtime) -> int:
    """Fire the timers that are due, a batch at most; how many that were.

    One that fails is put off and shown; the others do not wait for it.
    """
    real = datetime.now(UTC)
    with runtime.tools.database.begin(None) as transaction:
        transaction.as_relay()
        claimed = due.claim_timers(
            transaction.session,
            now=runtime.tools.clock.now(),
            real=real,
            until=real + UNDER_WAY,
            limit=BATCH,
        )
    for one in claimed:
        error = _attempt(runtime, one, unattended.fire_timer)
        if error is not None:
            log.error("timer_failed", job=str(one.id), tenant=str(one.tenant_id), **facts_of(error))
            _put_off(runtime, one, type(error).__name__)
    return len(claimed)


class Inboxes:
    """Applies what cases ask of each other; remembers which rows failed, to let them rest."""

    def __init__(self) -> None:
        self._failed: dict[UUID, tuple[int, datetime]] = {}

    def apply_due(self, runtime: Runtime) -> int:
        """Apply a batch at most; how many rows that were."""
        resting = self.resting()
        with runtime.tools.database.begin(None) as transaction:
            transaction.as_relay()
            waiting = due.inbox(
                transaction.session, now=runtime.tools.clock.now(), but=resting, limit=BATCH
            )
        for one in waiting:
            error = _attempt(runtime, one, unattended.apply_inbox)
            if error is None:
                self._failed.pop(one.id, None)
            else:
                log.error("inbox_failed", job=str(one.id), **facts_of(error))
                self._let_rest(one.id)
        return len(waiting)

    def resting(self) -> list[UUID]:
        """The rows that failed and are not tried again yet."""
        real = datetime.now(UTC)
        return [row for row, (_, until) in self._failed.items() if until > real]

    def _let_rest(self, row: UUID) -> None:
        failures = self._failed.get(row, (0, datetime.now(UTC)))[0] + 1
        self._failed[row] = (failures, datetime.now(UTC) + wait_after(failures, _drawn()))


def _attempt(
    runtime: Runtime, one: Claimed, deed: Callable[[UnitOfWork, UUID], bool]
) -> Exception | None:
    """Do it in the tenant's own transaction; the error, if there was one."""
    try:
        with runtime.tools.begin(SYSTEM, one.tenant_id) as work:
            deed(work, one.id)
    except Exception as error:
        return error
    return None


def _put_off(runtime: Runtime, one: Claimed, failure: str) -> None:
    with runtime.tools.begin(SYSTEM, one.tenant_id) as work:
        attempts = due.attempts_of_timer(work.session, one.id)
        if attempts is not None:
            until = datetime.now(UTC) + wait_after(attempts + 1, _drawn())
            due.put_off_timer(work.session, one.id, failure=failure, until=until)


def _drawn() -> float:
    return random.random()  # noqa: S311 - spreads load, guards nothing
