"""A change is carried out once for each Idempotency-Key, whatever the operation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.api.table import TABLE, Route
from server.kernel.places import workflow_defs
from server.model.definition import Hide
from server.runtime import Runtime
from server.services.accounts import colleagues
from server.services.model import drafts
from tests.api.conftest import Program, a_platform, a_program
from tests.factories import School, a_colleague, an_enrolment

CHANGING = [row for row in TABLE if row.changes]
FILE = "forms/withdrawal.yaml"
# The path to a thing, a right body, and another body that is no less right.
Asked = tuple[str, dict[str, Any], dict[str, Any]]


def _files(school: School) -> dict[str, Any]:
    del school
    text = (workflow_defs() / FILE).read_text()
    return {"files": {FILE: text.replace("title: {ru: ", "title: {ru: Про ", 1)}}


def _invite(school: School) -> Asked:
    path = f"/schools/{school.id}/invitations"
    return path, {"contact": "mum@example.org"}, {"contact": "dad@example.org"}


def _search(school: School) -> Asked:
    return f"/schools/{school.id}/tasks/search", {"surname": "Жукова"}, {"surname": "Громова"}


def _settings(school: School) -> Asked:
    hidden = {"changes": [{"change": "hide", "at": "minor_questionnaire.days"}]}
    return f"/schools/{school.id}/settings", hidden, {"changes": []}


def _check_settings(school: School) -> Asked:
    path, *bodies = _settings(school)
    return f"{path}/check", bodies[0], bodies[1]


def _appoint(school: School) -> Asked:
    one = {
        "name": "Орлова Тамара", "email": "orlova@example.org", "role": "coordinator",
        "since": str(school.day),
    }  # fmt: skip
    return f"/schools/{school.id}/people", one, {**one, "name": "Орлова Вера"}


def _check_definitions(school: School) -> Asked:
    return "/definitions/check", _files(school), {"files": {FILE: "form: withdrawal"}}


def _publish_definitions(school: School) -> Asked:
    return "/definitions/publish", _files(school), {**_files(school), "note": "other words"}


def _fill(school: School) -> Asked:
    mine = an_enrolment(school, at="questionnaire")
    path = f"/cases/{mine.case_id}/forms/minor_questionnaire"
    answers = {"goal": "Шить", "interests": ["crafts"]}
    return path, {"answers": answers}, {"answers": {**answers, "goal": "Петь"}}


def _decide(school: School) -> Asked:
    mine = an_enrolment(school, at="review")
    case, path = str(mine.case_id), f"/tasks/{mine.task('decision').id}/decision"
    return path, {"case": case, "outcome": "accept"}, {
        "case": case, "outcome": "decline", "comment": "Мест больше нет"
    }  # fmt: skip


def _decide_many(school: School) -> Asked:
    mine = an_enrolment(school, at="review")
    task = str(mine.task("decision").id)
    rows = [{"case": str(mine.case_id), "task": task, "revision": 1}]
    return "/tasks/decisions", {"outcome": "accept", "rows": rows}, {
        "outcome": "decline", "comment": "Мест больше нет", "rows": rows
    }  # fmt: skip


def _reveal(school: School) -> Asked:
    path = f"/cases/{an_enrolment(school, at='review').case_id}/reveal"
    return path, {"reason": "law"}, {"reason": "safety"}


def _save_draft(school: School) -> Asked:
    path, *bodies = _settings(school)
    return f"{path}/draft", bodies[0], {**bodies[0], "revision": 7}


def _drop_draft(school: School) -> Asked:
    return f"/schools/{school.id}/settings/draft/drop", {}, {"revision": 7}


def _restore(school: School) -> Asked:
    return f"/schools/{school.id}/settings/draft/restore", {"seq": 0}, {"seq": 7}


def _publish_draft(school: School) -> Asked:
    admin = a_colleague(school, role="partner_admin", name="Волков Денис")
    hidden = [Hide(change="hide", at="minor_questionnaire.days")]
    school.do(admin.actor, drafts.save_draft, school_id=school.id, changes=hidden)
    return f"/schools/{school.id}/settings/draft/publish", {"note": "one"}, {"note": "other"}


def _finish(school: School) -> Asked:
    mine = an_enrolment(school, at="consents")
    school.pass_days(15)
    mine.is_overdue()
    case, path = str(mine.case_id), f"/tasks/{mine.task('call_guardian').id}/outcome"
    return path, {"case": case, "outcome": "resend"}, {"case": case, "outcome": "close"}


def _remind(school: School) -> Asked:
    mine, other = (an_enrolment(school, at="consents") for _ in range(2))
    path = f"/tasks/{mine.task('consents').id}/reminder"
    return path, {"case": str(mine.case_id)}, {"case": str(other.case_id)}


def _withdraw(school: School) -> Asked:
    mine = an_enrolment(school, at="review")
    path = f"/consents/{mine.consent_id('processing')}/withdrawal"
    return path, {}, {"answer_to": "mum@example.org"}


def _person_of(school: School) -> str:
    return str(a_colleague(school, name="Громов Антон").person_id)


def _lock(school: School) -> Asked:
    return f"/people/{_person_of(school)}/lock", {}, {}


def _unlock(school: School) -> Asked:
    return f"/people/{_person_of(school)}/unlock", {}, {}


def _end_role(school: School) -> Asked:
    a_colleague(school, name="Громов Антон")
    held = next(
        one.held[0]
        for one in school.do(SHELL, colleagues.colleagues, school_id=school.id)
        if one.name == "Громов Антон"
    )
    return f"/roles/{held.id}/end", {}, {"last_day": "2099-01-01"}


EXAMPLES: Mapping[str, Callable[[School], Asked]] = {
    "invite": _invite,
    "search_tasks": _search,
    "publish_settings": _settings,
    "check_settings": _check_settings,
    "appoint_person": _appoint,
    "end_role": _end_role,
    "lock_person": _lock,
    "unlock_person": _unlock,
    "check_definitions": _check_definitions,
    "publish_definitions": _publish_definitions,
    "fill_form": _fill,
    "decide": _decide,
    "decide_many": _decide_many,
    "reveal_case": _reveal,
    "save_draft": _save_draft,
    "drop_draft": _drop_draft,
    "restore_settings": _restore,
    "publish_draft": _publish_draft,
    "finish_task": _finish,
    "remind": _remind,
    "withdraw_consent": _withdraw,
}
BY_ADMIN = (
    "publish_settings", "check_settings", "appoint_person", "end_role", "lock_person",
    "unlock_person", "save_draft", "drop_draft", "restore_settings", "publish_draft",
)  # fmt: skip
BY_PLATFORM = ("check_definitions", "publish_definitions")


def test_every_operation_that_changes_something_has_an_example() -> None:
    assert {row.name for row in CHANGING} == EXAMPLES.keys()


@pytest.mark.parametrize("row", CHANGING, ids=lambda row: row.name)
def test_a_repeat_is_answered_alike_and_another_body_is_refused(
    still: Runtime, client: FlaskClient, school: School, row: Route
) -> None:
    program = _program(row.name, still, client, school)
    path, body, other = EXAMPLES[row.name](school)

    first = program.send(row.method, path, body, Idempotency_Key="one")
    again = program.send(row.method, path, body, Idempotency_Key="one")
    if row.body is None:
        path, other = EXAMPLES[row.name](school)[0], {}
    changed = program.send(row.method, path, other, Idempotency_Key="one", Accept_Language="en")
    anew = program.send(row.method, path, other, Idempotency_Key="two")

    assert first.status_code == row.status, first.get_json()
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert changed.status_code == 409
    assert (changed.get_json()["code"], changed.get_json()["reason"]) == ("conflict", "key_reused")
    assert "Idempotency-Key" in changed.get_json()["detail"]
    # Under a key of its own the other body is looked at, whatever is left to do by then.
    assert anew.get_json().get("reason") != "key_reused"


def test_a_refused_change_leaves_its_key_free(program: Program, school: School) -> None:
    path = f"/schools/{school.id}/invitations"

    refused = program.post(path, {"contact": "nobody at all"}, Idempotency_Key="one")
    mended = program.post(path, {"contact": "mum@example.org"}, Idempotency_Key="one")

    assert (refused.status_code, mended.status_code) == (422, 201)


@pytest.mark.parametrize(
    "odd",
    [10**20, "\ud800", functools.reduce(lambda held, _: [held], range(400), "deep")],
    ids=["a huge number", "half a character", "nested deep"],
)
def test_an_odd_answer_is_refused_alike_with_a_key_and_without(
    program: Program, school: School, odd: Any
) -> None:
    path, body, _ = _fill(school)
    body = {"answers": {**body["answers"], "goal": odd}}

    plain = program.post(path, body)
    keyed = program.post(path, body, Idempotency_Key="one")

    assert (plain.status_code, keyed.status_code) == (422, 422)
    assert plain.get_json()["problems"] == keyed.get_json()["problems"]


def test_one_key_on_two_paths_is_refused(program: Program, school: School) -> None:
    first, second = (an_enrolment(school, at="review") for _ in range(2))
    for mine, status in ((first, 200), (second, 409)):
        path = f"/consents/{mine.consent_id('processing')}/withdrawal"
        assert program.post(path, {}, Idempotency_Key="one").status_code == status


def _program(name: str, still: Runtime, client: FlaskClient, school: School) -> Program:
    if name in BY_PLATFORM:
        return a_platform(still, client)
    role = "partner_admin" if name in BY_ADMIN else "coordinator"
    return a_program(client, school, a_colleague(school, role=role))
