"""Signing in and out, as SECURITY.md B1, B2, B3, B10 and B12 promise it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.runtime import Runtime
from server.store import schools, tenancy
from tests.http.conftest import (
    BASE,
    PASSWORD,
    Place,
    browser,
    cookie_of,
    csrf_of,
    new_place,
    sign_in_as,
)


def test_the_right_password_leads_to_work(client: FlaskClient, place: Place) -> None:
    answer = sign_in_as(client, place.email)

    assert answer.status_code == 302
    assert answer.location == "/sign-in/arrived"
    arrived = client.get("/sign-in/arrived")
    assert (arrived.status_code, arrived.location) == (303, "/desk")


def test_an_address_may_be_typed_in_capitals(client: FlaskClient, place: Place) -> None:
    assert sign_in_as(client, place.email.upper()).status_code == 302


@pytest.mark.parametrize(
    ("email", "password", "active"),
    [
        ("belova@example.org", "другой пароль совсем", True),
        ("nobody@example.org", PASSWORD, True),
        ("belova@example.org", PASSWORD, False),  # right, but blocked
    ],
)
def test_whatever_is_wrong_is_answered_alike(
    client: FlaskClient,
    place: Place,
    superuser_url: str,
    email: str,
    password: str,
    active: bool,
) -> None:
    with psycopg.connect(superuser_url) as connection:
        connection.execute("update account set active = %s", [active])

    answer = sign_in_as(client, email, password)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 200
    assert "do not fit together" in page or "не подходят друг к другу" in page
    assert email in page  # what was typed is kept
    assert password not in page
    assert client.get("/sign-in/arrived").location == "/sign-in"


def test_signing_in_changes_the_session_id(app: Flask, client: FlaskClient, place: Place) -> None:
    csrf_of(client, "/sign-in")
    before = cookie_of(client)

    sign_in_as(client, place.email)

    after = cookie_of(client)
    assert after is not None
    assert before != after
    assert "." not in after  # a visitor's cookie is signed text, this one is an id


def test_a_planted_session_id_is_not_taken_over(client: FlaskClient, place: Place) -> None:
    client.set_cookie("school", "A" * 43)

    sign_in_as(client, place.email)

    assert cookie_of(client) != "A" * 43


def test_the_id_before_signing_in_again_is_dead(
    app: Flask, client: FlaskClient, place: Place
) -> None:
    sign_in_as(client, place.email)
    first = cookie_of(client)
    assert first is not None
    _post_sign_out(client)
    sign_in_as(client, place.email)

    stolen = browser(app)
    stolen.set_cookie("school", first)

    assert stolen.get("/sign-in/arrived").location == "/sign-in"


def test_signing_out_ends_the_session_on_the_server(
    app: Flask, client: FlaskClient, place: Place, superuser_url: str
) -> None:
    sign_in_as(client, place.email)
    kept = cookie_of(client)
    assert kept is not None

    answer = _post_sign_out(client)

    assert (answer.status_code, answer.location) == (302, "/sign-in")
    with psycopg.connect(superuser_url) as connection:
        assert connection.execute("select count(*) from session").fetchone() == (0,)
    again = browser(app)
    again.set_cookie("school", kept)
    assert again.get("/sign-in/arrived").location == "/sign-in"


def test_signing_out_by_a_link_does_nothing(client: FlaskClient, place: Place) -> None:
    sign_in_as(client, place.email)

    assert client.get("/sign-out").status_code == 405
    assert client.get("/sign-in/arrived").location == "/desk"


def test_the_database_holds_no_session_id_and_no_address(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    sign_in_as(client, place.email)
    sid = cookie_of(client)
    assert sid is not None

    with psycopg.connect(superuser_url) as connection:
        row = connection.execute("select id_hash, data::text from session").fetchone()

    assert row is not None
    assert sid.encode() not in row[0]
    assert sid not in row[1]
    assert "@" not in row[1]


def test_a_blocked_account_is_out_with_the_next_request(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    sign_in_as(client, place.email)
    with psycopg.connect(superuser_url) as connection:
        connection.execute("update account set active = false")

    assert client.get("/sign-in/school").location == "/sign-in"


def test_a_session_ends_after_twelve_hours(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    sign_in_as(client, place.email)
    with psycopg.connect(superuser_url) as connection:
        [ends] = connection.execute("select expires_at from session").fetchone() or [None]
        assert ends is not None
        assert timedelta(hours=11) < ends - datetime.now(UTC) <= timedelta(hours=12)
        connection.execute("update session set expires_at = now()")

    assert client.get("/sign-in/arrived").location == "/sign-in"


def test_ten_tries_are_enough_and_the_right_password_comes_too_late(
    client: FlaskClient, place: Place
) -> None:
    for _ in range(10):
        sign_in_as(client, place.email, "не тот пароль")

    answer = sign_in_as(client, place.email)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60


def test_a_stranger_who_guesses_locks_nobody_else_out(
    app: Flask, client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    other = new_place(runtime, slug="other", email="orlov@example.org")
    for _ in range(11):
        sign_in_as(client, place.email, "не тот пароль")

    # The same desk in the same building, another person; and the same person at home.
    assert sign_in_as(browser(app), other.email).status_code == 302
    at_home = browser(app)
    at_home.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert sign_in_as(at_home, place.email).status_code == 302


def test_one_of_several_organisations_is_chosen(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    second = new_place(runtime, slug="second", email=place.email)
    foreign = new_place(runtime, slug="foreign", email="orlov@example.org")

    sign_in_as(client, place.email)
    assert client.get("/sign-in/arrived").location == "/sign-in/school"

    page = client.get("/sign-in/school").get_data(as_text=True)
    assert "АНО «second»" in page
    assert "АНО «foreign»" not in page
    assert _choose(client, str(foreign.tenant_id)).status_code == 200  # asked again
    assert _choose(client, str(second.tenant_id)).location == "/sign-in/arrived"
    assert client.get("/sign-in/arrived").location == "/desk"


def test_a_role_that_was_taken_away_leads_back_to_the_choice(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    sign_in_as(client, place.email)
    with psycopg.connect(superuser_url) as connection:
        connection.execute("delete from membership")

    assert client.get("/sign-in/arrived").location == "/sign-in/school"
    assert client.get("/sign-in/school").status_code == 200


def test_the_owners_of_the_model_arrive_in_the_admin(client: FlaskClient, runtime: Runtime) -> None:
    owner = new_place(runtime, slug="platform", email="owner@example.org", platform=True)

    sign_in_as(client, owner.email)

    assert client.get("/sign-in/arrived").location == "/admin/"


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "http://localhost:8000@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "\t//evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "http://l\u043e\u0441\u0430lhost:8000/",  # Cyrillic look-alikes of o, c, a
    "/path\r\nSet-Cookie: a=b",
]


def test_next_leads_to_a_path_of_ours_or_nowhere(app: Flask, place: Place) -> None:
    for number, target in enumerate(ELSEWHERE):
        client = browser(app)
        client.environ_base["REMOTE_ADDR"] = f"198.51.{number}.1"
        form = {
            "csrf_token": csrf_of(client, "/sign-in"),
            "email": place.email,
            "password": PASSWORD,
        }
        where = {"query_string": {"next": target}} if number % 2 else {"data": {"next": target}}
        answer = client.post(
            "/sign-in",
            data={**form, **where.get("data", {})},
            query_string=where.get("query_string"),
        )

        assert answer.status_code == 302, target
        led_to = urljoin(f"{BASE}/sign-in", answer.location)
        assert led_to.startswith(f"{BASE}/"), target
        assert "\r" not in answer.location, target
        assert "Set-Cookie: a=b" not in str(answer.headers), target


def test_next_leads_back_to_where_one_wanted_to_go(client: FlaskClient, place: Place) -> None:
    answer = sign_in_as(client, place.email, next="/desk?tab=late")

    assert answer.location == "/desk?tab=late"


def test_a_position_counts_from_its_first_day_to_its_last(
    app: Flask, client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        for role, since, until in [("curator", 1, None), ("cycle_lead", -9, -1)]:
            today = work.now.date()
            work.session.add(
                schools.Position(
                    tenant_id=place.tenant_id,
                    person_id=place.person_id,
                    school_id=place.school_id,
                    role=role,
                    since=today + timedelta(days=since),
                    until=None if until is None else today + timedelta(days=until),
                )
            )

    from server.access.actors import VISITOR
    from server.services.accounts import sign_in

    with runtime.tools.begin(VISITOR, place.tenant_id) as work:
        account = tenancy.account_by_email(work.session, place.email)
        assert account is not None
        found = sign_in.staff(work, uniquifier=account.fs_uniquifier)

    assert found is not None
    assert [held.role for held in found.actor.holdings] == ["coordinator"]
    assert found.name == "Белова Надежда"


def test_nothing_personal_is_logged(
    client: FlaskClient, place: Place, log_lines: Callable[[], str]
) -> None:
    sign_in_as(client, place.email, "не тот пароль")
    sign_in_as(client, place.email)

    written = log_lines()
    assert "sign_in_refused" in written
    assert "signed_in" in written
    assert place.email not in written
    assert "пароль" not in written
    assert PASSWORD not in written


def _post_sign_out(client: FlaskClient) -> Any:
    # Any page of the session carries its secret; the choice of an organisation is one.
    token = csrf_of(client, "/sign-in/school")
    return client.post("/sign-out", data={"csrf_token": token})


def _choose(client: FlaskClient, tenant: str) -> Any:
    token = csrf_of(client, "/sign-in/school")
    return client.post("/sign-in/school", data={"csrf_token": token, "tenant": tenant})


def test_an_organisation_without_a_role_is_not_offered_and_leads_nowhere(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    other_place = new_place(runtime, slug="other", email=place.email)
    _end_roles(runtime, other_place)
    answer = sign_in_as(client, place.email)

    assert answer.location == "/sign-in/arrived"
    assert client.get(answer.location).location == "/desk"
    assert str(other_place.tenant_id) not in client.get("/sign-in/school").get_data(as_text=True)


def test_a_role_that_ended_meanwhile_leaves_a_way_out(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    sign_in_as(client, place.email)
    _end_roles(runtime, place)

    closed = client.get("/desk")

    assert closed.status_code == 403
    assert 'action="/sign-out"' in closed.get_data(as_text=True)
    assert client.get("/sign-in/arrived").location == "/sign-in/school"


def _end_roles(runtime: Runtime, place: Place) -> None:
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        for held in schools.positions_of(work.session, place.person_id):
            held.until, held.ended_at = work.now.date(), work.now
