"""What was typed on a form's page, turned into changes.

Only what differs from what the page showed becomes a change: so an edit can also be laid over what
somebody else saved meanwhile, and a file's own way of writing things stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast, get_args

from server.admin.changes import Changes, Key, with_change, without_change
from server.admin.drafts import FormDraft, field_of
from server.admin.posted import Posted, tidy
from server.forms.definition import Data, FieldSpec, FieldType, FormSpec
from server.kernel.text import LOCALES, Text
from server.model.definition import (
    FIRST,
    AddField,
    Change,
    Hide,
    Move,
    OfferedChoice,
    OwnChoices,
    OwnField,
    Reword,
    Set,
    target_of,
)
from server.model.own_fields import CHOOSING, OWN, named_choices
from server.model.settings import key_of

NEW: Final = "new"  # the name of the controls of a question that is being added
EMPTY: Final = " "  # an empty label of an own question: kept, and refused as having no word
OWN_TYPES: Final = (
    "text", "long_text", "one_of", "several_of", "yes_no", "date", "number", "scale", "note",
)  # fmt: skip
SCALE: Final = (1, 5)


def edited_form(
    form: FormSpec, posted: Posted, *, saw: Changes, now: Changes, movable: frozenset[str]
) -> Changes:
    """What an edit of one form makes of the changes as they are now.

    `saw` are the changes its page showed; `movable` the shipped questions that may be moved.
    """
    editing = _FormEditing(form, posted, saw, now)
    editing.read_rows()
    editing.read_new()
    editing.carry_out()
    editing.set_order(movable)
    return editing.changes


class _FormEditing:
    """One form's changes while an edit is laid over them."""

    def __init__(self, form: FormSpec, posted: Posted, saw: Changes, now: Changes) -> None:
        self.form = form
        self.posted = posted
        self.saw = FormDraft(form, saw)
        self.changes = now

    def read_rows(self) -> None:
        for field in dict.fromkeys(self.posted.all("order")):
            if field in self.saw.own:
                self._read_own(self.saw.own[field])
            elif spec := self.form.field_named(field):
                self._read_question(spec)

    def read_new(self) -> None:
        """Take in the question that is being added, once it has a label or was asked for."""
        words = self._text(f"{NEW}.label")
        if not words and self.posted.deed != ("add",):
            return
        asked = self.posted.one(f"{NEW}.type") or "text"
        type_ = cast(FieldType, asked if asked in OWN_TYPES else "text")
        label = words or Text({LOCALES[0]: EMPTY})
        field = OwnField(
            field=self._free_id(label),
            type=type_,
            label=label,
            help=self._text(f"{NEW}.help"),
            required=self.posted.one(f"{NEW}.required") == "yes" and type_ != "note",
            **self._kind(type_, self._listed(f"{NEW}.choices") if type_ in CHOOSING else ()),
        )
        after = self.posted.one(f"{NEW}.after") or None
        self._put(AddField(change="add_field", at=self.form.form, after=after, field=field))

    def carry_out(self) -> None:
        """Do what the pressed button says."""
        match self.posted.deed:
            case ("hide", field):
                self._put(Hide(change="hide", at=f"{self.form.form}.{field}"))
            case ("show", field):
                self._drop(("hide", f"{self.form.form}.{field}"))
            case ("reset" | "own_drop", field):
                self.changes = without_field(self.changes, self.form.form, field)
            case ("choice_drop", field, number):
                kept = [one for at, one in self._numbered(field) if at != number]
                self._set_choices(field, tuple(kept))
            case ("choice_up", field, number):
                listed = [one for _, one in self._numbered(field)]
                at = int(number) if number.isdecimal() else 0
                if 0 < at < len(listed):
                    listed[at - 1 : at + 1] = reversed(listed[at - 1 : at + 1])
                self._set_choices(field, tuple(listed))
            case ("drop", kind, at):
                self._drop((kind, at))

    def set_order(self, movable: frozenset[str]) -> None:
        """Place the questions as they were dragged or moved, if they were."""
        known = {*self.saw.order}
        wanted = [name for name in dict.fromkeys(self.posted.all("order")) if name in known]
        way, _, field = (self.posted.one("move") or "").partition(":")
        if field in wanted:
            _shift(wanted, field, -1 if way == "up" else 1)
        if wanted == [name for name in self.saw.order if name in wanted]:
            return
        now = FormDraft(self.form, self.changes)
        order = _joined(wanted, now.order)
        kept = [one for one in self.changes if not self._is_move(one)]
        self.changes = tuple(kept)
        for name, after in placings(self.form, order, movable):
            if name in now.own:
                self._put(now.own[name].model_copy(update={"after": after}))
            else:
                self._put(Move(change="move", at=f"{self.form.form}.{name}", after=after))
        # One after the other as they stand, or the next one would look for its place too early.
        self._sort_own(order)

    def _is_move(self, change: Change) -> bool:
        return isinstance(change, Move) and target_of(change.at) == self.form.form

    def _sort_own(self, order: list[str]) -> None:
        """Put what places a question last, in the order of the page."""
        placing = [
            one
            for one in self.changes
            if target_of(one.at) == self.form.form and isinstance(one, AddField | Move)
        ]
        others = [one for one in self.changes if one not in placing]
        placing.sort(key=lambda one: order.index(field_of(key_of(one)[1])))
        self.changes = (*others, *placing)

    def _read_question(self, spec: FieldSpec) -> None:
        for part in ("label", "help"):
            self._read_words(spec, part)
        if self.posted.all(f"{spec.field}.choice.ru"):
            typed = self._typed_choices(spec.field)
            if typed != self.saw.choices(spec.field):
                self._set_choices(spec.field, typed)
        if self.posted.one(f"{spec.field}.asks_required"):
            wanted = self.posted.one(f"{spec.field}.required") == "yes"
            at = f"{self.form.form}.{spec.field}.required"
            if wanted != self.saw.is_required(spec.field):
                self._put(Set(change="set", at=at, to=True)) if wanted else self._drop(("set", at))

    def _read_words(self, spec: FieldSpec, part: str) -> None:
        shipped: Text = getattr(spec, part) or Text({})
        showed = self.saw.words(spec.field, part)
        typed = {
            locale: said
            for locale in LOCALES
            if (said := self.posted.one(f"{spec.field}.{part}.{locale}")) is not None
            and said != _shown(showed, locale)
        }
        if not typed:
            return
        at = f"{self.form.form}.{spec.field}.{part}"
        before = next((one for one in self.changes if key_of(one) == ("reword", at)), None)
        all_said = {**(before.to if isinstance(before, Reword) else {}), **typed}
        # An empty control gives the model's words back.
        kept = {locale: words for locale, words in all_said.items() if words}
        own = {locale: words for locale, words in kept.items() if words != shipped.get(locale)}
        if own:
            self._put(Reword(change="reword", at=at, to=Text(own)))
        else:
            self._drop(("reword", at))

    def _read_own(self, saw: AddField) -> None:
        name = saw.field.field
        if self.posted.one(f"{name}.type") is None:
            return
        asked = self.posted.one(f"{name}.type")
        type_ = cast(FieldType, asked if asked in get_args(FieldType) else saw.field.type)
        typed: dict[str, Any] = {
            "type": type_,
            "label": self._text(f"{name}.label") or Text({LOCALES[0]: EMPTY}),
            "help": self._text(f"{name}.help"),
            "required": self.posted.one(f"{name}.required") == "yes" and type_ != "note",
        }
        choices = self._typed_choices(name) if type_ in CHOOSING else ()
        if type_ != saw.field.type or choices != self.saw.choices(name):
            typed.update(self._kind(type_, choices))
        if type_ == "scale" and (least := self.posted.one(f"{name}.min")):
            most = self.posted.one(f"{name}.max") or ""
            typed.update(min=_whole(least, SCALE[0]), max=_whole(most, SCALE[1]))
        typed = {key: value for key, value in typed.items() if value != getattr(saw.field, key)}
        now = next((one for one in self.changes if key_of(one) == key_of(saw)), saw)
        if typed and isinstance(now, AddField):
            field = now.field.model_copy(update=typed)
            self._put(now.model_copy(update={"field": field}))

    def _kind(self, type_: FieldType, choices: tuple[OfferedChoice, ...]) -> dict[str, Any]:
        """What hangs on the kind of answer; what no longer fits is left behind."""
        ends = SCALE if type_ == "scale" else (None, None)
        held: dict[str, Any] = {
            "choices": OwnChoices(options=choices) if choices else None,
            "min": ends[0],
            "max": ends[1],
            "data": None if type_ == "note" else self._data(),
        }
        return held

    def _data(self) -> Data | None:
        """The purpose for which the form asks a consent already."""
        purposes = sorted({spec.data.purpose for spec in self.form.fields if spec.data})
        purpose = "processing" if "processing" in purposes else next(iter(purposes), None)
        return Data.model_validate({"class": "ordinary", "purpose": purpose}) if purpose else None

    def _typed_choices(self, field: str) -> tuple[OfferedChoice, ...]:
        shown = self.saw.choices(field)
        russian = self.posted.all(f"{field}.choice.ru")
        english = self.posted.all(f"{field}.choice.en")
        found = []
        for number, ru in enumerate(russian):
            before = shown[number] if number < len(shown) else None
            said = {**(before.label if before else {}), "ru": ru}
            said["en"] = english[number] if number < len(english) else ""
            label = {locale: words for locale, words in said.items() if words}
            if label:
                value = before.value if before else None
                found.append(OfferedChoice(value=value, label=Text(label)))
        return tuple(found)

    def _listed(self, name: str) -> tuple[OfferedChoice, ...]:
        lines = (self.posted.one(name) or "").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return tuple(OfferedChoice(label=Text({LOCALES[0]: line})) for line in said)

    def _numbered(self, field: str) -> list[tuple[str, OfferedChoice]]:
        now = FormDraft(self.form, self.changes).choices(field)
        return [(str(number), one) for number, one in enumerate(now)]

    def _set_choices(self, field: str, choices: tuple[OfferedChoice, ...]) -> None:
        now = FormDraft(self.form, self.changes)
        if field in now.own:
            offered = OwnChoices(options=choices) if choices else None
            own = now.own[field]
            kept = own.field.model_copy(update={"choices": offered})
            self._put(own.model_copy(update={"field": kept}))
            return
        at = f"{self.form.form}.{field}.choices"
        if choices == now.shipped_choices(field):
            self._drop(("set", at))
        else:
            self._put(Set(change="set", at=at, to=choices))

    def _text(self, name: str) -> Text | None:
        """A text of the school's own in the languages that were filled in."""
        written = {locale: self.posted.one(f"{name}.{locale}") for locale in LOCALES}
        kept = {locale: words for locale, words in written.items() if words}
        return Text(kept) if kept else None

    def _free_id(self, label: Text) -> str:
        value = named_choices((OfferedChoice(label=label),))[0].value
        taken = {*FormDraft(self.form, self.changes).own, *(one.field for one in self.form.fields)}
        names = [f"{OWN}{value}", *(f"{OWN}{value}_{number}" for number in range(2, 200))]
        return next(name for name in names if name not in taken)

    def _put(self, change: Change) -> None:
        self.changes = with_change(self.changes, change)

    def _drop(self, key: Key) -> None:
        self.changes = without_change(self.changes, key)


