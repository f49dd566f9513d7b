"""The worker: takes ids from Redis and carries out their effects, one after another.

Without a fork for each job: an effect is short and mostly waits for a gateway, a fork costs twice
as much, and a killed worker loses nothing that its lease does not bring back.
"""

from __future__ import annotations

import signal
import threading
from contextvars import ContextVar
from types import FrameType
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from server.jobs import effects, queue
from server.jobs.ground import Runtime
from server.kernel.addresses import without_password
from server.kernel.errors import Refused
from server.kernel.logs import log
from server.store.due import Claimed

# An idle worker looks round this often, so that its name dies soon after it does.
TTL = 45
MAINTENANCE = 60
# Redis that is not there is asked for this often.
FIRST_WAIT = 0.5  # seconds
LONGEST_WAIT = 4.0

_runtime: ContextVar[Runtime] = ContextVar("runtime")


class EffectWorker(SimpleWorker):
    """RQ's worker, which hands each job what this process was built with."""

    # After Redis comes back nobody should wait a minute for the first code.
    max_connection_wait_time = 4.0

    def __init__(self, waiting: queue.Waiting, *, runtime: Runtime) -> None:
        super().__init__(
            [waiting],
            connection=waiting.connection,
            serializer=JSONSerializer,
            worker_ttl=TTL,
            job_monitoring_interval=5,
            maintenance_interval=MAINTENANCE,
            log_job_description=False,
        )
        self._handed = runtime

    def execute_job(self, job: Job, queue: Any) -> None:
        """Carry out one job with the runtime at hand."""
        token = _runtime.set(self._handed)
        try:
            super().execute_job(job, queue)
        finally:
            _runtime.reset(token)


def carry_out(tenant_id: str, effect_id: str) -> None:
    """The one job there is: carry out an effect, unless it is done already."""
    effects.carry_out(_runtime.get(), Claimed(UUID(effect_id), UUID(tenant_id)))


def run(runtime: Runtime) -> None:
    """Work until a signal asks for the end; the job at hand is finished first.

    :raises Refused: without Redis there is nothing to take jobs from.
    """
    url = runtime.redis_url
    if url is None:
        raise Refused(reason="worker_without_redis")
    waiting = queue.connect(url)
    if _wait_for_redis(waiting, url):
        log.info("worker_started")
        EffectWorker(waiting, runtime=runtime).work(logging_level="WARNING")
    log.info("worker_stopped")


def _wait_for_redis(waiting: queue.Waiting, url: str) -> bool:
    """Wait until Redis takes commands, and say once that it does not; False when asked to end.

    Meanwhile the scheduler carries out what is due: nothing is late but what Redis would speed up.
    """
    stop = threading.Event()

    def ask_for_the_end(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    before = {one: signal.signal(one, ask_for_the_end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        pause = FIRST_WAIT
        told = False
        while not stop.is_set():
            try:
                waiting.connection.ping()
                return True
            except RedisError as error:
                if not told:
                    told = True
                    log.warning(
                        "redis_away",
                        setting="REDIS_URL",
                        server=without_password(url),
                        code=type(error).__name__,
                    )
            stop.wait(pause)
            pause = min(LONGEST_WAIT, pause * 2)
        return False
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
