"""Whose a family's pages are: the guardian's after a code, the child's in a session of its own.

Both may be on one telephone, one after the other: whoever comes to the other's page is
led to their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from server.http.context import current_actor, door, perform
from server.http.rendering import childs_pages
from server.http.sessions import FamilyKind
from server.kernel.errors import ConsentMissing, SignInNeeded, StageClosed
from server.services.families import requests
from server.web import records

View = Callable[..., ResponseReturnValue]

guardian = Blueprint("guardian", __name__, url_prefix="/s")
child = Blueprint("child", __name__, url_prefix="/child")
child.record_once(childs_pages)

_HOMES: dict[str, str] = {"guardian": "guardian.home", "mentee": "child.home"}


def for_guardian(view: View) -> View:
    """Only after a code, and never in the child's session on the same telephone."""

    def known(*args: Any, **facts: Any) -> ResponseReturnValue:
        if not current_actor().assured:
            raise SignInNeeded(door="family")
        return view(*args, **facts)

    return _only("guardian", wraps(view)(known))


def for_child(view: View) -> View:
    """Only in the child's own session; below the age of a signature it knows no code."""
    return _only("mentee", view)


def _only(kind: FamilyKind, view: View) -> View:
    @door("family")
    @wraps(view)
    def seen(*args: Any, **facts: Any) -> ResponseReturnValue:
        here = current_actor().kind
        if here != kind:
            return redirect(url_for(_HOMES[here]), 303)
        try:
            return view(*args, **facts)
        except (StageClosed, ConsentMissing) as closed:
            if closed.facts.get("reason") == "of_age":
                perform(requests.stop_of_age, case_id=facts["case_id"])
            return records.closed_page(closed, home_url=url_for(_HOMES[kind]))

    return seen
