"""Sessions: rows ended on the server, read only when asked for (SECURITY.md B2, B3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask, session
from flask.testing import FlaskClient

from server.http import sessions
from server.http.context import current_actor, door
from server.kernel.ids import new_id
from server.runtime import Runtime
from tests.http.conftest import Place, browser, cookie_of, csrf_of, sign_in_as

TENANT, PERSON, CASE = new_id(), new_id(), new_id()


@pytest.fixture
def family(app: Flask) -> FlaskClient:
    """A browser on an application with a few pages that use the session as families' pages do."""
    pages = Blueprint("family_pages", __name__)

    @pages.get("/enter")
    @door("link")
    def enter() -> str:
        sessions.start_family(
            kind="guardian", tenant_id=TENANT, person_id=PERSON, case_id=CASE, link="a link's id"
        )
        return "entered"

    @pages.get("/typed-a-code")
    @door("family")
    def typed_a_code() -> str:
        sessions.start_family(
            kind="guardian", tenant_id=TENANT, person_id=PERSON, case_id=CASE, assured=True
        )
        return "assured"

    @pages.get("/hand-over")
    @door("family")
    def hand_over() -> str:
        sessions.end_family()
        return "ended"

    @pages.get("/mine")
    @door("family")
    def mine() -> dict[str, Any]:
        actor = current_actor()
        return {
            "kind": actor.kind,
            "assured": actor.assured,
            "case": str(actor.case_id),
            "mark": actor.session_id,
        }

    @pages.get("/note")
    @door("public")
    def note() -> str:
        session["page"] = {"answers": "an id"}
        return sessions.page_mark()

    @pages.get("/noted")
    @door("public")
    def noted() -> dict[str, Any]:
        return dict(session)

    @pages.get("/nothing")
    @door("public")
    def nothing() -> str:
        return "nothing"

    app.register_blueprint(pages)
    return browser(app)


