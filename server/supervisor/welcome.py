"""What a newcomer reads when everything answers."""

from __future__ import annotations

import json
from typing import Any

from server.settings import Settings
from server.words.speech import N_, Say


def say_all(settings: Settings, say: Say) -> None:
    """The address, the sign-ins of the demo, the page where every message can be read."""
    say(N_("Mentor School is running: %(address)s"), address=settings.base_url)
    accounts = _accounts(settings)
    if accounts:
        say(N_("Sign in as one of these people (all of them are invented):"))
    for account in accounts:
        say("  %(login)s  %(password)s  %(role)s", **account)
    if settings.sandbox:
        say(
            N_("Every mail and message that would be sent: %(address)s"),
            address=f"{settings.base_url}/_outbox",
        )
    say(N_("Logs: %(path)s. Stop with Ctrl-C."), path=settings.data.logs)


def _accounts(settings: Settings) -> list[dict[str, Any]]:
    try:
        written = json.loads(settings.data.demo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return list(written.get("accounts", []))
