"""Sessions of browsers by the hash of their id, in one round trip each and outside tenants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.store.database import Transaction

READ = (
    "SELECT account_id, data, created_at, expires_at FROM session"
    " WHERE id_hash = %s AND expires_at > %s"
)
KEEP = (
    "INSERT INTO session (id_hash, account_id, data, created_at, expires_at)"
    " VALUES (%s, %s, %s::jsonb, %s, %s)"
)
# A session that was ended while its browser waited for an answer must not come back with it.
CHANGE = "UPDATE session SET account_id = %s, data = %s::jsonb, expires_at = %s WHERE id_hash = %s"
DROP = "DELETE FROM session WHERE id_hash = %s"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server knows of a browser: ids and dates, nothing else."""

    account_id: UUID | None
    data: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


def read(transaction: Transaction, id_hash: bytes, now: datetime) -> Stored | None:
    """The living session with this hash."""
    [rows] = transaction.read((READ, [id_hash, now]))
    return Stored(*rows[0]) if rows else None


def keep(transaction: Transaction, id_hash: bytes, stored: Stored) -> None:
    """Write a new session down; it goes out with the commit."""
    data = json.dumps(stored.data, ensure_ascii=False)
    transaction.queue(
        KEEP, [id_hash, stored.account_id, data, stored.created_at, stored.expires_at]
    )


def change(transaction: Transaction, id_hash: bytes, stored: Stored) -> None:
    """Write down what changed in a session, unless it was ended meanwhile."""
    data = json.dumps(stored.data, ensure_ascii=False)
    transaction.queue(CHANGE, [stored.account_id, data, stored.expires_at, id_hash])


def drop(transaction: Transaction, id_hash: bytes) -> None:
    """End a session: whoever still holds its id holds nothing."""
    transaction.queue(DROP, [id_hash])
