"""The examples in docs/writing-definitions.md work as they stand, and name all there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from server.consents.definition import ConsentSpec
from server.forms.definition import FieldSpec, FieldType, FormSpec
from server.model.bundle import read_sources
from server.model.checks import check
from server.model.reading import STEP_KINDS, UNBUILT_KINDS, keys_of
from server.words.problems import say_turn
from server.workflows.definition import AnyStep, WorkflowSpec

PAGE = (Path(__file__).parents[2] / "docs" / "writing-definitions.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: refused=(\S+))? file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [(match[3], match[4], match[2]) for match in BLOCK.finditer(PAGE)]
GOOD = {file: text for file, text, refused in EXAMPLES if not refused}
REFUSED = [(file, text, refused.split(",")) for file, text, refused in EXAMPLES if refused]


def test_the_examples_are_sound_among_all_that_ships(sources):
    bundle, problems = read_sources({**sources, **GOOD})

    assert problems == []
    assert bundle is not None
    assert check(bundle) == []


@pytest.mark.parametrize(("file", "text", "codes"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_example_of_a_fault_is_refused_as_the_page_says(sources, file, text, codes):
    bundle, problems = read_sources({**sources, **GOOD, file: text})
    found = problems if bundle is None else check(bundle)

    assert sorted({problem.code for problem in found}) == sorted(codes)


def test_what_the_page_prints_is_what_is_found(sources):
    text = next(text for file, text, _ in REFUSED if file == "workflows/hasty.yaml")
    bundle, _ = read_sources({**sources, **GOOD, "workflows/hasty.yaml": text})

    stuck = next(problem for problem in check(bundle) if problem.code == "CASE-STUCK")

    assert f"{stuck.place}: CASE-STUCK" in PAGE
    for number, turn in enumerate(stuck.trail, 1):
        assert f"  {number}. {say_turn(turn, 'en')}\n" in PAGE


def test_every_key_type_and_kind_is_named_on_the_page():
    names = [*get_args(FieldType), *STEP_KINDS, *UNBUILT_KINDS]
    for model in (FormSpec, FieldSpec, ConsentSpec, WorkflowSpec, AnyStep):
        names += keys_of(model)

    missing = [name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE)]

    assert missing == []
