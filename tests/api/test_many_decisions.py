"""Deciding on many applications by one request: each row by itself, as on the desk's page."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from server.services.cases.decisions import MOST_AT_ONCE
from tests.api.conftest import Program, a_program
from tests.factories import Colleague, Enrolment, School, a_colleague, an_enrolment

PATH = "/tasks/decisions"


def test_each_row_has_its_own_answer_and_no_row_spoils_another(
    client: FlaskClient, program: Program, school: School
) -> None:
    opened, unopened, flagged, late = (
        an_enrolment(school, at="review"),
        an_enrolment(school, at="review"),
        an_enrolment(school, at="review", answers={"goal": "Хочу умереть"}),
        an_enrolment(school, at="review"),
    )
    rows = [_row(program, mine, open_it=mine is not unopened) for mine in
            (opened, unopened, flagged, late)]  # fmt: skip
    missing = {**rows[0], "task": str(unopened.case_id)}
    other = a_program(client, school, a_colleague(school, name="Громов Антон"))
    other.post(
        f"/tasks/{rows[3]['task']}/decision",
        {"case": rows[3]["case"], "outcome": "decline", "comment": "Мест больше нет"},
    )

    answer = program.post(PATH, {"outcome": "accept", "rows": [*rows, missing]})

    assert answer.status_code == 200
    told = [
        (one["state"], (one["refusal"] or {}).get("code"), (one["refusal"] or {}).get("reason"))
        for one in answer.get_json()["rows"]
    ]
    assert told == [
        ("decided", None, None),
        ("refused", "not_yours", "not_opened"),
        ("refused", "not_yours", "flagged"),
        ("refused", "already_done", ""),
        ("refused", "not_found", ""),
    ]
    first = answer.get_json()["rows"][3]["refusal"]
    assert (first["by"], first["outcome"], first["status"]) == ("Громов Антон", "decline", 409)
    assert opened.row.end == "enrolled"
    assert {mine.row.end for mine in (unopened, flagged)} == {None}


def test_a_row_is_refused_with_the_code_of_a_single_decision(
    program: Program, school: School
) -> None:
    mine = an_enrolment(school, at="review")
    row = _row(program, mine)
    for outcome in ("return", "no_such_outcome"):
        alone = program.post(
            f"/tasks/{row['task']}/decision", {"case": row["case"], "outcome": outcome}
        ).get_json()
        [one] = program.post(PATH, {"outcome": outcome, "rows": [row]}).get_json()["rows"]

        for name in ("status", "code", "reason", "title", "detail"):
            assert one["refusal"][name] == alone[name]


def test_a_repeat_decides_what_is_left_and_nothing_twice(program: Program, school: School) -> None:
    ready, later = an_enrolment(school, at="review"), an_enrolment(school, at="review")
    rows = [_row(program, ready), _row(program, later, open_it=False)]
    body = {"outcome": "accept", "rows": rows}

    first = program.post(PATH, body, Idempotency_Key="today").get_json()["rows"]
    program.get(f"/cases/{later.case_id}")
    again = program.post(PATH, body, Idempotency_Key="today").get_json()["rows"]
    other = program.post(PATH, {**body, "rows": rows[:1]}, Idempotency_Key="today")

    assert [one["state"] for one in first] == ["decided", "refused"]
    assert [one["state"] for one in again] == ["decided", "decided"]
    assert (other.status_code, other.get_json()["reason"]) == (409, "key_reused")


def test_a_task_named_twice_is_decided_once(program: Program, school: School) -> None:
    row = _row(program, an_enrolment(school, at="review"))

    rows = program.post(PATH, {"outcome": "accept", "rows": [row, row]}).get_json()["rows"]

    assert [one["state"] for one in rows] == ["decided"]


def test_who_may_not_decide_at_all_is_refused_as_a_whole(
    client: FlaskClient, school: School, coordinator: Colleague
) -> None:
    mine = an_enrolment(school, at="review")
    reader = a_program(client, school, coordinator, scopes=["tasks:read", "cases:read"])
    curator = a_program(client, school, a_colleague(school, role="curator", name="Громов Антон"))
    for program in (reader, curator):
        answer = program.post(PATH, {"outcome": "accept", "rows": [_row(program, mine)]})

        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("many", [0, MOST_AT_ONCE + 1])
def test_no_rows_and_too_many_are_refused(program: Program, school: School, many: int) -> None:
    row = _row(program, an_enrolment(school, at="review"))

    refused = program.post(PATH, {"outcome": "accept", "rows": [row] * many})

    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.get_json()["problems"]] == ["#/rows"]


def _row(program: Program, mine: Enrolment, *, open_it: bool = True) -> dict[str, Any]:
    """An application as a program read it; who reads a card has opened it."""
    revision = 0
    if open_it:
        revision = program.get(f"/cases/{mine.case_id}").get_json()["revision"]
    else:
        [row] = [
            one
            for one in program.get(f"/schools/{mine.school.id}/tasks").get_json()["tasks"]
            if one["case"] == str(mine.case_id)
        ]
        revision = row["revision"]
    task = str(mine.task("decision").id)
    return {"case": str(mine.case_id), "task": task, "revision": revision}
