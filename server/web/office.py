"""What every page of the desk shares: the blueprint, the school one works in, the sections."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from server.access.actors import Actor
from server.access.policy import Permission, Thing, allowed
from server.http.context import current_actor, door
from server.http.rendering import NavItem, locale, page
from server.kernel.ids import parse_id
from server.services.worklist.desk import Office
from server.web.said import _

desk = Blueprint("desk", __name__, url_prefix="/desk")

_SCHOOL = "desk_school"
_LONGEST_NONCE = 40


def school_id() -> UUID:
    """The school this browser works in; the first of one's own until another was chosen."""
    held = [one.school_id for one in current_actor().holdings]
    chosen = parse_id(session.get(_SCHOOL, ""))
    if chosen is not None and chosen in held:
        return chosen
    # An id nobody has: the service answers as for any school that is not one's own.
    return next(iter(held), UUID(int=0))


@desk.post("/school")
@door("staff", Permission.DESK_READ)
def choose_school() -> ResponseReturnValue:
    """Work in another of one's schools from now on."""
    chosen = parse_id(request.form.get("school", ""))
    if chosen in [one.school_id for one in current_actor().holdings]:
        session[_SCHOOL] = str(chosen)
    return redirect(url_for("desk.worklist"), 303)


def office_page(template: str, office: Office, /, *, status: int = 200, **facts: Any) -> Response:
    """A page of the desk with its school at the head."""
    language = locale()
    school = {
        "title": office.title.in_(language),
        "partner_name": office.partner_name,
        "initials": office.initials,
        "contact_name": office.contact_name,
        "contact_phone": office.contact_phone,
        "contact_hours": office.contact_hours.in_(language),
    }
    schools = [(str(one), title.in_(language)) for one, title in office.schools]
    return page(
        template,
        status=status,
        school=school,
        schools=schools if len(schools) > 1 else [],
        school_id=str(office.school_id),
        **facts,
    )


def sections(actor: Actor) -> list[NavItem]:
    """The lines at the side: only what this person may open."""
    lines = [
        (_("Today"), "desk.worklist", Permission.DESK_READ),
        (_("Invite a family"), "desk.invite", Permission.CASE_INVITE),
        (_("Poster"), "desk.poster", Permission.DESK_READ),
    ]
    here = request.endpoint or ""
    return [
        {
            "label": label,
            "url": url_for(endpoint),
            "count": 0,
            "current": here == endpoint or here in _WITHIN.get(endpoint, ()),
        }
        for label, endpoint, needed in lines
        if endpoint in current_app.view_functions and _may(actor, needed)
    ]


_WITHIN = {
    "desk.worklist": ("desk.card", "desk.decided", "desk.fill", "desk.found", "desk.reveal"),
    "desk.poster": ("desk.poster_of_place",),
}


def new_nonce() -> str:
    """What makes one page's deeds its own: pressed twice, they are done once."""
    return secrets.token_urlsafe(12)


def key_of(task_id: UUID) -> str:
    """The idempotency key of what this page does about a task."""
    nonce = request.form.get("nonce", "")[:_LONGEST_NONCE]
    if not nonce or not nonce.isprintable():
        nonce = new_nonce()
    return f"desk {current_actor().person_id} {nonce} {task_id}"


def _may(actor: Actor, permission: Permission) -> bool:
    return any(
        allowed(actor, permission, Thing(held.school_id, municipality_id=held.municipality_id))
        for held in actor.holdings
    )
