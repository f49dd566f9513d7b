"""Sealing: AES-256-GCM under a key per person, itself wrapped by master keys outside the database.

A master key is an *epoch*: one file `epoch-0001.key` in a folder of its own, base64 of 32 or more
random bytes, readable by its owner alone. The newest epoch wraps; older ones only unwrap, until
all living keys are wrapped anew and the old file is destroyed. Destroying the epoch is what makes
an erased person's data unreadable in every old backup (CONSENT.md, section 4).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.kernel.errors import Broken, SettingsRefused
from server.kernel.problems import Problem

VERSION = b"\x01"  # of the blob's layout and of what is written in it; authenticated with the rest
SHORTEST = 32
# The key printed in the docs: whoever starts with it has no secret at all.
EXAMPLE_KEY = b"mentor-school-example-key-do-not-use-it!"
_NONCE = 12
_FILE = re.compile(r"^epoch-(\d{4,})\.key$")
_CANARY = b"the canary sings"


class Wrapped(NamedTuple):
    """A person's key as it is stored: sealed, and by which master key."""

    epoch: int
    blob: bytes


class Sealer:
    """Seals and opens what belongs to one person; every blob opens only in its own place."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(
        self, plaintext: bytes, *, table: str, column: str, row: UUID | str, subject: UUID | str
    ) -> bytes:
        """The blob for this column of this row of this person: version, nonce, ciphertext, tag."""
        nonce = os.urandom(_NONCE)
        place = _place(table, column, str(row), str(subject))
        return VERSION + nonce + self._cipher.encrypt(nonce, plaintext, place)

    def open(
        self, blob: bytes, *, table: str, column: str, row: UUID | str, subject: UUID | str
    ) -> bytes:
        """What was sealed.

        :raises Broken: when the blob was changed, was moved from another place, or has another key.
        """
        try:
            if blob[:1] != VERSION:
                raise InvalidTag
            place = _place(table, column, str(row), str(subject))
            return self._cipher.decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], place)
        except (InvalidTag, ValueError):
            raise Broken(sealed="does not open", table=table, column=column, row=str(row)) from None


@dataclass(frozen=True)
class MasterKeys:
    """The master keys by epoch; their bytes are never printed."""

    by_epoch: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def from_folder(cls, folder: Path) -> MasterKeys:
        """Every epoch found in the folder.

        :raises SettingsRefused: all that is wrong with the files at once: none there, readable by
            others, not base64, too short, the example's.
        """
        files = sorted(folder.glob("epoch-*.key")) if folder.is_dir() else []
        problems = [problem for file in files for problem in _problems_of_file(file)]
        if not files:
            problems = [Problem("KEYS-NONE", {"folder": str(folder)})]
        if problems:
            raise SettingsRefused(problems=problems)
        return cls({_epoch_of(file): _decoded(file) for file in files})

    @property
    def newest(self) -> int:
        """The epoch that wraps."""
        return max(self.by_epoch)

    def wrap(self, key: bytes, *, subject: UUID | str) -> Wrapped:
        """A person's key, sealed by the newest epoch for this person alone."""
        epoch = self.newest
        return Wrapped(epoch, self._sealer(epoch).seal(key, **_place_of_key(epoch, subject)))

    def unwrap(self, wrapped: Wrapped, *, subject: UUID | str) -> bytes:
        """The person's key.

        :raises Broken: when its epoch is gone (the person was erased or a file is missing), or the
            row is not this person's.
        """
        place = _place_of_key(wrapped.epoch, subject)
        return self._sealer(wrapped.epoch).open(wrapped.blob, **place)

    def rewrap(self, wrapped: Wrapped, *, subject: UUID | str) -> Wrapped:
        """The same key under the newest epoch: how the living survive a rotation."""
        return self.wrap(self.unwrap(wrapped, subject=subject), subject=subject)

    def canary(self, epoch: int) -> bytes:
        """A blob to store beside the keys of an epoch, by which `keys check` knows it again."""
        return self._sealer(epoch).seal(_CANARY, **_place_of_key(epoch, "canary"))

    def knows_canary(self, epoch: int, blob: bytes) -> bool:
        """Whether the key file at hand is the one by which this epoch's keys were wrapped."""
        try:
            return self._sealer(epoch).open(blob, **_place_of_key(epoch, "canary")) == _CANARY
        except Broken:
            return False

    def _sealer(self, epoch: int) -> Sealer:
        if epoch not in self.by_epoch:
            raise Broken(sealed="its master key is gone", epoch=epoch)
        return _master_sealer(self.by_epoch[epoch])


def new_subject_key() -> bytes:
    """32 random bytes for one person."""
    return os.urandom(32)


def write_new_epoch(folder: Path) -> int:
    """Write the next epoch's key file, readable by its owner alone; its number is returned."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    epoch = max((_epoch_of(file) for file in folder.glob("epoch-*.key")), default=0) + 1
    # O_EXCL: two processes starting at once must not overwrite each other's key.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    handle = os.open(folder / f"epoch-{epoch:04}.key", flags, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(os.urandom(SHORTEST)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return epoch


@lru_cache(maxsize=256)
def derive(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256): no two purposes share one."""
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def secret_problems(secret: bytes, *, name: str) -> list[Problem]:
    """What makes a secret useless: too short, or the one from the docs."""
    if secret == EXAMPLE_KEY:
        return [Problem("KEYS-EXAMPLE", {"name": name})]
    if len(secret) < SHORTEST:
        return [Problem("KEYS-SHORT", {"name": name, "bytes": len(secret), "least": SHORTEST})]
    return []


@lru_cache(maxsize=32)
def _master_sealer(master: bytes) -> Sealer:
    return Sealer(derive(master, "wrap subject keys"))


def _place(*parts: str) -> bytes:
    """The additional data: each part with its length, so that no two places read alike."""
    return VERSION + b"".join(
        len(part.encode()).to_bytes(2, "big") + part.encode() for part in parts
    )


def _place_of_key(epoch: int, subject: UUID | str) -> dict[str, str]:
    return {
        "table": "subject_key",
        "column": "wrapped",
        "row": str(epoch),
        "subject": str(subject),
    }


def _epoch_of(file: Path) -> int:
    found = _FILE.match(file.name)
    return int(found[1]) if found else 0


def _decoded(file: Path) -> bytes:
    return base64.b64decode(b"".join(file.read_bytes().split()), validate=True)


def _problems_of_file(file: Path) -> Iterable[Problem]:
    if _epoch_of(file) == 0:
        yield Problem("KEYS-NAME", {"name": file.name})
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield Problem("KEYS-READABLE", {"name": file.name, "mode": f"{mode:04o}"})
    try:
        yield from secret_problems(_decoded(file), name=file.name)
    except binascii.Error:
        yield Problem("KEYS-NOT-BASE64", {"name": file.name})
