"""The web server: gunicorn with all code read and pages warmed before its workers are forked."""

from __future__ import annotations

import gc
import signal
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from server.app import create_app
from server.kernel import lifeline
from server.runtime import Runtime, build
from server.settings import Settings

# Pages that anybody may ask for: asked once before the fork, their templates are shared memory.
WARM_UP = ("/livez", "/", "/sign-in")
GRACE_SECONDS = 8


def run(settings: Settings) -> None:
    """Serve until asked to end; requests that came in are answered first."""
    WebServer(settings).run()


class NamelessResponse(wsgi.Response):
    """An answer that does not say what server gives it: whoever looks for holes need not know."""

    def default_headers(self) -> list[str]:
        """Gunicorn's own headers but its name; it has no setting for that."""
        lines: list[str] = super().default_headers()
        return [line for line in lines if not line.lower().startswith("server:")]


class WebServer(BaseApplication):
    """One master that reads the code, and workers with threads that answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runtime: Runtime | None = None
        super().__init__()

    def load_config(self) -> None:
        wsgi.Response = NamelessResponse
        settings = self._settings
        host = f"[{settings.listen}]" if ":" in settings.listen else settings.listen
        values = {
            "bind": f"{host}:{settings.port}",
            "workers": settings.web_workers,
            "threads": settings.web_threads,
            "worker_class": "gthread",
            "preload_app": True,
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "keepalive": 5,
            # A file in somebody's home folder, for a console that we do not offer.
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "mentor-school",
            "post_fork": self._after_fork,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, warm: what it touched so far is kept out of the collector's way."""
        self._runtime = build(self._settings)
        app: Flask = create_app(self._runtime)
        warm_up(app, self._settings.base_url)
        gc.collect()
        gc.freeze()
        gc.enable()
        return app

    def _after_fork(self, _arbiter: Any, worker: Any) -> None:
        lifeline.die_with_parent(worker.ppid, signal.SIGTERM)
        assert self._runtime is not None
        self._runtime.after_fork()


def warm_up(app: Flask, base_url: str) -> None:
    """Ask for a few pages, whatever they answer."""
    with app.test_client() as client:
        for path in WARM_UP:
            client.get(path, base_url=base_url)
