"""The embedded Redis: it only wakes and carries, the truth is in PostgreSQL."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from server.data_folder import DataFolder
from server.supervisor.processes import Child, Program

PATIENCE = 2.0  # seconds


def child(data: DataFolder, server: Path) -> Child:
    """Redis on a socket in the data folder, closed to other users, with an append-only file."""
    data.redis.mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(data.redis_socket),
        "unixsocketperm": "700",
        "dir": str(data.redis),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    return Child(
        Program(
            name="redis",
            argv=(str(server), *words),
            environ=os.environ,
            log=data.logs / "redis.log",
            folder=data.redis,
        )
    )


def url(data: DataFolder) -> str:
    """How redis-py reaches it."""
    return f"unix://{data.redis_socket}"


def answers(data: DataFolder) -> bool:
    """Whether it takes commands now; False while it still reads its file."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1.0)
        try:
            line.connect(str(data.redis_socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def is_there(address: str) -> bool:
    """Whether a Redis of somebody else's takes commands now."""
    # Only whoever has one waits for its library.
    from redis import Redis
    from redis.exceptions import RedisError

    connection = Redis.from_url(address, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)
    try:
        with connection:
            return bool(connection.ping())
    except RedisError:
        return False


def set_aside(data: DataFolder) -> Path:
    """Put a file that Redis cannot read out of its way; jobs come again from the outbox."""
    aside = data.path / f"redis.damaged-{time.strftime('%Y%m%dT%H%M%S')}"
    data.redis.rename(aside)
    data.redis.mkdir(mode=0o700)
    return aside
