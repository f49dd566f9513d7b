"""Effects on the world, written with the state and carried out after the commit.

The unit of work alone writes one (contract 7); `outgoing.py` is where they are carried on from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.store.base import Base, TenantRow
from server.store.database import Transaction


class Outbox(TenantRow, Base):
    """One effect: a topic and ids. Its id is the job's id and the receiver's key for repeats."""

    __tablename__ = "outbox"
    topic: Mapped[str]  # letter | receipt
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]
    not_before: Mapped[datetime | None]  # lease, or back-off; real time
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    __table_args__ = (
        Index("ix_outbox_due", "run_at", postgresql_where=text("done_at IS NULL")),
        {"postgresql_with": {"fillfactor": "85"}},
    )


def add(
    transaction: Transaction,
    tenant_id: UUID,
    *,
    effect_id: UUID,
    topic: str,
    payload: Mapping[str, Any],
    at: datetime,
    run_at: datetime,
) -> None:
    """Write an effect down; it goes out together with the commit."""
    transaction.queue(
        "INSERT INTO outbox (id, tenant_id, topic, payload, created_at, run_at, attempts)"
        " VALUES (%s, %s, %s, %s::jsonb, %s, %s, 0)",
        (effect_id, tenant_id, topic, json.dumps(dict(payload)), at, run_at),
    )
