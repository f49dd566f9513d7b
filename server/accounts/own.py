"""One's own account: another password, the browsers one is signed in at, the language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.access.policy import Permission
from server.accounts.refusals import each_of, field_of
from server.http import limits, sessions
from server.http.context import current_actor, door, perform, staff
from server.http.errors import sentence_of
from server.http.rendering import locale, page, remember_language
from server.kernel.errors import Refused
from server.kernel.logs import log
from server.services.accounts import own_account
from server.services.accounts.own_account import OpenSession, OwnAccount
from server.services.limits import OLD_PASSWORD
from server.words import dates

own = Blueprint("own", __name__, url_prefix="/account")


@own.get("")
@door("staff", Permission.ACCOUNT_OWN)
def account() -> ResponseReturnValue:
    """One's own account."""
    return _page()


@own.post("/password")
@door("staff", Permission.ACCOUNT_OWN)
def password() -> ResponseReturnValue:
    """Set another password; every other browser is signed out."""
    limits.allow((OLD_PASSWORD, str(current_actor().account_id)))
    try:
        mark = perform(
            own_account.change_password,
            old=request.form.get("old", ""),
            password=request.form.get("password", ""),
            again=request.form.get("again", ""),
        )
    except Refused as refusal:
        return _page(wrong={field_of(each): sentence_of(each) for each in each_of(refusal)})
    sessions.keep_staff(mark)
    log.info("password_changed", account=str(current_actor().account_id))
    flash(_("The new password is set. Everywhere else you have been signed out."), "good")
    return redirect(url_for("own.account"), 303)


@own.post("/session/end")
@door("staff", Permission.ACCOUNT_OWN)
def end_session() -> ResponseReturnValue:
    """End one of one's own sessions."""
    written = request.form.get("session", "")
    try:
        wanted = bytes.fromhex(written)
    except ValueError:
        wanted = b""
    if wanted == sessions.here():
        sessions.end()
        return redirect(url_for("security.login"), 303)
    perform(own_account.end_session, session_id=wanted)
    flash(_("That browser is signed out."), "good")
    return redirect(url_for("own.account"), 303)


@own.post("/language")
@door("staff", Permission.ACCOUNT_OWN)
def language() -> ResponseReturnValue:
    """Choose the language of pages and letters."""
    chosen = request.form.get("language", "")
    perform(own_account.choose_language, locale=chosen)
    response = redirect(url_for("own.account"), 303)
    remember_language(response, chosen)  # type: ignore[arg-type]  # Flask's own response
    return response


def _page(wrong: Mapping[str, str] | None = None) -> Response:
    held = perform(own_account.own_account, real_now=datetime.now(UTC))
    here = staff()
    assert here is not None  # the door let nobody else in
    return page(
        "accounts/own.html",
        status=422 if wrong else 200,
        page_title=_("My account"),
        school=_head(held, here.tenant_name),
        facts=[
            {"label": _("Name"), "value": here.name},
            {"label": _("Mail address"), "value": held.email},
            {"label": _("Organisation"), "value": here.tenant_name},
        ],
        email=held.email,
        sessions=[_line(one, held.zone) for one in held.sessions],
        language_chosen=held.locale or locale(),
        wrong={name: [said] for name, said in (wrong or {}).items()},
        errors=[{"name": name, "label": "", "text": said} for name, said in (wrong or {}).items()],
    )


def _head(held: OwnAccount, organisation: str) -> dict[str, str] | None:
    if held.school_title is None:
        return None
    return {
        "title": held.school_title.in_(locale()),
        "partner_name": organisation,
        "initials": held.school_initials,
    }


def _line(one: OpenSession, zone: str) -> dict[str, Any]:
    # Browsers age by real time, not by the sandbox's clock.
    began = dates.moment_near(one.began_at, datetime.now(UTC), zone, locale())
    return {
        "id": one.id.hex(),
        "browser": one.browser or _("An unknown browser"),
        "organisation": one.organisation,
        "began": _("signed in %(when)s", when=began),
        "here": one.id == sessions.here(),
    }
