"""One letter to send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from server.gateways.message import Message

ID = UUID("01a20d47-0000-7000-8000-000000000001")


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a letter; what differs from the usual one is given."""

    def make(**changed: Any) -> Message:
        usual: dict[str, Any] = {
            "id": ID,
            "letter": "reminder",
            "channel": "mail",
            "to": "olga@example.org",
            "subject": "Ждём ответа по заявке 12",
            "text": "Здравствуйте.\n\nПо заявке 12 школа ждёт ответа:\nhttp://localhost/s/abc\n",
            "links": ("http://localhost/s/abc",),
            "codes": (),
            "at": datetime(2026, 9, 7, 8, 15, tzinfo=UTC),
        }
        return Message(**{**usual, **changed})

    return make
