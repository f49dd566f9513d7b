"""An address that is shown tells where a server is, and no secret."""

from __future__ import annotations

import pytest

from server.kernel.addresses import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://school:secret@cache.example.org/1", "rediss://cache.example.org/1"),
        ("redis://:s/e@c?r@cache:6380/0?timeout=5", "redis://cache:6380/0"),
        ("unix:///run/redis.sock?password=secret", "unix:///run/redis.sock"),
    ],
)
def test_the_place_is_shown_and_the_secret_is_not(address: str, shown: str) -> None:
    assert without_password(address) == shown
