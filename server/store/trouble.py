"""What PostgreSQL's refusals mean to whoever asked: three words, and nothing for the rest."""

from __future__ import annotations

from typing import Literal

import psycopg
from sqlalchemy import exc

Trouble = Literal["collided", "busy", "away"]

_COLLIDED = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_BUSY = frozenset({"55P03", "57014"})  # lock timeout, statement timeout
_AWAY = ("08", "53", "57P", "58")  # connection lost, out of resources, shutting down, system error


def trouble(error: BaseException) -> Trouble | None:
    """Why the database did not do it: a collision that may be tried again at once, a lock that
    took too long, a database that is not there. None when the error says something else."""
    if isinstance(error, exc.TimeoutError):
        return "busy"
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, psycopg.Error):
        return None
    state = cause.sqlstate
    if state in _COLLIDED:
        return "collided"
    if state in _BUSY:
        return "busy"
    if state is None:
        return "away" if isinstance(cause, psycopg.OperationalError) else None
    return "away" if state.startswith(_AWAY) else None
