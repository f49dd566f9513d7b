"""How often is too often: counters in PostgreSQL, so that a flush of Redis lifts nothing.

A counter is raised in a transaction of its own, before anything is compared: a refused try counts
although its own transaction is rolled back. Whom a counter is about is kept as an HMAC.

Limits on an address are generous and those on a person strict: behind one address there may be a
whole school on its first day (SECURITY.md B10, B11).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from server.kernel.marks import blind_index
from server.kernel.sealing import derive
from server.services.unit_of_work import UnitOfWork
from server.store import tenancy


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within each window."""

    name: str
    most: int
    window: timedelta


_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

# The same account tried from the same network: a person who mistypes, or who guesses.
SIGN_IN_HERE = Limit("sign_in_here", 10, _QUARTER)
# The same account from anywhere: so high that nobody is locked out by a stranger who mistypes.
SIGN_IN_ACCOUNT = Limit("sign_in_account", 60, _HOUR)
SIGN_IN_ADDRESS = Limit("sign_in_address", 200, _QUARTER)
RESET_ACCOUNT = Limit("reset_account", 5, _HOUR)
RESET_ADDRESS = Limit("reset_address", 60, _HOUR)
# Somebody at a browser that was left open, who tries the password of its owner.
OLD_PASSWORD = Limit("old_password", 10, _QUARTER)
LINK_ADDRESS = Limit("link_address", 600, _QUARTER)
CODE_ADDRESS = Limit("code_address", 300, _QUARTER)
CONTACT_ADDRESS = Limit("contact_address", 200, _HOUR)
CONTACT_SCHOOL = Limit("contact_school", 2000, _DAY)
# Links to a teenager: a guardian types where they go, so nobody's telephone may be rung by them.
CHILD_LINK_CASE = Limit("child_link_case", 5, _HOUR)
CHILD_LINK_CASE_DAY = Limit("child_link_case_day", 10, _DAY)
CHILD_LINK_SENDER = Limit("child_link_sender", 20, _DAY)
CHILD_LINK_CONTACT = Limit("child_link_contact", 5, _DAY)
# Tokens that open nothing. One that does is let in all the same: its owner guessed nothing.
TOKEN_ADDRESS = Limit("token_address", 300, _QUARTER)
NEW_LINK = Limit("new_link", 5, _HOUR)


def count(
    work: UnitOfWork, *, tries: Iterable[tuple[Limit, str]], by: int = 1
) -> tuple[str, datetime] | None:
    """Count one try (or `by` of them at once) against each limit and whom it is about.

    Gives the limit that is exceeded longest and when it may be tried again, or None.
    """
    exceeded = []
    for limit, whom in tries:
        start = window_start(work.now, limit.window)
        if tenancy.count_up(work.session, _key(work, limit, whom), start, by=by) > limit.most:
            exceeded.append((start + limit.window, limit.name))
    if not exceeded:
        return None
    retry_at, name = max(exceeded)
    return name, retry_at


def network(address: str) -> str:
    """The part of an address that a household, a school or a provider's customer shares.

    /24 of version 4 and /48 of version 6; what is no address stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


def _key(work: UnitOfWork, limit: Limit, whom: str) -> str:
    hidden = blind_index(derive(work.tools.pepper, "limits"), f"{limit.name} {whom}")
    return f"{limit.name}:{hidden.hex()}"


def window_start(now: datetime, window: timedelta) -> datetime:
    """When the window of a moment began: windows follow each other from 1970 on."""
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
