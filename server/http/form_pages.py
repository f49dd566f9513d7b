"""Pages of forms: drawn by the one macro of fields, compiled once for each form and language."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import current_app
from flask_babel import force_locale

from server.forms.cache import KeptByForm
from server.forms.definition import FormSpec, Role
from server.forms.page import CompiledPage, FieldView, compile_page
from server.http.rendering import speaks_to_a_child
from server.words.answers import say_readers
from server.words.catalogues import translate, translate_to_child


def page_of(form: FormSpec, locale: str) -> CompiledPage:
    """The compiled page of a form, as its readers see it, in the voice of this page."""
    return _PAGES.get(form, (locale, speaks_to_a_child()))


def readers_of(form: FormSpec, locale: str) -> str:
    """Who reads the answers, where it is the same for all of them: then it is said once, above."""
    return _READERS.get(form, locale)


def _compile(form: FormSpec, voice: tuple[str, bool]) -> CompiledPage:
    locale, to_a_child = voice
    row = current_app.jinja_env.get_template("_fields.html").module.field_row  # type: ignore[attr-defined]  # macros

    def draw(view: FieldView) -> str:
        return str(row(view))

    with force_locale(locale):
        said = translate_to_child if to_a_child else translate
        return compile_page(draw, _without_common(form), locale, partial(said, locale))


def _common(form: FormSpec) -> tuple[Role, ...]:
    asked = {spec.readers for spec in form.fields if spec.type != "note"}
    return asked.pop() if len(asked) == 1 else ()


def _without_common(form: FormSpec) -> FormSpec:
    if not _common(form):
        return form
    fields = tuple(spec.model_copy(update={"readers": ()}) for spec in form.fields)
    return form.model_copy(update={"fields": fields})


def _say_readers(form: FormSpec, locale: str) -> str:
    return say_readers(_common(form), locale)


_PAGES: Final = KeptByForm(_compile, most=256)
_READERS: Final = KeptByForm(_say_readers, most=256)
