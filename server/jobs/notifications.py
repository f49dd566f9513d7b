"""Letters on their way out: written in one transaction, sent outside of any, noted in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from server.access.actors import SYSTEM
from server.gateways.message import Message
from server.jobs.ground import Runtime
from server.services.messages import letters
from server.services.unit_of_work import Tools, UnitOfWork
from server.store import outgoing


def send(
    runtime: Runtime,
    tenant_id: UUID,
    payload: Mapping[str, Any],
    done: Callable[[UnitOfWork], None],
) -> None:
    """Send one letter; one that has become pointless is dropped with its reason.

    :raises NotSent: when the gateway did not take it.
    """
    delivery_id = UUID(payload["delivery"])
    with runtime.tools.begin(SYSTEM, tenant_id) as work:
        message = letters.write_letter(work, delivery_id=delivery_id)
        if message is None:
            done(work)
            return
    # No transaction is open here: a slow server must not hold a row or a connection.
    runtime.gateways.send(message)
    with runtime.tools.begin(SYSTEM, tenant_id) as work:
        letters.note_sent(work, delivery_id=delivery_id)
        done(work)


def send_all(tools: Tools, tenant_id: UUID, way: Callable[[Message], None]) -> None:
    """Send what waits in a tenant by the clock of these tools, all in one transaction.

    For a past that is told afterwards: `way` must keep letters, never hand them on.
    """
    with tools.begin(SYSTEM, tenant_id) as work:
        for effect in outgoing.waiting(work.session, letters.TOPIC, now=work.now):
            delivery_id = UUID(effect.payload["delivery"])
            message = letters.write_letter(work, delivery_id=delivery_id)
            if message is not None:
                way(message)
                letters.note_sent(work, delivery_id=delivery_id)
            outgoing.finish_effect(work.session, effect.id, now=work.now)


def note_failure(work: UnitOfWork, payload: Mapping[str, Any], failure: str, over: bool) -> None:
    """Let the desk see that the letter has not arrived, and whether it is tried again."""
    letters.note_failure(work, delivery_id=UUID(payload["delivery"]), failure=failure, over=over)
