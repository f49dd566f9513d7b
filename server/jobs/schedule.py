"""The scheduler: one loop that watches the clock, for timers, the outbox and the hourly sweep.

Several may run at once: what one has leased the others leave alone. It gives a sign of life after
each part of a round.
"""

from __future__ import annotations

import signal
import threading
from datetime import datetime
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from server.jobs import housekeeping, queue
from server.jobs.ground import Runtime
from server.jobs.relay import relay
from server.jobs.timers import Inboxes, fire_due
from server.kernel import heartbeat
from server.kernel.logs import facts_of, log
from server.store import due, outgoing

PAUSE = 0.5  # seconds between two looks when nothing was due
AFTER_TROUBLE = 2.0


class Scheduler:
    """Does what is due, round by round. `waiting` is the workers' queue, None to do it here."""

    def __init__(self, runtime: Runtime, waiting: queue.Waiting | None) -> None:
        self._runtime = runtime
        self._waiting = waiting
        self._inboxes = Inboxes()
        self._swept: datetime | None = None

    def round(self) -> int:
        """One look at everything; how much was done. Sweeps when an hour of the clock went by."""
        done = 0
        for part in (self._sweep_when_due, self._relay, self._fire, self._apply):
            done += part()
            self._beat()
        return done

    def is_anything_left(self) -> bool:
        """Whether something due is still undone and has not failed."""
        with self._runtime.tools.database.begin(None) as transaction:
            transaction.as_relay()
            session, now = transaction.session, self._runtime.tools.clock.now()
            return outgoing.is_any_left(session, now=now) or due.is_any_left(
                session, now=now, but=self._inboxes.resting()
            )

    def _relay(self) -> int:
        return relay(self._runtime, self._waiting, beat=self._beat)

    def _beat(self) -> None:
        heartbeat.beat(self._runtime.settings.data.path)

    def _fire(self) -> int:
        return fire_due(self._runtime)

    def _apply(self) -> int:
        return self._inboxes.apply_due(self._runtime)

    def _sweep_when_due(self) -> int:
        now = self._runtime.tools.clock.now()
        if self._swept is None or now - self._swept >= housekeeping.EVERY:
            housekeeping.sweep(self._runtime)
            self._swept = now
        return 0  # a sweep is not counted: it is never what somebody waits for


def run(runtime: Runtime) -> None:
    """Look round after round until a signal asks for the end; what is at hand is finished."""
    url = runtime.redis_url
    scheduler = Scheduler(runtime, queue.connect(url) if url else None)
    stop = _stop_on_signals()
    log.info("scheduler_started", code="redis" if url else "no_redis")
    while not stop.is_set():
        heartbeat.beat(runtime.settings.data.path)
        try:
            pause = 0.0 if scheduler.round() else PAUSE
        except SQLAlchemyError as error:
            # The database may be starting again; the leases keep what was at hand.
            log.error("round_failed", **facts_of(error))
            pause = AFTER_TROUBLE
        stop.wait(pause)
    log.info("scheduler_stopped")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask_for_the_end(number: int, _: FrameType | None) -> None:
        # A second signal ends at once: the leases bring back what was at hand.
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_for_the_end)
    return stop
