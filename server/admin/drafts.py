"""A form's draft as its editor holds it: what stands in each control, in which order, whether it
holds or not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import cast

from server.admin.changes import Key
from server.forms.definition import FieldSpec, FormSpec
from server.kernel.text import Text
from server.model.definition import (
    FIRST,
    AddField,
    Change,
    Move,
    OfferedChoice,
    Reword,
    Set,
    target_of,
)
from server.model.settings import key_of


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
