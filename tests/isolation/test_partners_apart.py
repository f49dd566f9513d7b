"""Partners are apart: generated from the map of routes, for every kind of reader.

For each address with an id in it, each reader of one partner sends the ids of another. What comes
back is what comes back for an id that never was, byte for byte, and nothing has changed there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask, request, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy import text

from server.access.actors import SHELL, SYSTEM
from server.app import create_app
from server.cli.routes import rules
from server.http import sessions
from server.http.context import door
from server.runtime import Runtime
from server.services.accounts import tokens
from server.store import accounts, schools, tables
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_school,
    an_enrolment,
    standing_still,
)

_NAMES = (
    "case_id", "task_id", "consent_id", "school_id", "person_id", "position_id", "token_id",
)  # fmt: skip
READERS = ("coordinator", "partner_admin", "guardian", "mentee", "token", "nobody")
BASE = "http://localhost:8000"
# What tells two answers to the same question apart without telling anything.
_PASSING = re.compile(
    rb'(name="csrf_token" value=")[^"]*|nonce-[\w-]+|nonce="[^"]*"|"id": ?"[a-z0-9]+"'
    rb"|<code[^>]*>[a-z0-9]{8,12}</code>|[a-z0-9]{10}(?=</)"
)


@dataclass
class House:
    """One partner with an application, and everybody who reads pages there."""

    school: School
    coordinator: Colleague
    admin: Colleague
    mine: Enrolment
    token: str

    @property
    def ids(self) -> dict[str, UUID]:
        """What may stand in an address."""
        return {
            "case_id": self.mine.case_id,
            "task_id": self.mine.task("decision").id,
            "consent_id": self.mine.consent_id("processing"),
            "school_id": self.school.id,
            "person_id": self.admin.person_id,
            "position_id": self.school.do(
                SHELL, lambda work: schools.positions_of(work.session, self.coordinator.person_id)
            )[0].id,
            "token_id": self.school.do(SHELL, tokens.tokens)[0].id,
        }


@pytest.fixture
def still(runtime: Runtime) -> Runtime:
    return standing_still(runtime)


@pytest.fixture
def app(still: Runtime) -> Flask:
    made = create_app(still)
    _let_in(made)
    return made


@pytest.fixture
def ours(still: Runtime) -> House:
    return _house(still)


@pytest.fixture
def theirs(still: Runtime) -> House:
    return _house(still)


@pytest.mark.parametrize("reader", READERS)
def test_a_foreign_id_is_answered_exactly_like_one_that_never_was(
    app: Flask, ours: House, theirs: House, reader: str
) -> None:
    before = _fingerprint(theirs)
    client = _as(app, ours, reader)
    asked = 0
    for method, path in _addresses(app):
        foreign = _ask(client, method, _filled(path, theirs.ids))
        never = {name: uuid4() for name in theirs.ids}
        missing = _ask(client, method, _filled(path, never))
        assert foreign[0] == missing[0], (method, path)
        assert foreign[0] in (302, 303, 400, 401, 403, 404, 409, 422), (method, path, foreign[0])
        assert foreign[1] == missing[1], (method, path)
        for secret in (theirs.mine.child, theirs.mine.family.name, theirs.mine.family.contact):
            assert secret.encode() not in foreign[1]
        asked += 1
    assert asked >= 20
    assert _fingerprint(theirs) == before


def test_ones_own_ids_still_lead_somewhere(app: Flask, ours: House) -> None:
    seen = {
        "coordinator": ["/desk/case/{case_id}"],
        "guardian": ["/s/consent/{consent_id}", "/s/consent/{consent_id}/withdraw"],
        "mentee": ["/child/consent/{consent_id}"],
        "token": ["/api/v1/cases/{case_id}", "/api/v1/schools/{school_id}/tasks"],
    }
    for reader, paths in seen.items():
        client = _as(app, ours, reader)
        for path in paths:
            status, body = _ask(client, "GET", path.format(**ours.ids))
            assert status == 200, (reader, path, body[:300])


def test_the_whole_database_is_empty_to_who_names_no_partner(still: Runtime, ours: House) -> None:
    del ours
    outside = {
        "tenant", "door", "account", "membership", "session", "limit_counter", "definition",
        "release",
    }  # fmt: skip
    with still.tools.database.begin(None) as transaction:
        for table in tables.metadata.sorted_tables:
            if table.name in outside:
                continue
            count = transaction.session.execute(
                text(f'SELECT count(*) FROM "{table.name}"')
            ).scalar()
            assert count == 0, table.name


def test_every_table_of_a_partner_is_guarded_and_refers_within_the_partner(
    still: Runtime, superuser_url: str
) -> None:
    import psycopg

    del still
    with psycopg.connect(superuser_url) as connection:
        bare = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE n.nspname = 'public' AND c.relkind = 'r'"
            " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ).fetchall()
        crossing = connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint k"
            " WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
            " AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid"
            "   AND a.attname = 'tenant_id')"
            " AND NOT EXISTS (SELECT 1 FROM unnest(k.conkey) n JOIN pg_attribute a"
            "   ON a.attrelid = k.conrelid AND a.attnum = n WHERE a.attname = 'tenant_id')"
        ).fetchall()
        loose = connection.execute(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t"
            " ON t.oid = i.indrelid JOIN pg_attribute x ON x.attrelid = t.oid"
            " AND x.attname = 'tenant_id' WHERE i.indisunique AND t.relrowsecurity"
            " AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::int[]) n JOIN pg_attribute a"
            "   ON a.attrelid = i.indrelid AND a.attnum = n WHERE a.attname = 'tenant_id')"
        ).fetchall()
    assert {name for (name,) in bare} == {"door", "membership"}
    assert crossing == []
    assert loose == []


def test_a_row_cannot_refer_to_another_partners_row(ours: House, theirs: House) -> None:
    import psycopg

    def steal(work: Any) -> None:
        work.session.execute(
            text(
                "INSERT INTO link (id, tenant_id, case_id, person_id, role, created_at, expires_at)"
                " VALUES (:id, :tenant, :case, :person, 'guardian', :now, :now)"
            ),
            {
                "id": uuid4(),
                "tenant": work.tenant_id,
                "case": theirs.mine.case_id,
                "person": ours.mine.child_id,
                "now": work.now,
            },
        )

    with pytest.raises(Exception, match="violates foreign key") as refused:
        ours.school.do(SHELL, steal)
    assert isinstance(refused.value.__cause__, psycopg.errors.ForeignKeyViolation)


# What the tests share ------------------------------------------------------------------------


def _house(still: Runtime) -> House:
    school = a_school(still.tools)
    coordinator = a_colleague(school)
    admin = a_colleague(school, name="Лебедева Ольга", role="partner_admin")
    names = iter(("Уникальнов Первый", "Уникальнов Второй"))
    child = f"{next(names)} {school.slug}"
    mine = an_enrolment(school, at="review", child=child, age=15)
    token = school.do(
        SHELL,
        tokens.issue_token,
        name="t",
        scopes=tokens.SCOPES,
        person_id=coordinator.person_id,
        school_id=school.id,
    )
    return House(school, coordinator, admin, mine, token)


def _addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address that carries an id of ours, with each of its methods."""
    for rule in rules(app):
        if any(name in rule["rule"] for name in _NAMES):
            for method in rule["methods"]:
                yield method, rule["rule"]


