"""Marks: what can be compared without being read. Blind indexes, commitments, codes, tokens.

All are keyed: whoever has the database alone can test no guess against them. A blind index leaks
equality, so it is made only of what is nearly unique (a contact, a name with a birth date), never
of a sex, a region or a yes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from datetime import date
from uuid import UUID

from server.kernel.sealing import derive

_PATRONYMIC = re.compile(r"(вич|вна|ична|оглы|кызы)$")
CODE_DIGITS = 6
_NOT_A_DIGIT = re.compile(r"[\s\-–—]+")


def blind_index(key: bytes, normalised: str) -> bytes:
    """16 bytes by which an exact value is found again; the key is one per tenant and kind.

    Get the key by `derive(pepper, f"blind index: {tenant} contact")`.
    """
    return hmac.digest(key, normalised.encode(), "sha256")[:16]


def name_index(key: bytes, full_name: str) -> bytes:
    """The blind index of a surname alone: exact search on people."""
    return blind_index(key, surname_of(full_name))


def name_and_birth_index(key: bytes, full_name: str, birth: date) -> bytes:
    """The blind index of surname and birth date: the flag of a possible duplicate."""
    return blind_index(key, f"{surname_of(full_name)}|{birth.isoformat()}")


def normal_name(name: str) -> str:
    """A name as names are compared: NFC, lower case, ё as е, single blanks."""
    plain = unicodedata.normalize("NFC", name).casefold().replace("ё", "е")
    return " ".join(plain.split())


def surname_of(full_name: str) -> str:
    """The surname, normalised: the first word, unless a patronymic in the middle says it is last.

    Forms ask for the surname first; «Артём Олегович Смирнов» is the common other order.
    """
    words = normal_name(full_name).split()
    if len(words) == 3 and _PATRONYMIC.search(words[1]):
        return words[2]
    return words[0] if words else ""


def new_salt() -> bytes:
    """128 random bits, kept in the sealed payload beside the value they hide."""
    return os.urandom(16)


def commitment(salt: bytes, value: str) -> str:
    """64 hex digits that prove a value once salt and value are shown, and tell nothing before."""
    return hmac.digest(salt, value.encode(), "sha256").hex()


def one_time_code(pepper: bytes, row: UUID) -> str:
    """The six digits of a code's row: computed where needed, never stored (DECISIONS.md 7)."""
    drawn = int.from_bytes(hmac.digest(derive(pepper, "one-time code"), row.bytes, "sha256"), "big")
    return f"{drawn % 1_000_000:06}"


def looks_like_a_code(typed: str) -> bool:
    """Whether this is six digits at all; blanks and dashes do not count."""
    digits = _NOT_A_DIGIT.sub("", unicodedata.normalize("NFKC", typed))
    return len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit()


def same_code(right: str, typed: str) -> bool:
    """Whether the digits agree, in constant time; blanks and dashes do not count."""
    digits = _NOT_A_DIGIT.sub("", unicodedata.normalize("NFKC", typed))
    return hmac.compare_digest(right.encode(), digits.encode("utf-8", "surrogatepass"))


def link_token(pepper: bytes, row: UUID) -> str:
    """The token of a link's door row: 32 bytes as 43 URL-safe letters."""
    drawn = hmac.digest(derive(pepper, "link token"), row.bytes, "sha256")
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is stored of a token and looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
