"""Doors: whom a view is for, who acts behind it, and the one way to a service."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.access.policy import Permission
from server.http import context
from server.http.context import current_actor, door, perform, perform_in
from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.kernel.marks import token_hash
from server.runtime import Runtime
from server.services.unit_of_work import UnitOfWork
from server.store import schools, tenancy
from tests.http.conftest import Place, browser, csrf_of, new_place, sign_in_as

TOKEN = "t" * 43
HEAVY = (
    "alembic",
    "rq",
    "redis",
    "holidays",
    "typst",
    "httpx",
    "smtplib",
    "sqlalchemy.dialects.sqlite",
)


@pytest.fixture
def pages(app: Flask) -> FlaskClient:
    """A browser on an application with one page behind each door."""
    behind = Blueprint("behind", __name__)

    def tell() -> dict[str, Any]:
        actor = current_actor()
        return {
            "kind": actor.kind,
            "tenant": str(actor.tenant_id),
            "person": str(actor.person_id),
            "roles": [held.role for held in actor.holdings],
            "scopes": sorted(actor.scopes),
            "platform": actor.platform,
            "address": actor.address,
            "agent": actor.agent,
        }

    for kind in ("public", "link", "family", "staff", "token", "sandbox"):
        view = door(kind)(lambda: tell())  # noqa: PLW0108 - one for each
        behind.add_url_rule(f"/{kind}-page", endpoint=kind, view_func=view, methods=["GET", "POST"])
    app.register_blueprint(behind)
    return browser(app)


def test_every_view_of_the_product_has_a_door(app: Flask) -> None:
    assert context.doorless(app) == []


def test_a_view_without_a_door_stops_the_start(app: Flask) -> None:
    app.add_url_rule("/open", endpoint="forgotten", view_func=lambda: "open")

    with pytest.raises(Broken) as refused:
        context.refuse_doorless(app)

    assert refused.value.endpoints == ["forgotten"]


def test_a_whole_blueprint_of_a_library_may_have_one_door(app: Flask) -> None:
    foreign = Blueprint("foreign", __name__)
    foreign.add_url_rule("/foreign", endpoint="list", view_func=lambda: "x")
    app.register_blueprint(foreign)
    context.declare_door(app, "foreign.*", "staff", Permission.SETTINGS_READ)

    assert context.doorless(app) == []
    found = context.door_of(app, "foreign.list")
    assert found is not None
    assert found.words == "staff: SETTINGS_READ"
    assert browser(app).get("/foreign").status_code == 303


def test_behind_a_public_door_everybody_is_a_visitor(pages: FlaskClient, place: Place) -> None:
    sign_in_as(pages, place.email)

    told = pages.get("/public-page", headers={"User-Agent": "a phone"}).get_json()

    assert (told["kind"], told["agent"], told["address"]) == ("visitor", "a phone", "127.0.0.1")


def test_behind_the_staff_door_is_the_signed_in_coordinator(
    pages: FlaskClient, place: Place
) -> None:
    sign_in_as(pages, place.email)

    told = pages.get("/staff-page").get_json()

    assert told["kind"] == "staff"
    assert told["tenant"] == str(place.tenant_id)
    assert told["person"] == str(place.person_id)
    assert told["roles"] == ["coordinator"]


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(pages: FlaskClient) -> None:
    answer = pages.get("/staff-page?tab=late")

    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/staff-page?tab%3Dlate"


def test_a_form_sent_without_a_sign_in_is_not_what_one_comes_back_to(
    pages: FlaskClient,
) -> None:
    token = csrf_of(pages, "/sign-in")

    answer = pages.post("/staff-page", data={"csrf_token": token})

    assert answer.location == "/sign-in"


def test_a_family_without_a_session_is_told_how_to_come_back(pages: FlaskClient) -> None:
    answer = pages.get("/family-page?lang=en")

    assert answer.status_code == 401
    assert "message" in answer.get_data(as_text=True)


def test_the_staff_door_is_closed_to_a_token_and_the_tokens_door_to_a_cookie(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    _token(runtime, place, ["cases:read"])
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    assert pages.get("/staff-page", headers=bearer).status_code == 303
    sign_in_as(pages, place.email)
    refused = pages.get("/token-page", headers={"Accept": "application/json"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_acts_as_its_person_within_its_scopes(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    _token(runtime, place, ["cases:read", "tasks:read"])

    # Neither a cookie nor its secret is needed: no browser sends this header by itself.
    told = pages.post("/token-page", headers={"Authorization": f"bearer {TOKEN}"}).get_json()

    assert told["kind"] == "token"
    assert told["tenant"] == str(place.tenant_id)
    assert told["scopes"] == ["cases:read", "tasks:read"]
    assert told["roles"] == ["coordinator"]


def test_a_token_for_one_school_holds_nothing_in_another(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    other = new_id()
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        first = work.session.get(schools.School, (place.school_id, place.tenant_id))
        assert first is not None
        facts = {c.name: getattr(first, c.name) for c in schools.School.__table__.columns}
        work.session.add(schools.School(**{**facts, "id": other, "slug": "other"}))
        work.session.flush()
        work.session.add(
            schools.Position(
                tenant_id=place.tenant_id,
                person_id=place.person_id,
                school_id=other,
                role="partner_admin",
                since=work.now.date(),
            )
        )
    _token(runtime, place, [], school_id=place.school_id)

    told = pages.get("/token-page", headers={"Authorization": f"Bearer {TOKEN}"}).get_json()

    assert told["roles"] == ["coordinator"]


def test_any_other_token_is_refused_alike(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    _token(runtime, place, [])
    others = (
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        "Bearer \x00",
    )

    for header in others:
        answer = pages.get(
            "/token-page", headers={"Authorization": header, "Accept": "application/json"}
        )
        assert answer.status_code == 401, header
        assert answer.get_json()["code"] == "sign_in_needed"


def test_a_revoked_token_is_dead_with_the_next_request(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    token_id = _token(runtime, place, [])
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        row = work.session.get(schools.ApiToken, (token_id, place.tenant_id))
        assert row is not None
        row.revoked_at = work.now

    answer = pages.get("/token-page", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 401


def test_a_link_is_no_token(pages: FlaskClient, place: Place, runtime: Runtime) -> None:
    with runtime.tools.database.begin(None) as transaction:
        transaction.session.add(
            tenancy.Door(
                token_hash=token_hash(TOKEN),
                kind="link",
                tenant_id=place.tenant_id,
                target=new_id(),
            )
        )

    answer = pages.get("/token-page", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 401


def test_a_person_is_who_they_are_in_the_organisation_they_chose(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    second = new_place(runtime, slug="second", email=place.email)
    sign_in_as(pages, place.email)
    assert pages.get("/staff-page").location == "/sign-in/school?next=/staff-page"

    token = csrf_of(pages, "/sign-in/school")
    chosen = pages.post(
        "/sign-in/school",
        data={"csrf_token": token, "tenant": str(second.tenant_id), "next": "/staff-page"},
    )

    assert chosen.location == "/staff-page"
    told = pages.get("/staff-page").get_json()
    assert (told["tenant"], told["person"]) == (str(second.tenant_id), str(second.person_id))


def test_a_use_case_is_one_transaction_of_the_actors_tenant(
    app: Flask, place: Place, runtime: Runtime
) -> None:
    pages = Blueprint("cases", __name__)

    def schools_seen(work: UnitOfWork, *, limit: int) -> list[str]:
        return [row.slug for row in schools.schools(work.session)][:limit]

    def write_and_fail(work: UnitOfWork) -> None:
        row = schools.schools(work.session)[0]
        row.initials = "??"
        work.session.flush()
        raise ValueError

    @pages.get("/mine")
    @door("staff")
    def mine() -> list[str]:
        return perform(schools_seen, limit=5)

    @pages.get("/poster/<slug>")
    @door("link")
    def poster(slug: str) -> list[str]:
        return perform_in(place.tenant_id, schools_seen, limit=5)

    @pages.get("/fails")
    @door("staff")
    def fails() -> str:
        perform(write_and_fail)
        return ""

    app.register_blueprint(pages)
    new_place(runtime, slug="foreign", email="orlov@example.org")
    client = browser(app)
    assert client.get("/poster/vector").get_json() == ["vector"]
    sign_in_as(client, place.email)

    assert client.get("/mine").get_json() == ["vector"]
    assert client.get("/fails").status_code == 500
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        assert schools.schools(work.session)[0].initials == "ВР"


@pytest.mark.parametrize(("collisions", "status"), [(1, 200), (2, 200), (3, 503)])
def test_two_that_collide_are_tried_again_and_not_for_ever(
    app: Flask, place: Place, collisions: int, status: int
) -> None:
    tried: list[UUID] = []
    pages = Blueprint("collide", __name__)

    def collide(work: UnitOfWork) -> str:
        tried.append(new_id())
        if len(tried) <= collisions:
            raise psycopg.errors.SerializationFailure
        return "done"

    @pages.get("/collide")
    @door("staff")
    def collides() -> str:
        return perform(collide)

    app.register_blueprint(pages)
    client = browser(app)
    sign_in_as(client, place.email)

    assert client.get("/collide").status_code == status
    assert len(tried) == min(collisions + 1, 3)


def test_the_actor_of_staff_costs_two_round_trips_a_page(
    pages: FlaskClient, place: Place, runtime: Runtime
) -> None:
    sign_in_as(pages, place.email)
    pages.get("/staff-page")
    before = runtime.tools.database.round_trips.trips

    pages.get("/staff-page")

    assert runtime.tools.database.round_trips.trips - before == 2  # the session, the account


def test_the_web_is_imported_without_what_only_other_processes_use() -> None:
    code = f"import sys, server.app; print([m for m in {HEAVY!r} if m in sys.modules])"

    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert out.strip() == "[]"


def _token(
    runtime: Runtime, place: Place, scopes: list[str], school_id: UUID | None = None
) -> UUID:
    token_id = new_id()
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        work.session.add(
            schools.ApiToken(
                id=token_id,
                tenant_id=place.tenant_id,
                name="a token",
                scopes=scopes,
                school_id=school_id,
                person_id=place.person_id,
                created_at=work.now - timedelta(days=1),
            )
        )
        work.session.add(
            tenancy.Door(
                token_hash=token_hash(TOKEN),
                kind="api_token",
                tenant_id=place.tenant_id,
                target=token_id,
            )
        )
    return token_id
