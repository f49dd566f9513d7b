"""The ground of every service: session, actor, clock, keys, and effects to be carried out later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.access.actors import Actor
from server.kernel.clock import Clock
from server.kernel.ids import new_id
from server.kernel.sealing import MasterKeys, derive
from server.services.bundles import Bundles, Ready
from server.services.keyring import KeyRing
from server.store import outbox, outgoing
from server.store.database import Database, Transaction
from server.store.people import EvidenceKey


@dataclass(frozen=True)
class Tools:
    """What the composition root builds once for every kind of process."""

    database: Database
    clock: Clock
    master: MasterKeys
    pepper: bytes = field(repr=False)
    bundles: Bundles
    base_url: str
    channels: frozenset[str]  # of mail and phone, those a gateway exists for
    sandbox: bool = False

    @contextmanager
    def begin(self, actor: Actor, tenant_id: UUID | None = None) -> Iterator[UnitOfWork]:
        """One use case's transaction, in the actor's tenant unless another is named."""
        tenant = tenant_id or actor.tenant_id
        with self.database.begin(tenant) as transaction:
            yield UnitOfWork(self, transaction, actor, tenant, self.clock.now())


class UnitOfWork:
    """What a service is given: everything it may touch, and nothing else.

    `now` is read once. `tenant_id` is None only for what lies outside row-level security.
    """

    def __init__(
        self,
        tools: Tools,
        transaction: Transaction,
        actor: Actor,
        tenant_id: UUID | None,
        now: datetime,
    ) -> None:
        self.tools = tools
        self.transaction = transaction
        self.actor = actor
        self.now = now
        self._tenant_id = tenant_id
        self.keyring = KeyRing(tools.master, transaction, tenant_id)
        self.proofs = KeyRing(tools.master, transaction, tenant_id, kind=EvidenceKey)

    @property
    def session(self) -> Session:
        """SQLAlchemy's session of this transaction."""
        return self.transaction.session

    @property
    def tenant_id(self) -> UUID:
        """The tenant of this transaction."""
        assert self._tenant_id is not None, "this use case needs a tenant"
        return self._tenant_id

    def ready(self, hash_: str, variant: str) -> Ready:
        """The definitions with this hash, compiled; from memory it costs no query and no session.

        :raises Broken: when no such bundle is stored.
        """
        bundles = self.tools.bundles
        return bundles.peek(hash_, variant) or bundles.get(self.session, hash_, variant)

    def index_key(self, what: str) -> bytes:
        """The key of a blind index: one per tenant and kind, so that indexes never compare."""
        return derive(self.tools.pepper, f"blind index: {self.tenant_id} {what}")

    def emit(self, topic: str, payload: dict[str, Any], *, run_at: datetime | None = None) -> UUID:
        """Write an effect into the outbox, in this transaction; its id is the job's id."""
        effect = new_id()
        outbox.add(
            self.transaction,
            self.tenant_id,
            effect_id=effect,
            topic=topic,
            payload=payload,
            at=self.now,
            run_at=run_at or self.now,
        )
        return effect

    def awaits(self, topic: str, *, key: str, ids: Sequence[UUID]) -> bool:
        """Whether an effect of this topic that names one of these ids is still to come."""
        return outgoing.is_any_to_come(self.session, topic, key=key, ids=ids)
