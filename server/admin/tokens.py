"""Tokens of programs: what there is, a new one shown once, revoking one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from server.access.policy import Permission
from server.admin.base import ServiceView, at_school, expose, may, schools_here
from server.admin.said import _
from server.http.context import current_actor, perform, tools
from server.http.errors import sentence_of
from server.http.rendering import locale
from server.kernel.errors import Refused
from server.services.accounts import tokens
from server.services.accounts.tokens import Token
from server.words import dates
from server.words.speech import N_

_LONGEST_NAME = 100
SCOPES: Mapping[str, str] = {
    "tasks:read": N_("see what waits on the desk"),
    "tasks:write": N_("decide and remind"),
    "cases:read": N_("read applications"),
    "cases:write": N_("invite families"),
    "people:read": N_("see people and roles"),
    "people:write": N_("give and end roles"),
    "settings:read": N_("read the school’s settings"),
    "settings:write": N_("change the school’s settings"),
    "definitions:read": N_("read forms and workflows of the model"),
    "definitions:write": N_("publish releases of the model"),
    "evidence:read": N_("check the chain of evidence"),
    "tenants:write": N_("add partners"),
}


class TokensView(ServiceView):
    """The organisation's tokens."""

    needs = Permission.TOKENS_EDIT

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Every token: what it may, since when, when it was used last."""
        return self._page()

    @expose("/", methods=("POST",))
    def make(self) -> ResponseReturnValue:
        """Make a token and show it, this once."""
        name = request.form.get("name", "")[:_LONGEST_NAME]
        try:
            made = perform(tokens.issue_own_token, name=name, scopes=request.form.getlist("scopes"))
        except Refused as refusal:
            about_scopes = str(refusal.facts.get("reason")).startswith("scope")
            return self._page(wrong=("scopes" if about_scopes else "name", sentence_of(refusal)))
        return self._page(made=made)

    @expose("/<uuid:token_id>/revoke", methods=("POST",))
    def revoke(self, token_id: UUID) -> ResponseReturnValue:
        """Revoke a token."""
        perform(tokens.revoke_token, token_id=token_id)
        flash(_("Revoked. From now on the program gets no answer."), "good")
        return redirect(at_school("admin_tokens.index"), 303)

    def _page(self, *, wrong: tuple[str, str] | None = None, made: str = "") -> ResponseReturnValue:
        found = perform(tokens.tokens)
        return self.render(
            "admin/tokens.html",
            status=422 if wrong else 200,
            page_title=_("Tokens of programs"),
            made=made,
            tokens=[_line(one) for one in found],
            fields=_fields(wrong, typed=not made),
            errors=[{"name": wrong[0], "label": "", "text": wrong[1]}] if wrong else [],
        )


def _line(one: Token) -> dict[str, Any]:
    return {
        "name": one.name,
        "person": one.person or "",
        "scopes": [_(SCOPES[scope]) for scope in one.scopes if scope in SCOPES],
        "made": _moment(one.created_at),
        "used": _moment(one.last_used_at) if one.last_used_at else "",
        "revoked": _moment(one.revoked_at) if one.revoked_at else "",
        "revoke_url": at_school("admin_tokens.revoke", token_id=one.id),
    }


def _moment(at: Any) -> str:
    # The model's keeper has no school; theirs are the days of Moscow.
    zone = "Europe/Moscow"
    if may(current_actor(), Permission.SETTINGS_READ):
        zone = schools_here()[0].zone
    return dates.moment_near(at, tools().clock.now(), zone, locale())


def _fields(wrong: tuple[str, str] | None, *, typed: bool) -> list[dict[str, Any]]:
    def errors(name: str) -> list[str]:
        return [wrong[1]] if wrong is not None and wrong[0] == name else []

    open_to_me = perform(tokens.scopes_open_to)
    offered = [one for one in SCOPES if one in open_to_me]
    return [
        {
            "name": "name",
            "type": "text",
            "label": _("What it is for"),
            "help": _("The program’s name, such as “accounting” or “the region’s portal”."),
            "required": True,
            "value": request.form.get("name", "") if typed else "",
            "errors": errors("name"),
        },
        {
            "name": "scopes",
            "type": "several_of",
            "label": _("What it may do"),
            "help": _("It acts in your name and never may more than you may yourself."),
            "required": True,
            "choices": [(one, _(SCOPES[one])) for one in offered],
            "value": request.form.getlist("scopes") if typed else [],
            "errors": errors("scopes"),
        },
    ]
