"""A package: what one code signs. The manifest lists every document with its answer, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, get_args

from server.consents.documents import Answer
from server.consents.signers import Signer
from server.kernel.canonical import canonical, sha256_hex

SCHEMA: Final = "mentor-school/package/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a package, by its hash, and the answer to it."""

    consent: str
    document: str  # 64 hex digits
    answer: Answer


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list that a code is bound to: change one answer or one text and the code fits no more."""

    entries: tuple[Entry, ...]
    signer: Signer
    stored: bytes
    hash: str  # 64 hex digits

    @property
    def needs_code(self) -> bool:
        """A refusal alone is recorded without a code (CONSENT.md R31)."""
        return any(entry.answer == "given" for entry in self.entries)


def manifest(
    entries: Sequence[Entry], *, signer: Signer, rules_hash: str, signer_commitment: str
) -> Manifest:
    """The manifest of a package.

    `rules_hash` is of the rules of the simple signature that the signer accepted with the first
    code; `signer_commitment` is the salted commitment to the signer's name (DECISIONS.md 12a).
    """
    if len({entry.document for entry in entries}) != len(entries) or not entries:
        raise ValueError("a package holds documents, each once")
    if any(entry.answer not in get_args(Answer) for entry in entries):
        raise ValueError("an answer is given or refused")
    stored = canonical(
        {
            "schema": SCHEMA,
            "entries": [asdict(entry) for entry in entries],
            "signer": asdict(signer),
            "rules": rules_hash,
            "signer_commitment": signer_commitment,
        }
    )
    return Manifest(tuple(entries), signer, stored, sha256_hex(stored))
