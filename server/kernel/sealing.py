"""Sealing: AES-256-GCM under a key per person, itself wrapped by master keys outside the database.

A master key is an *epoch*: a number and 32 or more random bytes, kept in a file of its own
(settings.py reads it). The newest epoch wraps; older ones only unwrap, until all living keys are
wrapped anew and the old file is destroyed. Destroying the epoch is what makes an erased person's
data unreadable in every old backup (CONSENT.md, section 4).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.kernel.errors import Broken

VERSION = b"\x01"  # of the blob's layout and of what is written in it; authenticated with the rest
SHORTEST = 32
_NONCE = 12


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

    def __post_init__(self) -> None:
        if not self.by_epoch or any(len(key) < SHORTEST for key in self.by_epoch.values()):
            raise ValueError(f"there must be a master key, of {SHORTEST} bytes or more")

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

    def _sealer(self, epoch: int) -> Sealer:
        if epoch not in self.by_epoch:
            raise Broken(sealed="its master key is gone", epoch=epoch)
        return _master_sealer(self.by_epoch[epoch])


def new_subject_key() -> bytes:
    """32 random bytes for one person."""
    return os.urandom(32)


@lru_cache(maxsize=256)
def derive(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256): no two purposes share one."""
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


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
