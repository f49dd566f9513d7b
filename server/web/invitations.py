"""Inviting a family by the guardian's contact alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from server.access.policy import Permission
from server.http.context import door, perform, tools
from server.http.errors import sentence_of
from server.http.rendering import locale
from server.kernel.contacts import parse_contact
from server.kernel.errors import ContactRefused, NotAllowed
from server.kernel.ids import parse_id
from server.services.families import arrivals
from server.services.worklist import desk as desk_services
from server.services.worklist.cards import Alike
from server.services.worklist.desk import Office
from server.web.office import desk, office_page, school_id
from server.web.said import _

_LANGUAGES = (("ru", "Русский"), ("en", "English"))


@desk.route("/invite", methods=["GET", "POST"])
@door("staff", Permission.CASE_INVITE)
def invite() -> ResponseReturnValue:
    """Ask a family in; about the child nothing is written here."""
    office = perform(desk_services.office, school_id=school_id())
    if not office.may_invite:
        raise NotAllowed(permission=Permission.CASE_INVITE.name)
    if request.method == "GET":
        return _invite_page(office)
    place = parse_id(request.form.get("place", ""))
    known = place in [one.id for one in office.places]
    nowhere = _("Choose where the family lives.") if office.places and not known else ""
    try:
        parse_contact(request.form.get("contact", ""))
        if nowhere:
            return _invite_page(office, place=nowhere)
        known_here = perform(
            desk_services.open_cases_of,
            school_id=office.school_id,
            municipality_id=place if known else None,
            contact=request.form.get("contact", ""),
        )
        if known_here and not request.form.get("again"):
            return _invite_page(office, known_here=known_here)
        case_id = perform(
            arrivals.invite,
            school_id=office.school_id,
            municipality_id=place if known else None,
            contact=request.form.get("contact", ""),
            locale=_language(),
        )
    except ContactRefused as refused:
        return _invite_page(office, contact=sentence_of(refused), place=nowhere)
    flash(_("The invitation is on its way. Here you see how far the family has come."), "good")
    return redirect(url_for("desk.card", case_id=case_id), 303)


def _invite_page(
    office: Office, *, contact: str = "", place: str = "", known_here: Sequence[Alike] = ()
) -> ResponseReturnValue:
    wrong = [("contact", contact), ("place", place)]
    return office_page(
        "desk/invite.html",
        office,
        status=422 if contact or place else 409 if known_here else 200,
        page_title=_("Invite a family"),
        errors=[{"name": name, "label": "", "text": said} for name, said in wrong if said],
        fields=[
            _contact_field(contact),
            *([_place_field(office, place)] if office.places else []),
            _language_field(),
        ],
        known_here=known_here,
        poster_url=url_for("desk.poster"),
    )


def _contact_field(error: str) -> dict[str, Any]:
    channels = tools().channels
    label = _("The parent’s mobile number or mail address")
    if channels == {"mail"}:
        label = _("The parent’s mail address")
    elif channels == {"phone"}:
        label = _("The parent’s mobile number")
    return {
        "name": "contact",
        "type": "contact",
        "label": label,
        "help": _("An invitation with a personal link goes there, and nowhere else."),
        "required": True,
        "value": request.form.get("contact", ""),
        "errors": [error] if error else [],
    }


def _place_field(office: Office, error: str) -> dict[str, Any]:
    only = str(office.places[0].id) if len(office.places) == 1 else ""
    return {
        "name": "place",
        "type": "select",
        "label": _("Municipality"),
        "help": _("Where the family lives: its coordinator sees the application."),
        "required": True,
        "choices": [("", _("Choose")), *((str(one.id), one.name) for one in office.places)],
        "value": request.form.get("place", only),
        "errors": [error] if error else [],
    }


def _language_field() -> dict[str, Any]:
    return {
        "name": "language",
        "type": "one_of",
        "label": _("Language of the message"),
        "required": True,
        "choices": list(_LANGUAGES),
        "value": _language(),
        "errors": [],
    }


def _language() -> str:
    asked = request.form.get("language", "")
    return asked if asked in dict(_LANGUAGES) else locale()
