"""Pages around signing in: where one arrives, the choice of an organisation, a new password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security.utils import validate_redirect_url

from server.accounts.refusals import each_of, field_of
from server.http import limits, sessions
from server.http.context import door, perform_in, perform_outside, staff
from server.http.errors import sentence_of
from server.http.rendering import LANG_COOKIE, page, remember_language
from server.kernel.errors import DeadLink, Refused
from server.kernel.ids import parse_id
from server.kernel.logs import log
from server.kernel.marks import token_hash
from server.services.accounts import sign_in
from server.services.limits import LINK_ADDRESS, RESET_ACCOUNT, RESET_ADDRESS

accounts = Blueprint("accounts", __name__)

HOME = "/desk"
PLATFORM_HOME = "/admin/"


def sign_in_facts() -> dict[str, Any]:
    """What the sign-in page shows beside the form."""
    wrong = request.method == "POST"
    said = _("The address and the password do not fit together. Check both.")
    return {
        "page_title": _("Signing in"),
        "next": own_path(request.values.get("next")),
        "email": request.form.get("email", ""),
        "errors": [{"name": "email", "label": "", "text": said}] if wrong else [],
    }


@accounts.get("/sign-in/arrived")
@door("public")
def arrive() -> ResponseReturnValue:
    """Where somebody goes who just signed in: to work, or to the choice of an organisation."""
    if sessions.staff_mark() is None:
        return redirect(url_for("security.login"), 303)
    if sessions.active_tenant() is None:
        return redirect(url_for("accounts.choose"), 303)
    here = staff()
    if here is None or not here.has_role:
        # The role here was taken away meanwhile; perhaps there is another place.
        session.pop("active_tenant")
        return redirect(url_for("accounts.choose"), 303)
    response = redirect(PLATFORM_HOME if here.actor.platform else HOME, 303)
    if here.locale and LANG_COOKIE not in request.cookies:
        remember_language(response, here.locale)  # type: ignore[arg-type]  # Flask's own response
    return response


@accounts.route("/sign-in/school", methods=["GET", "POST"])
@door("public")
def choose() -> ResponseReturnValue:
    """Choose among the organisations one works in."""
    mark = sessions.staff_mark()
    known = perform_outside(sign_in.find_session_account, uniquifier=mark) if mark else None
    if known is None or not known.active:
        sessions.end()
        return redirect(url_for("security.login"), 303)
    places = open_places(known.id, known.fs_uniquifier)
    back = own_path(request.values.get("next"))
    chosen = parse_id(request.form.get("tenant", ""))
    if chosen in [place.tenant_id for place in places] and chosen is not None:
        sessions.choose_tenant(chosen)
        return redirect(back or url_for("accounts.arrive"), 303)
    return page(
        "accounts/choose.html",
        page_title=_("Where do you work today?"),
        places=places,
        current=sessions.active_tenant(),
        next=back,
    )


@accounts.route("/password/reset", methods=["GET", "POST"])
@door("public")
def forgotten() -> ResponseReturnValue:
    """Ask for a way to a new password; the answer is the same for every address."""
    address = request.form.get("email", "").strip().lower()
    errors = []
    if request.method == "POST":
        if "@" in address and address.isprintable():  # the database knows no NUL
            limits.allow((RESET_ADDRESS, limits.here()), (RESET_ACCOUNT, address))
            if (found := perform_outside(sign_in.reset_tenant, email=address)) is not None:
                perform_in(found[0], sign_in.ask_for_reset, account_id=found[1])
            return redirect(url_for("accounts.asked"), 303)
        said = _("Something is missing in the address. It looks like name@example.ru.")
        errors = [{"name": "email", "label": _("Mail address"), "text": said}]
    return page(
        "accounts/forgotten.html",
        page_title=_("A new password"),
        email=request.form.get("email", ""),
        errors=errors,
    )


@accounts.get("/password/asked")
@door("public")
def asked() -> ResponseReturnValue:
    """What happens after asking, whoever asked."""
    return page("accounts/asked.html", page_title=_("Look into your mail"))


@accounts.get("/reset/<token>")
@door("link")
def enter(token: str) -> ResponseReturnValue:
    """Swap the mailed token for a place in the session: it stands in no further address."""
    limits.allow((LINK_ADDRESS, limits.here()))
    found = perform_outside(sign_in.door_tenant, token=token, kind=sign_in.RESET_DOOR)
    if found is None:
        raise DeadLink(what="password_reset")
    tenant_id, delivery_id = found
    perform_in(tenant_id, sign_in.open_reset, delivery_id=delivery_id)
    session["new_password"] = {
        "tenant_id": str(tenant_id),
        "delivery_id": str(delivery_id),
        "hash": token_hash(token).hex(),
    }
    sessions.current().renew()
    return redirect(url_for("accounts.renew"), 303)


@accounts.route("/password/new", methods=["GET", "POST"])
@door("link")
def renew() -> ResponseReturnValue:
    """Set a new password: every session of the account ends, and one signs in anew."""
    held = session.get("new_password")
    if held is None:
        raise DeadLink(what="password_reset")
    tenant_id, delivery_id = UUID(held["tenant_id"]), UUID(held["delivery_id"])
    known = perform_in(tenant_id, sign_in.open_reset, delivery_id=delivery_id)
    errors = []
    if request.method == "POST":
        try:
            account_id = perform_in(
                tenant_id,
                sign_in.set_password,
                delivery_id=delivery_id,
                hash_=bytes.fromhex(held["hash"]),
                password=request.form.get("password", ""),
                again=request.form.get("again", ""),
            )
        except Refused as refusal:
            errors = [
                {"name": field_of(each), "label": "", "text": sentence_of(each)}
                for each in each_of(refusal)
            ]
        else:
            log.info("password_changed", account=str(account_id))
            sessions.end()
            return redirect(url_for("accounts.renewed"), 303)
    return page(
        "accounts/renew.html",
        page_title=_("Choose a new password"),
        email=known.email,
        errors=errors,
    )


@accounts.get("/password/renewed")
@door("public")
def renewed() -> ResponseReturnValue:
    """The new password is set."""
    return page("accounts/renewed.html", page_title=_("The new password is set"))


def open_places(account_id: UUID, uniquifier: str) -> list[sign_in.Workplace]:
    """The organisations in which an account holds a role today."""

    def is_open(place: sign_in.Workplace) -> bool:
        found = perform_in(place.tenant_id, sign_in.staff, uniquifier=uniquifier)
        return found is not None and found.has_role

    places = perform_outside(sign_in.workplaces, account_id=account_id)
    return [place for place in places if is_open(place)]


def own_path(url: str | None) -> str:
    """A path of this site to go back to, or nothing: never another site (SECURITY.md B12)."""
    if not url or not url.startswith("/") or url.startswith(("//", "/\\")):
        return ""
    if any(ord(letter) < 0x20 or letter == "\\" for letter in url):
        return ""
    return url if validate_redirect_url(url) else ""
