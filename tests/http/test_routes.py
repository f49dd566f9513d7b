"""The list of addresses: complete, and every line says whom it is for (SECURITY.md A14)."""

from __future__ import annotations

from flask import Flask

from server.cli.routes import rules
from server.http.context import kinds
from tests.http.conftest import browser


def test_every_address_is_listed_with_its_policy(app: Flask) -> None:
    listed = rules(app)

    assert {each["rule"] for each in listed} >= {
        "/sign-in",
        "/sign-out",
        "/readyz",
        "/reset/<token>",
    }
    for each in listed:
        assert each["policy"].partition(":")[0] in kinds(), each
        assert each["methods"], each


def test_signing_out_is_a_change_and_so_is_every_other_change(app: Flask) -> None:
    methods = {each["rule"]: each["methods"] for each in rules(app)}

    assert methods["/sign-out"] == ["POST"]
    assert methods["/reset/<token>"] == ["GET"]


def test_asking_by_head_or_options_changes_nothing_and_trace_is_refused(app: Flask) -> None:
    client = browser(app)

    assert client.head("/sign-in").status_code == 200
    assert client.options("/sign-out").status_code == 200
    assert client.open("/sign-in", method="TRACE").status_code == 405
