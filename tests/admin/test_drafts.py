"""What is typed on an editor's page becomes changes: only what differs, and never less."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from server.admin.changes import Changes
from server.admin.drafts import FormDraft
from server.admin.edits import edited_form
from server.admin.posted import Posted
from server.admin.times import edited_times, typed
from server.kernel import places
from server.model.bundle import Bundle, read_folder
from server.model.definition import Change, SettingsSpec
from server.model.limits import Limits
from server.model.points import points
from server.model.settings import adapted_form, apply

FORM = "minor_questionnaire"


def _shipped() -> Bundle:
    bundle, _ = read_folder(places.workflow_defs())
    assert bundle is not None
    return bundle


SHIPPED = _shipped()
QUESTIONS = SHIPPED.forms[FORM]
NAMES = [spec.field for spec in QUESTIONS.fields]
MOVABLE = frozenset(
    spec.field
    for spec in QUESTIONS.fields
    if Limits(SHIPPED, "standard").order(QUESTIONS, spec).open
)
OWN = {
    "change": "add_field", "at": FORM, "after": "goal",
    "field": {"field": "own_clubs", "type": "text", "label": {"ru": "В какие кружки ты ходишь"},
              "data": {"class": "ordinary", "purpose": "processing"}},
}  # fmt: skip


def changes(*raw: dict[str, Any]) -> Changes:
    adapter: TypeAdapter[Changes] = TypeAdapter(tuple[Change, ...])
    return adapter.validate_python(raw)


def posted(**values: str | list[str]) -> Posted:
    listed = {
        name.replace("__", "."): [said] if isinstance(said, str) else said
        for name, said in values.items()
    }
    return Posted.of(listed.items())


def edit(typed: Posted, *, saw: Changes = (), now: Changes | None = None) -> Changes:
    held = saw if now is None else now
    return edited_form(QUESTIONS, typed, saw=saw, now=held, movable=MOVABLE)


def applied(made: Changes) -> Any:
    spec = SettingsSpec(settings="vologda", model="1.0", variant="standard", changes=made)
    return apply(SHIPPED, spec)


def order_of(made: Changes) -> list[str]:
    spec = SettingsSpec(settings="vologda", model="1.0", variant="standard", changes=made)
    return [one.field for one in adapted_form(SHIPPED, spec, QUESTIONS).fields]


def test_a_page_sent_as_it_was_shown_changes_nothing() -> None:
    shown = {
        f"{name}__{part}__{locale}": (getattr(QUESTIONS.field_named(name), part) or {}).get(
            locale, ""
        )
        for name in NAMES
        for part in ("label", "help")
        for locale in ("ru", "en")
    }

    assert edit(posted(order=NAMES, **shown)) == ()


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        ({}, "Каким видишь наставника", {"ru": "Каким видишь наставника"}),
        # An empty control gives the model's words back, and so do the model's own words.
        ({"ru": "Иначе"}, "", None),
        ({"ru": "Иначе"}, "Какой наставник тебе нужен", None),
        ({"ru": "Иначе", "en": "Otherwise"}, "", {"en": "Otherwise"}),
        # A line end of a browser is no change of words.
        ({"ru": "Два\nслова"}, "Два\r\nслова", {"ru": "Два\nслова"}),
    ],
)
def test_words_are_kept_by_language(
    before: dict[str, str], typed: str, after: dict[str, str] | None
) -> None:
    at = f"{FORM}.mentor_wish.label"
    saw = changes({"change": "reword", "at": at, "to": before}) if before else ()

    made = edit(posted(order=NAMES, mentor_wish__label__ru=typed), saw=saw)

    assert made == (changes({"change": "reword", "at": at, "to": after}) if after else ())


def test_what_does_not_hold_is_kept_as_it_was_typed() -> None:
    made = edit(posted(order=NAMES, days__label__ru="Чем ты болел {{name}}"))

    assert FormDraft(QUESTIONS, made).words("days", "label")["ru"] == "Чем ты болел {{name}}"
    assert {one.code for one in applied(made).problems} == {"LIMIT-SPECIAL", "WORDS-PLACES"}


def test_an_own_question_gets_an_id_from_its_label_and_a_lawful_purpose() -> None:
    made = edit(
        posted(
            order=NAMES, act="add", new__label__ru="Какой цех увидеть", new__type="one_of",
            new__choices="Сборочный\n\nЛитейный\n", new__after="first",
        )
    )  # fmt: skip

    field = applied(made).effective.forms[FORM].fields[0]
    assert applied(made).problems == ()
    assert field.field == "own_kakoy_tseh_uvidet"
    assert [one.label["ru"] for one in field.choices.options] == ["Сборочный", "Литейный"]
    assert field.data.class_ == "ordinary"
    assert field.data.purpose == "processing"


def test_an_own_question_without_words_is_kept_and_refused() -> None:
    made = edit(posted(order=NAMES, act="add"))

    assert [one.code for one in applied(made).problems] == ["WORDS-EMPTY"]


def test_changing_the_kind_of_answer_leaves_behind_what_no_longer_fits() -> None:
    saw = edit(
        posted(order=NAMES, act="add", new__label__ru="Цех", new__type="one_of",
               new__choices="Один\nДва")
    )  # fmt: skip
    name = next(iter(FormDraft(QUESTIONS, saw).own))
    asked = {"order": [*NAMES, name], f"{name}.label.ru": "Цех", f"{name}.type": "scale"}

    made = edit(posted(**asked), saw=saw)

    assert applied(made).problems == ()
    field = applied(made).effective.forms[FORM].field_named(name)
    assert (field.type, field.min, field.max, field.choices) == ("scale", 1, 5, None)


@pytest.mark.parametrize(
    ("act", "labels"),
    [
        ("choice_drop:days:0", ["По будням вечером", "В субботу", "В воскресенье", "На каникулах"]),
        ("choice_up:days:1", ["По будням вечером", "По будням после уроков"]),
        ("choice_up:days:0", ["По будням после уроков", "По будням вечером"]),
        ("choice_drop:days:99", ["По будням после уроков", "По будням вечером"]),
    ],
)
def test_choices_are_removed_and_moved(act: str, labels: list[str]) -> None:
    made = edit(posted(order=NAMES, act=act))

    found = [one.label["ru"] for one in FormDraft(QUESTIONS, made).choices("days")]
    assert found[: len(labels)] == labels


def test_a_renamed_choice_keeps_its_value_and_a_new_one_gets_one() -> None:
    shown = [one.label["ru"] for one in QUESTIONS.field_named("talk_by").choices.options]

    made = edit(
        posted(order=NAMES, talk_by__choice__ru=["Вживую", *shown[1:], "В игре"],
               talk_by__choice__en=["In person", "By messages", "By phone or video", ""])
    )  # fmt: skip

    field = applied(made).effective.forms[FORM].field_named("talk_by")
    assert [one.value for one in field.choices.options] == [
        "in_person", "messages", "calls", "v_igre",
    ]  # fmt: skip
    assert field.choices.options[0].label == {"ru": "Вживую", "en": "In person"}


def test_a_button_hides_shows_and_returns_a_question() -> None:
    hidden = edit(posted(order=NAMES, act="hide:days"))
    reworded = edit(posted(order=NAMES, act="hide:days", days__label__ru="Когда"))

    assert [one.change for one in hidden] == ["hide"]
    assert edit(posted(order=NAMES, act="show:days"), saw=hidden) == ()
    assert edit(posted(order=NAMES, act="reset:days"), saw=reworded) == ()


def test_an_edit_is_laid_over_what_somebody_else_saved_meanwhile() -> None:
    theirs = changes(
        {"change": "hide", "at": f"{FORM}.grade"},
        {"change": "reword", "at": f"{FORM}.days.help", "to": {"ru": "Хотя бы примерно"}},
        OWN,
    )

    made = edit(posted(order=NAMES, move="up:mentor_wish", days__label__ru="Когда"), now=theirs)

    assert set(theirs) - {*changes(OWN)} <= set(made)
    assert FormDraft(QUESTIONS, made).words("days", "label")["ru"] == "Когда"
    assert order_of(made) == [
        "goal", "own_clubs", "interests", "days", "grade", "mentor_wish", "talk_by",
    ]  # fmt: skip


@given(st.permutations([*NAMES, "own_clubs"]))
def test_any_order_of_movable_questions_can_be_had(wanted: list[str]) -> None:
    """Those that may not move keep their turn; the rest may stand anywhere."""
    fixed = iter([name for name in NAMES if name not in MOVABLE])
    wanted = [name if name in {*MOVABLE, "own_clubs"} else next(fixed) for name in wanted]
    saw = changes(OWN)

    made = edit(posted(order=wanted), saw=saw)

    assert applied(made).problems == ()
    assert order_of(made) == wanted
    assert FormDraft(QUESTIONS, made).order == wanted


@given(st.permutations([*NAMES, "own_clubs"]), st.permutations([*NAMES, "own_clubs"]))
def test_a_second_order_takes_the_place_of_the_first(first: list[str], second: list[str]) -> None:
    made = edit(posted(order=first), saw=changes(OWN))
    again = edit(posted(order=second), saw=made)

    assert FormDraft(QUESTIONS, again).order == second


@given(st.sampled_from([*NAMES, "own_clubs"]), st.sampled_from(["up", "down"]))
def test_up_and_down_change_places_with_the_neighbour(name: str, way: str) -> None:
    saw = changes(OWN)
    shown = FormDraft(QUESTIONS, saw).order

    made = edit(posted(order=shown, move=f"{way}:{name}"), saw=saw)

    at, to = shown.index(name), shown.index(name) + (-1 if way == "up" else 1)
    wanted = list(shown)
    if 0 <= to < len(shown):
        wanted[at], wanted[to] = wanted[to], wanted[at]
    assert FormDraft(QUESTIONS, made).order == wanted


# Deadlines ---------------------------------------------------------------------------------------


def times(**asked: str | list[str]) -> Changes:
    shown = [
        *points(SHIPPED, "standard", "minor_enrolment"),
        *points(SHIPPED, "standard", "processing"),
    ]
    return edited_times(shown, posted(**asked), saw=(), now=())


@pytest.mark.parametrize(
    ("control", "typed_", "to"),
    [
        ("minor_enrolment.decision.due.in", ["4"], "4 working days"),
        ("minor_enrolment.decision.due.in", ["5"], None),  # as shipped
        ("minor_enrolment.decision.due.in", ["1"], "1 working day"),
        ("minor_enrolment.decision.due.in", ["пять"], "пять"),
        ("minor_enrolment.processing.remind.after", ["2", "", "6"], ("2 days", "6 days")),
        ("minor_enrolment.processing.remind.after", ["", ""], ()),
        ("minor_enrolment.decision.approvals", ["2"], 2),
        ("minor_enrolment.decision.approvals", ["двое"], "двое"),
        ("processing.valid.plus", ["24"], "24 months"),
    ],
)
def test_amounts_get_the_unit_of_the_model(control: str, typed_: list[str], to: Any) -> None:
    made = times(**{control: typed_})

    assert [getattr(one, "to", None) for one in made] == ([] if to is None else [to])
    assert all(one.at == control for one in made)


@given(st.text(max_size=12).map(str.strip).filter(lambda said: "\r" not in said))
def test_whatever_is_typed_as_a_deadline_stands_there_again(said: str) -> None:
    control = "minor_enrolment.decision.due.in"
    point = next(one for one in points(SHIPPED, "standard", "minor_enrolment") if one.at == control)

    made = times(**{control: [said]})

    shown = typed(point, made)[0]
    assert shown == said or (said.isascii() and said.isdecimal() and int(shown) == int(said))


def test_the_kinds_of_changes_are_those_an_editor_knows() -> None:
    """A new kind of change needs its place in the editor: this test asks for it."""
    kinds = {get_args(member)[0].model_fields["change"].annotation for member in _members()}

    assert {get_args(kind)[0] for kind in kinds} == {"hide", "set", "reword", "move", "add_field"}


def _members() -> tuple[Any, ...]:
    union: tuple[Any, ...] = get_args(get_args(Change)[0])
    return union
