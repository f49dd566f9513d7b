"""What a page can do, a program can do, under the same rules and with stable codes."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from server.api.openapi import describe
from server.api.table import TABLE
from server.kernel.places import workflow_defs
from server.runtime import Runtime
from tests.api.conftest import Program, a_platform, a_program
from tests.factories import Colleague, School, a_colleague, a_school, an_enrolment


def test_the_description_names_every_route_and_every_model_it_refers_to(
    client: FlaskClient,
) -> None:
    described = client.get("/api/v1/openapi.json").get_json()

    named = {
        (method.upper(), path)
        for path, operations in described["paths"].items()
        for method in operations
    }
    assert len(named) == len(TABLE)
    assert described == describe(TABLE)
    for name in _references(described):
        assert name in described["components"]["schemas"]


def test_nobody_enters_without_a_token_or_with_a_cookie(client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer ms_nothing"}, {"Cookie": "session=x"}):
        answer = client.get("/api/v1/schools", headers=headers)
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["code"] == "sign_in_needed"


def test_a_token_does_only_what_its_scopes_say(
    client: FlaskClient, school: School, coordinator: Colleague
) -> None:
    reader = a_program(client, school, coordinator, scopes=["tasks:read"])

    assert reader.get(f"/schools/{school.id}/tasks").status_code == 200
    refused = reader.post(f"/schools/{school.id}/invitations", {"contact": "mum@example.org"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_allowed")


def test_a_family_is_invited_once_for_each_key(program: Program, school: School) -> None:
    path, body = f"/schools/{school.id}/invitations", {"contact": "mum@example.org"}

    first = program.post(path, body, Idempotency_Key="one")
    again = program.post(path, body, Idempotency_Key="one")
    other = program.post(path, {"contact": "dad@example.org"}, Idempotency_Key="one")

    assert first.status_code == again.status_code == 201
    assert first.get_json() == again.get_json()
    assert (other.status_code, other.get_json()["code"]) == (409, "conflict")
    assert program.get(f"/schools/{school.id}/tasks").get_json()["counts"]["all"] == 1


def test_an_application_is_read_decided_and_told_who_was_first(
    client: FlaskClient, program: Program, school: School
) -> None:
    mine = an_enrolment(school, at="review")
    task = next(
        row
        for row in program.get(f"/schools/{school.id}/tasks?tab=ready").get_json()["tasks"]
        if row["case"] == str(mine.case_id)
    )
    second = a_program(client, school, a_colleague(school, name="Громов Антон"))

    read = program.get(f"/cases/{mine.case_id}").get_json()
    decision = {"case": str(mine.case_id), "outcome": "accept", "revision": read["revision"]}
    done = program.post(f"/tasks/{task['task']}/decision", decision)
    late = second.post(f"/tasks/{task['task']}/decision", decision)

    assert read["child"] == mine.child
    assert done.get_json()["state"] == "decided"
    assert late.status_code == 409
    assert late.get_json()["code"] == "already_done"
    assert program.get(f"/cases/{mine.case_id}").get_json()["end"] == "enrolled"
    kinds = [e["kind"] for e in program.get(f"/cases/{mine.case_id}/events").get_json()["events"]]
    assert kinds[-1] == "decided"


def test_a_child_is_found_by_surname_in_the_body_and_never_in_the_address(
    program: Program, school: School
) -> None:
    an_enrolment(school, at="review", child="Редкофамильцев Ян")
    an_enrolment(school, at="review")
    path = f"/schools/{school.id}/tasks"

    found = program.post(f"{path}/search", {"surname": "редкофамильцев"}).get_json()

    assert [row["child"] for row in found["tasks"]] == ["Редкофамильцев Ян"]
    assert program.get(f"{path}?search=x").status_code == 422


def test_a_form_tells_what_it_asks_and_takes_what_fits(program: Program, school: School) -> None:
    mine = an_enrolment(school, at="questionnaire")
    path = f"/cases/{mine.case_id}/forms/minor_questionnaire"

    asked = program.get(path).get_json()
    answers = {"goal": "Шить", "interests": ["crafts"]}

    assert set(answers) <= set(asked["answers"]["properties"])
    assert set(asked["answers"]["required"]) <= set(answers)
    assert asked["labels"]["goal"]["ru"] == "Твоя цель"
    assert program.post(path, {"answers": answers}).status_code == 200
    assert program.get(path).status_code == 409  # it is filled in


def test_answers_for_a_family_are_checked_field_by_field(program: Program, school: School) -> None:
    mine = an_enrolment(school, at="questionnaire")
    path = f"/cases/{mine.case_id}/forms/minor_questionnaire"

    refused = program.post(path, {"answers": {"interests": ["nothing"], "who": "me"}})
    taken = program.post(path, {"answers": {"goal": "Шить", "interests": ["crafts"]}})

    assert refused.status_code == 422
    told = refused.get_json()["problems"]
    assert {one["pointer"] for one in told} >= {
        f"#/answers/{x}" for x in ("goal", "interests", "who")
    }
    assert all(one["code"].startswith("ANSWER-") for one in told)
    assert taken.status_code == 200


def test_a_withdrawal_told_by_voice_stops_the_application(program: Program, school: School) -> None:
    mine = an_enrolment(school, at="review")
    given = program.get(f"/cases/{mine.case_id}/consents").get_json()["consents"]
    processing = next(one for one in given if one["consent"] == "processing")

    done = program.post(f"/consents/{processing['id']}/withdrawal", {})

    assert done.status_code == 200
    after = program.get(f"/cases/{mine.case_id}").get_json()
    assert (after["status"], after["child"]) == ("paused", None)


def test_settings_are_checked_published_and_taken_back(client: FlaskClient, school: School) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    shipped = program.get(f"/schools/{school.id}/settings").get_json()
    hide = [{"change": "hide", "at": "minor_questionnaire.days"}]
    locked = [{"change": "hide", "at": "minor_questionnaire.goal"}]

    refused = program.send("PUT", f"/schools/{school.id}/settings", {"changes": locked})
    made = program.send("PUT", f"/schools/{school.id}/settings", {"changes": hide, "note": "!"})
    now = program.get(f"/schools/{school.id}/settings").get_json()
    again = program.send("PUT", f"/schools/{school.id}/settings", {"yaml": shipped["yaml"]})

    assert refused.status_code == 422
    assert refused.get_json()["problems"][0]["at"].startswith("minor_questionnaire.goal")
    assert made.get_json()["state"] == "published"
    assert now["hash"] != shipped["hash"]
    assert again.status_code == 200
    assert program.get(f"/schools/{school.id}/settings").get_json()["hash"] == shipped["hash"]


def test_the_file_of_another_school_is_neither_checked_nor_published(
    client: FlaskClient, school: School
) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    hide = [{"change": "hide", "at": "minor_questionnaire.days"}]
    made = program.send("PUT", f"/schools/{school.id}/settings", {"changes": hide})
    kept = program.get(f"/schools/{school.id}/settings").get_json()
    other = "settings: elsewhere\nmodel: '1.0'\nvariant: standard\nchanges: []\n"

    checked = program.post(f"/schools/{school.id}/settings/check", {"yaml": other}).get_json()
    refused = program.send("PUT", f"/schools/{school.id}/settings", {"yaml": other})

    assert made.status_code == 200
    assert refused.status_code == 422
    for found in (checked, refused.get_json()):
        assert [(one["code"], one["line"]) for one in found["problems"]] == [("SETTINGS-SCHOOL", 1)]
    assert (
        program.get(f"/schools/{school.id}/settings").get_json()["published"] == kept["published"]
    )


@pytest.mark.parametrize("repeatable", [False, True])
@pytest.mark.parametrize("bound", [2**53, -(2**53), 10**20, 10**400])
def test_bounds_of_an_own_question_that_no_machine_holds_are_refused(
    client: FlaskClient, school: School, bound: int, repeatable: bool
) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    field = {
        "field": "own_clubs", "type": "number", "label": {"ru": "Сколько кружков"}, "max": bound,
        "data": {"class": "ordinary", "purpose": "matching"},
    }  # fmt: skip
    change = {"change": "add_field", "at": "minor_questionnaire", "field": field}
    key = {"Idempotency_Key": "bounds-1"} if repeatable else {}

    answer = program.send("PUT", f"/schools/{school.id}/settings", {"changes": [change]}, **key)

    assert answer.status_code == 422
    assert "own_clubs" not in str(program.get(f"/schools/{school.id}/settings").get_json())


def test_a_broken_or_hostile_file_is_answered_with_line_and_column(
    client: FlaskClient, school: School
) -> None:
    program = a_program(client, school, a_colleague(school, role="partner_admin"))
    for text in ("settings: [", "a: &x 1\nb: *x", "settings: a\nsettings: b", "\x00"):
        answer = program.post(f"/schools/{school.id}/settings/check", {"yaml": text})
        found = answer.get_json()
        assert answer.status_code == 200
        assert found["holds"] is False
        assert found["problems"][0]["line"] >= 1


def test_definitions_are_checked_and_published_by_the_platform_alone(
    still: Runtime, client: FlaskClient, school: School, program: Program
) -> None:
    platform = a_platform(still, client)
    text = (
        (workflow_defs() / "forms/withdrawal.yaml")
        .read_text()
        .replace("title: {ru: ", "title: {ru: Про ", 1)
    )
    files = {"forms/withdrawal.yaml": text}

    checked = platform.post("/definitions/check", {"files": files}).get_json()
    foreign = program.post("/definitions/publish", {"files": files, "note": "x"})
    made = platform.post("/definitions/publish", {"files": files, "note": "words"})
    broken = platform.post("/definitions/publish", {"files": {"forms/withdrawal.yaml": "form: x"}})

    assert checked["holds"], checked["problems"]
    assert foreign.status_code == 403
    assert made.status_code == 201
    assert (broken.status_code, broken.get_json()["code"]) == (422, "definition_refused")
    newest = platform.get("/definitions/releases").get_json()["releases"][0]
    assert newest["number"] == made.get_json()["number"]


def test_other_words_of_a_consent_under_its_published_date_are_refused_with_the_place_of_the_date(
    still: Runtime, client: FlaskClient, school: School
) -> None:
    platform = a_platform(still, client)
    name = "consents/processing.ru.md"
    body = (workflow_defs() / name).read_text() + "\n\nСведения получит и рекламодатель.\n"

    checked = platform.post("/definitions/check", {"files": {name: body}}).get_json()
    refused = platform.post("/definitions/publish", {"files": {name: body}})

    assert not checked["holds"]
    assert (refused.status_code, refused.get_json()["code"]) == (422, "definition_refused")
    for found in (checked["problems"], refused.get_json()["problems"]):
        [one] = [problem for problem in found if not problem["warning"]]
        assert (one["code"], one["file"]) == ("EDITION-SAME", "consents/processing.yaml")
        assert one["line"] > 1
        assert "2026-09-01" in one["detail"]
    assert len(platform.get("/definitions/releases").get_json()["releases"]) == 1


def test_foreign_and_missing_things_are_answered_byte_for_byte_alike(
    still: Runtime, program: Program
) -> None:
    elsewhere = a_school(still.tools)
    theirs = an_enrolment(elsewhere, at="review")
    for path in ("/cases/{}", "/cases/{}/events", "/cases/{}/consents", "/schools/{}/settings",
                 "/schools/{}/tasks", "/schools/{}/people"):  # fmt: skip
        own = theirs.case_id if path.startswith("/cases") else elsewhere.id
        foreign, missing = program.get(path.format(own)), program.get(path.format(uuid4()))
        assert foreign.status_code == missing.status_code
        assert foreign.status_code in (403, 404)
        assert _without_id(foreign.get_json()) == _without_id(missing.get_json())


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_bodies_and_queries_refuse_what_they_do_not_know(program: Program, row: Any) -> None:
    path = row.path
    path = re.sub(r"<uuid:\w+>", str(uuid4()), path)
    path = path.replace("<step>", "minor_questionnaire")
    if row.body is not None:
        for body in ({"tenant_id": "x"}, [], "text", None):
            assert program.send(row.method, path, body).status_code == 422
    if row.query is not None:
        assert program.get(f"{path}?tenant_id=1").status_code == 422


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
        return found.union(*(_references(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(one) for one in value))
    return set()


def _without_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "id"}


@pytest.mark.parametrize(
    "body",
    [
        '{"changes":' * 50_000,  # deeper than any reader goes
        "[" * 100_000,
        '{"changes": [], "changes": [{"change": "hide", "at": "minor_questionnaire.grade"}]}',
        '{"changes": [], "note": NaN',
        "",
    ],
)
def test_a_body_that_is_no_json_or_says_two_things_is_refused(
    client: FlaskClient, school: School, body: str
) -> None:
    admin = a_program(client, school, a_colleague(school, role="partner_admin"))

    refused = client.post(
        f"/api/v1/schools/{school.id}/settings/check",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {admin.token}"},
    )

    assert refused.status_code == 422
    assert refused.get_json()["reason"] in ("json_needed", "key_twice")


def test_a_revision_that_no_case_can_have_is_refused(program: Program, school: School) -> None:
    mine = an_enrolment(school, at="review")
    task = mine.task("decision").id
    decision = {"case": str(mine.case_id), "outcome": "accept", "revision": 10**30}

    refused = program.post(f"/tasks/{task}/decision", decision)

    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.get_json()["problems"]] == ["#/revision"]


# NUL cannot be kept, and a direction override makes a line say what it does not.
@pytest.mark.parametrize("hidden", ["\0", "\u202e", "\u2028"])
def test_what_nobody_sees_is_refused_in_what_staff_write(
    client: FlaskClient, program: Program, school: School, hidden: str
) -> None:
    admin = a_program(
        client, school, a_colleague(school, role="partner_admin", name="Волков Денис")
    )
    mine = an_enrolment(school, at="review")
    colleague = {"name": f"Громов{hidden} Антон", "email": "g@example.org", "role": "coordinator"}

    answers = [
        program.post(
            f"/tasks/{mine.task('decision').id}/decision",
            {"case": str(mine.case_id), "outcome": "return", "comment": f"ещё{hidden}раз"},
        ),
        admin.send("PUT", f"/schools/{school.id}/settings", {"changes": [], "note": f"a{hidden}b"}),
        admin.post(f"/schools/{school.id}/people", {**colleague, "since": "2026-09-01"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert {answer.get_json()["reason"] for answer in answers} == {"words_unseen"}


def test_a_place_of_another_school_is_no_place_here(
    client: FlaskClient, program: Program, school: School, still: Runtime
) -> None:
    elsewhere = a_school(still.tools)
    admin = a_program(
        client, school, a_colleague(school, role="partner_admin", name="Волков Денис")
    )
    foreign = str(next(iter(elsewhere.places.values())))
    colleague = {"name": "Громов Антон", "email": "g@example.org", "role": "coordinator"}

    for place in (foreign, str(uuid4())):
        answers = [
            program.post(
                f"/schools/{school.id}/invitations",
                {"contact": "mum@example.org", "municipality": place},
            ),
            admin.post(
                f"/schools/{school.id}/people",
                {**colleague, "since": "2026-09-01", "municipality": place},
            ),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert program.get(f"/schools/{school.id}/tasks").get_json()["counts"]["all"] == 0
