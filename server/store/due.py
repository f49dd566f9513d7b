"""What is due by the clock: timers and inbox rows of all tenants, claimed under a lease.

Claims run as the relay, across tenants; everything after a claim happens in the tenant's own
transaction. `now` is the product's clock, which the sandbox may move; leases and back-off use
`real`, the machine's own (DECISIONS.md 20). Whoever dies in the middle loses its lease, and
somebody else goes on. Effects are claimed alike: `outgoing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


class Claimed(NamedTuple):
    """A due row: its id, whose it is, and whether somebody waits for it at this minute."""

    id: UUID
    tenant_id: UUID
    soon: bool = False


_TIMERS = text(
    "SELECT id, tenant_id FROM timer WHERE fires_at <= :now"
    " AND (not_before IS NULL OR not_before <= :real)"
    " ORDER BY fires_at, id LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_LEASE_TIMERS = text("UPDATE timer SET not_before = :until WHERE id = ANY(:ids)")
_INBOX = text(
    "SELECT id, tenant_id FROM inbox WHERE at <= :now AND NOT (id = ANY(:but))"
    " ORDER BY id LIMIT :limit"
)
_ANY_LEFT = text(
    "SELECT EXISTS (SELECT 1 FROM timer WHERE fires_at <= :now AND failure IS NULL)"
    " OR EXISTS (SELECT 1 FROM inbox WHERE at <= :now AND NOT (id = ANY(:but)))"
)


def claim_timers(
    session: Session, *, now: datetime, real: datetime, until: datetime, limit: int
) -> list[Claimed]:
    """Lease due timers until a moment, in the order in which they were to fire."""
    found = session.execute(_TIMERS, {"now": now, "real": real, "limit": limit})
    claimed = [Claimed(*row) for row in found]
    if claimed:
        session.execute(_LEASE_TIMERS, {"until": until, "ids": [row.id for row in claimed]})
    return claimed


def inbox(
    session: Session, *, now: datetime, but: Sequence[UUID] = (), limit: int
) -> list[Claimed]:
    """Moves that cases ask of each other, oldest first; not leased: applying one deletes it."""
    found = session.execute(_INBOX, {"now": now, "but": list(but), "limit": limit})
    return [Claimed(*row) for row in found]


def is_any_left(session: Session, *, now: datetime, but: Sequence[UUID] = ()) -> bool:
    """Whether a timer or a move is due that has not failed yet."""
    return bool(session.execute(_ANY_LEFT, {"now": now, "but": list(but)}).scalar_one())


def attempts_of_timer(session: Session, timer_id: UUID) -> int | None:
    """How often a timer failed; None when it is gone."""
    return session.execute(
        text("SELECT attempts FROM timer WHERE id = :id FOR UPDATE"), {"id": timer_id}
    ).scalar_one_or_none()


def put_off_timer(session: Session, timer_id: UUID, *, failure: str, until: datetime) -> None:
    """The timer failed and fires again at a moment."""
    session.execute(
        text(
            "UPDATE timer SET attempts = attempts + 1, failure = :failure, not_before = :until"
            " WHERE id = :id"
        ),
        {"id": timer_id, "failure": failure, "until": until},
    )


def may_sweep(session: Session, what: str) -> bool:
    """Whether nobody else sweeps this now; the lock ends with the transaction."""
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:what, 0))")
    return bool(session.execute(query, {"what": f"sweep {what}"}).scalar_one())


def next_moment(session: Session, *, after: datetime) -> datetime | None:
    """When the next timer that has not failed fires, after a moment; None when none does."""
    query = text("SELECT min(fires_at) FROM timer WHERE fires_at > :after AND failure IS NULL")
    found: datetime | None = session.execute(query, {"after": after}).scalar_one()
    return found


def newest_moment(session: Session) -> datetime | None:
    """When the last thing happened in this tenant; None when nothing ever did."""
    found: datetime | None = session.execute(
        text(
            "SELECT greatest((SELECT max(at) FROM event), (SELECT max(at) FROM evidence),"
            " (SELECT max(at) FROM answer))"
        )
    ).scalar_one()
    return found
