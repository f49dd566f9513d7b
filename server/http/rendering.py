"""Pages: one call that adds what every layout asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Set
from typing import Any, TypedDict
from urllib.parse import quote

from flask import (
    Flask,
    Response,
    current_app,
    g,
    get_flashed_messages,
    has_request_context,
    render_template,
    request,
)
from flask.sansio.blueprints import BlueprintSetupState
from flask.templating import Environment
from flask_babel import Babel, Domain, get_locale
from markupsafe import Markup

from server.access.actors import Actor
from server.http import context
from server.http.security import csp_nonce
from server.kernel import places
from server.kernel.text import LOCALES
from server.words.catalogues import said_to_child

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


def piece(template: str, /, **facts: Any) -> Markup:
    """A piece of a page, to stand in another."""
    return Markup(render_template(template, **facts))  # noqa: S704 - a template escapes by itself


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
    babel = Babel(app, locale_selector=selected)
    babel.domain_instance = _Speech()
    app.after_request(_remember_language)


class _Speech(Domain):
    """The catalogue of this page, in the voice of whom it speaks to."""

    def get_translations(self) -> Any:
        """Flask-Babel's, for grown-ups and children."""
        plain = super().get_translations()
        return _ToAChild(plain) if speaks_to_a_child() else plain


class _ToAChild:
    """A catalogue that says to a child what it has for children, and else what it says to all."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    def ugettext(self, msgid: str) -> str:
        """One sentence."""
        return said_to_child(self._plain, msgid)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def speak_to_a_child() -> None:
    """From here on this page speaks to a child."""
    g.to_a_child = True


def speaks_to_a_child() -> bool:
    """Whether this page speaks to a child: a page of the child's, or one that found out."""
    if not has_request_context():
        return False
    childs: Set[str] = current_app.extensions.get("childs_pages", frozenset())
    return bool(g.get("to_a_child")) or request.blueprint in childs


def childs_pages(state: BlueprintSetupState) -> None:
    """All pages of this blueprint speak to a child, their refusals too; give it to `record_once`.

    By name and not by a hook: a request that is turned away early speaks to a child as well.
    """
    app = state.app
    app.extensions["childs_pages"] = {*app.extensions.get("childs_pages", ()), state.name}


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