def placings(
    form: FormSpec, order: Sequence[str], movable: frozenset[str]
) -> list[tuple[str, str]]:
    """What must be placed after what so that the questions stand in this order: few moves.

    As many shipped questions as can stay where they are; one that may not move stays in any case.
    """
    shipped = [spec.field for spec in form.fields]
    staying = _staying([name for name in order if name in shipped], shipped, movable)
    return [
        (name, order[number - 1] if number else FIRST)
        for number, name in enumerate(order)
        if name not in staying
    ]


def _staying(order: list[str], shipped: list[str], movable: frozenset[str]) -> set[str]:
    """The heaviest run of questions that stand one after another as shipped."""
    weights = [1 if name in movable else len(shipped) for name in order]
    places = [shipped.index(name) for name in order]
    best: list[tuple[int, list[int]]] = []
    for at, place in enumerate(places):
        before = [best[one] for one in range(at) if places[one] < place]
        weight, run = max(before, key=lambda found: found[0], default=(0, []))
        best.append((weight + weights[at], [*run, at]))
    _, run = max(best, key=lambda found: found[0], default=(0, []))
    return {order[at] for at in run}


def _joined(wanted: list[str], now: list[str]) -> list[str]:
    """The wanted order with what somebody else added in its place, without what is gone."""
    order = [name for name in wanted if name in now]
    for number, name in enumerate(now):
        if name not in order:
            before = now[number - 1] if number else None
            order.insert(order.index(before) + 1 if before in order else 0, name)
    return order


def _shift(order: list[str], field: str, by: int) -> None:
    at = order.index(field)
    to = at + by
    if 0 <= to < len(order):
        order[at], order[to] = order[to], order[at]


def without_field(changes: Changes, form: str, field: str) -> Changes:
    """The changes without all that is about one question: it is as shipped, or gone."""
    return tuple(
        one
        for one in changes
        if not (target_of(one.at) == form and field_of(key_of(one)[1]) == field)
    )


def _shown(words: Text, locale: str) -> str:
    """What stands in a control, as a browser sends it back."""
    return tidy(words.get(locale, ""))


def _whole(written: str, otherwise: int) -> int:
    return int(written) if written.isdecimal() and len(written) < 4 else otherwise
