"""A program at the API: a school, a token, and a client that speaks JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from server.access.actors import SHELL
from server.app import create_app
from server.runtime import Runtime
from server.services.accounts import people, tokens
from tests.factories import Colleague, School, a_colleague, a_school, standing_still

EVERYTHING = tokens.SCOPES


@dataclass(frozen=True)
class Program:
    """A client with one bearer token."""

    client: FlaskClient
    token: str

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers(headers))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/api/v1{path}", method=method, json=body, headers=self._headers(named)
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}


@pytest.fixture
def still(runtime: Runtime) -> Runtime:
    return standing_still(runtime)


@pytest.fixture
def client(still: Runtime) -> FlaskClient:
    return create_app(still).test_client()


@pytest.fixture
def school(still: Runtime) -> School:
    return a_school(still.tools)


@pytest.fixture
def coordinator(school: School) -> Colleague:
    return a_colleague(school)


@pytest.fixture
def program(client: FlaskClient, school: School, coordinator: Colleague) -> Program:
    return a_program(client, school, coordinator)


def a_program(
    client: FlaskClient,
    school: School,
    colleague: Colleague,
    scopes: Sequence[str] = EVERYTHING,
) -> Program:
    """A token that acts as a colleague, within some scopes."""
    token = school.do(
        SHELL,
        tokens.issue_token,
        name=f"test {uuid4()}",
        scopes=scopes,
        person_id=colleague.person_id,
        school_id=school.id,
    )
    return Program(client, token)


def a_platform(still: Runtime, client: FlaskClient, scopes: Sequence[str] = EVERYTHING) -> Program:
    """A token of the platform, which publishes the model."""
    tools = still.tools
    with tools.begin(SHELL) as work:
        slug = f"platform-{uuid4().hex[:8]}"
        tenant = people.add_tenant(work, slug=slug, name="Mentor School", platform=True)
    with tools.begin(SHELL, tenant) as work:
        owner = people.add_colleague(
            work, name="Орлова Тамара", email=f"owner@{slug}.example", password_hash=None
        )
        token = tokens.issue_token(work, name="x", scopes=scopes, person_id=owner)
    return Program(client, token)
