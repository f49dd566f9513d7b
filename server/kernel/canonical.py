"""One value, one sequence of bytes: RFC 8785 JSON over NFC text with LF line ends, and its hash."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value; text in it is brought to NFC with LF first.

    The same document typed on two machines must give one hash (CONSENT.md R2).

    :raises ValueError: for what JSON cannot hold: NaN, integers beyond 2^53, lone surrogates,
        other types, two keys that become one.
    """
    return rfc8785.dumps(_normal(value))


def sha256(data: bytes) -> bytes:
    """The 32 bytes of SHA-256."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits, as people are shown it."""
    return hashlib.sha256(data).hexdigest()


def normal_text(text: str) -> str:
    """The text in NFC, every line end an LF."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, Mapping):
        fresh = {_normal(key): _normal(held) for key, held in value.items()}
        if len(fresh) != len(value):
            raise ValueError("two keys become one under NFC")
        return fresh
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_normal(held) for held in value]
    return value
