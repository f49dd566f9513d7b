"""Pages as text segments: the macro speaks once for each version and language, then never again.

`compile_page` lets the template's macro draw every row with marks in place of what changes: the
value typed, the choice checked, the sentences of errors. What lies between the marks is static.
A page is then static text joined with escaped values: a fifteenth of the macro's price
(PERFORMANCE.md, 2c), with HTML that stays in one template. The claim that both give the same
page is a property in tests/forms.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from markupsafe import Markup, escape

from server.forms.builder import page_name
from server.forms.definition import FieldSpec, FormSpec
from server.forms.limits import limits_of, longest_of
from server.kernel.problems import Problem
from server.words.answers import Translate, say_answer_problem, say_readers

_NUMBERED: Final = ("number", "scale")
_CHOSEN: Final = ("one_of", "yes_no", "several_of", "scale")
_NOTHING: Final[Mapping[str, Markup]] = MappingProxyType({})
_AUTOCOMPLETE: Final = {"guardian.full_name": "name"}


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as the macro `field_row` of _fields.html is given it."""

    name: str
    type: str
    label: str
    help: str | None = None
    required: bool = False
    choices: list[tuple[str, str]] | None = None
    readers_note: str | None = None
    max_length: int | None = None
    min: int | None = None
    max: int | None = None
    autocomplete: str | None = None
    inputmode: str | None = None
    value: Any = None
    errors: list[str] = field(default_factory=list)


RenderRow = Callable[[FieldView], str]


