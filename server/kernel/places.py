"""Where the texts and definitions lie that ship beside the code."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_SERVER = Path(__file__).resolve().parents[1]


def workflow_defs() -> Path:
    """The folder of shipped definitions: beside `server/` in a clone, inside it in a wheel."""
    return _folder("workflow_defs")


def translations() -> Path:
    """The folder of catalogues: beside `server/` in a clone, inside it in a wheel."""
    return _folder("translations")


def code() -> Path:
    """The folder from which `server` is imported; children of the supervisor start from it."""
    return _SERVER.parent


def definitions_mark() -> str:
    """SHA-256 over all shipped definition files: changes when any of them does."""
    folder = workflow_defs()
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".yaml", ".md"):
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _folder(name: str) -> Path:
    carried = _SERVER / name
    return carried if carried.is_dir() else _SERVER.parent / name
