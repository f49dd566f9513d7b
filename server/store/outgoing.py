"""Effects on their way out: claimed under a lease, begun, and done, put off or given up.

For the carriers alone (contract 7): what writes an effect is `outbox.py`. Claims run as the relay,
across tenants; everything after a claim happens in the tenant's own transaction, under the rules
of `due.py` for the two clocks and for leases.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.store.due import Claimed


class Effect(NamedTuple):
    """An effect somebody has begun to carry out."""

    id: UUID
    topic: str
    payload: dict[str, Any]
    attempts: int


# One of each lane comes into question before anything is cut off: a hundred and fifty letters to
# one coordinator must not hold up a parent's code. Codes go first, since they soon run out. Then
# tenants take turns: twenty thousand letters of one must not hold up those of another. All of it
# reads what is not done (`ix_outbox_due`), however much was done before.
_EFFECTS = text(
    # Only what is on its way keeps its lane: a letter that failed must not hold up the next code.
    "WITH taken AS MATERIALIZED (SELECT tenant_id, payload->>'lane' AS lane FROM outbox"
    " WHERE done_at IS NULL AND not_before > :real AND failure IS NULL AND payload ? 'lane'),"
    " heads AS (SELECT DISTINCT ON (o.tenant_id, coalesce(o.payload->>'lane', o.id::text))"
    " o.id, o.tenant_id, o.run_at, o.payload ? 'soon' AS soon"
    " FROM outbox o WHERE o.done_at IS NULL AND o.run_at <= :now"
    " AND (o.not_before IS NULL OR o.not_before <= :real)"
    " AND NOT EXISTS (SELECT FROM taken"
    " WHERE taken.tenant_id = o.tenant_id AND taken.lane = o.payload->>'lane')"
    " ORDER BY o.tenant_id, coalesce(o.payload->>'lane', o.id::text),"
    " o.payload ? 'soon' DESC, o.run_at, o.id),"
    " fair AS (SELECT id, tenant_id, soon, row_number()"
    " OVER (PARTITION BY tenant_id ORDER BY soon DESC, run_at, id) AS turn"
    " FROM heads ORDER BY soon DESC, turn, run_at, id LIMIT :limit)"
    " SELECT o.id, o.tenant_id, fair.soon FROM outbox o JOIN fair USING (id, tenant_id)"
    # Asked again under the lock: somebody else may have leased the row in between.
    " WHERE o.done_at IS NULL AND (o.not_before IS NULL OR o.not_before <= :real)"
    " ORDER BY fair.soon DESC, fair.turn, o.run_at, o.id FOR UPDATE OF o SKIP LOCKED"
)
_LEASE_EFFECTS = text("UPDATE outbox SET not_before = :until WHERE id = ANY(:ids)")
_RELEASE_EFFECTS = text(
    "UPDATE outbox SET not_before = NULL WHERE id = ANY(:ids) AND done_at IS NULL"
)


def claim_effects(
    session: Session, *, now: datetime, real: datetime, until: datetime, limit: int
) -> list[Claimed]:
    """Lease due effects until a moment, one of a lane at a time: codes, then the oldest."""
    found = session.execute(_EFFECTS, {"now": now, "real": real, "limit": limit})
    claimed = [Claimed(*row) for row in found]
    if claimed:
        session.execute(_LEASE_EFFECTS, {"until": until, "ids": [row.id for row in claimed]})
    return claimed


def release_effects(session: Session, effect_ids: Sequence[UUID]) -> None:
    """Give leased effects back untouched: whoever comes next may take them at once."""
    session.execute(_RELEASE_EFFECTS, {"ids": list(effect_ids)})


def waiting(session: Session, topic: str, *, now: datetime) -> list[Effect]:
    """The effects of a topic that are due in this tenant and not done, oldest first."""
    query = text(
        "SELECT id, topic, payload, attempts FROM outbox WHERE done_at IS NULL AND run_at <= :now"
        " AND topic = :topic ORDER BY run_at, id"
    )
    return [Effect(*row) for row in session.execute(query, {"now": now, "topic": topic})]


def begin_effect(session: Session, effect_id: UUID, *, until: datetime) -> Effect | None:
    """Take an effect for oneself until a moment; None when it is done already."""
    row = session.execute(
        text(
            "UPDATE outbox SET not_before = :until WHERE id = :id AND done_at IS NULL"
            " RETURNING id, topic, payload, attempts"
        ),
        {"id": effect_id, "until": until},
    ).one_or_none()
    return Effect(*row) if row else None


def finish_effect(session: Session, effect_id: UUID, *, now: datetime) -> None:
    """The effect is done, in the same transaction as what came of it."""
    session.execute(
        text(
            "UPDATE outbox SET done_at = :now, failure = NULL, attempts = attempts + 1"
            " WHERE id = :id AND done_at IS NULL"
        ),
        {"id": effect_id, "now": now},
    )


def put_off_effect(session: Session, effect_id: UUID, *, failure: str, until: datetime) -> None:
    """The effect failed and is tried again at a moment."""
    session.execute(
        text(
            "UPDATE outbox SET attempts = attempts + 1, failure = :failure, not_before = :until"
            " WHERE id = :id AND done_at IS NULL"
        ),
        {"id": effect_id, "failure": failure, "until": until},
    )


def set_aside_effect(session: Session, effect_id: UUID, *, failure: str, until: datetime) -> None:
    """The effect was not tried, for what failed another one, and its turn comes at a moment."""
    session.execute(
        text(
            "UPDATE outbox SET failure = :failure, not_before = :until"
            " WHERE id = :id AND done_at IS NULL"
        ),
        {"id": effect_id, "failure": failure, "until": until},
    )


def give_up_effect(session: Session, effect_id: UUID, *, failure: str, now: datetime) -> None:
    """The effect is over and failed; the row stays for whoever looks (`done_at` with `failure`)."""
    session.execute(
        text(
            "UPDATE outbox SET attempts = attempts + 1, failure = :failure, done_at = :now"
            " WHERE id = :id AND done_at IS NULL"
        ),
        {"id": effect_id, "failure": failure, "now": now},
    )


def is_any_to_come(session: Session, topic: str, *, key: str, ids: Sequence[UUID]) -> bool:
    """Whether an effect of this topic that names one of these ids under `key` is not done yet."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE done_at IS NULL AND topic = :topic"
        " AND payload->>CAST(:key AS text) = ANY(:ids))"
    )
    found = session.execute(query, {"topic": topic, "key": key, "ids": [str(one) for one in ids]})
    return bool(found.scalar_one())