def view_of(spec: FieldSpec, locale: str) -> FieldView:
    """The field in one language, nothing typed and nothing chosen."""
    least, most = limits_of(spec) if spec.type in _NUMBERED else (None, None)
    return FieldView(
        name=page_name(spec.field),
        type=spec.type,
        label=spec.label.in_(locale),
        help=spec.help.in_(locale) if spec.help else None,
        required=spec.required,
        choices=_choices(spec, locale),
        readers_note=say_readers(spec.readers, locale) or None,
        max_length=longest_of(spec) if spec.type == "long_text" else None,
        min=least,
        max=most,
        autocomplete=_AUTOCOMPLETE.get(spec.is_ or ""),
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a row that changes: the value, a box of a date, a check mark, the errors."""

    kind: str  # value | box | checked | errors
    key: str = ""  # of the box or the option
    text: str = ""  # what is put in: the check mark; between two errors: what parts them

    def fill(self, typed: Any, errors: Sequence[str]) -> str:
        """What stands here, escaped."""
        match self.kind:
            case "checked":
                chosen = self.key in typed if isinstance(typed, list) else typed == self.key
                return self.text if chosen else ""
            case "errors":
                return self.text.join(map(escape, errors))
            case "box":
                return escape(typed.get(self.key, "") if isinstance(typed, Mapping) else "")
        return escape("" if typed is None else typed)


Shape = tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A field's row in both its shapes: calm, and with errors."""

    spec: FieldSpec
    label: str
    calm: Shape
    wrong: Shape


@dataclass(frozen=True, slots=True)
class CompiledPage:
    """The rows of a form in one language."""

    locale: str
    rows: tuple[Row, ...]
    blank: Markup
    said: Translate | None = None  # in whose voice problems are told; None: as the catalogue has it

    def render(
        self,
        typed: Mapping[str, Any],
        problems: Mapping[str, Sequence[Problem]],
        beside: Mapping[str, Markup] = _NOTHING,
    ) -> Markup:
        """The rows with what was typed (`Read.raw`, or `as_typed` of stored values) and wrong.

        `beside` is drawn below the row of a field.
        """
        if not typed and not problems and not beside:
            return self.blank
        parts: list[str] = []
        for row in self.rows:
            name = row.spec.field
            wrong = problems.get(name, ())
            errors = [self._say(one, row) for one in wrong]
            value = typed.get(name)
            for piece in row.wrong if errors else row.calm:
                parts.append(piece if isinstance(piece, str) else piece.fill(value, errors))
            parts.append("\n")
            if name in beside:
                parts.append(beside[name])
        return Markup("".join(parts))  # noqa: S704 - drawn by the macro; all else was escaped

    def summary(self, problems: Mapping[str, Sequence[Problem]]) -> list[tuple[str, str]]:
        """The error summary, in the order of the page: where each leads, and its sentence."""
        return [
            (f"f-{page_name(row.spec.field)}", self._say(problem, row))
            for row in self.rows
            for problem in problems.get(row.spec.field, ())
        ]

    def _say(self, problem: Problem, row: Row) -> str:
        return say_answer_problem(problem, row.label, self.locale, self.said)


def compile_page(
    render_row: RenderRow, spec: FormSpec, locale: str, said: Translate | None = None
) -> CompiledPage:
    """The page of a form; `render_row` is the macro, speaking this language.

    Keep it by `KeptByForm`: compiling costs a hundred times what rendering then does.

    :raises ValueError: when the macro does more with a value than to print it, or more with a
        choice than to check it.
    """
    rows = tuple(_row(render_row, field_spec, locale) for field_spec in spec.fields)
    blank = CompiledPage(locale, rows, Markup(""), said)
    return replace(blank, blank=blank.render({"": None}, {}))


def _row(render_row: RenderRow, spec: FieldSpec, locale: str) -> Row:
    view = view_of(spec, locale)
    calm = _Drawing(render_row, view).shape()
    wrong = calm if spec.type == "note" else _WrongDrawing(render_row, view).shape()
    return Row(spec, view.label, calm, wrong)


class _Drawing:
    """Lets the macro draw one row with marks, and reads the shape off the drawing."""

    def __init__(self, render_row: RenderRow, view: FieldView) -> None:
        self._render = render_row
        self._view = view
        # Unguessable: no label of a partner can pass for a mark.
        self._nonce = secrets.token_hex(8)
        self._slots: dict[str, Slot] = {}

    def shape(self) -> Shape:
        if self._view.type == "date":
            boxes = {part: self._mark(Slot("box", part)) for part in ("day", "month", "year")}
            return self._cut(self.draw(boxes))
        if self._view.type == "note":
            return self._cut(self.draw(None))
        if self._view.type in _CHOSEN:
            return self._cut(self._with_choices())
        return self._cut(self.draw(self._mark(Slot("value"))))

    def draw(self, value: Any) -> str:
        """The row as the macro draws it."""
        return str(self._render(replace(self._view, value=value)))

    def _with_choices(self) -> str:
        """The unchecked row with a mark wherever one option's check would stand."""
        bare = self.draw(None)
        found = [(*_inserted(bare, self.draw(self._chosen(one))), one) for one in self._options()]
        marked = checked = bare
        for at, text, option in sorted(found, reverse=True):
            marked = marked[:at] + self._mark(Slot("checked", option, text)) + marked[at:]
            checked = checked[:at] + text + checked[at:]
        if self._view.type == "several_of" and checked != self.draw(self._options()):
            raise ValueError(f"the choices of {self._view.name} do not stand each for itself")
        return marked

    def _options(self) -> list[str]:
        if self._view.type == "scale":
            return [str(one) for one in range(self._view.min or 0, (self._view.max or 0) + 1)]
        return [value for value, _ in self._view.choices or [("yes", ""), ("no", "")]]

    def _chosen(self, option: str) -> Any:
        return [option] if self._view.type == "several_of" else option

    def _mark(self, slot: Slot) -> str:
        mark = f"\ue000{self._nonce}.{len(self._slots)}\ue001"
        self._slots[mark] = slot
        return mark

    def _cut(self, drawing: str) -> Shape:
        pieces = re.split(f"(\ue000{self._nonce}\\.[0-9]+\ue001)", drawing)
        if {piece for piece in pieces if piece in self._slots} != set(self._slots):
            raise ValueError(f"the row of {self._view.name} does not print all that changes")
        return tuple(self._slots.get(piece, piece) for piece in pieces if piece)


class _WrongDrawing(_Drawing):
    """The same with errors: two are drawn, to see what the macro puts between them."""

    def __init__(self, render_row: RenderRow, view: FieldView) -> None:
        super().__init__(render_row, view)
        first, second = f"\ue000{self._nonce}first\ue001", f"\ue000{self._nonce}second\ue001"
        one = str(render_row(replace(view, errors=[first])))
        two = str(render_row(replace(view, errors=[first, second])))
        before, _, after = one.partition(first)
        between = two[len(before) + len(first) : -len(after) or None].removesuffix(second)
        if two != before + first + between + second + after:
            raise ValueError(f"the errors of {view.name} stand in more than one place")
        self._first = first
        self._errors = self._mark(Slot("errors", text=between))

    def draw(self, value: Any) -> str:
        drawn = str(self._render(replace(self._view, value=value, errors=[self._first])))
        return drawn.replace(self._first, self._errors)


def _inserted(bare: str, checked: str) -> tuple[int, str]:
    """Where and what was put into `bare` to make `checked`."""
    length = len(checked) - len(bare)
    at = next(
        (at for at, (old, new) in enumerate(zip(bare, checked, strict=False)) if old != new),
        len(bare),
    )
    text = checked[at : at + length]
    if length <= 0 or bare[:at] + text + bare[at:] != checked:
        raise ValueError("a check is more than one insertion")
    return at, text


def _choices(spec: FieldSpec, locale: str) -> list[tuple[str, str]] | None:
    if spec.choices is None:
        return None
    return [(choice.value, choice.label.in_(locale)) for choice in spec.choices.options]
