"""The real application on a real database, with two invented organisations in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.app import create_app
from server.kernel import logs
from server.kernel.ids import new_id
from server.runtime import Runtime
from server.services.accounts import passwords, people
from server.services.unit_of_work import UnitOfWork
from server.store import accounts, schools, tenancy

BASE = "http://localhost:8000"
PASSWORD = "четыре слова для входа"


@dataclass(frozen=True)
class Place:
    """An organisation with one school and one coordinator."""

    tenant_id: UUID
    school_id: UUID
    person_id: UUID
    account_id: UUID
    email: str


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


@pytest.fixture
def place(runtime: Runtime) -> Place:
    return new_place(runtime, slug="vector", email="belova@example.org")


@pytest.fixture
def log_lines(runtime: Runtime) -> Iterator[Callable[[], str]]:
    """Everything that was logged since the test began."""
    stream = io.StringIO()
    logs.configure(stream)
    yield stream.getvalue
    logs.configure()


def browser(app: Flask) -> FlaskClient:
    """A browser with an empty cookie jar, at the product's own address."""
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = "localhost:8000"
    return client


def new_place(runtime: Runtime, *, slug: str, email: str, platform: bool = False) -> Place:
    """One more organisation; the account is the old one where the address is known."""
    tenant_id = new_id()
    with runtime.tools.database.begin(None) as transaction:
        transaction.session.add(
            tenancy.Tenant(
                id=tenant_id,
                slug=slug,
                name=f"АНО «{slug}»",
                platform=platform,
                created_at=runtime.tools.clock.now(),
            )
        )
    with runtime.tools.begin(SHELL, tenant_id) as work:
        school = _school(work, slug)
        person_id = people.add_colleague(
            work,
            name="Белова Надежда",
            email=email,
            password_hash=passwords.hash_password(PASSWORD),
        )
        work.session.add(
            schools.Position(
                tenant_id=tenant_id,
                person_id=person_id,
                school_id=school,
                role="coordinator",
                since=work.now.date() - timedelta(days=30),
            )
        )
        account = accounts.account_of_person(work.session, tenant_id, person_id)
        assert account is not None
    return Place(tenant_id, school, person_id, account.id, email)


def _school(work: UnitOfWork, slug: str) -> UUID:
    work.session.add(
        schools.Partner(
            tenant_id=work.tenant_id, name=slug, legal_name=slug, kind="ngo", address="", inn="",
            ogrn="", processor_name="", processor_address="", contact_name="Ирина",
            contact_phone="8 (8172) 00-00-00", contact_hours={},
        )
    )  # fmt: skip
    today = work.now.date()
    row = schools.School(
        id=new_id(), tenant_id=work.tenant_id, slug=slug, title={"ru": slug}, initials="ВР",
        region="35", zone="Europe/Moscow", variant="standard", cycle_start=today, cycle_end=today,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    return row.id


def csrf_of(client: FlaskClient, path: str) -> str:
    """The secret in the form of a page."""
    html = client.get(path).get_data(as_text=True)
    return html.partition('name="csrf_token" value="')[2].partition('"')[0]


def sign_in_as(client: FlaskClient, email: str, password: str = PASSWORD, **more: str) -> Any:
    """Fill in the sign-in form."""
    form = {"csrf_token": csrf_of(client, "/sign-in"), "email": email, "password": password, **more}
    return client.post("/sign-in", data=form)


def cookie_of(client: FlaskClient) -> str | None:
    """What the browser holds as its session."""
    held = client.get_cookie("school")
    return held.value if held else None
