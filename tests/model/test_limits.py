"""Whatever a school writes: nothing of the model becomes weaker. Properties over random changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.definition import FieldSpec, FormSpec
from server.kernel import places
from server.kernel.canonical import canonical
from server.model.bundle import Bundle, read_folder
from server.model.calendar import END_OF_DAY
from server.model.definition import (
    VARIANTS,
    Change,
    Range,
    SettingsSpec,
    Variant,
    length_in_days,
    target_of,
)
from server.model.points import diff, points
from server.model.settings import Applied, apply, key_of
from server.model.workflow_changes import step_points
from server.workflows.definition import AnyStep


def _shipped() -> Bundle:
    bundle, problems = read_folder(places.workflow_defs())
    assert bundle is not None, problems
    return bundle


# No fixture: Hypothesis would print the whole model beside every counterexample.
SHIPPED = _shipped()
FORMS = ("minor_questionnaire", "child_voice", "place_request")
FIELDS = (
    "goal", "interests", "days", "grade", "talk_by", "mentor_wish", "wants", "guardian_name",
    "own_a", "own_b", "nowhere",
)  # fmt: skip
WORDS = ("Как дела", "Что любишь?", "Твой диагноз", "Привет {{name}}", "ы" * 201, "\u202eах", " ")
STEPS = ("processing", "voice", "minor_questionnaire", "decision", "call_guardian", "nowhere")

texts = st.dictionaries(st.sampled_from(["ru", "en"]), st.sampled_from(WORDS), min_size=1)
form_ids = st.sampled_from(FORMS)
field_ids = st.sampled_from(FIELDS)
durations = st.builds(
    "{} {}".format, st.integers(0, 30), st.sampled_from(["days", "working days", "hours"])
)
offered = st.fixed_dictionaries({"label": texts}) | st.fixed_dictionaries(
    {"label": texts, "value": st.sampled_from(["sport", "in_person", "yes", "own_value"])}
)
points_of_fields = st.builds("{}.{}".format, form_ids, field_ids)
own_fields = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["own_a", "own_b", "own_c", "days", "clubs"]),
        "type": st.sampled_from(["text", "one_of", "yes_no", "contact", "scale", "note"]),
        "label": texts,
    },
    optional={
        "required": st.booleans(),
        "data": st.fixed_dictionaries(
            {
                "class": st.sampled_from(["ordinary", "special", "identity"]),
                "purpose": st.sampled_from(["processing", "photo"]),
            }
        ),
        "choices": st.fixed_dictionaries({"options": st.lists(offered, min_size=1, max_size=9)}),
        "min": st.integers(0, 5),
        "max": st.integers(0, 5),
    },
)
changes = st.one_of(
    st.fixed_dictionaries({"change": st.just("hide"), "at": points_of_fields}),
    st.fixed_dictionaries(
        {
            "change": st.just("reword"),
            "at": st.builds("{}.{}".format, points_of_fields, st.sampled_from(["label", "help"])),
            "to": texts,
        }
    ),
    st.fixed_dictionaries(
        {
            "change": st.just("move"),
            "at": points_of_fields,
            "after": st.sampled_from([*FIELDS, "first"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "change": st.just("set"),
            "at": st.builds("{}.required".format, points_of_fields),
            "to": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "change": st.just("set"),
            "at": st.builds("{}.choices".format, points_of_fields),
            "to": st.lists(offered, max_size=9),
        }
    ),
    st.fixed_dictionaries(
        {"change": st.just("add_field"), "at": form_ids, "field": own_fields},
        optional={"after": st.sampled_from([*FIELDS, "first"])},
    ),
    st.fixed_dictionaries(
        {
            "change": st.just("set"),
            "at": st.builds(
                "minor_enrolment.{}.{}".format,
                st.sampled_from(STEPS),
                st.sampled_from(["due.in", "remind.after", "approvals"]),
            ),
            "to": durations | st.lists(durations, max_size=6) | st.integers(-1, 5),
        }
    ),
    st.fixed_dictionaries(
        {
            "change": st.just("set"),
            "at": st.just("processing.valid.plus"),
            "to": st.builds("{} months".format, st.integers(0, 40)),
        }
    ),
)
variants = st.sampled_from(VARIANTS)


def made(raw: list[dict[str, Any]], variant: Variant) -> SettingsSpec:
    return SettingsSpec.model_validate(
        {"settings": "some_school", "model": "1.0", "variant": variant, "changes": raw}
    )


settings_lists = st.builds(made, st.lists(changes, max_size=12), variants)


@given(settings_lists)
def test_a_locked_question_stays_as_it_ships(some: SettingsSpec) -> None:
    for before, after in _forms(some):
        for spec in before.fields:
            now = after.field_named(spec.field)
            if not spec.free and not (spec.choices and spec.choices.bound):
                assert now == spec
            elif now is not None:
                assert _without(now, spec) == _without(spec, spec)


@given(settings_lists)
def test_a_required_question_is_asked_and_stays_required(some: SettingsSpec) -> None:
    for before, after in _forms(some):
        for spec in before.fields:
            if spec.required or spec.is_:
                now = after.field_named(spec.field)
                assert now is not None
                assert now.required == spec.required


@given(settings_lists)
def test_every_count_stays_within_its_bound(some: SettingsSpec) -> None:
    model = SHIPPED.model
    own_most = model.range_of("P10", some.variant).to
    percent = model.range_of("P11", some.variant).percent
    assert isinstance(own_most, int)
    assert percent is not None
    for before, after in _forms(some):
        own = [spec for spec in after.fields if spec.own]
        gone = [spec for spec in before.fields if after.field_named(spec.field) is None]
        optional = [spec for spec in before.fields if not spec.required and not spec.is_]
        assert len(own) <= own_most
        assert len(gone) <= -(-len(optional) * percent // 100)
        assert len({spec.field for spec in after.fields}) == len(after.fields)
        for spec in own:
            assert spec.field.startswith("own_")
            assert spec.is_ is None
            assert spec.type in ("note", "text", "one_of", "yes_no", "scale")
            assert spec.type == "note" or (spec.data and spec.data.class_ == "ordinary")
        for spec in after.fields:
            was = before.field_named(spec.field)
            if spec.choices and (was is None or was.choices != spec.choices):
                assert _allows(model.range_of("P26", some.variant), len(spec.choices.options))


@given(settings_lists)
def test_times_stay_within_their_bounds(some: SettingsSpec) -> None:
    effective = apply(SHIPPED, some).effective
    before = step_points(SHIPPED.workflows["minor_enrolment"])
    after = step_points(effective.workflows["minor_enrolment"])
    percent = SHIPPED.model.range_of("P20", some.variant).percent
    assert percent is not None
    for step, point in after.items():
        was = before[step]
        if point.due and was.due:
            assert point.due.in_.unit == was.due.in_.unit
            assert abs(point.due.in_.amount - was.due.in_.amount) <= (
                was.due.in_.amount * percent / 100
            )
        if isinstance(point, AnyStep) and isinstance(was, AnyStep) and point.remind and was.remind:
            days = [length_in_days(one) for one in point.remind.after]
            assert 1 <= len(days) <= 5
            assert all(1 <= one <= 14 for one in days)
            assert all(one < then for one, then in pairwise(days))
            assert point.due is None or days[-1] < length_in_days(point.due.in_)
            if some.variant == "strict":
                assert point.remind == was.remind


@given(settings_lists)
def test_the_ways_of_the_model_stay_as_they_ship(some: SettingsSpec) -> None:
    effective = apply(SHIPPED, some).effective
    for name, workflow in SHIPPED.workflows.items():
        after = effective.workflows[name]
        for stage, now in zip(workflow.stages, after.stages, strict=True):
            times = {"steps": {"__all__": {"due", "remind", "approvals"}}}
            assert now.model_dump(exclude=times) == stage.model_dump(exclude=times)
        assert after.requires == workflow.requires
    assert effective.model == SHIPPED.model
    assert effective.texts == SHIPPED.texts


@given(settings_lists)
def test_settings_give_the_same_result_every_time_and_when_stored_again(some: SettingsSpec) -> None:
    first, second = apply(SHIPPED, some), apply(SHIPPED, some)
    again = apply(SHIPPED, first.settings)

    assert first == second
    assert again.effective == first.effective
    assert [one.code for one in again.problems] == [one.code for one in first.problems]
    assert again.settings == first.settings


@given(settings_lists)
def test_without_problems_nothing_was_left_undone(some: SettingsSpec) -> None:
    result = apply(SHIPPED, some)
    if result.problems:
        return
    untouched = {target_of(change.at) for change in result.settings.changes}
    for name, form in SHIPPED.forms.items():
        assert name in untouched or result.effective.forms[name] is form
    assert bool(diff(SHIPPED, result.effective)) or result.effective == SHIPPED


@given(settings_lists, st.sampled_from(FORMS))
def test_back_to_shipped_is_the_shipped_form_byte_for_byte(some: SettingsSpec, form: str) -> None:
    back = apply(SHIPPED, some.without(form)).effective

    assert _bytes(back.forms[form]) == _bytes(SHIPPED.forms[form])


@given(changes)
def test_a_narrower_variant_refuses_whatever_a_wider_one_refuses(change: dict[str, Any]) -> None:
    refusing = [bool(apply(SHIPPED, made([change], variant)).problems) for variant in VARIANTS]

    # From the narrowest to the widest: once a change is let through, it stays let through.
    assert refusing == sorted(refusing, reverse=True)


@given(st.data(), variants)
def test_the_order_of_independent_changes_does_not_matter(
    data: st.DataObject, variant: Variant
) -> None:
    some = data.draw(st.lists(changes, max_size=8, unique_by=_subjects), label="changes")
    independent = [one for one in some if _stands_alone(one, some)]
    mixed = data.draw(st.permutations(independent), label="mixed")

    one, other = (apply(SHIPPED, made(order, variant)) for order in (independent, mixed))

    # How many are too many is a matter of the whole list; which of them is one of its order.
    if not any(problem.code in ("LIMIT-P10", "LIMIT-P11") for problem in one.problems):
        assert other.effective == one.effective
        assert sorted(p.code + p.at for p in other.problems) == sorted(
            p.code + p.at for p in one.problems
        )


@given(settings_lists)
def test_what_an_editor_offers_is_what_is_taken(some: SettingsSpec) -> None:
    """A refusal of a known point as such comes exactly where no such operation is offered."""
    for change in some.changes:
        target = target_of(change.at)
        if change.change not in ("hide", "move") or target not in SHIPPED.forms:
            continue
        shown = {point.at: point for point in points(SHIPPED, some.variant, target)}
        found = _refused(apply(SHIPPED, some.model_copy(update={"changes": (change,)})))
        closed = any(code.startswith("LIMIT-") for code, _ in found)
        if change.at in shown:
            assert closed is not shown[change.at].may(change.change)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_point_has_a_sign_and_a_reason_in_both_languages(variant: Variant) -> None:
    for target in (*SHIPPED.forms, *SHIPPED.workflows, *SHIPPED.consents):
        for point in points(SHIPPED, variant, target):
            assert point.sign in ("locked", "bounded", "free")
            assert point.reason.origin in ("law", "safety", "model", "recommended")
            for locale in ("ru", "en"):
                assert point.reason.text[locale]
                assert point.reason.source[locale]


def test_the_last_second_of_a_day_is_no_other_day() -> None:
    assert (END_OF_DAY.hour, END_OF_DAY.minute, END_OF_DAY.second) == (23, 59, 59)


def _forms(some: SettingsSpec) -> list[tuple[FormSpec, FormSpec]]:
    effective = apply(SHIPPED, some).effective
    return [(form, effective.forms[name]) for name, form in SHIPPED.forms.items()]


def _bytes(form: FormSpec) -> bytes:
    return canonical(form.model_dump(mode="json", by_alias=True))


def _without(spec: FieldSpec, before: FieldSpec) -> dict[str, Any]:
    """A question without what its file frees."""
    freed = {part for part in ("label", "help", "required") if part in before.free}
    if before.choices and (before.choices.bound or "choices" in before.free):
        freed.add("choices")
    return spec.model_dump(exclude=freed)


def _allows(bound: Range, count: int) -> bool:
    assert isinstance(bound.from_, int)
    assert isinstance(bound.to, int)
    return not bound.fixed and bound.from_ <= count <= bound.to


def _refused(result: Applied) -> set[tuple[str, str]]:
    # By what it is about: strict says P26-NONE where standard says P26.
    return {(problem.code.removesuffix("-NONE"), problem.at) for problem in result.problems}


def _key(raw: dict[str, Any]) -> tuple[str, str]:
    change: Change = made([raw], "standard").changes[0]
    return key_of(change)


def _subjects(raw: dict[str, Any]) -> tuple[str, str]:
    return _key(raw)


def _stands_alone(one: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether a change stands on nothing another one moves or adds, and shares no place with it."""
    if one["change"] not in ("move", "add_field"):
        own = {other["field"]["field"] for other in others if other["change"] == "add_field"}
        step = one["at"].split(".")[1]
        times = [other for other in others if other["at"].split(".")[1:2] == [step]]
        return step not in own and (not one["at"].startswith("minor_enrolment") or len(times) == 1)
    rivals = [other for other in others if other["change"] in ("move", "add_field")]
    return len(rivals) == 1
