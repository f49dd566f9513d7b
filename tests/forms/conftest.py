"""A form with every field type, and the macro that draws its rows."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

import server.web
from server.forms.definition import FormSpec
from server.forms.page import FieldView

OPTIONS = {
    "options": [
        {"value": "sport", "label": {"ru": "Спорт & игры", "en": "Sport"}},
        {"value": "music", "label": {"ru": "Музыка <живая>", "en": "Music"}},
        {"value": "wood", "label": {"ru": "Дерево", "en": "Wood"}},
    ]
}
FIELDS: list[dict[str, Any]] = [
    {"field": "nick", "type": "text", "required": True, "readers": ["tutor", "coordinator"]},
    {
        "field": "goal",
        "type": "long_text",
        "max_length": 60,
        "help": {"ru": "Кратко", "en": "Short"},
    },
    {"field": "club", "type": "one_of", "choices": OPTIONS, "required": True},
    {"field": "days", "type": "several_of", "choices": OPTIONS},
    {"field": "came", "type": "yes_no", "required": True},
    {"field": "born", "type": "date", "max": "today", "required": True},
    {"field": "name", "type": "person_name"},
    {"field": "reach", "type": "contact"},
    {"field": "hours", "type": "number", "min": 0, "max": 100},
    {"field": "mood", "type": "scale"},
    {"field": "note", "type": "note", "help": {"ru": "Спасибо", "en": "Thank you"}},
]


def labelled(field: dict[str, Any]) -> dict[str, Any]:
    return {"label": {"ru": f"Поле {field['field']}", "en": f"Field {field['field']}"}} | field


@pytest.fixture(scope="session")
def form() -> FormSpec:
    return form_of(*FIELDS)


@pytest.fixture(scope="session")
def make_form() -> Callable[..., FormSpec]:
    return form_of


def form_of(*fields: dict[str, Any]) -> FormSpec:
    return FormSpec.model_validate(
        {
            "form": "everything",
            "title": {"ru": "Всё", "en": "Everything"},
            "fields": [labelled(field) for field in fields],
        }
    )


@pytest.fixture(scope="session")
def field_row() -> Callable[[FieldView], str]:
    """The macro of the pages, as it speaks English."""
    templates = Path(server.web.__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(templates), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    environment.install_gettext_translations(gettext.NullTranslations(), newstyle=True)
    macro = environment.get_template("_fields.html").module.field_row
    return lambda view: str(macro(view))
