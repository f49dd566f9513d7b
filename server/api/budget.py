"""How much one token may ask for in a minute: every change is counted, reads by the handful.

Both counts are kept in PostgreSQL, for all workers together. A write for every read would cost more
than most reads, so each worker remembers a handful (a twentieth of the limit) before it writes them
down: a token can read more than its limit by one handful for each worker, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from server.http.context import tools
from server.http.limits import allow
from server.kernel.errors import LimitReached
from server.services.limits import Limit, window_start

MINUTE = timedelta(minutes=1)
SHARE = 20


@dataclass(slots=True)
class _Minute:
    """What this worker knows of one token in one minute."""

    start: datetime
    unwritten: int = 0
    spent: bool = False


class Budget:
    """What each token may do in a minute, and what this worker has not written down yet."""

    def __init__(self, *, reads: int, changes: int) -> None:
        self._reads = Limit("api_reads", reads, MINUTE)
        self._changes = Limit("api_changes", changes, MINUTE)
        self._handful = max(1, reads // SHARE)
        self._minutes: dict[UUID, _Minute] = {}
        self._lock = Lock()

    def spend_change(self, token: UUID) -> None:
        """Count one change of a token.

        :raises LimitReached: when it made too many in this minute.
        """
        allow((self._changes, str(token)))

    def spend_read(self, token: UUID) -> None:
        """Count one read of a token.

        :raises LimitReached: when it made too many in this minute.
        """
        start = window_start(tools().clock.now(), MINUTE)
        with self._lock:
            minute = self._minute(token, start)
            minute.unwritten += 1
            handful = minute.unwritten if minute.unwritten >= self._handful else 0
            minute.unwritten -= handful
        if minute.spent:
            raise LimitReached(limit=self._reads.name, retry_at=start + MINUTE)
        if not handful:
            return
        try:
            allow((self._reads, str(token)), by=handful)
        except LimitReached:
            # Nothing more is asked of the database for it until the minute is over.
            minute.spent = True
            raise

    def _minute(self, token: UUID, start: datetime) -> _Minute:
        held = self._minutes.get(token)
        if held is None or held.start != start:
            if held is None:
                # Tokens that are quiet now are forgotten when a new one comes.
                self._minutes = {
                    each: minute for each, minute in self._minutes.items() if minute.start == start
                }
            held = self._minutes[token] = _Minute(start)
        return held
