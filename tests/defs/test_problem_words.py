"""Every problem has its sentence, and every sentence what a person can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import server
from server.kernel.problems import Place, Problem, Turn
from server.words.problems import SENTENCES, line, origin_line, say

ROOT = Path(server.__file__).parent
FINDERS = [
    "kernel/yaml.py", "consents/texts.py", "workflows/structure.py", "workflows/proofs.py",
    "workflows/structure_people.py", "workflows/structure_times.py",
    "model/reading.py", "model/bundle.py", "model/notes.py", "model/checks.py",
    "model/form_checks.py", "model/consent_checks.py", "model/definition.py",
    "model/editions.py", "cli/definitions.py",
]  # fmt: skip
CODE = re.compile(r'"((?:YAML|KEY|VALUE|FILE|[A-Z]{3,})(?:-[A-Z0-9]+)+)"')


@pytest.mark.parametrize("file", FINDERS)
def test_every_code_in_the_source_has_a_sentence(file):
    codes = set(CODE.findall((ROOT / file).read_text(encoding="utf-8")))

    assert codes - SENTENCES.keys() == set()


def test_a_sentence_says_what_was_meant_and_what_is_possible():
    facts = {"key": "titel", "allowed": ["title", "form"], "meant": "title"}

    assert say(Problem("KEY-UNKNOWN", facts), "en") == (
        "There is no key “titel” here. Did you mean “title”? Possible: title, form."
    )


def test_a_line_holds_place_code_and_the_way():
    signed = {"who": "guardian", "signed": {"photo": "refused", "processing": "given"}}
    way = (Turn("start", {"age": 14}), Turn("sign", signed))
    problem = Problem(
        "CASE-STUCK",
        {"stage": "review"},
        Place("w.yaml", 3, 5),
        trail=way,
    )

    assert line(problem, "en") == (
        "w.yaml:3:5: CASE-STUCK An application can get stuck in “review” and never end.\n"
        "  The shortest way there:\n  1. age 14: start\n"
        "  2. guardian: sign photo refused, processing given"
    )


def test_the_reason_is_told_with_its_origin_and_source(bundle):
    told = origin_line(Problem("REQUIRES", why="safety.child_voice"), bundle.origins, "en")

    assert told is not None
    assert told.startswith("Safety of children: ")
    assert origin_line(Problem("YAML-EMPTY"), bundle.origins, "en") is None
