"""The web: the one place where its parts are joined."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader

from server import admin
from server.accounts import setup as accounts
from server.api import v1
from server.http import (
    assets,
    compressing,
    context,
    errors,
    health,
    rendering,
    requests,
    security,
    sessions,
)
from server.http.hosts import FromOutside
from server.runtime import Runtime
from server.web import desk, sandbox
from server.web.child import child
from server.web.components import components
from server.web.entry import entry
from server.web.guardian import guardian
from server.web.public import public

HERE = Path(__file__).parent
TEMPLATES = (HERE / "web" / "templates", HERE / "admin" / "templates")


def create_app(runtime: Runtime) -> Flask:
    """Join the web's parts on what the process was built of.

    :raises Broken: when a view says nowhere whom it is for.
    """
    app = Flask("server", static_folder=None)
    for step in (_speak, _guard, _carry, _serve_files, _sign_in, _open_doors, _probe):
        step(app, runtime)
    context.refuse_doorless(app)
    return app


def _speak(app: Flask, runtime: Runtime) -> None:
    """Number each request, pack each answer, find templates and languages."""
    requests.number(app)
    compressing.compress(app)
    app.jinja_environment = rendering.Templates
    app.jinja_options = {"autoescape": True, "trim_blocks": False}
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in TEMPLATES])
    app.jinja_env.auto_reload = False
    rendering.use_languages(app, default=runtime.settings.locale)


def _guard(app: Flask, runtime: Runtime) -> None:
    """Sessions, walls and the outermost layer; errors are answered from here on."""
    settings = runtime.settings
    app.secret_key = settings.secret_key
    app.session_interface = sessions.Sessions(
        runtime.tools.database,
        secret_key=settings.secret_key,
        secure=settings.base_url.startswith("https:"),
    )
    security.protect(app, base_url=settings.base_url, sandbox=settings.sandbox)
    errors.register(app)
    app.wsgi_app = FromOutside(  # type: ignore[assignment]  # as Flask's own docs wrap it
        app.wsgi_app,
        hops=settings.trusted_proxies,
        base_url=settings.base_url,
        paths=health.PATHS,
    )


def _carry(app: Flask, runtime: Runtime) -> None:
    """Services at hand, somebody at every door."""
    context.carry(app, runtime.tools)


def _serve_files(app: Flask, _runtime: Runtime) -> None:
    assets.serve(app, HERE / "web" / "static")


def _sign_in(app: Flask, runtime: Runtime) -> None:
    accounts.register(app, pepper=runtime.settings.pepper)


def _open_doors(app: Flask, runtime: Runtime) -> None:
    """The pages of each reader, and what programs use."""
    for pages in (public, entry, guardian, child):
        app.register_blueprint(pages)
    desk.register(app)
    admin.register(app)
    v1.register(app, reads=runtime.settings.api_reads, changes=runtime.settings.api_changes)
    if runtime.settings.sandbox:
        sandbox.register(app, outbox=runtime.settings.data.outbox)
        context.declare_door(app, "components.*", "sandbox")
        app.register_blueprint(components)


def _probe(app: Flask, runtime: Runtime) -> None:
    health.register(app, data=runtime.settings.data.path, redis_answers=runtime.redis_answers)
