"""The rows of a form's editor: for each question its sign and reason, what stands in its controls,
what may be done with it, and what does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from server.admin import said
from server.admin.drafts import FormDraft, field_of
from server.admin.edits import NEW, OWN_TYPES
from server.admin.said import Remark, Why, _, ngettext
from server.forms.definition import FieldSpec, FormSpec
from server.kernel.problems import Problem
from server.kernel.text import LOCALES, Text
from server.model.bundle import Bundle
from server.model.definition import AddField, OfferedChoice, Variant
from server.model.limits import Limit, Limits
from server.model.own_fields import CHOOSING, HELP_LENGTH
from server.model.points import Point
from server.services.model.school_settings import Settings

Fields = list[dict[str, Any]]


@dataclass
class ChoiceLine:
    """One choice in its controls."""

    number: int
    words: dict[str, str]
    remarks: list[Remark]


@dataclass
class Row:
    """One question on the editor's page."""

    id: str
    mark: str
    title: str
    why: str
    about: str  # kind of answer, how many choices, whether it must be answered
    badge: str
    reason: Why
    movable: bool
    own: bool
    hidden: bool
    hide: str  # the deed of the button: hide, show or none
    reset: str  # reset, own_drop or none
    words: Fields = field(default_factory=list)
    settings: Fields = field(default_factory=list)
    choices: list[ChoiceLine] | None = None
    choices_room: str = ""
    choices_left: bool = True
    remarks: list[Remark] = field(default_factory=list)  # those beside no single control

    @property
    def wrong(self) -> bool:
        """Whether anything about the question does not hold."""
        lines = [*self.words, *self.settings]
        return bool(
            self.remarks
            or any(one["errors"] for one in lines)
            or any(one.remarks for one in self.choices or [])
        )


@dataclass(frozen=True)
class Sheet:
    """All rows of a form's editor, and what concerns the form as a whole."""

    rows: list[Row]
    new: Fields
    own: Point
    hidden: Point
    remarks: list[Remark]

    @property
    def hide_left(self) -> str:
        """«Скрыть можно ещё 1 из 2», or why nothing more can be hidden."""
        room = self.hidden.room
        if room is None or not room.most:
            return ""
        if not room.left:
            return _("as many are hidden as may be; bring one back to hide another")
        if not any(row.hide == "hide" for row in self.rows):
            return _("there is nothing more to hide")
        return _("%(left)s of %(most)s left to hide", left=room.left, most=room.most)

    @property
    def own_why(self) -> Why:
        """Why so many questions of a school's own, or none."""
        return said.why(self.own.reason)

    @property
    def hidden_why(self) -> Why:
        """Why so many may be hidden."""
        return said.why(self.hidden.reason)

    @property
    def own_left(self) -> str:
        """«Осталось 8 из 10»."""
        room = self.own.room
        if room is None or not room.most:
            return ""
        return _("%(left)s of %(most)s left", left=room.left, most=room.most)


def sheet(shown: Settings, points: Sequence[Point], form: FormSpec) -> Sheet:
    """The editor's rows under what is drafted."""
    return _Rows(shown, points, form).sheet()


