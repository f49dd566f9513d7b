"""Probes: does the process live, can it work, and what is missing where it can only limp."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from server.http.context import door, tools
from server.kernel import heartbeat
from server.store import migrations, outgoing
from server.store.trouble import trouble

PATHS = ("/livez", "/readyz", "/healthz")
LEAST_DISK = 5  # per cent
# The relay sleeps half a second; whatever is older waits for something that is broken.
OLDEST_EFFECT = 300  # seconds
# A round touches its sign of life after each part; one effect takes 40 seconds at most.
SILENT = 120  # seconds

health = Blueprint("health", __name__)
Probe = Callable[[], bool | None]


def register(app: Flask, *, data: Path, redis_answers: Probe) -> None:
    """Add the probes. `redis_answers` gives None where no Redis is meant to run."""
    app.extensions["health"] = {
        "data": data,
        "redis": redis_answers,
        "head": migrations.head(),
    }
    app.register_blueprint(health)


@health.get("/livez")
@door("health")
def live() -> Response:
    """The process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
@door("health")
def ready() -> Response:
    """Whether requests may come: 200 when ready or degraded, 503 when not."""
    checks = _checks()
    state = _state(checks)
    response = jsonify({"state": state, "checks": checks})
    response.status_code = 503 if state == "down" else 200
    return response


@health.get("/healthz")
@door("health")
def detailed() -> Response:
    """The whole product, with the processes behind the pages: 503 when the scheduler is dead.

    Pages go on without it (`/readyz` stays 200), but no letter is sent and no deadline fires.
    Numbers are for the machine itself; others are told the state alone.
    """
    checks = _checks()
    oldest = _oldest_effect() if checks["database"] == "ok" else None
    beat = _seconds_since_beat()
    checks["effects"] = "late" if oldest is not None and oldest > OLDEST_EFFECT else "ok"
    checks["scheduler"] = _scheduler(beat, effects=checks["effects"])
    state = "down" if checks["scheduler"] == "silent" else _state(checks)
    body: dict[str, Any] = {"state": state}
    if request.remote_addr in ("127.0.0.1", "::1"):
        body.update(checks=checks, oldest_effect_seconds=oldest, scheduler_beat_seconds_ago=beat)
    response = jsonify(body)
    response.status_code = 503 if state == "down" else 200
    return response


def _checks() -> dict[str, str]:
    return {**_database(), "keys": _keys(), "disk": _disk(), "redis": _redis()}


def _state(checks: Mapping[str, str]) -> str:
    needed = ("database", "migrations", "keys")
    if any(checks[name] != "ok" for name in needed):
        return "down"
    return "ready" if set(checks.values()) <= {"ok", "none"} else "degraded"


def _database() -> dict[str, str]:
    try:
        with tools().database.begin(None) as transaction:
            found = migrations.version(transaction) or "none"
    except Exception as error:
        if trouble(error) is None:
            raise
        return {"database": "away", "migrations": "unknown"}
    head = current_app.extensions["health"]["head"]
    return {"database": "ok", "migrations": "ok" if found == head else f"{found}, not {head}"}


def _keys() -> str:
    return "ok" if tools().master.by_epoch else "missing"


def _disk() -> str:
    place = current_app.extensions["health"]["data"]
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return "unreadable"
    return "ok" if usage.free * 100 >= usage.total * LEAST_DISK else "nearly full"


def _redis() -> str:
    answers = current_app.extensions["health"]["redis"]()
    return "none" if answers is None else "ok" if answers else "down"


def _scheduler(beat: float | None, *, effects: str) -> str:
    """`silent` when it is dead; where it runs on another machine, its work is its sign of life."""
    if beat is None:
        return "silent" if effects == "late" else "none"
    return "ok" if beat <= SILENT else "silent"


def _seconds_since_beat() -> float | None:
    """How long ago the scheduler gave its last sign of life; None when never in this folder."""
    last = heartbeat.last_beat(current_app.extensions["health"]["data"])
    return None if last is None else round((datetime.now(UTC) - last).total_seconds(), 1)


def _oldest_effect() -> float | None:
    """For how long the oldest due effect of any tenant has waited; None when none waits."""
    with tools().database.begin(None) as transaction:
        transaction.as_relay()
        oldest = outgoing.oldest_effect(transaction.session, now=tools().clock.now())
    return None if oldest is None else round((tools().clock.now() - oldest).total_seconds(), 1)
