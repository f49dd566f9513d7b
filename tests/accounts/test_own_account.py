"""One's own account: another password while signed in, the browsers one is signed in at."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.http import sessions
from server.runtime import Runtime
from server.services.limits import OLD_PASSWORD
from server.store import accounts
from tests.http.conftest import PASSWORD, Place, browser, csrf_of, new_place, sign_in_as

NEW = "совсем другие четыре слова"
PAGE = "/account"


@pytest.fixture
def mine(client: FlaskClient, place: Place) -> FlaskClient:
    sign_in_as(client, place.email)
    return client


def test_a_new_password_keeps_this_browser_and_ends_the_others(
    app: Flask, mine: FlaskClient, place: Place
) -> None:
    other = browser(app)
    sign_in_as(other, place.email)

    answer = _change(mine)

    assert answer.status_code == 303
    assert mine.get(PAGE).status_code == 200
    assert other.get(PAGE).status_code == 303
    fresh = browser(app)
    assert sign_in_as(fresh, place.email, PASSWORD).status_code == 200  # refused
    assert sign_in_as(fresh, place.email, NEW).status_code == 302


def test_the_cookie_of_before_the_new_password_is_dead(
    app: Flask, mine: FlaskClient, place: Place
) -> None:
    held = mine.get_cookie("school")
    assert held is not None

    _change(mine)

    stolen = browser(app)
    stolen.set_cookie("school", held.value, domain="localhost")
    assert stolen.get(PAGE).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old": "не тот пароль вовсе"}, "old"),
        ({"password": "коротко", "again": "коротко"}, "password"),
        ({"again": "другие слова, не те же"}, "again"),
        ({"password": PASSWORD, "again": PASSWORD}, "password"),
    ],
)
def test_a_password_that_is_refused_changes_nothing_and_says_where(
    app: Flask, mine: FlaskClient, place: Place, typed: dict[str, str], field: str
) -> None:
    answer = _change(mine, **typed)

    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.get_data(as_text=True)
    assert sign_in_as(browser(app), place.email, PASSWORD).status_code == 302


def test_guessing_the_old_password_at_an_open_browser_is_stopped(mine: FlaskClient) -> None:
    for _ in range(OLD_PASSWORD.most):
        assert _change(mine, old="не тот пароль вовсе").status_code == 422

    assert _change(mine).status_code == 429


def test_a_changed_password_closes_the_mailed_ways_to_another(
    app: Flask, mine: FlaskClient, place: Place, runtime: Runtime
) -> None:
    stranger = browser(app)
    token = csrf_of(stranger, "/password/reset")
    stranger.post("/password/reset", data={"csrf_token": token, "email": place.email})

    _change(mine)

    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        closed = accounts.close_reset_doors(work.session, place.tenant_id, place.person_id)
    assert closed == set()


def test_one_of_ones_browsers_is_signed_out_from_another(
    app: Flask, mine: FlaskClient, place: Place
) -> None:
    other = browser(app)
    sign_in_as(other, place.email)
    [theirs] = _others(mine)

    _post(mine, "/account/session/end", session=theirs)

    assert other.get(PAGE).status_code == 303
    assert mine.get(PAGE).status_code == 200
    assert _others(mine) == []


def test_nobody_ends_anothers_session(
    app: Flask, mine: FlaskClient, place: Place, runtime: Runtime
) -> None:
    stranger = new_place(runtime, slug="other", email="other@example.org")
    theirs = browser(app)
    sign_in_as(theirs, stranger.email)
    second = browser(app)
    sign_in_as(second, stranger.email)
    [foreign] = _others(theirs)

    answer = _post(mine, "/account/session/end", session=foreign)

    never = _post(mine, "/account/session/end", session="00" * 32)
    assert (answer.status_code, answer.location) == (never.status_code, never.location)
    assert second.get(PAGE).status_code == 200
    assert foreign not in mine.get(PAGE).get_data(as_text=True)


def test_a_session_that_was_ended_does_not_come_back_with_an_answer_under_way(
    app: Flask, mine: FlaskClient, place: Place
) -> None:
    other = browser(app)
    sign_in_as(other, place.email)
    ended: list[str] = []

    def end_meanwhile() -> None:
        # Between reading the session and writing it, somebody ends it elsewhere.
        if request.headers.get("X-Slow") and not ended:
            assert sessions.staff_mark() is not None
            sessions.current().modified = True
            [theirs] = _others(mine)
            ended.append(theirs)
            _post(mine, "/account/session/end", session=theirs)

    app.before_request_funcs.setdefault(None, []).append(end_meanwhile)

    other.get("/sign-in/school", headers={"X-Slow": "yes"})

    assert ended
    assert other.get(PAGE).status_code == 303
    assert _others(mine) == []


def test_the_language_is_kept_for_the_next_sign_in(
    app: Flask, mine: FlaskClient, place: Place
) -> None:
    _post(mine, "/account/language", language="en")

    assert "My account" in mine.get(PAGE).get_data(as_text=True)
    fresh = browser(app)
    sign_in_as(fresh, place.email)
    fresh.get("/sign-in/arrived")
    assert "My account" in fresh.get(PAGE).get_data(as_text=True)


def test_a_language_nobody_speaks_is_refused(mine: FlaskClient) -> None:
    assert _post(mine, "/account/language", language="tlh").status_code in (400, 422)


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/140 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 YaBrowser/25", "Яндекс.Браузер · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604", "Safari · iPhone"),
        ("curl/8", ""),
    ],
)  # fmt: skip
def test_a_browser_is_named_so_that_its_owner_knows_it(agent: str, named: str) -> None:
    assert sessions.browser_named(agent) == named


def _change(client: FlaskClient, **typed: str) -> Any:
    given = {"old": PASSWORD, "password": NEW, "again": NEW, **typed}
    return _post(client, "/account/password", **given)


def _post(client: FlaskClient, path: str, **typed: str) -> Any:
    return client.post(path, data={"csrf_token": csrf_of(client, PAGE), **typed})


def _others(client: FlaskClient) -> list[str]:
    """The sessions the page offers to end."""
    page = client.get(PAGE).get_data(as_text=True)
    return re.findall(r'name="session" value="([0-9a-f]+)"', page)
