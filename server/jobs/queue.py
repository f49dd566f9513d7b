"""The queue in Redis: ids of effects on their way to a worker, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from server.jobs.ground import LONGEST_JOB
from server.store.due import Claimed

NAME = "effects"
JOB = "server.jobs.worker.carry_out"
# The queue is kept short: what waits longer than its lease is claimed again for nothing.
# Short also because a code that is given to the workers first stands behind none of it.
LONGEST_QUEUE = 100
Waiting = Queue


def connect(url: str) -> Waiting:
    """The queue in this Redis; nothing is sent before the queue is used."""
    connection = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
    return Queue(NAME, connection=connection, serializer=JSONSerializer)


def room(waiting: Waiting) -> int:
    """How many more jobs the queue takes.

    :raises RedisError: when Redis does not answer.
    """
    return max(0, LONGEST_QUEUE - waiting.count)


def put(waiting: Waiting, claimed: Sequence[Claimed]) -> None:
    """Give effects to the workers; one that still waits there is left where it stands.

    A job has the effect's id. Its arguments are the ids of tenant and effect, as JSON: whoever
    writes to Redis can make us repeat an effect, never run code.

    :raises RedisError: when Redis does not answer.
    """
    there = set(waiting.get_job_ids())
    waiting.enqueue_many(
        [
            Queue.prepare_data(
                JOB,
                args=[str(one.tenant_id), str(one.id)],
                job_id=str(one.id),
                description="effect",
                timeout=LONGEST_JOB,
                result_ttl=0,  # PostgreSQL knows what is done
                failure_ttl=3600,
                at_front=one.soon,
            )
            for one in claimed
            if str(one.id) not in there
        ]
    )
