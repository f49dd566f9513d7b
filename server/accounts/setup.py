"""Flask-Security as we use it: password sign-in and sign-out, in our look and our words.

A new password by mail is ours (`pages.py`): the token is computed and never stored, the letter is
written by the worker, and an unknown address takes the same way as a known one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_login.signals import user_logged_out
from flask_login.utils import _user_context_processor
from flask_security import Security
from flask_security.signals import user_authenticated

from server.accounts import own
from server.accounts.forms import SignInForm
from server.accounts.pages import accounts, open_places, sign_in_facts
from server.accounts.people import Accounts, SignedIn
from server.http import rendering, sessions
from server.http.context import declare_door
from server.kernel.logs import log


def register(app: Flask, *, pepper: str) -> None:
    """Add sign-in, sign-out, the choice of an organisation and a new password."""
    app.config.update(
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_POST_LOGIN_VIEW="accounts.arrive",
        SECURITY_POST_LOGOUT_VIEW="security.login",
        SECURITY_LOGIN_USER_TEMPLATE="accounts/sign_in.html",
        SECURITY_LOGOUT_USER_TEMPLATE="accounts/sign_in.html",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the method
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_SALT=pepper,
        SECURITY_PASSWORD_NORMALIZE_FORM="NFKC",  # noqa: S106 - the name of the method
        SECURITY_FRESHNESS=timedelta(seconds=-1),
        SECURITY_STATIC_FOLDER=None,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_CACHE_CONTROL=None,  # no answer of ours may be stored at all
        SECURITY_API_ENABLED_METHODS=["session"],
    )
    security = Security(
        app,
        Accounts(),
        login_form=SignInForm,
        render_template=rendering.page,  # type: ignore[arg-type]  # it is only returned
    )
    security.want_json(lambda _request: False)
    _ask_only_when_asked(app, security)
    security.login_context_processor(sign_in_facts)
    declare_door(app, "security.login", "public")
    declare_door(app, "security.logout", "public")
    app.register_blueprint(accounts)
    app.register_blueprint(own.own)
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)


def _ask_only_when_asked(app: Flask, security: Security) -> None:
    """Keep the libraries beneath from reading session and account on every request, files too.

    Rights come from the permission table, nobody is remembered beyond a session, and a session
    ends by our own rules, not when an address changes on the way.
    """
    login = app.login_manager  # type: ignore[attr-defined]  # Flask-Login put it there
    login.session_protection = None
    app.after_request_funcs[None].remove(login._update_remember_cookie)
    app.template_context_processors[None].remove(_user_context_processor)
    security.principal.identity_loaders.clear()


def _signed_in(_app: Flask, user: SignedIn, **_: Any) -> None:
    """Another session id, and the organisation where there is no choice."""
    places = open_places(user.account_id, user.fs_uniquifier)
    only = places[0].tenant_id if len(places) == 1 else None
    sessions.start_staff(user.account_id, active_tenant=only)
    log.info("signed_in", account=str(user.account_id))


def _signed_out(_app: Flask, **_: Any) -> None:
    sessions.end()