class _Rows:
    """One form's rows while they are made."""

    def __init__(self, shown: Settings, points: Sequence[Point], form: FormSpec) -> None:
        self.form = form
        self.bundle: Bundle = shown.shipped
        self.variant = shown.variant
        self.draft = FormDraft(form, shown.changes)
        self.points = {field_of(one.at): one for one in points if one.kind == "field"}
        self.counts = {one.kind: one for one in points if one.kind != "field"}
        self.problems = [one for one in shown.problems if one.at.split(".")[0] == form.form]

    def sheet(self) -> Sheet:
        rows = [self._row(name) for name in self.draft.order]
        beside = {row.id for row in rows}
        others = [one for one in self.problems if field_of(one.at) not in beside]
        return Sheet(
            rows,
            self._new(),
            self.counts["own_fields"],
            self.counts["hidden"],
            self._said(others),
        )

    def _row(self, name: str) -> Row:
        if name in self.draft.own:
            return self._own(name, self.draft.own[name])
        return self._question(name, self.points[name])

    def _question(self, name: str, point: Point) -> Row:
        shipped: FieldSpec = point.shipped
        hidden = self.draft.is_hidden(name)
        mine = [one for one in self.problems if field_of(one.at) == name]
        row = Row(
            id=name,
            mark=point.sign,
            title=said.text(self.draft.words(name, "label")),
            why=said.may_question(point),
            about=self._about(name, shipped),
            badge=self._badge(name, hidden=hidden),
            reason=said.why(point.reason),
            movable=point.may("move"),
            own=False,
            hidden=hidden,
            hide="show" if hidden else "hide" if point.may("hide") and self._room_to_hide else "",
            reset="reset" if self.draft.is_changed(name) else "",
        )
        for part, label in (("label", _("Question")), ("help", _("Hint"))):
            if point.may("reword", part) or self.draft.change("reword", name, part):
                row.words += self._texts(name, part, label, mine, getattr(shipped, part))
        if point.may("set", "choices") or self.draft.change("set", name, "choices"):
            self._put_choices(row, name, point, mine)
        if point.may("set", "required") or self.draft.change("set", name, "required"):
            row.settings += self._required(name, mine)
        return self._finished(row, mine)

    @property
    def _room_to_hide(self) -> bool:
        room = self.counts["hidden"].room
        return room is not None and room.left > 0

    def _own(self, name: str, change: AddField) -> Row:
        own = change.field
        mine = [one for one in self.problems if field_of(one.at) == name]
        reason = self.counts["own_fields"].reason
        row = Row(
            id=name,
            mark="free",
            title=said.text(own.label).strip() or _("Your new question"),
            why=_("Your own question: everything about it is yours."),
            about=self._about(name, own),
            badge=_("your question"),
            reason=said.why(reason),
            movable=True,
            own=True,
            hidden=False,
            hide="",
            reset="own_drop",
        )
        row.words += self._texts(name, "label", _("Question"), mine, None)
        row.words += self._texts(name, "help", _("Hint"), mine, None)
        row.settings = self._kind_fields(name, own.type, mine)
        if own.type == "scale":
            row.settings += self._ends(name, own.min, own.max, mine)
        if own.type != "note":
            row.settings += self._required(name, mine)
        if own.type in CHOOSING:
            self._put_choices(row, name, None, mine)
        return self._finished(row, mine)

    def _about(self, name: str, spec: Any) -> str:
        parts = [_("must be answered") if self.draft.is_required(name) else _("can be skipped")]
        if spec.type == "note":
            parts = []
        count = len(self.draft.choices(name))
        parts.insert(0, said.kind_of(spec))
        if spec.type in CHOOSING:
            parts.append(ngettext("%(num)s choice", "%(num)s choices", count))
        return " · ".join(parts)

    def _badge(self, name: str, *, hidden: bool) -> str:
        if hidden:
            return _("hidden")
        return _("changed by you") if self.draft.is_changed(name) else ""

    def _texts(
        self, name: str, part: str, label: str, mine: list[Problem], shipped: Text | None
    ) -> Fields:
        words = self.draft.words(name, part)
        at = f"{self.form.form}.{name}.{part}"
        wrong = [one for one in mine if one.at == at]
        fields = []
        for locale in LOCALES:
            language = _("in Russian") if locale == "ru" else _("in English")
            about = [one for one in wrong if _speaks_of(one, words, locale)]
            fields.append(
                _field(
                    f"{name}.{part}.{locale}",
                    "long_text" if part == "help" else "text",
                    f"{label}, {language}",
                    value=words.get(locale, "").strip(),
                    # An own question needs the school's language alone; the model's has both.
                    required=locale == LOCALES[0] or shipped is not None,
                    max_length=HELP_LENGTH if part == "help" else None,
                    help=_only_one_language(part, locale)
                    if shipped is None and name in self.draft.own
                    else _model_words(shipped, words, locale),
                    remarks=self._said(about),
                )
            )
        return fields

    def _required(self, name: str, mine: list[Problem]) -> Fields:
        at = f"{self.form.form}.{name}.required"
        return [
            _field(
                f"{name}.required",
                "checkbox",
                _("This must be answered"),
                value=self.draft.is_required(name),
                required=True,
                remarks=self._said(one for one in mine if one.at == at),
            ),
            {**_field(f"{name}.asks_required", "hidden", ""), "value": "yes"},
        ]

    def _kind_fields(self, name: str, type_: str, mine: list[Problem]) -> Fields:
        at = f"{self.form.form}.{name}"
        wrong = [one for one in mine if one.at in (f"{at}.type", f"{at}.data")]
        known = [*OWN_TYPES, *([] if type_ in OWN_TYPES else [type_])]
        return [
            _field(
                f"{name}.type",
                "select",
                _("What it is answered with"),
                value=type_,
                required=True,
                choices=[(one, _(said.KINDS[one])) for one in known],
                remarks=self._said(wrong),
            )
        ]

    def _ends(self, name: str, least: Any, most: Any, mine: list[Problem]) -> Fields:
        at = f"{self.form.form}.{name}"
        return [
            _field(
                f"{name}.{part}",
                "number",
                label,
                value="" if value is None else value,
                required=True,
                remarks=self._said(one for one in mine if one.at == f"{at}.{part}"),
            )
            for part, label, value in (
                ("min", _("Scale begins at"), least),
                ("max", _("Scale ends at"), most),
            )
        ]

    def _put_choices(self, row: Row, name: str, point: Point | None, mine: list[Problem]) -> None:
        listed: tuple[OfferedChoice, ...] = self.draft.choices(name)
        at = f"{self.form.form}.{name}.choices"
        row.choices = [
            ChoiceLine(
                number,
                {locale: one.label.get(locale, "") for locale in LOCALES},
                self._said(one for one in mine if _within(one.at, f"{at}.{number}")),
            )
            for number, one in enumerate(listed)
        ]
        limit = point.limit if point is not None else self._own_choices_limit()
        if limit is not None and isinstance(limit.highest, int):
            row.choices_left = len(listed) < limit.highest
            row.choices_room = _(
                "There may be %(low)s to %(high)s choices, you have %(now)s.",
                low=limit.lowest, high=limit.highest, now=len(listed),
            )  # fmt: skip

    def _own_choices_limit(self) -> Limit | None:
        return Limits(self.bundle, cast(Variant, self.variant)).choice_count().limit

    def _finished(self, row: Row, mine: list[Problem]) -> Row:
        """Put what belongs to no single control at the head of the row."""
        beside = {one.at for one in mine} & {
            f"{self.form.form}.{one['name'].removesuffix('.ru').removesuffix('.en')}"
            for one in [*row.words, *row.settings]
        }
        if row.own:
            beside |= {f"{self.form.form}.{row.id}.data"}
        lines = tuple(
            f"{self.form.form}.{row.id}.choices.{one.number}" for one in row.choices or []
        )
        rest = [
            one
            for one in mine
            if one.at not in beside and not any(_within(one.at, line) for line in lines)
        ]
        row.remarks = self._said(rest)
        if row.wrong:
            row.mark = "refused"
        return row

    def _new(self) -> Fields:
        """The controls of a question that is being added."""
        order = self.draft.order
        last = order[-1] if order else ""
        places = [("first", _("First"))]
        for name in order:
            label = said.text(self.draft.words(name, "label")).strip() or name
            places.append((name, _("After “%(name)s”", name=_short(label))))
        return [
            _field(f"{NEW}.label.ru", "text", _("Question, in Russian"), required=True),
            _field(
                f"{NEW}.label.en", "text", _("Question, in English"),
                help=_only_one_language("label", "en"),
            ),
            _field(f"{NEW}.help.ru", "text", _("Hint, in Russian")),
            _field(f"{NEW}.help.en", "text", _("Hint, in English")),
            _field(
                f"{NEW}.type", "select", _("What it is answered with"), required=True, value="text",
                choices=[(one, _(said.KINDS[one])) for one in OWN_TYPES],
            ),
            _field(
                f"{NEW}.choices", "long_text", _("Choices, one in a line"),
                help=_("Only for questions with choices: with any other answer they are not kept."),
            ),
            _field(
                f"{NEW}.after", "select", _("Where it stands"), required=True, value=last,
                choices=places,
            ),
            _field(f"{NEW}.required", "checkbox", _("This must be answered"), required=True),
        ]  # fmt: skip

    def _said(self, found: Iterable[Problem]) -> list[Remark]:
        return said.remarks(found, self.bundle.origins)


