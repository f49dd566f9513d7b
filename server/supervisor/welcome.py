"""What a newcomer reads when everything answers."""

from __future__ import annotations

import json
from typing import Any

from server.settings import Settings
from server.words.catalogues import translate
from server.words.speech import N_, Say

ROLES = {
    "coordinator": N_("coordinator"),
    "cycle_lead": N_("cycle lead"),
    "curator": N_("municipal representative"),
    "partner_admin": N_("partner’s administrator"),
    "model_owner": N_("keeper of the model"),
}


def say_all(settings: Settings, *, language: str, say: Say) -> None:
    """The address, the ways into the demo, the page where every message can be read."""
    demo = _demo(settings)
    say(N_("Mentor School is running: %(address)s"), address=settings.base_url)
    if addresses := demo.get("school_links"):
        say(
            N_("A family begins at a school's own link, for example %(address)s"),
            address=addresses[0],
        )
    if accounts := demo.get("accounts"):
        _say_accounts(accounts, settings, language, say)
    if settings.sandbox:
        address = f"{settings.base_url}/_outbox"
        say(N_("Every mail and message that would be sent: %(address)s"), address=address)
    say(N_("Logs: %(path)s. Stop with Ctrl-C."), path=settings.data.logs)


def _say_accounts(
    accounts: list[dict[str, Any]], settings: Settings, language: str, say: Say
) -> None:
    say(
        N_("Sign in at %(address)s as one of these people (all of them are invented):"),
        address=f"{settings.base_url}/sign-in",
    )
    width = max(len(account["login"]) for account in accounts)
    for account in accounts:
        role = translate(language, ROLES.get(account["role"], account["role"]))
        say("%(line)s", line=f"  {account['login']:{width}}  {account['password']}  {role}")


def _demo(settings: Settings) -> dict[str, Any]:
    try:
        written = json.loads(settings.data.demo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(written)
