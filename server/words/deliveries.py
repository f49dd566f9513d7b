"""Why a letter did not go out, in words: one table for the desk and the admin's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from server.words.speech import N_

# It should have, and could not.
FAILURES: Mapping[str, str] = {
    "no_contact": N_("there is no contact"),
    "no_gateway": N_("this kind of message is not sent here"),
}
# Nobody needs it any more.
NOT_NEEDED: Mapping[str, str] = {
    "erased": N_("its reader’s data is erased"),
    "case_closed": N_("the application stands still or is closed"),
    "link_expired": N_("its link had run out"),
    "link_revoked": N_("its link was closed"),
    "link_closed": N_("its link was closed"),
    "code_used": N_("the code was typed already"),
    "code_replaced": N_("a newer code was sent"),
    "code_expired": N_("the code had run out"),
}


def unsent(state: str, failure: str | None, say: Callable[..., str]) -> str | None:
    """That a letter did not go out, and why, said by `say`; None for one that did or still may."""
    if state == "failed":
        why = FAILURES.get(failure or "")
        return (
            say(N_("did not arrive: %(why)s"), why=say(why)) if why else say(N_("did not arrive"))
        )
    if state == "dropped":
        why = NOT_NEEDED.get(failure or "")
        return say(N_("not needed: %(why)s"), why=say(why)) if why else say(N_("not needed"))
    return None
