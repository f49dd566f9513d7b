"""Passwords: argon2id, a policy a person can keep, and never more hashing at once than fits."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.kernel.errors import LimitReached, Refused

SHORTEST = 10
LONGEST = 200
# What is tried first wherever a password is guessed; digits and signs at its end change nothing.
COMMON = frozenset(
    (
        "password", "passw0rd", "qwerty", "qwertyu", "qwertyui", "qwertyuiop", "qwertyuiopasdf",
        "qazwsx", "qazwsxedc", "asdfghjkl", "zxcvbnm", "abcdefghij", "iloveyou", "letmein",
        "administrator", "пароль", "йцукен", "йцукенгшщз", "привет", "gfhjkm", "ghbdtn",
    )
)  # fmt: skip
PATIENCE = 10.0  # seconds one waits for a core before being asked to come back

_hasher = PasswordHasher()
# Nobody's password: an unknown address costs as much as a known one.
_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$e4kYHPrIt8b8jf2AqT2NLg"
    "$x8E5kZ2VgltmIRQrp7CVY9SkQjJJZx5WV4pHXURzhCM"
)
# One core stays free for everybody who is signed in already: a hash takes 64 MiB and 0.1 s.
_slots = BoundedSemaphore(max(1, (os.cpu_count() or 2) - 1))


def hash_password(plain: str) -> str:
    """The argon2id hash of a password, in its own text form.

    :raises LimitReached: when too many are hashing at this moment.
    """
    with _slot():
        return _hasher.hash(normal(plain))


def matches(stored: str | None, plain: str) -> bool:
    """Whether the password is the stored one; without a stored one it takes as long and is not.

    :raises LimitReached: when too many are hashing at this moment.
    """
    with _slot():
        try:
            _hasher.verify(stored or _NOBODYS, normal(plain))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def require_good(plain: str, *, email: str) -> None:
    """Take a new password that is long and not a way of writing the address.

    :raises Refused: `reason` is password_short, password_long, password_same, password_digits,
        password_common or password_address.
    """
    text = normal(plain)
    if len(text) < SHORTEST:
        raise Refused(reason="password_short", least=SHORTEST)
    if len(text) > LONGEST:
        raise Refused(reason="password_long", most=LONGEST)
    if len(set(text)) < 5:
        raise Refused(reason="password_same")
    if text.isdecimal():
        raise Refused(reason="password_digits")
    if text.casefold().rstrip("0123456789!. ") in COMMON:
        raise Refused(reason="password_common")
    address = email.casefold()
    name = address.partition("@")[0]
    rest = text.casefold().replace(address, "").replace(name, "")
    if len(name) > 3 and rest != text.casefold() and rest.strip("0123456789@. ") == "":
        raise Refused(reason="password_address")


def wrong_with(plain: str, *, again: str, email: str) -> list[Refused]:
    """All that is wrong with a new password and its second typing."""
    wrong = []
    try:
        require_good(plain, email=email)
    except Refused as refusal:
        wrong.append(refusal)
    if normal(plain) != normal(again):
        wrong.append(Refused(reason="password_differs"))
    return wrong


def refuse(wrong: Sequence[Refused]) -> None:
    """Refuse for the first of these, with the further ones as the fact `others`; none is good.

    :raises Refused: as `wrong` says.
    """
    if wrong:
        raise Refused(**wrong[0].facts, others=tuple(wrong[1:]))


def normal(plain: str) -> str:
    """A password as it is compared: keyboards write й and é in two ways (NFKC)."""
    return unicodedata.normalize("NFKC", plain)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE):
        raise LimitReached(limit="hashing", seconds=5)
    try:
        yield
    finally:
        _slots.release()
