"""One supervisor per data folder, held by a lock that the kernel lets go when it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from server.data_folder import DataFolder
from server.supervisor.errors import StartRefused


@contextmanager
def hold(data: DataFolder) -> Iterator[bool]:
    """Hold the data folder; yields True when the one before ended without saying goodbye.

    :raises StartRefused: another supervisor runs here.
    """
    with open(os.open(data.lock, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read().strip() or "?"
            raise StartRefused(reason="busy", path=str(data.path), pid=pid) from None
        after_crash = bool(file.read().strip())
        _write(file.fileno(), str(os.getpid()))
        try:
            yield after_crash
        finally:
            _write(file.fileno(), "")


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
