"""Posters: the school's code to hang on a door, whole or for one municipality."""

from __future__ import annotations

from typing import Any

import segno
from flask import Response, current_app, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from server.access.policy import Permission
from server.http.context import door, perform
from server.kernel.errors import NotFound
from server.services.worklist import desk as desk_services
from server.services.worklist.desk import Office, Place
from server.web.office import desk, office_page, school_id
from server.web.said import _

# A quarter of the code may be torn or covered and it is still read.
ERROR_LEVEL = "q"


@desk.get("/poster")
@door("staff", Permission.DESK_READ)
def poster() -> ResponseReturnValue:
    """The poster of the whole school."""
    office = _office()
    return _poster_page(office, None)


@desk.get("/poster/<place>")
@door("staff", Permission.DESK_READ)
def poster_of_place(place: str) -> ResponseReturnValue:
    """The poster of one municipality: families who come by it belong there at once."""
    office = _office()
    return _poster_page(office, _place(office, place))


@desk.get("/poster.svg")
@door("staff", Permission.DESK_READ)
def poster_code() -> ResponseReturnValue:
    """The code alone, for one's own leaflet."""
    return _svg(_office(), None)


@desk.get("/poster/<place>.svg")
@door("staff", Permission.DESK_READ)
def poster_code_of_place(place: str) -> ResponseReturnValue:
    """The code of one municipality."""
    office = _office()
    return _svg(office, _place(office, place))


def address_of(office: Office, place: Place | None) -> str:
    """The short public address a poster leads to; it is no secret."""
    path = url_for("public.start", slug=office.slug, place=place.slug if place else None)
    return f"{current_app.config['BASE_URL'].rstrip('/')}{path}"


def code_of(address: str) -> str:
    """The QR code of an address as SVG, without anything that a content policy refuses."""
    return str(
        segno.make(address, error=ERROR_LEVEL, micro=False).svg_inline(
            scale=1, border=3, omitsize=True, svgclass=None, lineclass=None
        )
    )


def _office() -> Office:
    return perform(desk_services.office, school_id=school_id())


def _place(office: Office, slug: str) -> Place:
    found = next((one for one in office.places if one.slug == slug), None)
    if found is None:
        raise NotFound(what="place")
    return found


def _poster_page(office: Office, place: Place | None) -> ResponseReturnValue:
    address = address_of(office, place)
    svg_url = (
        url_for("desk.poster_code_of_place", place=place.slug)
        if place
        else url_for("desk.poster_code")
    )
    return office_page(
        "desk/poster.html",
        office,
        page_title=_("Poster"),
        tabs=_tabs(office, place),
        place_name=place.name if place else "",
        qr=Markup(code_of(address)),  # noqa: S704 - segno draws numbers: nothing of the address is in it
        address=address.partition("://")[2],
        svg_url=svg_url,
    )


def _tabs(office: Office, here: Place | None) -> list[dict[str, Any]]:
    whole = {"label": _("The whole school"), "url": url_for("desk.poster"), "current": here is None}
    return [
        whole,
        *(
            {
                "label": one.name,
                "url": url_for("desk.poster_of_place", place=one.slug),
                "current": one == here,
            }
            for one in office.places
        ),
    ]


def _svg(office: Office, place: Place | None) -> Response:
    name = "-".join(part for part in (office.slug, place.slug if place else "") if part)
    body = (
        f'<?xml version="1.0" encoding="utf-8"?>\n{_standalone(code_of(address_of(office, place)))}'
    )
    response = Response(body, mimetype="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.svg"'
    return response


def _standalone(svg: str) -> str:
    """A file of its own needs to say what it is."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
