"""A school's changes as a list in order: one put in, one taken out."""

from __future__ import annotations

from server.model.definition import Change
from server.model.settings import key_of

Changes = tuple[Change, ...]
Key = tuple[str, str]


def with_change(changes: Changes, change: Change) -> Changes:
    """The changes with this one in the place of the one that is about the same, else last."""
    keys = [key_of(one) for one in changes]
    if key_of(change) not in keys:
        return (*changes, change)
    at = keys.index(key_of(change))
    return (*changes[:at], change, *changes[at + 1 :])


def without_change(changes: Changes, key: Key) -> Changes:
    """The changes without the one that has this key."""
    return tuple(one for one in changes if key_of(one) != key)
