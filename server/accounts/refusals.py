"""What is wrong with a new password: each sentence beside its field, all of them at once."""

from __future__ import annotations

from server.kernel.errors import Refused

_FIELD_OF = {"password_old_wrong": "old", "password_differs": "again"}


def each_of(refusal: Refused) -> tuple[Refused, ...]:
    """A refusal and the further ones it brings along."""
    others = refusal.facts.get("others", ())
    return (refusal, *(one for one in others if isinstance(one, Refused)))


def field_of(refusal: Refused) -> str:
    """The field of a password form that a refusal stands beside."""
    return _FIELD_OF.get(str(refusal.facts.get("reason")), "password")