def _field(name: str, type_: str, label: str, **more: Any) -> dict[str, Any]:
    """A control as the macro of fields takes it."""
    remarks: list[Remark] = more.pop("remarks", [])
    return {
        "name": name,
        "type": type_,
        "label": label,
        "errors": [one.text for one in remarks],
        "remarks": remarks,
        **more,
    }


def _speaks_of(problem: Problem, words: Mapping[str, str], locale: str) -> bool:
    """Whether a problem of a text is about this language; those of none stand at the first."""
    hit = problem.facts.get("words")
    if isinstance(hit, str):
        return hit.casefold() in words.get(locale, "").casefold() or locale == LOCALES[0]
    given = problem.facts.get("given")
    if problem.code == "WORDS-LONG":
        return len(words.get(locale, "")) == given
    return locale == LOCALES[0]


def _only_one_language(part: str, locale: str) -> str:
    if part != "label" or locale == LOCALES[0]:
        return ""
    return _(
        "The school’s language is enough. Left empty, readers of English see the Russian words."
    )


def _model_words(shipped: Text | None, words: Text, locale: str) -> str:
    was = shipped.get(locale) if shipped else None
    if was is None or was == words.get(locale):
        return ""
    return _("In the model: %(words)s", words=was)


def _within(at: str, line: str) -> bool:
    return at == line or at.startswith(f"{line}.")


def _short(label: str) -> str:
    return label if len(label) <= 60 else f"{label[:57]}…"
