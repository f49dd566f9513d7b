"""The first page of the admin: what may be adapted here, how far, and what was published last."""

from __future__ import annotations

from typing import cast

from flask.typing import ResponseReturnValue

from server.access.policy import Permission
from server.admin import said
from server.admin.base import (
    ServiceIndex,
    at_school,
    expose,
    may,
    school_here,
    schools_here,
)
from server.admin.forms import bar, may_edit
from server.admin.said import _
from server.http.context import current_actor, perform, tools
from server.http.rendering import locale
from server.kernel.text import Text
from server.model.definition import Variant
from server.services.accounts import people
from server.services.model import releases, revisions, school_settings
from server.words import dates


class StartView(ServiceIndex):
    """Where a partner's administrator begins; the model's keeper finds its releases."""

    def is_accessible(self) -> bool:
        """Whoever may read a school's settings, and the platform's own people."""
        return super().is_accessible() or current_actor().platform

    @expose()
    def index(self) -> ResponseReturnValue:
        """What may be adapted, the variant in words, the last publications."""
        if not may(current_actor(), Permission.SETTINGS_READ):
            return self.render(
                "admin/platform.html",
                page_title=_("Overview"),
                releases=[
                    (one, dates.day_in_digits(one.published_at.date(), locale()))
                    for one in perform(releases.all_releases)
                ],
            )
        school = school_here()
        shown = perform(school_settings.settings, school_id=school.id)
        history = perform(revisions.history, school_id=school.id)[:3]
        now = tools().clock.now()
        variant = cast(Variant, shown.variant)
        schools = schools_here()
        return self.render(
            "admin/start.html",
            page_title=_("What you can adapt"),
            schools=[(one.slug, Text(one.title).in_(locale())) for one in schools]
            if len(schools) > 1
            else [],
            school_slug=school.slug,
            bar=bar(shown),
            release=shown.release,
            is_strict=variant == "strict",
            variant_words=_(said.VARIANTS[shown.variant]),
            limits=[
                said.parameter(one, variant)
                for name, one in shown.shipped.model.parameters.items()
                if name != "P24"  # own steps are of the language, and not built yet
            ],
            forms=len(shown.shipped.forms),
            workflows=len(shown.shipped.workflows),
            history=[
                {
                    "title": one.note or _("Settings published"),
                    "when": dates.moment_near(one.at, now, school.zone, locale()),
                    "who": one.author or _("by itself"),
                    "kind": "good" if one.state == "published" else "off",
                    "sign": "tick" if one.state == "published" else "clock",
                    "text": "",
                }
                for one in history
            ],
            history_url=at_school("admin_history.show"),
            keepers=perform(people.keepers),
            may_edit=may_edit(school),
        )
