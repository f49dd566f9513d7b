"""What a reader of a form will see: the rows of its public page, what was changed marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale, gettext
from markupsafe import Markup

from server.forms.definition import FormSpec
from server.forms.page import CompiledPage
from server.http.form_pages import page_of, readers_of
from server.services.model.school_settings import Settings


@dataclass(frozen=True)
class Shown:
    """A form on a phone: its head, its rows, the word on its button."""

    locale: str
    title: str
    intro: str
    readers: str
    rows: list[tuple[str, Markup, bool]]  # a question, its row, and whether the school changed it
    button: str


def preview(shown: Settings, form_id: str, language: str) -> Shown:
    """The form under what is drafted, as far as it holds."""
    form = shown.effective.forms[form_id]
    shipped = shown.shipped.forms[form_id]
    before = {spec.field: (spec, _before(shipped, spec.field)) for spec in shipped.fields}
    page = page_of(form, language)
    rows = []
    for row in page.rows:
        alone = CompiledPage(language, (row,), Markup(""))
        # An answer of no question: the row is drawn, not taken from what is kept.
        drawn = alone.render({"": None}, {})
        name = row.spec.field
        same = before.get(name) == (form.field_named(name), _before(form, name))
        rows.append((name, drawn, not same))
    with force_locale(language):
        button = gettext("Continue")
    return Shown(
        language,
        form.title.in_(language),
        form.intro.in_(language) if form.intro else "",
        readers_of(form, language),
        rows,
        str(button),
    )


def _before(form: FormSpec, field: str) -> Any:
    """The question that a question stands after, own ones not counted."""
    names = [spec.field for spec in form.fields if not spec.own]
    if field not in names or not names.index(field):
        return None
    return names[names.index(field) - 1]
