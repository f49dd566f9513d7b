"""People and roles: ending a role, locking out, giving one; the tokens of programs."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.access.actors import SHELL
from server.kernel.errors import NotAllowed, NotFound, Refused
from server.runtime import Runtime
from server.services.accounts import colleagues, people, sign_in, tokens
from server.store import schools
from server.store.deliveries import Delivery
from tests.admin.conftest import Editor, editor_of
from tests.factories import Colleague, School, a_colleague, a_school
from tests.http.conftest import browser, csrf_of

PEOPLE = "/admin/people/"
TOKENS = "/admin/tokens/"
_LETTERS = select(Delivery.letter)


@pytest.fixture
def colleague(editor: Editor) -> Colleague:
    return a_colleague(editor.school, name="Рябинина Ирина")


# Ending a role -----------------------------------------------------------------------------------


def test_an_ended_role_keeps_its_dates_and_opens_nothing(
    app: Flask, editor: Editor, colleague: Colleague
) -> None:
    theirs = editor_of(app, editor.school, colleague)
    assert theirs.client.get("/desk").status_code == 200
    role = _role(editor.school, colleague)

    answer = _press(editor, f"{PEOPLE}role/{role}/end", when="now")

    assert answer.status_code == 303
    assert theirs.client.get("/desk").status_code == 303
    held = editor.school.do(SHELL, lambda work: schools.position(work.session, role))
    assert held is not None
    assert held.until == editor.school.day
    assert held.ended_by == editor.who.person_id
    page = editor.page(PEOPLE + str(colleague.person_id))
    assert "Лебедева" in page or editor.who.name in page


def test_ending_a_role_ends_the_sessions_there_and_nowhere_else(
    runtime: Runtime, app: Flask, editor: Editor, colleague: Colleague
) -> None:
    elsewhere = a_school(runtime.tools)
    a_colleague(elsewhere, email=colleague.email)
    there = editor_of(app, elsewhere, colleague)
    here = editor_of(app, editor.school, colleague)
    for one in (there, here):
        secret = csrf_of(one.client, "/sign-in/school")
        place = {"csrf_token": secret, "tenant": str(one.school.tenant_id)}
        one.client.post("/sign-in/school", data=place)
    assert there.client.get("/desk").status_code == 200
    assert here.client.get("/desk").status_code == 200

    _end(editor, colleague)

    assert here.client.get("/desk").status_code == 303
    assert there.client.get("/desk").status_code == 200


def test_a_role_may_end_after_a_day_and_lasts_until_then(
    editor: Editor, colleague: Colleague
) -> None:
    last = editor.school.day + timedelta(days=5)
    role = _role(editor.school, colleague)

    _press(editor, f"{PEOPLE}role/{role}/end", when="later", **_day(last))

    assert _holds(editor.school, colleague, last)
    assert not _holds(editor.school, colleague, last + timedelta(days=1))


def test_a_day_that_has_passed_is_refused_beside_the_role(
    editor: Editor, colleague: Colleague
) -> None:
    role = _role(editor.school, colleague)

    for typed in (_day(editor.school.day - timedelta(days=1)), {"last-day": "31"}):
        answer = _press(editor, f"{PEOPLE}role/{role}/end", when="later", **typed)

        assert answer.status_code == 422
        assert f'id="f-last-{role}"' in answer.get_data(as_text=True)
    assert _holds(editor.school, colleague, editor.school.day)


def test_the_last_administrator_stays(editor: Editor) -> None:
    role = _role(editor.school, editor.who)

    answer = _press(editor, f"{PEOPLE}role/{role}/end", when="now")

    assert answer.status_code == 422
    assert _holds(editor.school, editor.who, editor.school.day)
    later = editor.school.day + timedelta(days=9)
    assert (
        _press(editor, f"{PEOPLE}role/{role}/end", when="later", **_day(later)).status_code == 422
    )


def test_an_administrator_goes_once_there_is_another_who_can_sign_in(editor: Editor) -> None:
    second = a_colleague(editor.school, role="partner_admin")
    role = _role(editor.school, editor.who)
    editor.school.do(editor.who.actor, colleagues.lock, person_id=second.person_id)
    with pytest.raises(Refused, match="last_admin"):
        editor.school.do(editor.who.actor, colleagues.end_role, position_id=role)
    editor.school.do(editor.who.actor, colleagues.unlock, person_id=second.person_id)

    answer = _press(editor, f"{PEOPLE}role/{role}/end", when="now")

    assert answer.location == "/sign-in"  # one's own session went with the role
    assert editor.client.get(PEOPLE).status_code == 303


def test_a_role_that_is_over_is_not_ended_twice(editor: Editor, colleague: Colleague) -> None:
    role = _role(editor.school, colleague)
    editor.school.do(editor.who.actor, colleagues.end_role, position_id=role)

    with pytest.raises(Refused, match="role_over"):
        editor.school.do(editor.who.actor, colleagues.end_role, position_id=role)


# Locking out -------------------------------------------------------------------------------------


def test_who_is_locked_out_is_out_at_once_and_comes_back_with_the_same_roles(
    app: Flask, editor: Editor, colleague: Colleague
) -> None:
    theirs = editor_of(app, editor.school, colleague)
    where = f"{PEOPLE}{colleague.person_id}"

    _press(editor, f"{where}/lock")

    assert theirs.client.get("/desk").status_code == 303
    assert colleague.person_id not in _told_of_overdue(editor.school)
    assert "/lock" not in editor.page(where).replace("/unlock", "")
    _press(editor, f"{where}/unlock")
    again = editor_of(app, editor.school, colleague)
    assert again.client.get("/desk").status_code == 200
    assert colleague.person_id in _told_of_overdue(editor.school)


def test_nobody_locks_themselves_out(editor: Editor) -> None:
    a_colleague(editor.school, role="partner_admin")

    assert _press(editor, f"{PEOPLE}{editor.who.person_id}/lock").status_code == 422
    assert editor.client.get(PEOPLE).status_code == 200


def test_the_tokens_of_who_is_locked_out_are_refused(editor: Editor, colleague: Colleague) -> None:
    found = _token(editor.school, colleague, "bot")

    editor.school.do(editor.who.actor, colleagues.lock, person_id=colleague.person_id)

    assert editor.school.do(SHELL, sign_in.token_holder, token_id=found) is None


def test_a_lock_reaches_no_further_than_where_one_appoints(
    runtime: Runtime, editor: Editor, colleague: Colleague
) -> None:
    foreign = a_colleague(a_school(runtime.tools))

    for person_id in (foreign.person_id, uuid4()):
        with pytest.raises(NotFound):
            editor.school.do(editor.who.actor, colleagues.lock, person_id=person_id)
    with pytest.raises(NotFound):
        editor.school.do(colleague.actor, colleagues.lock, person_id=editor.who.person_id)


def test_who_only_looks_finds_no_deed_and_is_refused_each(app: Flask, editor: Editor) -> None:
    reader = editor_of(app, editor.school, a_colleague(editor.school))
    who = f"{PEOPLE}{editor.who.person_id}"

    assert "<form" not in reader.page(who).partition("<main")[2]
    role = _role(editor.school, editor.who)
    for path in (f"{PEOPLE}role/{role}/end", f"{PEOPLE}new"):
        assert _press(reader, path, when="now").status_code == 403, path
    for path in (f"{who}/lock", f"{who}/unlock"):
        assert _press(reader, path).status_code == 404, path
    assert reader.client.get(TOKENS).status_code == 403


# Giving a role -----------------------------------------------------------------------------------


def test_a_role_is_given_to_somebody_new_who_gets_a_letter(editor: Editor) -> None:
    answer = _press(
        editor, f"{PEOPLE}new", name="Новикова Анна", email="novikova@example.org",
        role="curator", place=str(editor.school.places["vologda"]),
    )  # fmt: skip

    assert answer.status_code == 303
    page = editor.page(PEOPLE)
    assert "Новикова Анна" in page
    assert "Вологда" in page


def test_a_colleague_gets_one_role_more_and_stays_one_person(
    editor: Editor, colleague: Colleague
) -> None:
    facts = {"name": "Кто угодно", "email": colleague.email}
    given = _press(editor, f"{PEOPLE}new", **facts, role="cycle_lead", place="")
    twice = _press(editor, f"{PEOPLE}new", **facts, role="cycle_lead", place="")

    assert given.location.endswith(str(colleague.person_id))
    assert twice.status_code == 422
    seen = editor.school.do(editor.who.actor, colleagues.colleagues, school_id=editor.school.id)
    [found] = [one for one in seen if one.person_id == colleague.person_id]
    assert {one.role for one in found.held} == {"coordinator", "cycle_lead"}


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"email": "ничего"}, "email"), ({"role": "king"}, "role")],
)
def test_what_cannot_be_given_is_refused_beside_its_field(
    editor: Editor, typed: dict[str, str], field: str
) -> None:
    facts = {"name": "Новикова Анна", "email": "new@example.org", "role": "tutor", "place": ""}

    answer = _press(editor, f"{PEOPLE}new", **{**facts, **typed})

    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.get_data(as_text=True)


def test_all_that_is_wrong_is_said_at_once_and_without_a_role_it_says_to_choose_one(
    editor: Editor,
) -> None:
    answer = _press(editor, f"{PEOPLE}new", name="", email="", place="")

    page = answer.get_data(as_text=True)
    assert [f'id="f-{field}-error"' in page for field in ("name", "email", "role")] == [True] * 3
    assert "Выберите роль" in page


def test_a_municipal_representative_is_given_no_whole_school(editor: Editor) -> None:
    facts = {"name": "Новикова Анна", "email": "new@example.org", "role": "curator"}

    answer = _press(editor, f"{PEOPLE}new", **facts, place="")

    assert answer.status_code == 422
    assert 'id="f-place-error"' in answer.get_data(as_text=True)
    with pytest.raises(Refused) as refused:
        editor.school.do(
            editor.who.actor, people.add_and_appoint,
            school_id=editor.school.id, since=editor.school.day, **facts,
        )  # fmt: skip
    assert refused.value.facts["reason"] == "place_needed"


def test_a_known_account_gets_a_letter_and_the_administrator_no_hint(
    runtime: Runtime, editor: Editor
) -> None:
    elsewhere = a_school(runtime.tools)
    known = a_colleague(elsewhere)
    facts = {"name": "Новикова Анна", "role": "tutor", "place": ""}

    pages = []
    for email in (known.email, "quite-new@example.org"):
        answer = _press(editor, f"{PEOPLE}new", **facts, email=email)
        assert answer.status_code == 303
        pages.append(editor.page(answer.location.removeprefix("http://localhost")))

    letters = editor.school.do(SHELL, lambda work: work.session.scalars(_LETTERS).all())
    assert sorted(letters) == ["role_given", "welcome_staff"]
    assert all("Роль дана. Человек узнает о ней из письма" in page for page in pages)


def test_a_day_that_is_none_is_called_so(editor: Editor, colleague: Colleague) -> None:
    role = _role(editor.school, colleague)

    answer = _press(
        editor, f"{PEOPLE}role/{role}/end", when="later",
        **{"last-day": "31", "last-month": "2", "last-year": "2027"},
    )  # fmt: skip

    assert "Такого дня нет" in answer.get_data(as_text=True)


# Tokens ------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_dies_when_it_is_revoked(app: Flask, editor: Editor) -> None:
    made = _press(editor, TOKENS, name="Портал", scopes=["people:read"])
    secret = re.search(r"ms_[\w-]{40,}", made.get_data(as_text=True))
    assert secret is not None
    assert secret[0] not in editor.page(TOKENS)
    assert _asks(app, editor.school, secret[0]) == 200
    assert editor.page(TOKENS).count("ни разу") == 0  # it was used just now

    [token] = re.findall(r"/admin/tokens/([0-9a-f-]{36})/revoke", editor.page(TOKENS))
    _press(editor, f"{TOKENS}{token}/revoke")

    assert _asks(app, editor.school, secret[0]) == 401


def test_a_token_sent_twice_is_made_once(editor: Editor) -> None:
    _press(editor, TOKENS, name="Портал", scopes=["people:read"])

    again = _press(editor, TOKENS, name="Портал", scopes=["people:read"])

    assert again.status_code == 422
    assert "ms_" not in again.get_data(as_text=True)


def test_a_token_without_a_name_or_a_right_is_refused_beside_the_field(editor: Editor) -> None:
    for typed, field in (({"scopes": ["people:read"]}, "name"), ({"name": "x"}, "scopes")):
        answer = _press(editor, TOKENS, **typed)

        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in answer.get_data(as_text=True)


def test_a_token_never_says_what_its_maker_may_not(editor: Editor) -> None:
    page = editor.page(TOKENS)

    assert 'value="settings:write"' in page
    for scope in ("tasks:write", "cases:write", "tenants:write"):
        assert f'value="{scope}"' not in page, scope
        answer = _press(editor, TOKENS, name="Портал", scopes=[scope])
        assert answer.status_code == 422, scope
        assert "ms_" not in answer.get_data(as_text=True)


def test_a_foreign_token_is_answered_like_one_that_never_was(
    runtime: Runtime, editor: Editor
) -> None:
    other = a_school(runtime.tools)
    foreign = _token(other, a_colleague(other, role="partner_admin"), "theirs")

    answers = [_press(editor, f"{TOKENS}{one}/revoke").status_code for one in (foreign, uuid4())]

    assert answers == [404, 404]
    assert other.do(SHELL, sign_in.token_holder, token_id=foreign) is not None


def test_a_program_makes_no_further_tokens(editor: Editor) -> None:
    holder = editor.school.do(
        SHELL, sign_in.token_holder, token_id=_token(editor.school, editor.who, "bot")
    )
    assert holder is not None

    with pytest.raises(NotAllowed):
        editor.school.do(holder, tokens.issue_own_token, name="more", scopes=["people:read"])
    with pytest.raises(NotAllowed):
        editor.school.do(holder, tokens.tokens)


# What the tests share ----------------------------------------------------------------------------


def _press(editor: Editor, path: str, **typed: Any) -> Any:
    secret = csrf_of(editor.client, "/account")
    return editor.client.post(path, data={"csrf_token": secret, **typed})


def _end(editor: Editor, colleague: Colleague) -> None:
    role = _role(editor.school, colleague)
    assert _press(editor, f"{PEOPLE}role/{role}/end", when="now").status_code == 303


def _role(school: School, colleague: Colleague) -> UUID:
    held = school.do(SHELL, lambda work: schools.positions_of(work.session, colleague.person_id))
    return held[0].id


def _holds(school: School, colleague: Colleague, on: date) -> bool:
    held = school.do(SHELL, lambda work: schools.positions_of(work.session, colleague.person_id))
    return any(
        one.since <= on and (one.until is None or on <= one.until) and one.ended_at is None
        for one in held
    )


def _told_of_overdue(school: School) -> list[UUID]:
    found = school.do(
        SHELL, lambda work: schools.holders(work.session, school.id, "coordinator", school.day)
    )
    return [one.person_id for one in found]


def _token(school: School, colleague: Colleague, name: str) -> UUID:
    """The id of a new token that acts as a colleague."""
    school.do(
        SHELL, tokens.issue_token, name=name, scopes=tokens.SCOPES, person_id=colleague.person_id
    )
    return next(one.id for one in school.do(SHELL, tokens.tokens) if one.name == name)


def _asks(app: Flask, school: School, secret: str) -> int:
    client: FlaskClient = browser(app)
    headers = {"Authorization": f"Bearer {secret}"}
    return client.get(f"/api/v1/schools/{school.id}/people", headers=headers).status_code


def _day(when: date) -> dict[str, str]:
    return {
        "last-day": str(when.day),
        "last-month": str(when.month),
        "last-year": str(when.year),
    }
