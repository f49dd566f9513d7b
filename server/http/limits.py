"""Stop whoever tries too often: the count is committed before anything else is looked at."""

from __future__ import annotations

from flask import request

from server.http.context import perform_outside
from server.kernel.errors import LimitReached
from server.services import limits
from server.services.limits import Limit


def allow(*tries: tuple[Limit, str], by: int = 1) -> None:
    """Count one try against each limit and whom it is about, and go on if none is exceeded.

    `by` counts several at once.

    :raises LimitReached: `retry_at` says from when on it may be tried again.
    """
    exceeded = perform_outside(limits.count, tries=tries, by=by)
    if exceeded is not None:
        name, retry_at = exceeded
        raise LimitReached(limit=name, retry_at=retry_at)


def here() -> str:
    """The network this request comes from, as limits on addresses count it."""
    return limits.network(request.remote_addr or "")
