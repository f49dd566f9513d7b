"""One effect of the outbox, carried out: begun, done or put off. Runs as often as it is asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from server.access.actors import SYSTEM
from server.gateways.message import NotSent, SetAside, Undeliverable
from server.jobs import documents, notifications
from server.jobs.ground import MOST_ATTEMPTS, SPREAD, UNDER_WAY, Runtime, wait_after
from server.kernel.logs import facts_of, log
from server.services.consent import receipts
from server.services.messages import letters
from server.services.unit_of_work import UnitOfWork
from server.store import outgoing
from server.store.due import Claimed
from server.store.outgoing import Effect

Payload = Mapping[str, Any]
Done = Callable[[UnitOfWork], None]


@dataclass(frozen=True)
class Topic:
    """How effects of one topic are carried out, and who is told of a failure.

    `carry_out` calls what it is given last, in the transaction that writes the result.
    """

    carry_out: Callable[[Runtime, UUID, Payload, Done], None]
    failed: Callable[[UnitOfWork, Payload, str, bool], None]


TOPICS = {
    letters.TOPIC: Topic(notifications.send, notifications.note_failure),
    receipts.TOPIC: Topic(documents.make_receipt, documents.note_failure),
}


def carry_out(runtime: Runtime, claimed: Claimed) -> None:
    """Carry out one effect unless it is done already. Failures are written down, never raised."""
    try:
        effect = _begin(runtime, claimed)
        if effect is not None:
            _carry_out(runtime, claimed, effect)
    except Exception as error:
        # The lease runs out and the effect comes again.
        log.error("effect_lost", job=str(claimed.id), **facts_of(error))


def _begin(runtime: Runtime, claimed: Claimed) -> Effect | None:
    with runtime.tools.begin(SYSTEM, claimed.tenant_id) as work:
        return outgoing.begin_effect(work.session, claimed.id, until=datetime.now(UTC) + UNDER_WAY)


def _carry_out(runtime: Runtime, claimed: Claimed, effect: Effect) -> None:
    def done(work: UnitOfWork) -> None:
        outgoing.finish_effect(work.session, effect.id, now=work.now)

    try:
        TOPICS[effect.topic].carry_out(runtime, claimed.tenant_id, effect.payload, done)
    except SetAside as rest:
        _set_aside(runtime, claimed, effect, rest)
    except Exception as error:
        _fail(runtime, claimed, effect, error)
    else:
        log.info("effect_done", job=str(effect.id), topic=effect.topic)


def _set_aside(runtime: Runtime, claimed: Claimed, effect: Effect, rest: SetAside) -> None:
    """Let it wait as long as its way rests: nothing was tried, so no attempt is used up."""
    until = rest.until + random.random() * SPREAD  # noqa: S311 - spreads load, guards nothing
    with runtime.tools.begin(SYSTEM, claimed.tenant_id) as work:
        outgoing.set_aside_effect(work.session, effect.id, failure=rest.reason, until=until)


def _fail(runtime: Runtime, claimed: Claimed, effect: Effect, error: Exception) -> None:
    failure = error.reason if isinstance(error, NotSent) else type(error).__name__
    attempts = effect.attempts + 1
    over = isinstance(error, Undeliverable) or attempts >= MOST_ATTEMPTS
    note = log.error if over else log.warning
    note("effect_failed", job=str(effect.id), topic=effect.topic, code=failure, attempt=attempts,
         **facts_of(error))  # fmt: skip
    with runtime.tools.begin(SYSTEM, claimed.tenant_id) as work:
        if over:
            outgoing.give_up_effect(work.session, effect.id, failure=failure, now=work.now)
        else:
            until = datetime.now(UTC) + wait_after(attempts, random.random())  # noqa: S311 - spreads load, guards nothing
            outgoing.put_off_effect(work.session, effect.id, failure=failure, until=until)
        _tell(work, effect, failure, over)


def _tell(work: UnitOfWork, effect: Effect, failure: str, over: bool) -> None:
    """Tell whoever shows it; a payload that cannot even be told of is put off all the same."""
    if effect.topic not in TOPICS:
        return
    try:
        with work.session.begin_nested():
            TOPICS[effect.topic].failed(work, effect.payload, failure, over)
    except Exception as error:
        log.error("failure_untold", job=str(effect.id), topic=effect.topic, **facts_of(error))
