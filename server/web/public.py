"""Pages for everybody: the front page, and a school's own start page that its poster leads to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.http import limits, sessions
from server.http.context import door, perform_in, perform_outside
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import (
    CodeRefused,
    ContactRefused,
    DeadLink,
    LimitReached,
    MentorSchoolError,
    NotFound,
)
from server.kernel.text import LOCALES
from server.services.accounts import sign_in
from server.services.families import arrivals, letterheads
from server.services.families.arrivals import CodeSent, SchoolDoor
from server.services.limits import CODE_ADDRESS, CONTACT_ADDRESS, CONTACT_SCHOOL
from server.web.codes import code_facts, sent_words
from server.web.letterhead import speaker

public = Blueprint("public", __name__)
_KEY = "arrival"
# Pages before the first question of a package: contact, code, who asks for whom.
BEFORE = 3


@dataclass(frozen=True)
class Arrival:
    """A family on its way in, before anybody knows who it is: ids, and the school it came to."""

    tenant: str
    school: str
    slug: str
    place: str | None
    municipality: str | None
    check: str
    code: str

    @classmethod
    def here(cls, slug: str) -> Arrival | None:
        """Who is on the way to this school in this browser."""
        held = session.get(_KEY)
        return cls(**held) if held and held["slug"] == slug else None

    def keep(self) -> None:
        """Remember it in this browser."""
        session[_KEY] = asdict(self)


@public.get("/")
@door("public")
def front() -> ResponseReturnValue:
    """What this is, and where families and staff go in."""
    return page("family/front.html", page_title="")


@public.route("/go/<slug>", methods=["GET", "POST"])
@public.route("/go/<slug>/<place>", methods=["GET", "POST"])
@door("public")
def start(slug: str, place: str | None = None) -> ResponseReturnValue:
    """A school asks a family in: who asks, what happens next, and one contact."""
    tenant_id, school = _school(slug, place)
    # The first code is bound to this browser; marked here, two clicks are one browser's.
    sessions.page_mark()
    if request.method == "GET":
        return _start_page(tenant_id, school)
    try:
        limits.allow((CONTACT_ADDRESS, limits.here()), (CONTACT_SCHOOL, slug))
        sent = perform_in(
            tenant_id,
            arrivals.ask_contact,
            school_id=school.school.id,
            municipality_id=school.municipality.id if school.municipality else None,
            contact=request.form.get("contact", ""),
            locale=locale(),
        )
    except ContactRefused as refused:
        return _start_page(tenant_id, school, wrong=refused, status=422)
    except LimitReached as refused:
        return _start_page(tenant_id, school, wrong=refused, status=429)
    Arrival(
        tenant=str(tenant_id),
        school=str(school.school.id),
        slug=slug,
        place=place,
        municipality=str(school.municipality.id) if school.municipality else None,
        check=str(sent.check_id),
        code=str(sent.code_id),
    ).keep()
    return redirect(url_for("public.code", slug=slug), 303)


@public.route("/start/<slug>", methods=["GET", "POST"])
@door("public")
def code(slug: str) -> ResponseReturnValue:
    """The first code: it proves the contact and accepts the rules of the simple signature."""
    arrival = Arrival.here(slug)
    if arrival is None:
        return redirect(url_for("public.start", slug=slug), 303)
    if request.method == "GET":
        return _code_page(arrival)
    limits.allow((CODE_ADDRESS, limits.here()))
    try:
        found = perform_in(
            UUID(arrival.tenant),
            arrivals.confirm_contact,
            check_id=UUID(arrival.check),
            code_id=UUID(arrival.code),
            typed=request.form.get("code", ""),
        )
    except CodeRefused as refused:
        return _code_page(arrival, wrong=refused, status=422)
    except ContactRefused as refused:
        # The code proved whose contact it is, so it may be said why it is not taken.
        return _start_page(*_school(arrival.slug, arrival.place), wrong=refused, status=422)
    except DeadLink:
        return _gone(arrival)
    sessions.start_family(
        kind="guardian",
        tenant_id=UUID(arrival.tenant),
        person_id=found.person_id,
        case_id=found.invitation,
        assured=True,
    )
    session["place"] = {
        "school": arrival.school,
        "municipality": arrival.municipality,
        "case": str(found.invitation) if found.invitation else None,
        "before": BEFORE,
    }
    if found.case_ids and found.invitation is None:
        return redirect(url_for("guardian.home"), 303)
    return redirect(url_for("guardian.request_place"), 303)


@public.post("/start/<slug>/again")
@door("public")
def code_again(slug: str) -> ResponseReturnValue:
    """Send the first code once more."""
    arrival = Arrival.here(slug)
    if arrival is None:
        return redirect(url_for("public.start", slug=slug), 303)
    limits.allow((CODE_ADDRESS, limits.here()))
    try:
        sent = perform_in(
            UUID(arrival.tenant), arrivals.ask_contact_again, check_id=UUID(arrival.check)
        )
    except LimitReached as refused:
        return _code_page(arrival, wrong=refused, status=429)
    except DeadLink:
        return _gone(arrival)
    flash(sent_words(arrival.code, str(sent.code_id)), "note")
    renewed = asdict(arrival) | {"check": str(sent.check_id), "code": str(sent.code_id)}
    Arrival(**renewed).keep()
    return redirect(url_for("public.code", slug=slug), 303)


@public.get("/rules/<slug>")
@door("public")
def rules(slug: str) -> ResponseReturnValue:
    """The rules of the simple electronic signature, on a page of their own."""
    tenant_id, school = _school(slug, None)
    return page(
        "family/rules.html",
        page_title=_("Rules of the simple electronic signature"),
        school=speaker(letterheads.Letterhead(school.school, school.partner)),
        rules=_rules(tenant_id, school),
    )


def _school(slug: str, place: str | None) -> tuple[UUID, SchoolDoor]:
    found = perform_outside(sign_in.door_tenant, token=f"school {slug}", kind="school")
    if found is None:
        raise NotFound(what="school")
    return found[0], perform_in(found[0], arrivals.school_door, slug=slug, place=place)


def _start_page(
    tenant_id: UUID,
    school: SchoolDoor,
    *,
    wrong: MentorSchoolError | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    said = sentence_of(wrong) if wrong is not None else ""
    return page(
        "family/start.html",
        status=status,
        page_title=_("Request for a place"),
        school=speaker(letterheads.Letterhead(school.school, school.partner)),
        place=school.municipality.name if school.municipality else "",
        errors=[{"name": "contact", "label": "", "text": said}] if said else [],
        field=_contact_field(school.channels, request.form.get("contact", ""), said),
        rules=_rules(tenant_id, school),
        rules_url=url_for("public.rules", slug=school.school.slug),
        step={"number": 1, "total": BEFORE + school.consents + 2},
    )


def _contact_field(channels: frozenset[str], typed: str, error: str) -> dict[str, Any]:
    labels = {
        frozenset({"mail"}): _("Your mail address"),
        frozenset({"phone"}): _("Your mobile number"),
    }
    only_phone = channels == frozenset({"phone"})
    return {
        "name": "contact",
        "type": "contact",
        "label": labels.get(channels, _("Your mobile number or mail address")),
        "help": _("We send a code there to see that it is yours. The school sees this contact."),
        "required": True,
        "inputmode": "tel" if only_phone else "email",
        "autocomplete": "tel" if only_phone else "email",
        "value": typed,
        "errors": [error] if error else [],
    }


def _code_page(
    arrival: Arrival, *, wrong: MentorSchoolError | None = None, status: int = 200
) -> ResponseReturnValue:
    tenant_id, school = _school(arrival.slug, arrival.place)
    try:
        sent: CodeSent = perform_in(tenant_id, arrivals.code_on_its_way, code_id=UUID(arrival.code))
    except DeadLink:
        return _gone(arrival)
    return page(
        "family/code.html",
        status=status,
        page_title=_("Type the code") if sent.works else _("This code does not work any more"),
        school=speaker(letterheads.Letterhead(school.school, school.partner)),
        **code_facts(sent, wrong),
        again_url=url_for("public.code_again", slug=arrival.slug),
        change_url=_start_url(arrival),
        rules_url=url_for("public.rules", slug=arrival.slug),
        step={"number": 2, "total": BEFORE + school.consents + 2},
        language_urls=languages(url_for("public.code", slug=arrival.slug)),
    )


def languages(url: str) -> dict[str, str]:
    """The language switch of a page that an address for posting alone may have answered."""
    return {language: f"{url}?lang={language}" for language in LOCALES}


def _gone(arrival: Arrival) -> ResponseReturnValue:
    """A day passed, and the contact was erased as it promised: begin anew."""
    session.pop(_KEY, None)
    flash(_("It was a while ago, so we have forgotten your contact. Please type it again."), "note")
    return redirect(_start_url(arrival), 303)


def _start_url(arrival: Arrival) -> str:
    return url_for("public.start", slug=arrival.slug, place=arrival.place)


def _rules(tenant_id: UUID, school: SchoolDoor) -> Any:
    return perform_in(
        tenant_id, arrivals.rules_to_read, school_id=school.school.id, locale=locale()
    )
