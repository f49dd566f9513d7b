"""A way out that is left alone for a while after nobody answered there.

Each process finds out by itself: what must not be forgotten stands in PostgreSQL, and one letter
tried in vain by each process tells it the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from server.gateways.message import Message, SetAside, Unreachable

FIRST_REST = timedelta(seconds=5)
# Not longer: when the server is there again, nobody should wait a minute more for a code.
LONGEST_REST = timedelta(minutes=1)


def _real() -> datetime:
    return datetime.now(UTC)


class Breaker:
    """Hands letters to a way until it does not answer; then none for 5, 10, 20 seconds and so on.

    After the rest the next letter is the trial: it opens the way again or lengthens the rest.
    """

    def __init__(
        self, send: Callable[[Message], None], *, now: Callable[[], datetime] = _real
    ) -> None:
        self._send = send
        self._now = now
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until: datetime | None = None
        self._reason = ""

    def send(self, message: Message) -> None:
        """Hand a letter over, unless the way rests.

        :raises SetAside: the way rests; the letter was not tried.
        :raises NotSent: it was tried and not taken.
        """
        self._refuse_while_resting()
        try:
            self._send(message)
        except Unreachable as error:
            self._rest(error.reason)
            raise
        except Exception:
            # Refused is answered: the server is there, whatever it thinks of this letter.
            self._wake()
            raise
        self._wake()

    def _refuse_while_resting(self) -> None:
        with self._lock:
            until = self._rests_until
            if until is not None and self._now() < until:
                raise SetAside(self._reason, until=until)

    def _rest(self, reason: str) -> None:
        with self._lock:
            doubled: int = 2 ** min(self._failures, 10)
            self._failures += 1
            self._reason = reason
            self._rests_until = self._now() + min(LONGEST_REST, FIRST_REST * doubled)

    def _wake(self) -> None:
        with self._lock:
            self._failures, self._rests_until = 0, None
