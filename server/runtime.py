"""The composition root: everything a process is built of, made once from frozen settings."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from server import gateways as ways
from server.gateways import Gateways
from server.kernel.clock import Clock, RealClock, SandboxClock
from server.kernel.sealing import MasterKeys
from server.services.bundles import Bundles
from server.services.unit_of_work import Tools
from server.settings import Settings
from server.store.database import Database

PING_SECONDS = 0.5


@dataclass(frozen=True)
class Runtime:
    """What every kind of process works with; `redis_url` is None where no Redis runs."""

    settings: Settings
    tools: Tools
    gateways: Gateways
    redis_url: str | None

    def after_fork(self) -> None:
        """In a forked child: leave the parent's connections alone and open own ones."""
        self.tools.database.forget_connections()

    def close(self) -> None:
        """Let go of every connection."""
        self.tools.database.close()

    def redis_answers(self) -> bool | None:
        """Whether Redis takes commands now; None where none is meant to run.

        Asked by hand: the web must not carry a Redis library that it never uses (HOUSE, wall 5).
        """
        return None if self.redis_url is None else _answers(urlsplit(self.redis_url))


def build(settings: Settings) -> Runtime:
    """Build a process.

    :raises Broken: when the database role is one that row-level security does not bind.
    """
    runtime = assemble(settings)
    runtime.tools.database.refuse_powerful_role()
    return runtime


def assemble(settings: Settings) -> Runtime:
    """The same without asking the database: for commands that only look at the code."""
    gateways = ways.build(settings)
    tools = Tools(
        database=Database(
            settings.database_url,
            pool_size=settings.pool_size,
            prepare_threshold=settings.prepare_threshold,
        ),
        clock=clock_of(settings),
        master=MasterKeys(settings.master_keys),
        pepper=settings.pepper.encode(),
        bundles=Bundles(),
        base_url=settings.base_url,
        channels=gateways.channels,
        sandbox=settings.sandbox,
    )
    return Runtime(settings, tools, gateways, settings.redis_url)


def clock_of(settings: Settings) -> Clock:
    """The machine's time, or the sandbox's that can be moved."""
    return SandboxClock(settings.data.path / "clock") if settings.sandbox else RealClock()


def _answers(url: SplitResult) -> bool:
    try:
        with _line(url) as line:
            if url.password:
                words = [word for word in (url.username, url.password) if word]
                line.sendall(_command("AUTH", *(unquote(word) for word in words)))
                if not line.recv(64).startswith(b"+OK"):
                    return False
            line.sendall(_command("PING"))
            return line.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _line(url: SplitResult) -> socket.socket:
    if url.scheme == "unix":
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PING_SECONDS)
        line.connect(url.path)
        return line
    host = url.hostname or "localhost"
    plain = socket.create_connection((host, url.port or 6379), PING_SECONDS)
    if url.scheme != "rediss":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _command(*words: str) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    parts += [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
    return b"".join(parts)
