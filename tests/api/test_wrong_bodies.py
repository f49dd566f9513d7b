"""What does not fit is told in our own words, with code and pointer, in the reader's language."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from server.api.table import TABLE, Route
from server.http.errors import pointer_to
from server.model.reading import read_values
from server.words import problems
from tests.api.conftest import Program, a_program
from tests.factories import School, a_colleague

MODELS = list(
    dict.fromkeys(model for row in TABLE for model in (row.body, row.query) if model is not None)
)
WITH_BODY = [row for row in TABLE if row.body is not None]
# What pydantic says, whatever it says it about.
FOREIGN = re.compile(
    r"Input should|Field required|Extra inputs|Value error|at least \d+ (item|character)"
    r"|valid (string|integer|dictionary|list)|pydantic|[a-z]+_(type|parsing|forbidden)\b"
)

plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300),
    st.sampled_from(["", "x" * 3000, "2026-13-45", "2026-09-01T00:00:00Z", "\ud800", "-1"]),
)  # fmt: skip
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def bodies(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Bodies that are nearly right: known keys, unknown ones, and anything as their values."""
    known = [field.alias or name for name, field in model.model_fields.items()]
    changes = st.fixed_dictionaries(
        {"change": st.sampled_from(["hide", "set", "reword", "move", "add_field", "burn"])},
        optional=dict.fromkeys(("at", "to", "after", "field", "extra"), values),
    )
    given_values = st.one_of(values, st.lists(changes, max_size=2))
    keys = st.sampled_from([*known, "tenant_id"])
    return st.dictionaries(keys, given_values) | values


@given(data=st.data())
@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_of_pydantic_is_told(model: type[BaseModel], data: st.DataObject) -> None:
    raw = data.draw(bodies(model))
    found = read_values(model, raw)

    try:
        model.model_validate(raw)
    except ValidationError as error:
        said_by_pydantic = {one["msg"] for one in error.errors()}
    else:
        assert not isinstance(found, list)
        return
    assert isinstance(found, list)
    assert found
    for path, problem in found:
        assert re.fullmatch(r"[A-Z]+-[A-Z]+", problem.code)
        assert problem.code != "VALUE-WRONG"  # every type of error is told apart
        assert pointer_to(path).startswith("#")
        bare = {**problem.facts, "given": ""}
        for locale in ("ru", "en"):
            sentence = problems.as_data(type(problem)(problem.code, bare), locale)["detail"]
            assert not FOREIGN.search(sentence)
            assert sentence not in said_by_pydantic


@pytest.mark.parametrize("row", WITH_BODY, ids=lambda row: row.name)
def test_each_operation_answers_in_the_language_asked_for(
    client: FlaskClient, school: School, row: Route
) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    path = re.sub(r"<uuid:\w+>", str(uuid4()), row.path).replace("<step>", "place_request")

    russian, english = (
        program.send(row.method, path, {"tenant_id": 1}, Accept_Language=language)
        for language in ("ru", "en")
    )

    for answer, letters in ((russian, "[а-яё]{3}"), (english, "^[^а-яё]*$")):
        told = answer.get_json()
        assert answer.status_code == 422
        assert answer.mimetype == "application/problem+json"
        assert (told["code"], told["reason"]) == ("refused", "body_wrong")
        assert told["problems"]
        for text in (told["title"], told["detail"], *(one["detail"] for one in told["problems"])):
            assert re.search(letters, text), text
    unknown = [one for one in russian.get_json()["problems"] if one["code"] == "KEY-UNKNOWN"]
    assert [one["pointer"] for one in unknown] == ["#/tenant_id"]


def test_a_pointer_leads_through_keys_and_indexes_to_the_value(
    client: FlaskClient, school: School
) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    own = {
        "change": "add_field",
        "at": "minor_questionnaire",
        "field": {"type": "text", "label": 5},
    }

    answer = program.post(f"/schools/{school.id}/settings/check", {"changes": [own]})

    told = {one["pointer"]: one["code"] for one in answer.get_json()["problems"]}
    assert told == {
        "#/changes/0/field/field": "KEY-MISSING",
        "#/changes/0/field/label": "VALUE-TYPE",
    }


def test_a_pointer_escapes_what_would_part_it() -> None:
    assert pointer_to(("files", "forms/a~b.yaml", 0)) == "#/files/forms~1a~0b.yaml/0"


@pytest.mark.parametrize(
    ("query", "pointer"), [("tab=later", "#/tab"), ("number=0", "#/number"), ("size=9", "#/size")]
)
def test_parameters_are_refused_in_our_words(
    program: Program, school: School, query: str, pointer: str
) -> None:
    answer = program.get(f"/schools/{school.id}/tasks?{query}")

    [problem] = answer.get_json()["problems"]
    assert (answer.status_code, problem["pointer"]) == (422, pointer)
    assert re.search("[а-я]{3}", problem["detail"])


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({"Content-Type": "text/plain"}, "{}", "json_needed"),
        ({"Content-Type": "application/json"}, "{", "json_needed"),
        ({"Content-Type": "application/json"}, '{"contact": 1, "contact": 2}', "key_twice"),
        (
            {"Content-Type": "application/json", "Idempotency-Key": "k" * 201},
            '{"contact": "mum@example.org"}',
            "key_malformed",
        ),
    ],
)
def test_every_reason_of_the_api_has_a_sentence_of_its_own(
    program: Program, school: School, headers: dict[str, str], body: str, reason: str
) -> None:
    told = program.client.post(
        f"/api/v1/schools/{school.id}/invitations",
        data=body,
        headers={"Authorization": f"Bearer {program.token}", "Accept-Language": "en", **headers},
    ).get_json()

    assert told["reason"] == reason
    assert told["detail"] != "Something in what was sent does not fit. Nothing was saved."
