"""A draft as its editor holds it: what stands in each control, in which order, whether it holds or
not; and what was typed on the page, turned into changes.

Only what differs from what the page showed becomes a change: so an edit can also be laid over what
somebody else saved meanwhile, and a file's own way of writing things stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast, get_args

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

Changes = tuple[Change, ...]
Key = tuple[str, str]

NEW: Final = "new"  # the name of the controls of a question that is being added
EMPTY: Final = " "  # an empty label of an own question: kept, and refused as having no word
OWN_TYPES: Final = (
    "text", "long_text", "one_of", "several_of", "yes_no", "date", "number", "scale", "note",
)  # fmt: skip
SCALE: Final = (1, 5)
MOST_TEXT: Final = 4000  # what a text of a definition can hold at all


@dataclass(frozen=True)
class Posted:
    """What a page posted: every value of every control, line ends as in files, no outer spaces."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, items: Iterable[tuple[str, Sequence[str]]]) -> Posted:
        """Out of the lists of a form."""
        return cls({name: tuple(map(_tidy, values)) for name, values in items})

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a control."""
        return self.values.get(name, ())

    def one(self, name: str) -> str | None:
        """The value of a control, None when it was not on the page."""
        return next(iter(self.all(name)), None)

    @property
    def deed(self) -> tuple[str, ...]:
        """The button that was pressed, apart at its colons: `hide:days`, `choice_drop:days:2`."""
        return tuple((self.one("act") or "save").split(":"))

    @property
    def cannot_be_kept(self) -> str:
        """Why not even a draft can hold this; empty when it can."""
        said = [value for values in self.values.values() for value in values]
        if any("\0" in value for value in said):
            return "words_unseen"
        return "words_too_long" if any(len(value) > MOST_TEXT for value in said) else ""


class FormDraft:
    """One form under a list of changes, whether they hold or not; changes of others are ignored."""

    def __init__(self, form: FormSpec, changes: Iterable[Change]) -> None:
        self.form = form
        self.changes = [one for one in changes if target_of(one.at) == form.form]
        self._first: dict[Key, Change] = {}
        for change in self.changes:
            self._first.setdefault(key_of(change), change)

    @cached_property
    def own(self) -> dict[str, AddField]:
        """The questions of the school's own, by id."""
        added = (one for one in self._first.values() if isinstance(one, AddField))
        return {one.field.field: one for one in added}

    @cached_property
    def order(self) -> list[str]:
        """The ids of all questions, as they will stand once everything holds."""
        order = [spec.field for spec in self.form.fields]
        waiting = [(change.field.field, change.after) for change in self.own.values()]
        known = {*order, *self.own}
        moves = (one for one in self._first.values() if isinstance(one, Move))
        waiting += [(field_of(one.at), one.after) for one in moves if field_of(one.at) in known]
        waiting.sort(key=lambda placing: self._number(placing[0]))
        while waiting:
            ready = next((one for one in waiting if _is_placed(one, order)), None)
            if ready is None:
                break
            waiting.remove(ready)
            _insert(order, *ready)
        return order + [name for name, _ in waiting if name not in order]

    def words(self, field: str, part: str) -> Text:
        """The label or help in the control: the school's words over the shipped ones."""
        if field in self.own:
            found = getattr(self.own[field].field, part)
        else:
            found = getattr(self._spec(field), part)
            change = self.change("reword", field, part)
            if isinstance(change, Reword):
                found = Text({**(found or {}), **change.to})
        return found or Text({})

    def choices(self, field: str) -> tuple[OfferedChoice, ...]:
        """The choices in the controls."""
        if field in self.own:
            own = self.own[field].field.choices
            return own.options if own else ()
        change = self.change("set", field, "choices")
        offered = change.to if isinstance(change, Set) else None
        if isinstance(offered, tuple) and all(isinstance(one, OfferedChoice) for one in offered):
            return cast("tuple[OfferedChoice, ...]", offered)
        return self.shipped_choices(field)

    def shipped_choices(self, field: str) -> tuple[OfferedChoice, ...]:
        """The choices of the model."""
        spec = self._spec(field)
        options = spec.choices.options if spec and spec.choices else ()
        return tuple(OfferedChoice(value=one.value, label=one.label) for one in options)

    def is_required(self, field: str) -> bool:
        """Whether the question must be answered."""
        if field in self.own:
            return self.own[field].field.required
        change = self.change("set", field, "required")
        spec = self._spec(field)
        return change.to is True if isinstance(change, Set) else bool(spec and spec.required)

    def is_hidden(self, field: str) -> bool:
        """Whether the question is left out."""
        return self.change("hide", field) is not None

    def is_changed(self, field: str) -> bool:
        """Whether any change is about this question."""
        return any(field_of(key[1]) == field for key in self._first)

    def change(self, kind: str, field: str, part: str = "") -> Change | None:
        """The change of a kind at a point."""
        at = f"{self.form.form}.{field}"
        return self._first.get((kind, f"{at}.{part}" if part else at))

    def _spec(self, field: str) -> FieldSpec | None:
        return self.form.field_named(field)

    def _number(self, field: str) -> int:
        """Where the change that places a question stands in the list."""
        keys = list(self._first)
        at = f"{self.form.form}.{field}"
        return keys.index(("add_field" if field in self.own else "move", at))


def field_of(at: str) -> str:
    """The question of a point, empty for the form itself."""
    return at.partition(".")[2].partition(".")[0]


def without_field(changes: Changes, form: str, field: str) -> Changes:
    """The changes without all that is about one question: it is as shipped, or gone."""
    return tuple(
        one
        for one in changes
        if not (target_of(one.at) == form and field_of(key_of(one)[1]) == field)
    )


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
        """A change in the place of the one that is about the same, else last."""
        keys = [key_of(one) for one in self.changes]
        key = key_of(change)
        if key in keys:
            at = keys.index(key)
            self.changes = (*self.changes[:at], change, *self.changes[at + 1 :])
        else:
            self.changes = (*self.changes, change)

    def _drop(self, key: Key) -> None:
        self.changes = tuple(one for one in self.changes if key_of(one) != key)


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


def _is_placed(placing: tuple[str, str | None], order: list[str]) -> bool:
    field, after = placing
    return after in (None, FIRST) or (after in order and after != field)


def _insert(order: list[str], field: str, after: str | None) -> None:
    if field in order:
        order.remove(field)
    if after is None:
        order.append(field)
    else:
        order.insert(0 if after == FIRST else order.index(after) + 1, field)


def _shown(words: Text, locale: str) -> str:
    """What stands in a control, as a browser sends it back."""
    return _tidy(words.get(locale, ""))


def _tidy(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _whole(written: str, otherwise: int) -> int:
    return int(written) if written.isdecimal() and len(written) < 4 else otherwise
