"""docs/limits.md says what is true: its examples are carried out, its table is the model's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.model.bundle import Bundle
from server.model.definition import SettingsSpec
from server.model.reading import read
from server.model.settings import apply
from server.words import limits, problems

GUIDE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
EXAMPLES = re.findall(r"```yaml\n# refused: ([^\n]*)\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(("refused", "source"), EXAMPLES)
def test_an_example_of_the_guide_does_what_it_says(
    shipped: Bundle, refused: str, source: str
) -> None:
    made = read(SettingsSpec, source, file="example.yaml")
    assert isinstance(made, SettingsSpec), made

    found = [problem.code for problem in apply(shipped, made).problems]

    assert found == ([] if refused == "none" else refused.split())


def test_the_guide_shows_the_parameters_of_the_model(shipped: Bundle) -> None:
    rows = dict(re.findall(r"^\| (P\d+) \| ([^|,:]+)", GUIDE, re.MULTILINE))

    assert {name: counts.strip() for name, counts in rows.items()} == {
        name: parameter.counts for name, parameter in shipped.model.parameters.items()
    }


def test_no_code_has_two_sentences() -> None:
    assert not set(limits.SENTENCES) & set(problems.SENTENCES)