def _filled(path: str, ids: dict[str, UUID]) -> str:
    for name, value in ids.items():
        path = path.replace(f"<uuid:{name}>", str(value))
    for name, value in {
        "step": "minor_questionnaire",
        "stage": "consents",
        "consent": "processing",
        "form": "minor_questionnaire",
        "workflow": "minor_enrolment",
    }.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, path
    return path


def _ask(client: FlaskClient, method: str, path: str) -> tuple[int, bytes]:
    headers: dict[str, str] = dict(client.environ_base.get("test.headers", {}))
    if path.startswith("/api/"):
        answer = client.open(path, method=method, json={}, headers=headers, base_url=BASE)
    elif method == "GET":
        answer = client.get(path, base_url=BASE)
    else:
        token = client.get("/test/csrf", base_url=BASE).get_data(as_text=True)
        form = {"csrf_token": token, "outcome": "accept", "said": "given", "answer": "given"}
        answer = client.open(path, method=method, data=form, base_url=BASE)
    body = answer.get_data()
    # The address asked for may be repeated in the answer; it is the asker's own.
    for part in re.findall(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", body):
        if part in path.encode():
            body = body.replace(part, b"")
    return answer.status_code, _PASSING.sub(b"", body)


def _let_in(app: Flask) -> None:
    """Doors of the test's own, so that everybody is in without six sign-ins a test."""

    @app.post("/test/family")
    @door("public")
    def family() -> str:
        given = request.get_json()
        sessions.start_family(
            kind=given["kind"],
            tenant_id=UUID(given["tenant"]),
            person_id=UUID(given["person"]),
            case_id=UUID(given["case"]),
            assured=True,
        )
        return ""

    @app.post("/test/staff")
    @door("public")
    def staff() -> str:
        given = request.get_json()
        session["_user_id"] = given["mark"]
        session["_fresh"] = True
        sessions.start_staff(UUID(given["account"]), active_tenant=UUID(given["tenant"]))
        return ""

    @app.get("/test/csrf")
    @door("public")
    def csrf() -> str:
        return str(generate_csrf())


def _as(app: Flask, house: House, reader: str) -> FlaskClient:
    client = app.test_client()
    tenant = str(house.school.tenant_id)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    if reader in ("guardian", "mentee"):
        person = house.mine.child_id if reader == "mentee" else house.mine.family.actor.person_id
        entered: dict[str, str] = {
            "kind": reader,
            "tenant": tenant,
            "person": str(person),
            "case": str(house.mine.case_id),
        }
        _enter(client, "/test/family", entered)
    elif reader in ("coordinator", "partner_admin"):
        colleague = house.coordinator if reader == "coordinator" else house.admin
        found = house.school.do(
            SHELL,
            lambda work: accounts.account_of_person(
                work.session, house.school.tenant_id, colleague.person_id
            ),
        )
        assert found is not None
        _enter(
            client,
            "/test/staff",
            {"tenant": tenant, "account": str(found.id), "mark": found.fs_uniquifier},
        )
    elif reader == "token":
        client.environ_base["test.headers"] = {"Authorization": f"Bearer {house.token}"}
    return client


def _enter(client: FlaskClient, path: str, given: dict[str, str]) -> None:
    token = client.get("/test/csrf", base_url=BASE).get_data(as_text=True)
    answer = client.post(path, json=given, headers={"X-CSRFToken": token}, base_url=BASE)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]


def _fingerprint(house: House) -> str:
    """Everything a partner has, as one text."""

    def read(work: Any) -> str:
        parts = []
        for table in ("case", "task", "consent", "answer", "decision", "evidence", "person",
                      "settings_revision", "position", "api_token", "delivery", "signature",
                      "outbox"):  # fmt: skip
            rows = work.session.execute(
                text(f"SELECT to_jsonb(t) - 'not_before' FROM \"{table}\" t ORDER BY 1")
            ).scalars()
            parts.append(json.dumps([*rows], sort_keys=True, default=str))
        return "\n".join(parts)

    return house.school.do(SYSTEM, read)
