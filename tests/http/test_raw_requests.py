"""What arrives on the wire, through gunicorn itself: no client between that would mend it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from server.runtime import Runtime


@pytest.fixture
def port(runtime: Runtime) -> Iterator[int]:
    """A web server of its own process, listening on this port of the machine."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        free: int = found.getsockname()[1]
    settings = runtime.settings
    environ = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": "none",
        "MENTOR_SCHOOL_DATA": str(settings.data.path),
        "MENTOR_SCHOOL_SANDBOX": "yes",
        "MENTOR_SCHOOL_PORT": str(free),
        "MENTOR_SCHOOL_BASE_URL": f"http://localhost:{free}",
    }
    command = [sys.executable, "-m", "server.cli", "serve"]
    process = subprocess.Popen(command, env={**os.environ, **environ})
    try:
        _wait_for(free, process)
        yield free
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_only_requests_for_our_own_name_are_answered(port: int) -> None:
    own = f"localhost:{port}"
    refused = [
        f"GET http://evil.example/ HTTP/1.1\r\nHost: {own}\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
        f"GET HTTP://EVIL.example/ HTTP/1.1\r\nHost: {own}\r\n",
        f"GET http://localhost@evil.example/ HTTP/1.1\r\nHost: {own}\r\n",
        f"GET http:///sign-in HTTP/1.1\r\nHost: {own}\r\n",
        "GET http://evil.example/ HTTP/1.0\r\n",
        f"GET http://evil.example/api/v1/schools HTTP/1.1\r\nHost: {own}\r\n",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n",
        f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example\r\n",
    ]
    for request in refused:
        status, answer = _ask(port, request)

        assert status == 400, request
        assert "evil.example" not in answer.lower(), request

    for request in (
        f"GET /sign-in HTTP/1.1\r\nHost: {own}\r\n",
        f"GET http://{own}/sign-in HTTP/1.1\r\nHost: {own}\r\n",
        f"GET http://{own}/sign-in HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /livez HTTP/1.0\r\n",  # a probe of the machine itself
    ):
        assert _ask(port, request)[0] == 200, request


def _ask(port: int, request: str) -> tuple[int, str]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as wire:
        wire.sendall(f"{request}Connection: close\r\n\r\n".encode())
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer.decode("utf-8", "replace")


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the web server ended"
        with closing(socket.socket()) as wire:
            if wire.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the web server does not listen")
