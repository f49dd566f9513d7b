"""Each request has a number, shown to people and written in the log; the log knows no URL."""

from __future__ import annotations

import secrets
import time

from flask import Flask, Response, g, request

from server.http.context import current_door
from server.kernel.logs import around, log

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is read for another over the phone
_LENGTH = 10


def number(app: Flask) -> None:
    """Give every request its number before anything else happens."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.request_id = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    g.began = time.perf_counter()
    around(
        request=g.request_id,
        route=request.url_rule.rule if request.url_rule else "none",
        method=request.method if request.method in _METHODS else "other",
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _finish(response: Response) -> Response:
    if "began" not in g:
        return response
    response.headers["X-Request-Id"] = g.request_id
    at = current_door()
    if request.endpoint == "static" or (at is not None and at.kind == "health"):
        return response
    actor = g.get("actor")
    log.info(
        "answered",
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        actor=actor.kind if actor else None,
        tenant=str(actor.tenant_id) if actor and actor.tenant_id else None,
    )
    return response
