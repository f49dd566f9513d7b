"""Pages of forms: drawn by the one macro of fields, compiled once for each form and language."""

from __future__ import annotations

from typing import Final

from flask import current_app
from flask_babel import force_locale

from server.forms.cache import KeptByForm
from server.forms.definition import FormSpec
from server.forms.page import CompiledPage, FieldView, compile_page


def page_of(form: FormSpec, locale: str) -> CompiledPage:
    """The compiled page of a form, as its readers see it."""
    return _PAGES.get(form, locale)


def _compile(form: FormSpec, locale: str) -> CompiledPage:
    row = current_app.jinja_env.get_template("_fields.html").module.field_row  # type: ignore[attr-defined]

    def draw(view: FieldView) -> str:
        return str(row(view))

    with force_locale(locale):
        return compile_page(draw, form, locale)


_PAGES: Final = KeptByForm(_compile, most=256)
