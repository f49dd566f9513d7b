"""The coordinator's desk: its pages joined, its sections put at the side."""

from __future__ import annotations

from flask import Flask

from server.http import rendering
from server.web import bulk, card, invitations, posters, worklist
from server.web.office import desk, sections

PAGES = (worklist, bulk, card, invitations, posters)  # importing them put their views on the desk


def register(app: Flask) -> None:
    """Open the desk under /desk."""
    app.register_blueprint(desk)
    rendering.add_navigation(app, sections)
