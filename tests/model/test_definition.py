"""The parameters of the model: a variant may only narrow, and every range must bind something."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.durations import Duration
from server.model.bundle import Bundle
from server.model.definition import VARIANTS, ModelSpec, SettingsSpec, check_model


def model(counts: str, **ranges: dict[str, Any]) -> ModelSpec:
    parameter = {"title": {"ru": "Граница"}, "counts": counts, "why": "model.own_steps", **ranges}
    return ModelSpec.model_validate({"model": "1.0", "parameters": {"P10": parameter}})


def test_the_shipped_parameters_hold_together(shipped: Bundle) -> None:
    assert check_model(shipped.model) == []


@pytest.mark.parametrize(
    ("parameter", "variant", "shown"),
    [
        ("P10", "strict", {"to": 0}),
        ("P10", "standard", {"to": 10}),
        ("P10", "flexible", {"to": 25}),
        ("P11", "standard", {"percent": 30}),
        ("P13", "strict", {"from_": 2, "to": 3, "default": 2}),
        ("P13", "flexible", {"from_": 1, "to": 3, "default": 1}),
        ("P20", "strict", {"percent": 0}),
        ("P20", "standard", {"percent": 30}),
        ("P20", "flexible", {"percent": 50}),
        ("P21", "strict", {"fixed": True}),
        ("P21", "standard", {"from_": Duration(1, "days"), "to": Duration(14, "days")}),
        ("P22", "standard", {"to": Duration(24, "months")}),
        ("P24", "standard", {"to": 2}),
        ("P25", "strict", {"only": ("help",)}),
        ("P26", "standard", {"from_": 2, "to": 7}),
        ("P26", "flexible", {"from_": 2, "to": 12}),
    ],
)
def test_the_variants_bind_as_the_model_says(
    shipped: Bundle, parameter: str, variant: Any, shown: dict[str, Any]
) -> None:
    found = shipped.model.range_of(parameter, variant)

    assert {key: getattr(found, key) for key in shown} == shown


def test_what_a_variant_leaves_out_is_as_the_outer_bound_says() -> None:
    narrowed = model(
        "choices per list", outer={"from": 2, "to": 12}, strict={"to": 5}, standard={}, flexible={}
    )

    assert narrowed.range_of("P10", "strict").from_ == 2
    assert narrowed.range_of("P10", "standard").to == 12


@pytest.mark.parametrize(
    ("counts", "ranges", "problems"),
    [
        # A variant wider than the outer bound, by each kind of bound.
        ("own fields per form", {"flexible": {"to": 26}}, [("MODEL-WIDER", "P10.flexible")]),
        ("own fields per form", {"strict": {"to": 11}}, [("MODEL-WIDER", "P10.strict")]),
        ("own fields per form", {"outer": {}}, [("MODEL-SHAPE", "P10.outer")]),
        (
            "choices per list",
            {"outer": {"from": 3, "to": 12}, "strict": {"from": 2, "to": 5},
             "standard": {"from": 3, "to": 7}, "flexible": {"from": 3, "to": 12}},
            [("MODEL-WIDER", "P10.strict")],
        ),
        (
            "choices per list",
            {"outer": {"from": 5, "to": 4}, "strict": {"fixed": True},
             "standard": {"fixed": True}, "flexible": {"fixed": True}},
            [("MODEL-EMPTY", "P10.outer")],
        ),
        (
            "wording",
            {"outer": {"only": ["help"]}, "strict": {}, "standard": {},
             "flexible": {"only": ["label", "help"]}},
            [("MODEL-WIDER", "P10.flexible")],
        ),
        # Fixed is the narrowest of all: nothing inside it may move.
        (
            "choices per list",
            {"outer": {"from": 2, "to": 12}, "strict": {"from": 2, "to": 3},
             "standard": {"fixed": True}, "flexible": {}},
            [("MODEL-WIDER", "P10.strict")],
        ),
        (
            "approvals per decision",
            {"outer": {"from": 1, "to": 3, "default": 1}, "strict": {"from": 2, "to": 3},
             "standard": {}, "flexible": {}},
            [("MODEL-EMPTY", "P10.strict")],  # the default of 1 lies outside 2 to 3
        ),
        (
            "retention",
            {"outer": {"from": "30 days", "to": 36}, "strict": {"fixed": True},
             "standard": {"fixed": True}, "flexible": {"fixed": True}},
            [("MODEL-EMPTY", "P10.outer")],  # days and a bare number cannot be compared
        ),
    ],
)  # fmt: skip
def test_a_contradiction_in_the_parameters_is_found(
    counts: str, ranges: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    plain = {"outer": 25, "strict": 0, "standard": 10, "flexible": 25}
    layers = {layer: ranges.get(layer, {"to": most}) for layer, most in plain.items()}

    found = check_model(model(counts, **layers))

    assert [(problem.code, problem.at) for problem in found] == problems


ends = st.tuples(st.integers(1, 20), st.integers(1, 20)).map(sorted)


@given(ends, ends)
def test_one_range_lies_within_another_exactly_when_all_it_allows_is_allowed(
    inner: list[int], outer: list[int]
) -> None:
    spec = model(
        "choices per list",
        outer={"from": outer[0], "to": outer[1]},
        strict={"fixed": True},
        standard={"fixed": True},
        flexible={"from": inner[0], "to": inner[1]},
    )

    allowed = set(range(inner[0], inner[1] + 1)) <= set(range(outer[0], outer[1] + 1))

    assert (check_model(spec) == []) is allowed


def test_the_variants_go_from_the_narrowest_to_the_widest() -> None:
    assert VARIANTS == ("strict", "standard", "flexible")


def test_settings_without_a_target_are_the_shipped_form_again(settings: Any) -> None:
    both = settings(
        {"change": "hide", "at": "minor_questionnaire.days"},
        {"change": "set", "at": "minor_enrolment.voice.due.in", "to": "15 days"},
    )

    kept: SettingsSpec = both.without("minor_questionnaire")

    assert [change.at for change in kept.changes] == ["minor_enrolment.voice.due.in"]
