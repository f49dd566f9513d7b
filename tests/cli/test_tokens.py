"""Tokens of programs from the shell: listed without their secret, revoked by their id."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from server.access.actors import SHELL
from server.cli import run
from server.runtime import Runtime
from server.services.accounts import sign_in, tokens
from server.settings import NAMES
from tests.factories import School, a_colleague, a_school


@pytest.fixture
def school(runtime: Runtime, owner_url: str, monkeypatch: pytest.MonkeyPatch) -> School:
    """A partner with one token, and a terminal on its database."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", runtime.settings.database_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", owner_url)
    monkeypatch.setenv("REDIS_URL", "none")
    monkeypatch.setenv("MENTOR_SCHOOL_SANDBOX", "yes")
    monkeypatch.setenv("MENTOR_SCHOOL_DATA", str(runtime.settings.data.path))
    made = a_school(runtime.tools)
    who = a_colleague(made, role="partner_admin")
    facts = {"name": "Портал", "scopes": ["tasks:read"], "person_id": who.person_id}
    made.do(SHELL, tokens.issue_token, **facts)
    return made


def test_a_listed_token_is_revoked_by_its_id(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "list", "--partner", school.slug, "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told["name"] == "Портал"
    assert told["scopes"] == ["tasks:read"]
    assert told["revoked_at"] is None
    assert "ms_" not in json.dumps(told)

    assert run(["token", "revoke", "--partner", school.slug, told["id"]]) == 0
    assert run(["--lang", "en", "token", "list", "--partner", school.slug]) == 0

    assert "revoked  Портал" in capsys.readouterr().out
    [held] = school.do(SHELL, tokens.tokens)
    assert school.do(SHELL, sign_in.token_holder, token_id=held.id) is None


def test_a_token_of_nobody_is_refused_in_a_sentence(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    other = a_school(school.tools)
    [held] = school.do(SHELL, tokens.tokens)

    for partner, token_id in ((school.slug, uuid4()), (other.slug, held.id)):
        assert run(["--lang", "en", "token", "revoke", "--partner", partner, str(token_id)]) == 1
        assert "Traceback" not in capsys.readouterr().err
    assert school.do(SHELL, sign_in.token_holder, token_id=held.id) is not None


def test_what_is_no_id_is_wrong_use(school: School) -> None:
    assert run(["token", "revoke", "--partner", school.slug, "not-an-id"]) == 2
