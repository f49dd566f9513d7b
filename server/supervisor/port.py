"""The one port that people use: whether it is free, and whether the pages answer on it."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

from server.settings import Settings
from server.supervisor.errors import StartRefused
from server.supervisor.processes import Waiting

EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
# What a killed web server needs to let go of it.
PATIENCE_AFTER_CRASH = 20.0


def refuse_taken(settings: Settings, wakeups: Waiting, *, patience: float) -> None:
    """See that nobody else listens there.

    :raises StartRefused: somebody does, and still after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while not _is_free(settings.listen, settings.port):
        if time.monotonic() >= deadline:
            other = 8000 if settings.port != 8000 else 8080
            raise StartRefused(reason="port", host=settings.listen, port=settings.port, other=other)
        wakeups.pause(0.1)


def is_ready(settings: Settings) -> bool:
    """Whether /readyz answers 200; asked by hand, an HTTP library would cost more than it."""
    host = EVERY_ADDRESS.get(settings.listen, settings.listen)
    name = urlsplit(settings.base_url).netloc
    request = f"GET /readyz HTTP/1.0\r\nHost: {name}\r\n\r\n".encode()
    with suppress(OSError), socket.create_connection((host, settings.port), timeout=5) as line:
        line.sendall(request)
        return line.recv(64).split(b" ")[1:2] == [b"200"]
    return False


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((host, port))
        except OSError:
            return False
        return True
