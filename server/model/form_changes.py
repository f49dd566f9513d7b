"""A school's changes to one form: each held against the limits, the good ones carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from server.forms.definition import FieldSpec, FormSpec
from server.kernel.problems import Problem
from server.kernel.text import Text
from server.model.definition import (
    FIRST,
    AddField,
    Change,
    Hide,
    Move,
    OfferedChoice,
    PlaceOf,
    Reword,
    Set,
)
from server.model.limits import Limits, Verdict
from server.model.own_fields import (
    HELP_LENGTH,
    LABEL_LENGTH,
    Pen,
    changed_words,
    check_choice_count,
    check_choices,
    check_text,
    named_choices,
    own_spec,
    with_named_choices,
)


@dataclass(frozen=True)
class AdaptedForm:
    """A form after changes; `fields` still holds, in their places, the hidden questions."""

    form: FormSpec
    fields: tuple[FieldSpec, ...]
    hidden: frozenset[str]


@dataclass
class Outcome:
    """What became of the changes, by their number in the list."""

    problems: dict[int, list[Problem]] = field(default_factory=dict)
    stored: dict[int, Change | None] = field(default_factory=dict)  # None: it changes nothing


@dataclass(frozen=True)
class _Placing:
    number: int
    field: str
    after: str | None
    pen: Pen


def adapt_form(
    form: FormSpec, changes: Iterable[tuple[int, Change]], *, limits: Limits, place_of: PlaceOf
) -> tuple[AdaptedForm, Outcome]:
    """The form with every change carried out that has no problem; the number of each is kept."""
    adapting = _Adapting(form, limits, place_of)
    for number, change in changes:
        adapting.take(number, change)
    return adapting.result(), adapting.outcome


class _Adapting:
    """One form while its changes are carried out."""

    def __init__(self, form: FormSpec, limits: Limits, place_of: PlaceOf) -> None:
        self.form = form
        self.limits = limits
        self.place_of = place_of
        self.outcome = Outcome()
        self.fields = {spec.field: spec for spec in form.fields}
        self.order = list(self.fields)
        self.hides: list[tuple[int, str, Pen]] = []
        self.adds: list[tuple[int, FieldSpec, Pen]] = []
        self.placings: list[_Placing] = []
        self.refused: set[str] = set()  # added questions that have problems

    def take(self, number: int, change: Change) -> None:
        pen = Pen(change.at, ("changes", number), self._why(), self.place_of)
        self.outcome.problems[number] = pen.found
        self.outcome.stored[number] = change
        match change:
            case AddField():
                self._add(number, change, pen)
            case Hide():
                self._hide(number, change, pen)
            case Move():
                self._move(number, change, pen)
            case Reword():
                self._reword(number, change, pen)
            case Set():
                self._set(number, change, pen)

    def result(self) -> AdaptedForm:
        self._keep_to_own_limit()
        hidden = self._keep_to_hidden_limit()
        self._place()
        fields = tuple(self.fields[name] for name in self.order)
        seen = tuple(spec for spec in fields if spec.field not in hidden)
        if seen == self.form.fields:
            return AdaptedForm(self.form, fields, hidden)
        return AdaptedForm(self.form.model_copy(update={"fields": seen}), fields, hidden)

    def _why(self) -> str:
        return self.limits.own_fields(self.form).why

    def _add(self, number: int, change: AddField, pen: Pen) -> None:
        if change.at != self.form.form:
            self._no_such_point(pen, [self.form.form])
            return
        pen.at, pen.path = f"{change.at}.{change.field.field}", (*pen.path, "field")
        verdict = self.limits.own_fields(self.form)
        pen.why = verdict.why
        if not verdict.open:
            pen.refused(verdict, name=self.form.title)
            self.refused.add(change.field.field)
            return
        spec = own_spec(self.form, change, limits=self.limits, pen=pen)
        self.outcome.stored[number] = with_named_choices(change)
        self.adds.append((number, spec, pen))
        self.placings.append(_Placing(number, spec.field, change.after, pen))

    def _hide(self, number: int, change: Hide, pen: Pen) -> None:
        spec = self._field(change, pen)
        if spec is None:
            return
        verdict = self.limits.hide(self.form, spec)
        if verdict.open:
            pen.why = verdict.why
            self.hides.append((number, spec.field, pen))
        else:
            pen.refused(verdict, name=spec.label)

    def _move(self, number: int, change: Move, pen: Pen) -> None:
        spec = self._field(change, pen)
        if spec is None:
            return
        verdict = self.limits.order(self.form, spec)
        if verdict.open:
            pen.why = verdict.why
            self.placings.append(_Placing(number, spec.field, change.after, pen))
        else:
            pen.refused(verdict, name=spec.label)

    def _reword(self, number: int, change: Reword, pen: Pen) -> None:
        spec = self._field(change, pen, "label", "help")
        if spec is None:
            return
        part = change.at.rpartition(".")[2]
        before: Text | None = spec.label if part == "label" else spec.help
        own = changed_words(before, change.to)
        if not own:
            self.outcome.stored[number] = None
            return
        if part == "label":
            verdict, most = self.limits.label(self.form, spec), LABEL_LENGTH
        else:
            verdict, most = self.limits.help(self.form, spec), HELP_LENGTH
        if not verdict.open:
            pen.refused(verdict, name=spec.label)
            return
        pen.path, pen.why = (*pen.path, "to"), verdict.why
        check_text(own, most=most, limits=self.limits, pen=pen)
        if not pen.found:
            self._update(spec, **{part: Text({**(before or {}), **own})})

    def _set(self, number: int, change: Set, pen: Pen) -> None:
        spec = self._field(change, pen, "choices", "required")
        if spec is None:
            return
        if change.at.endswith(".required"):
            self._require(number, spec, change, pen)
        else:
            self._choose(number, spec, change, pen)

    def _require(self, number: int, spec: FieldSpec, change: Set, pen: Pen) -> None:
        pen.path = (*pen.path, "to")
        if not isinstance(change.to, bool):
            pen.mistyped("SETTINGS-YES-NO")
        elif change.to == spec.required:
            self.outcome.stored[number] = None
        elif spec.required:
            why = self.limits.required(self.form, spec).why
            pen.note("LIMIT-REQUIRED-OFF", {"name": spec.label}, why=why)
        elif (verdict := self.limits.required(self.form, spec)).open:
            self._update(spec, required=True)
        else:
            pen.refused(verdict, name=spec.label)

    def _choose(self, number: int, spec: FieldSpec, change: Set, pen: Pen) -> None:
        if spec.choices is None:
            pen.mistyped("SETTINGS-NO-CHOICES", {"name": spec.label})
            return
        offered = change.to if isinstance(change.to, tuple) else None
        if not offered or not all(isinstance(one, OfferedChoice) for one in offered):
            pen.mistyped("SETTINGS-CHOICES")
            return
        shipped = spec.choices.options
        named = named_choices((one for one in offered if isinstance(one, OfferedChoice)), shipped)
        if named == shipped:
            self.outcome.stored[number] = None
            return
        verdict = self.limits.choices(self.form, spec)
        if not verdict.open:
            pen.refused(verdict, name=spec.label)
            return
        pen.path, pen.why = (*pen.path, "to"), verdict.why
        check_choice_count(len(named), verdict, pen)
        check_choices(named, shipped=shipped, limits=self.limits, pen=pen)
        self._check_routes(spec, {choice.value for choice in named}, pen)
        stored = tuple(OfferedChoice(value=one.value, label=one.label) for one in named)
        self.outcome.stored[number] = change.model_copy(update={"to": stored})
        if not pen.found:
            self._update(spec, choices=spec.choices.model_copy(update={"options": named}))

    def _check_routes(self, spec: FieldSpec, values: set[str], pen: Pen) -> None:
        used = self.limits.routes.get((self.form.form, spec.field), frozenset())
        shipped = spec.choices.options if spec.choices else ()
        for choice in shipped:
            if choice.value in used and choice.value not in values:
                pen.note("LIMIT-CHOICE-USED", {"label": choice.label})

    def _update(self, spec: FieldSpec, **fresh: object) -> None:
        # From what is there now: a question may be reworded and made required at once.
        self.fields[spec.field] = self.fields[spec.field].model_copy(update=fresh)

    def _field(self, change: Change, pen: Pen, *parts: str) -> FieldSpec | None:
        """The shipped question that a change names, or None once its problem is written down."""
        _, *rest = change.at.split(".")
        spec = self.form.field_named(rest[0]) if rest else None
        fits = len(rest) == (2 if parts else 1) and (not parts or rest[1] in parts)
        if spec is not None and fits:
            return spec
        if rest and any(rest[0] == spec.field for _, spec, _ in self.adds):
            pen.mistyped("SETTINGS-OWN", {"given": rest[0]})
            return None
        endings = [f".{part}" for part in parts] or [""]
        known = [f"{self.form.form}.{name}{end}" for name in self.fields for end in endings]
        self._no_such_point(pen, known)
        return None

    def _no_such_point(self, pen: Pen, known: list[str]) -> None:
        pen.path = (*pen.path, "at")
        pen.mistyped("SETTINGS-POINT", {"given": pen.at, "nearest": nearest_of(pen.at, known)})

    def _keep_to_own_limit(self) -> None:
        """Take in the added questions that may be added."""
        verdict = self.limits.own_fields(self.form)
        most = verdict.limit.highest if verdict.limit else 0
        assert isinstance(most, int)
        taken: set[str] = set()
        for count, (_, spec, pen) in enumerate(self.adds, start=1):
            if spec.field in taken:
                pen.note("OWN-TWICE", {"given": spec.field}, part=("field",))
            if count == most + 1:
                pen.at = self.form.form
                self._too_many(verdict, len(self.adds), most, pen)
            if pen.found or count > most:
                self.refused.add(spec.field)
            else:
                self.fields[spec.field] = spec
            taken.add(spec.field)

    def _too_many(self, verdict: Verdict, given: int, most: int, pen: Pen) -> None:
        assert verdict.limit is not None
        facts = {"most": most, "given": given, "less": given - most, "name": self.form.title}
        pen.note(f"LIMIT-{verdict.limit.parameter}", facts, why=verdict.why)

    def _keep_to_hidden_limit(self) -> frozenset[str]:
        verdict = self.limits.hidden_of(self.form)
        most = verdict.limit.highest if verdict.limit else 0
        assert isinstance(most, int)
        if len(self.hides) > most:
            self._too_many(verdict, len(self.hides), most, self.hides[most][2])
        hidden = [name for _, name, pen in self.hides[:most] if not pen.found]
        if len(hidden) == len(self.fields):
            self.hides[most - 1][2].note("LIMIT-HIDE-ALL", {"name": self.form.title})
            hidden = hidden[:-1]
        return frozenset(hidden)

    def _place(self) -> None:
        """Put added and moved questions in their places, in the order of the list.

        One that stands after a question added further down waits for it.
        """
        waiting = [
            placing
            for placing in self.placings
            if placing.field in self.fields and placing.field not in self.refused
        ]
        while waiting:
            ready = next((one for one in waiting if self._is_placed(one.after, one.field)), None)
            if ready is not None:
                waiting.remove(ready)
                self._insert(ready.field, ready.after)
                continue
            # What stands after a refused question keeps its own followers: they did nothing wrong.
            stranded = next((one for one in waiting if one.after in self.refused), None)
            if stranded is None:
                break
            waiting.remove(stranded)
            self._leave(stranded)
        for placing in waiting:
            self._leave(placing)

    def _leave(self, placing: _Placing) -> None:
        """Settle what has no place: it stood after nothing, or after a question that is refused."""
        added = placing.field not in self.order
        if placing.after not in self.refused:
            self._no_anchor(placing)
            if added:
                del self.fields[placing.field]
        elif added:
            self.order.append(placing.field)

    def _is_placed(self, after: str | None, field_: str) -> bool:
        return after in (None, FIRST) or (after in self.order and after != field_)

    def _insert(self, field_: str, after: str | None) -> None:
        if field_ in self.order:
            self.order.remove(field_)
        if after is None:
            self.order.append(field_)
        else:
            self.order.insert(0 if after == FIRST else self.order.index(after) + 1, field_)

    def _no_anchor(self, placing: _Placing) -> None:
        pen = placing.pen
        pen.path = ("changes", placing.number)
        known = [name for name in self.order if name != placing.field]
        facts = {
            "given": placing.after or "",
            "nearest": nearest_of(placing.after or "", known),
        }
        pen.mistyped("SETTINGS-AFTER", facts, part=("after",))


def nearest_of(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names that come nearest to what was written, best first, at most three."""
    return tuple(get_close_matches(given, list(known), n=3, cutoff=0.0))
