"""Limits: counted before compared, kept in PostgreSQL, about nobody by name (SECURITY.md B10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask
from hypothesis import given
from hypothesis import strategies as st

from server.access.actors import VISITOR
from server.http import limits as door_limits
from server.http.context import door
from server.kernel.clock import FixedClock
from server.kernel.errors import Refused
from server.runtime import Runtime
from server.services import limits
from server.services.limits import Limit
from tests.http.conftest import browser

FEW = Limit("few", 3, timedelta(minutes=15))
MANY = Limit("many", 5, timedelta(hours=1))


def test_one_more_than_allowed_is_refused_until_the_window_ends(runtime: Runtime) -> None:
    for _ in range(3):
        assert _count(runtime, (FEW, "somebody")) is None

    exceeded = _count(runtime, (FEW, "somebody"))

    assert exceeded is not None
    name, retry_at = exceeded
    assert name == "few"
    assert timedelta() < retry_at - runtime.tools.clock.now() <= timedelta(minutes=15)


def test_another_person_is_not_concerned(runtime: Runtime) -> None:
    for _ in range(4):
        _count(runtime, (FEW, "somebody"))

    assert _count(runtime, (FEW, "somebody else")) is None


def test_every_limit_counts_even_where_another_refuses(runtime: Runtime) -> None:
    for _ in range(6):
        exceeded = _count(runtime, (FEW, "somebody"), (MANY, "here"))

    assert exceeded is not None
    assert exceeded[0] == "many"  # the one that lasts longest is told
    assert _count(runtime, (MANY, "here")) is not None


def test_a_new_window_begins_from_nothing(runtime: Runtime) -> None:
    from dataclasses import replace

    later = replace(
        runtime.tools, clock=FixedClock(runtime.tools.clock.now() + timedelta(minutes=15))
    )
    for _ in range(4):
        _count(runtime, (FEW, "somebody"))

    with later.begin(VISITOR) as work:
        assert limits.count(work, tries=[(FEW, "somebody")]) is None


def test_a_refused_request_counts_although_its_own_transaction_is_taken_back(
    app: Flask, runtime: Runtime
) -> None:
    pages = Blueprint("limited", __name__)

    @pages.get("/limited")
    @door("public")
    def limited() -> str:
        door_limits.allow((FEW, door_limits.here()))
        raise Refused(reason="code_needed")

    app.register_blueprint(pages)
    client = browser(app)

    statuses = [client.get("/limited").status_code for _ in range(5)]

    assert statuses == [422, 422, 422, 429, 429]


def test_the_counters_say_nothing_about_whom_they_count(
    runtime: Runtime, superuser_url: str
) -> None:
    _count(runtime, (FEW, "belova@example.org"), (MANY, "203.0.113.0/24"))

    with psycopg.connect(superuser_url) as connection:
        rows: list[Any] = connection.execute("select key from limit_counter").fetchall()

    assert len(rows) == 2
    assert all("belova" not in key and "203.0" not in key for (key,) in rows)


def test_a_school_behind_one_address_is_not_locked_out() -> None:
    staff_of_a_school, mistakes_each = 30, 3

    assert limits.SIGN_IN_ADDRESS.most >= staff_of_a_school * (mistakes_each + 1)
    assert limits.SIGN_IN_HERE.most < limits.SIGN_IN_ACCOUNT.most < limits.SIGN_IN_ADDRESS.most
    assert limits.CODE_ADDRESS.most >= 300  # an opening gathering, everybody on one network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("a unix socket", "a unix socket"),
    ],
)
def test_a_network_is_what_a_household_shares(address: str, network: str) -> None:
    assert limits.network(address) == network


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_addresses_share_a_network_when_they_agree_but_for_the_last_number(
    one: Any, other: Any
) -> None:
    same = str(one).rpartition(".")[0] == str(other).rpartition(".")[0]

    assert (limits.network(str(one)) == limits.network(str(other))) == same


def _count(runtime: Runtime, *tries: tuple[Limit, str]) -> Any:
    with runtime.tools.begin(VISITOR) as work:
        return limits.count(work, tries=tries)
