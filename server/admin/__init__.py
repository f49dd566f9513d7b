"""The partner's admin: forms, deadlines, publishing and records, on Flask-Admin."""

from __future__ import annotations

from flask import Flask, request, url_for
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_babel import lazy_gettext

from server.access.actors import Actor
from server.access.policy import Permission
from server.admin.base import doors_of, may
from server.admin.forms import FormsView
from server.admin.people import PeopleView
from server.admin.publishing import FileView, HistoryView, PublishView
from server.admin.records import EvidenceList, LetterList, ReleaseList, SchoolList
from server.admin.said import _
from server.admin.start import StartView
from server.admin.tokens import TokensView
from server.admin.workflows import WorkflowsView
from server.http.context import declare_door
from server.http.rendering import NavItem, add_navigation
from server.http.security import csp_nonce


def register(app: Flask) -> None:
    """Put the admin under /admin/, its doors before it, and its line beside every staff page."""
    admin = Admin(
        app,
        name=lazy_gettext("Settings"),
        index_view=StartView(name=lazy_gettext("Overview")),
        theme=Bootstrap4Theme(base_template="admin/base_ms.html"),
        csp_nonce_generator=csp_nonce,
    )
    settings = (
        FormsView(name=lazy_gettext("Forms"), endpoint="admin_forms", url="forms"),
        WorkflowsView(name=lazy_gettext("Deadlines"), endpoint="admin_workflows", url="workflows"),
        PublishView(name=lazy_gettext("Publishing"), endpoint="admin_publish", url="publish"),
        HistoryView(name=lazy_gettext("History"), endpoint="admin_history", url="history"),
        FileView(name=lazy_gettext("File"), endpoint="admin_file", url="file"),
    )
    kept = lazy_gettext("Records")
    records = (
        PeopleView(name=lazy_gettext("People and roles"), endpoint="admin_people", url="people",
                   category=kept),
        TokensView(name=lazy_gettext("Tokens"), endpoint="admin_tokens", url="tokens",
                   category=kept),
        SchoolList(name=lazy_gettext("Schools"), endpoint="admin_schools", url="schools",
                   category=kept),
        ReleaseList(name=lazy_gettext("Releases of the model"), endpoint="admin_releases",
                    url="releases", category=kept),
        LetterList(name=lazy_gettext("Letters"), endpoint="admin_letters", url="letters",
                   category=kept),
        EvidenceList(name=lazy_gettext("Chain of evidence"), endpoint="admin_evidence",
                     url="evidence", category=kept),
    )  # fmt: skip
    admin.add_views(*settings, *records)
    doors_of(app, admin, declare_door)
    add_navigation(app, _sections)


def _sections(actor: Actor) -> list[NavItem]:
    """One line at the side, for whoever may read a school's settings or the model's releases."""
    if not (may(actor, Permission.SETTINGS_READ) or actor.platform):
        return []
    return [
        {
            "label": _("Forms and deadlines") if not actor.platform else _("Model"),
            "url": url_for("admin.index"),
            "count": 0,
            "current": request.path.startswith("/admin"),
        }
    ]