@pytest.fixture
def rows(superuser_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        yield connection


def test_a_page_that_asks_nothing_costs_nothing_and_sets_nothing(
    family: FlaskClient, runtime: Runtime
) -> None:
    family.get("/note")
    before = runtime.tools.database.round_trips.trips

    for path in ("/nothing", "/static/public.css", "/static/app.js", "/livez", "/no/such/page"):
        answer = family.get(path)
        assert "Set-Cookie" not in answer.headers, path

    assert runtime.tools.database.round_trips.trips == before


def test_a_form_shown_to_a_stranger_costs_no_row(
    client: FlaskClient, runtime: Runtime, rows: psycopg.Connection[Any]
) -> None:
    before = runtime.tools.database.round_trips.trips

    token = csrf_of(client, "/password/reset")

    assert token
    assert runtime.tools.database.round_trips.trips == before
    assert rows.execute("select count(*) from session").fetchone() == (0,)
    assert re.fullmatch(r"[\w.-]+", cookie_of(client) or "")


def test_a_session_is_read_in_one_statement(family: FlaskClient, runtime: Runtime) -> None:
    family.get("/enter")
    counts = runtime.tools.database.round_trips
    before = (counts.trips, counts.statements)

    family.get("/mine")

    # The settings of the transaction go along with the read.
    assert (counts.trips - before[0], counts.statements - before[1]) == (1, 2)


def test_the_cookie_holds_an_id_and_the_database_its_hash(
    family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")

    cookie = cookie_of(family)
    assert cookie is not None
    assert re.fullmatch(r"[\w-]{43}", cookie)
    [(id_hash, data, account)] = rows.execute("select id_hash, data, account_id from session")
    assert id_hash.hex() not in cookie
    assert cookie not in json.dumps(data)
    assert account is None


def test_a_code_typed_changes_the_id_and_the_old_one_is_dead(
    app: Flask, family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")
    before = cookie_of(family)
    assert before is not None
    family.get("/typed-a-code")

    assert cookie_of(family) != before
    assert family.get("/mine").get_json()["assured"] is True
    stolen = browser(app)
    stolen.set_cookie("school", before)
    assert stolen.get("/mine").status_code == 401
    assert rows.execute("select count(*) from session").fetchone() == (1,)


def test_the_mark_for_evidence_outlives_the_change_of_the_id(family: FlaskClient) -> None:
    mark = family.get("/note").get_data(as_text=True)
    family.get("/enter")
    family.get("/typed-a-code")

    assert family.get("/mine").get_json()["mark"] == mark


def test_handing_the_phone_over_leaves_nothing_for_back(
    app: Flask, family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")
    family.get("/note")
    before = cookie_of(family)
    assert before is not None

    family.get("/hand-over")

    assert family.get("/mine").status_code == 401
    assert "page" not in family.get("/noted").get_json()
    again = browser(app)
    again.set_cookie("school", before)
    assert again.get("/mine").status_code == 401


def test_a_new_family_finds_nothing_of_the_one_before(family: FlaskClient) -> None:
    family.get("/note")
    family.get("/enter")

    assert "page" not in family.get("/noted").get_json()


def test_two_silent_hours_end_a_familys_session(
    family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")
    [ends] = rows.execute("select expires_at from session").fetchone() or [None]
    assert ends is not None
    assert timedelta(minutes=119) < ends - datetime.now(UTC) <= timedelta(hours=2)

    rows.execute("update session set expires_at = now() - interval '1 second'")

    assert family.get("/mine").status_code == 401


def test_a_family_that_goes_on_is_kept_but_never_beyond_twelve_hours(
    family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")
    now = datetime.now(UTC).timestamp()

    _seen(rows, started=now - 3600, seen=now - 1800)
    assert family.get("/mine").status_code == 200
    [ends] = rows.execute("select expires_at from session").fetchone() or [None]
    assert ends is not None
    assert ends - datetime.now(UTC) > timedelta(minutes=119)

    _seen(rows, started=now - 12 * 3600 + 60, seen=now - 1800)
    assert family.get("/mine").status_code == 200
    [ends] = rows.execute("select expires_at from session").fetchone() or [None]
    assert ends is not None
    assert ends - datetime.now(UTC) <= timedelta(seconds=60)

    _seen(rows, started=now - 12 * 3600 - 1, seen=now)
    assert family.get("/mine").status_code == 401


def test_a_row_is_not_written_on_every_click(
    family: FlaskClient, rows: psycopg.Connection[Any]
) -> None:
    family.get("/enter")
    before = rows.execute("select xmin::text from session").fetchone()

    for _ in range(5):
        family.get("/mine")

    assert rows.execute("select xmin::text from session").fetchone() == before


def test_staff_and_a_family_in_one_browser_keep_apart(
    family: FlaskClient, place: Place, rows: psycopg.Connection[Any]
) -> None:
    sign_in_as(family, place.email)
    family.get("/enter")

    assert family.get("/mine").get_json()["kind"] == "guardian"
    assert family.get("/sign-in/arrived").location == "/desk"
    now = datetime.now(UTC).timestamp()
    _seen(rows, started=now - 3 * 3600, seen=now - 3 * 3600)
    assert family.get("/mine").status_code == 401
    assert family.get("/sign-in/arrived").location == "/desk"


def test_a_cookie_that_means_nothing_is_an_empty_session(family: FlaskClient) -> None:
    signed = "eyJfdXNlcl9pZCI6ICJ4In0.aaaaaa.bbbb"
    for cookie in ("", "A" * 43, "a.b.c", signed, "x" * 5000, "null", "\xff\xfe"):
        answer = family.get("/noted", headers={"Cookie": f"school={cookie}"})

        assert answer.status_code == 200, cookie
        assert answer.get_json() == {}, cookie


def test_a_visitors_cookie_cannot_become_a_sign_in(
    app: Flask, family: FlaskClient, runtime: Runtime
) -> None:
    from itsdangerous import URLSafeTimedSerializer

    forged = URLSafeTimedSerializer("another key", salt="visitor").dumps({"_user_id": "x"})
    family.set_cookie("school", str(forged))
    assert family.get("/noted").get_json() == {}


def _seen(rows: psycopg.Connection[Any], *, started: float, seen: float) -> None:
    rows.execute(
        "update session set data = data || jsonb_build_object('family',"
        " (data->'family') || jsonb_build_object('started', %s::float, 'seen', %s::float))",
        [started, seen],
    )