def is_any_left(session: Session, *, now: datetime) -> bool:
    """Whether a due effect waits, or is under way, that has not failed yet."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE done_at IS NULL AND run_at <= :now"
        " AND failure IS NULL)"
    )
    return bool(session.execute(query, {"now": now}).scalar_one())


def oldest_effect(session: Session, *, now: datetime) -> datetime | None:
    """Since when the oldest due effect of any tenant waits; None when none does."""
    query = text("SELECT min(run_at) FROM outbox WHERE done_at IS NULL AND run_at <= :now")
    found: datetime | None = session.execute(query, {"now": now}).scalar_one()
    return found


def forget_effects(session: Session, *, done_before: datetime, failed_before: datetime) -> None:
    """Delete effects that were done, and later those that failed."""
    session.execute(
        text("DELETE FROM outbox WHERE done_at < :done AND (failure IS NULL OR done_at < :failed)"),
        {"done": done_before, "failed": failed_before},
    )


def next_moment(session: Session, *, after: datetime) -> datetime | None:
    """When the next effect that has not failed is due, after a moment; None when none is."""
    query = text(
        "SELECT min(run_at) FROM outbox WHERE run_at > :after AND done_at IS NULL"
        " AND failure IS NULL"
    )
    found: datetime | None = session.execute(query, {"after": after}).scalar_one()
    return found


def newest_moment(session: Session) -> datetime | None:
    """When the newest effect of this tenant was written; None when none is kept."""
    found: datetime | None = session.execute(
        text("SELECT max(created_at) FROM outbox")
    ).scalar_one()
    return found
