"""What one form must hold: its fields, their data, and what a partner may move in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.forms.definition import FieldSpec, FormSpec
from server.kernel.problems import Problem
from server.kernel.text import Text
from server.kernel.yaml import Path
from server.model.bundle import Bundle
from server.model.definition import Variant
from server.model.notes import Notes

WITH_CHOICES = ("one_of", "several_of")
# The types that know a smallest and a greatest value.
WITH_RANGE = ("number", "scale", "date")


def check_form(bundle: Bundle, form: FormSpec, *, variant: Variant) -> list[Problem]:
    """Every contradiction of a form with itself, the consents, the grounds and the parameters."""
    return _Form(bundle, form, variant).check()


class _Form(Notes):
    def __init__(self, bundle: Bundle, form: FormSpec, variant: Variant) -> None:
        super().__init__(bundle, "form", form.form)
        self.form = form
        self.variant = variant
        self.purposes = {one.purpose: one for one in bundle.consents.values() if one.kind == "data"}

    def check(self) -> list[Problem]:
        form = self.form
        self.must_be_told({("title",): form.title, ("intro",): form.intro})
        self.must_be_reasoned(form.locked.why if form.locked else None, ("locked", "why"))
        if form.own_fields is not None:
            self.must_bind(form.own_fields.bound, "own fields per form", ("own_fields", "bound"))
            if "special" in form.own_fields.classes:
                self.note("OWN-SPECIAL", ("own_fields", "classes"))
        if form.hidden is not None:
            self.must_bind(form.hidden.bound, "optional fields hidden", ("hidden", "bound"))
        seen: set[str] = set()
        for index, spec in enumerate(form.fields):
            path: Path = ("fields", index)
            if spec.field in seen:
                self.note("ID-TWICE", (*path, "field"), spec.field, what="field", id=spec.field)
            seen.add(spec.field)
            self._field(spec, path)
        return self.found

    def _field(self, spec: FieldSpec, path: Path) -> None:
        if not spec.own:  # an own field needs the school's language alone
            self.must_be_told(self._texts(spec, path), spec.field)
        reason = spec.locked.why if spec.locked else None
        self.must_be_reasoned(reason, (*path, "locked", "why"), spec.field)
        self._choices(spec, path)
        self._range(spec, path)
        if "hide" in spec.free and spec.required:
            self.note("HIDE-REQUIRED", (*path, "free"), spec.field, field=spec.field)
        if spec.type == "note":
            if spec.data is not None or spec.required:
                self.note("NOTE-ASKS", path, spec.field, field=spec.field)
        elif spec.data is None:
            self.note("DATA-MISSING", path, spec.field, field=spec.field)
        else:
            self._data(spec, path)

    def _texts(self, spec: FieldSpec, path: Path) -> Mapping[Path, Text | None]:
        texts: dict[Path, Text | None] = {(*path, "label"): spec.label, (*path, "help"): spec.help}
        for number, choice in enumerate(spec.choices.options if spec.choices else ()):
            texts[(*path, "choices", "options", number, "label")] = choice.label
        return texts

    def _choices(self, spec: FieldSpec, path: Path) -> None:
        if (spec.choices is not None) != (spec.type in WITH_CHOICES):
            code = "CHOICES-MISSING" if spec.choices is None else "CHOICES-UNWANTED"
            self.note(code, path, spec.field, field=spec.field, type=spec.type)
        if spec.choices is None:
            return
        bound = (*path, "choices", "bound")
        self.must_bind(spec.choices.bound, "choices per list", bound, spec.field)
        count, options = len(spec.choices.options), (*path, "choices", "options")
        self.must_lie_within(spec.choices.bound, self.variant, count, options, spec.field)
        seen: set[str] = set()
        for number, choice in enumerate(spec.choices.options):
            if choice.value in seen:
                at: Path = (*path, "choices", "options", number, "value")
                self.note("ID-TWICE", at, spec.field, what="choice", id=choice.value)
            seen.add(choice.value)

    def _range(self, spec: FieldSpec, path: Path) -> None:
        ends: dict[str, Any] = {"min": spec.min, "max": spec.max}
        given = {key: end for key, end in ends.items() if end is not None}
        if given and spec.type not in WITH_RANGE:
            key = next(iter(given))
            facts: dict[str, Any] = {"field": spec.field, "key": key, "type": spec.type}
            self.note("RANGE-UNWANTED", (*path, key), spec.field, **facts)
        elif any(isinstance(end, int) == (spec.type == "date") for end in given.values()):
            self.note("RANGE-KIND", path, spec.field, field=spec.field, type=spec.type)
        elif len(given) == 2 and "today" not in given.values() and given["min"] > given["max"]:
            self.note("RANGE-EMPTY", (*path, "min"), spec.field, field=spec.field)
        if spec.type == "scale" and len(given) < 2:
            self.note("RANGE-MISSING", path, spec.field, field=spec.field)

    def _data(self, spec: FieldSpec, path: Path) -> None:
        assert spec.data is not None
        purpose, class_ = spec.data.purpose, spec.data.class_
        at: Path = (*path, "data", "purpose")
        known = [*self.purposes, *self.bundle.grounds]
        self.must_know("purpose", purpose, known, at, spec.field)
        consent = self.purposes.get(purpose)
        if consent is not None and class_ not in consent.classes:
            facts: dict[str, Any] = {
                "field": spec.field,
                "class_": class_,
                "consent": consent.consent,
            }
            self.note("DATA-CLASS", (*path, "data", "class"), spec.field, **facts)
        ground = self.bundle.grounds.get(purpose)
        what = spec.is_ or f"{self.form.form}.{spec.field}"
        # A ground without a consent covers what the law's file lists, and nothing beside it.
        if ground is not None and what not in ground.get("of", ()):
            why = ground["why"]
            self.note("DATA-GROUND", at, spec.field, why=why, field=spec.field, ground=purpose)
