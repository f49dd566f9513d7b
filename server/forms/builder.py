"""The page door: a WTForms class for each form, compiled once and kept.

Names are prefixed: `process` or `data` as a field's name would break a WTForms class, and a
leading underscore would drop the field. WTForms binds; the registry parses and checks; nothing
is rendered here and no validator list is shared between requests (FORMS.md, pitfalls).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, cast

from wtforms import Form
from wtforms.fields.core import Field, UnboundField
from wtforms.form import FormMeta

from server.forms.answers import Read
from server.forms.cache import KeptByForm
from server.forms.definition import FieldSpec, FormSpec
from server.forms.fields import FIELD_TYPES, read_answer
from server.forms.limits import Value
from server.kernel.problems import Problem

PREFIX: Final = "q_"


class FormData(Protocol):
    """What a page posted: Werkzeug's MultiDict and its like."""

    def __contains__(self, name: object) -> bool: ...
    def getlist(self, name: str) -> list[str]: ...


class SpecField(Field):
    """A field of any type: it collects what was typed, the registry says what it means."""

    raw_data: Sequence[str] = ()
    data: Value | None = None
    problems: list[Problem] | tuple[()] = ()

    def __init__(self, spec: FieldSpec, label: str, *, name: str, _form: None) -> None:
        # Not WTForms' own __init__: labels, flags and widgets for 40 fields cost more than the
        # parsing of the whole request, and our pages render without them. The form is not kept:
        # a circle of form and fields would wait for the garbage collector in every request.
        self.spec = spec
        self.label = label
        self.name = self.id = name
        self.boxes = FIELD_TYPES[spec.type].boxes

    def fresh(self) -> SpecField:
        """This field with nothing typed yet: each form is made once and copied for a request."""
        copied: SpecField = object.__new__(SpecField)
        copied.__dict__.update(self.__dict__)
        return copied

    def process(self, formdata: FormData | None, *_given: object, **_more: object) -> None:
        """Collect what was typed: one string, several choices, or the boxes of a date."""
        if formdata is None:
            return
        if self.boxes and any(self.name + box in formdata for box in self.boxes):
            held = [formdata.getlist(self.name + box) or [""] for box in self.boxes]
            self.raw_data = [typed for box in held for typed in box]
        else:
            self.raw_data = formdata.getlist(self.name)

    def validate(self, form: Any, *_validators: object) -> bool:
        """Parse and check by the registry; `problems` holds what is wrong."""
        self.data, self.problems = read_answer(self.raw_data, self.spec, form.today)
        if self.problems:
            self.errors = [problem.code for problem in self.problems]
        return not self.problems

    def post_process(self, formdata: FormData | None = None) -> None:
        """There are no data lists to refresh."""

    @property
    def typed(self) -> Any:
        """What was typed, as a page shows it again."""
        if self.boxes:
            padded = [*self.raw_data, "", "", ""]
            return {"day": padded[0], "month": padded[1], "year": padded[2]}
        if self.spec.type == "several_of":
            return self.raw_data
        return self.raw_data[0] if self.raw_data else ""


class AnswerForm(Form):
    """The base of compiled forms; `today` is the day at the school."""

    class Meta:
        csrf = False  # the request as a whole is guarded, before any form is bound
        locales = False

        def get_translations(self, form: object) -> None:
            """None: every sentence about an answer is ours (words/answers.py)."""

        def bind_field(self, _form: object, unbound: UnboundField, _options: Any) -> SpecField:
            """The field of this request; its name is given already, options there are none."""
            made: SpecField = unbound.args[0]
            return made.fresh()

    def __init__(self, formdata: FormData, *, today: date) -> None:
        self.today = today
        super().__init__(formdata)

    def process(self, formdata: FormData | None = None, *_given: object, **_more: object) -> None:
        """Let every field collect what was typed; there are no objects, defaults or filters."""
        for field in self:
            field.process(formdata)

    def validate(self, *_validators: object) -> bool:
        """Parse and check every field, also after one was wrong: a person mends all at once."""
        return not sum(not field.validate(self) for field in self)


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """A form in one language, ready to take what a page posts."""

    spec: FormSpec
    locale: str
    form_class: type[AnswerForm]

    def bind(self, formdata: FormData, *, today: date) -> Read:
        """The answers on a posted page; what the form does not know is not looked at."""
        form = self.form_class(formdata, today=today)
        form.validate()
        found = Read()
        for field in cast(Sequence[SpecField], tuple(form)):
            name = field.spec.field
            found.raw[name] = field.typed
            if field.problems:
                found.problems[name] = list(field.problems)
            elif field.data is not None:
                found.values[name] = field.data
        return found


def page_name(field: str) -> str:
    """The name of a field's control on a page."""
    return PREFIX + field


def compile_form(spec: FormSpec, locale: str) -> CompiledForm:
    """The compiled form of a version and a language, from the cache when it was made before."""
    return _COMPILED.get(spec, locale)


def read_page(spec: FormSpec, formdata: FormData, *, today: date, locale: str = "ru") -> Read:
    """The answers on a posted page, in one go."""
    return compile_form(spec, locale).bind(formdata, today=today)


def _compile(spec: FormSpec, locale: str) -> CompiledForm:
    made = [
        SpecField(field, field.label.in_(locale), name=page_name(field.field), _form=None)
        for field in spec.fields
        if FIELD_TYPES[field.type].answers
    ]
    fields = {field.name: UnboundField(SpecField, field) for field in made}
    form_class = FormMeta(f"Form_{spec.form}", (AnswerForm,), fields)
    return CompiledForm(spec, locale, form_class)


_COMPILED: Final = KeptByForm(_compile, most=256)
