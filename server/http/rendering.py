"""Pages: one call that adds what every layout asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypedDict
from urllib.parse import quote

from flask import Flask, Response, current_app, get_flashed_messages, render_template, request
from flask.templating import Environment
from flask_babel import Babel, get_locale

from server.access.actors import Actor
from server.http import context
from server.http.security import csp_nonce
from server.kernel import places
from server.kernel.text import LOCALES

LANG_COOKIE = "lang"
_YEAR = 365 * 24 * 3600


class NavItem(TypedDict):
    """One line of the navigation at the side of staff pages."""

    label: str
    url: str
    count: int
    current: bool


Navigation = Callable[[Actor], list[NavItem]]


class Templates(Environment):
    """Flask's environment, whose templates share one dictionary of globals.

    Jinja gives each a chain of two, and looks through it for every macro that is imported: a sixth
    of what a page costs.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What every template knows; a chain only where somebody adds to it."""
        return super().make_globals(d) if d else self.globals


def page(template: str, /, *, status: int = 200, **facts: Any) -> Response:
    """A page: `facts` win over what is added (locale, nonce, notices; on staff pages who is here).

    Notices are what `flask.flash(text, kind)` kept for the next page: kind good, waiting, wrong,
    note or off; never anything about a person, they rest in the session.
    """
    added: dict[str, Any] = {"notices": _notices()}
    at = context.current_door()
    staff = context.staff() if at is not None and at.kind == "staff" else None
    if staff is not None:
        added["user"] = {
            "name": staff.name,
            "email": staff.email,
            "tenant": staff.tenant_name,
            "has_choice": staff.has_choice,
        }
        added["nav"] = navigation(staff.actor)
    return Response(bare(template, **{**added, **facts}), status, mimetype="text/html")


def bare(template: str, /, **facts: Any) -> str:
    """The HTML of a page that asks nobody who is here: no session, no database."""
    common = {
        "locale": locale(),
        "csp_nonce": csp_nonce(),
        "language_urls": language_urls(),
    }
    return render_template(template, **{**common, **facts})


def add_navigation(app: Flask, provider: Navigation) -> None:
    """Let a part of the house put its lines at the side of staff pages, one after the other."""
    app.extensions.setdefault("navigation", []).append(provider)


def navigation(actor: Actor) -> list[NavItem]:
    """All lines for this actor."""
    providers: list[Navigation] = current_app.extensions.get("navigation", [])
    return [item for provider in providers for item in provider(actor)]


def locale() -> str:
    """The language of this page: ru or en."""
    return str(get_locale() or LOCALES[0])[:2]


def language_urls() -> Mapping[str, str]:
    """Where the language switch leads: this page with its own query; a POST leads to its GET."""
    kept = {name: value for name, value in request.args.items() if name != "lang"}
    base = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in kept.items())
    lead = f"?{base}&" if base else "?"
    return {language: f"{lead}lang={language}" for language in LOCALES}


def use_languages(app: Flask, *, default: str) -> None:
    """Speak the reader's language: what they asked for, what they chose before, what they read."""

    def selected() -> str:
        asked = request.args.get("lang", "")
        chosen = request.cookies.get(LANG_COOKIE, "")
        if asked in LOCALES:
            return asked
        if chosen in LOCALES:
            return chosen
        return request.accept_languages.best_match(LOCALES, default) or default

    app.config["BABEL_DEFAULT_LOCALE"] = default
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(places.translations())
    Babel(app, locale_selector=selected)
    app.after_request(_remember_language)


def remember_language(response: Response, language: str) -> None:
    """Keep a choice of language in this browser; it is no secret and says nothing of a person."""
    if language in LOCALES:
        secure = str(current_app.config["BASE_URL"]).startswith("https:")
        response.set_cookie(
            LANG_COOKIE, language, max_age=_YEAR, samesite="Lax", secure=secure, httponly=True
        )


def _remember_language(response: Response) -> Response:
    asked = request.args.get("lang", "")
    if asked and asked != request.cookies.get(LANG_COOKIE):
        remember_language(response, asked)
    return response


def _notices() -> list[dict[str, str]]:
    kept: list[tuple[str, str]] = get_flashed_messages(with_categories=True)  # type: ignore[assignment]  # pairs
    return [{"kind": "note" if kind == "message" else kind, "text": text} for kind, text in kept]


def _quoted(text: str) -> str:
    return quote(text, safe="")
