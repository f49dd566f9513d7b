"""The one folder of an installation: databases, keys, sockets, logs, the sandbox's letters."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A Unix socket's address holds 107 bytes, and PostgreSQL adds "/.s.PGSQL.5432" to the folder.
LONGEST_SOCKET_FOLDER = 90

SECRETS = ("secret_key", "pepper", "postgres_superuser", "postgres_owner", "postgres_app")
FIRST_EPOCH = "0001.key"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths under one data folder; nothing is made until `prepare` or `make_keys` is called."""

    path: Path

    @property
    def keys(self) -> Path:
        """Secrets made on the first start, each a file with mode 0600."""
        return self.path / "keys"

    @property
    def master_keys(self) -> Path:
        """One file per epoch of the master key: 0001.key, 0002.key, …"""
        return self.keys / "master"

    @property
    def postgres(self) -> Path:
        """The folder that the embedded PostgreSQL may write."""
        return self.path / "postgres"

    @property
    def cluster(self) -> Path:
        """The embedded PostgreSQL's cluster; it is there whole or not at all."""
        return self.postgres / "cluster"

    @property
    def redis(self) -> Path:
        """The embedded Redis's append-only file."""
        return self.path / "redis"

    @property
    def logs(self) -> Path:
        """One log per child of the supervisor."""
        return self.path / "log"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a supervisor runs here."""
        return self.path / "lock"

    @property
    def running(self) -> Path:
        """What a running `up` was told, for commands in another terminal; no secrets."""
        return self.path / "running"

    @property
    def outbox(self) -> Path:
        """The sandbox's mails and messages, one JSON file each."""
        return self.path / "outbox"

    @property
    def demo(self) -> Path:
        """Sign-ins and tokens of the demo."""
        return self.path / "demo.json"

    @property
    def sockets(self) -> Path:
        """The folder of the embedded servers' sockets; the same for every process that asks."""
        inside = self.path / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        mark = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"mentor-school-{os.getuid()}-{mark}"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens."""
        return self.sockets / "redis.sock"

    def prepare(self) -> None:
        """Make the folder and its parts, closed to other users.

        :raises PermissionError: somebody else owns the short socket folder.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.keys, self.master_keys, self.logs, self.sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
        # The short folder lies where anyone may make names; inside ours nobody else can.
        strange = self.sockets.is_symlink() or self.sockets.stat().st_uid != os.getuid()
        if strange and self.sockets.parent != self.path:
            raise PermissionError(errno.EPERM, "not ours", str(self.sockets))

    def make_keys(self) -> None:
        """Make the secrets that are missing; those that exist are left as they are."""
        for name in SECRETS:
            _write_once(self.keys / name, secrets.token_urlsafe(32))
        if not any(self.master_keys.glob("*.key")):
            key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            _write_once(self.master_keys / FIRST_EPOCH, key)

    def secret(self, name: str) -> str | None:
        """A secret made earlier; None before the first start."""
        try:
            return (self.keys / name).read_text().strip() or None
        except FileNotFoundError:
            return None

    def database_url(self, role: str, secret: str, database: str = "mentor_school") -> str | None:
        """The embedded database as one role sees it; None before the first start."""
        password = self.secret(secret)
        if password is None:
            return None
        return f"postgresql://{role}:{password}@/{database}?host={self.sockets}&port=5432"


def _write_once(path: Path, text: str) -> None:
    """Write the file whole or not at all, so that a kill in between leaves no half secret."""
    if path.exists():
        return
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
