"""Every problem of an answer has a sentence that names the field, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.forms import json_values, limits, parsing
from server.kernel.problems import Problem
from server.words.answers import say_answer_problem, say_readers

LIMIT = {"limit": "2010-05-01"}
PROBLEMS = [
    *[
        Problem("ANSWER-REQUIRED", {"type": kind})
        for kind in ("text", "one_of", "yes_no", "several_of", "scale", "date", "number",
                     "contact", "person_name", "long_text")
    ],
    *[
        Problem("ANSWER-CONTACT", {"reason": reason})
        for reason in ("contact_empty", "contact_long", "contact_unclear", "mail_wrong",
                       "phone_wrong", "phone_landline")
    ],
    Problem("ANSWER-RANGE", {"least": 1, "most": 5}),
    Problem("ANSWER-RANGE", {"least": 1, "most": None}),
    Problem("ANSWER-RANGE", {"least": None, "most": 5}),
    *[
        Problem(code, LIMIT | {"today": today})
        for code in ("ANSWER-DATE-EARLY", "ANSWER-DATE-LATE")
        for today in (True, False)
    ],
    Problem("ANSWER-LONG", {"most": 10, "length": 11}),
    Problem("ANSWER-DATE-PART", {"missing": ["day", "year"]}),
    Problem("ANSWER-TYPE", {"expected": "string"}),
    *[
        Problem(f"ANSWER-{code}")
        for code in ("CHARACTERS", "TWICE", "CHOICE", "NUMBER", "DATE", "NAME")
    ],
]  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.code)
@pytest.mark.parametrize("locale", ["ru", "en"])
def test_a_sentence_names_the_field(problem: Problem, locale: str) -> None:
    said = say_answer_problem(problem, "Дата рождения:", locale)

    assert "Дата рождения" in said
    assert not re.search(r"%\(|ANSWER|[A-Z]{3}-|:[”»]", said)


def raised(module: object) -> Iterator[str]:
    yield from re.findall(r'Wrong\(\s*"(ANSWER-[A-Z-]+)"', Path(str(module)).read_text())


def test_no_problem_is_without_a_sentence() -> None:
    files = [parsing.__file__, limits.__file__, json_values.__file__]
    codes = {code for file in files for code in raised(file)}

    assert codes <= {problem.code for problem in PROBLEMS}


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem("ANSWER-REQUIRED", {"type": "date"}), "Give the date: “Born”."),
        (
            Problem("ANSWER-DATE-EARLY", LIMIT | {"today": False}),
            "“Born”: give a date not before 1 May 2010.",
        ),
        (
            Problem("ANSWER-DATE-PART", {"missing": ["month", "year"]}),
            "“Born”: these are missing: month, year.",
        ),
    ],
)
def test_sentences_say_what_to_do(problem: Problem, sentence: str) -> None:
    assert say_answer_problem(problem, "Born", "en") == sentence


def test_an_unknown_name_is_quoted() -> None:
    assert say_answer_problem(Problem("ANSWER-UNKNOWN", {"field": "x"}), "", "en") == (
        "This form has no field “x”."
    )


def test_a_translator_of_the_page_may_be_used() -> None:
    said = say_answer_problem(
        Problem("ANSWER-TWICE"), "Имя", "ru", lambda msgid: json.dumps(msgid, ensure_ascii=False)
    )

    assert said == '"“Имя”: give one answer only."'


def test_readers_are_named_or_nothing_is_said() -> None:
    assert say_readers(["tutor", "coordinator"], "en") == "Who will read it: tutor, coordinator"
    assert say_readers([], "en") == ""
