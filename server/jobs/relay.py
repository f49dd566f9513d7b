"""The relay: takes what is due from the outbox of every tenant and sees that it is carried out.

With Redis a worker carries it out; without, or while Redis is away, this very process does. What
Redis loses is claimed again when its lease runs out: nothing depends on Redis keeping anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from server.jobs import effects, queue
from server.jobs.ground import BATCH, DRAIN, QUEUED, UNDER_WAY, Runtime
from server.kernel.logs import facts_of, log
from server.store import outgoing
from server.store.due import Claimed


def relay(
    runtime: Runtime, waiting: queue.Waiting | None, *, beat: Callable[[], None] = lambda: None
) -> int:
    """Hand over what is due, or carry it out here; how many effects that were.

    `waiting` is the queue of the workers, None where there is no Redis. `beat` is called after
    each effect carried out here, and the first one that ends late ends the round.
    """
    room = _room(waiting) if waiting is not None else None
    if waiting is None or room is None:
        return _carry_out(runtime, _claim(runtime, limit=BATCH, leased=UNDER_WAY), beat)
    claimed = _claim(runtime, limit=min(BATCH, room), leased=QUEUED) if room else []
    if not claimed:
        return 0
    try:
        queue.put(waiting, claimed)
    except RedisError as error:
        log.warning("redis_away", count=len(claimed), **facts_of(error))
        return _carry_out(runtime, claimed, beat)
    return len(claimed)


def _room(waiting: queue.Waiting) -> int | None:
    """How many more jobs fit into the queue; None when Redis cannot be asked."""
    try:
        return queue.room(waiting)
    except RedisError:
        return None


def _carry_out(runtime: Runtime, claimed: list[Claimed], beat: Callable[[], None]) -> int:
    enough = time.monotonic() + DRAIN
    for done, one in enumerate(claimed, start=1):
        effects.carry_out(runtime, one)
        beat()
        if time.monotonic() > enough:
            # A slow server must not keep timers waiting, nor a code that is asked for meanwhile.
            _release(runtime, claimed[done:])
            return done
    return len(claimed)


def _release(runtime: Runtime, claimed: list[Claimed]) -> None:
    with runtime.tools.database.begin(None) as transaction:
        transaction.as_relay()
        outgoing.release_effects(transaction.session, [one.id for one in claimed])


def _claim(runtime: Runtime, *, limit: int, leased: timedelta) -> list[Claimed]:
    real = datetime.now(UTC)
    with runtime.tools.database.begin(None) as transaction:
        transaction.as_relay()
        return outgoing.claim_effects(
            transaction.session,
            now=runtime.tools.clock.now(),
            real=real,
            until=real + leased,
            limit=limit,
        )
