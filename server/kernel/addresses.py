"""Addresses of servers as they may be shown."""

from __future__ import annotations


def without_password(url: str) -> str:
    """Where a server is looked for, without user, password and options."""
    scheme, _, rest = url.partition("://")
    # First all before the last @: an unescaped password may hold a question mark.
    place = rest.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{place}"
