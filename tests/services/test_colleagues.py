"""Accounts across organisations and in the same second: one account, one token, no old way in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from server.access.actors import SHELL
from server.kernel.clock import FixedClock
from server.kernel.errors import DeadLink, Refused
from server.runtime import Runtime
from server.services.accounts import colleagues, people, sign_in, tokens
from tests.factories import Colleague, School, a_colleague, a_school

CLICKS = 8
FIRST, SECOND = "первые четыре слова", "вторые четыре слова"


def _welcomed(school: School, email: str) -> UUID:
    """Somebody new gets a role and a letter with a way to a first password; the letter."""
    with school.tools.begin(SHELL, school.tenant_id) as work:
        people.add_and_appoint(
            work, school_id=school.id, name="Орлова Анна", email=email, role="coordinator",
            since=work.now.date(),
        )  # fmt: skip
        row = work.session.execute(
            text("SELECT id FROM delivery WHERE letter = 'welcome_staff' ORDER BY id DESC LIMIT 1")
        )
        found = row.scalar_one()
        assert isinstance(found, UUID)
        return found


def _set(school: School, letter: UUID, password: str) -> None:
    with school.tools.begin(SHELL, school.tenant_id) as work:
        door = work.session.execute(
            text("SELECT token_hash FROM door WHERE target = :id"), {"id": letter}
        ).scalar_one()
        sign_in.set_password(
            work, delivery_id=letter, hash_=bytes(door), password=password, again=password
        )


def test_a_way_mailed_by_another_organisation_ends_with_the_new_password(
    still: Runtime, school: School
) -> None:
    other = a_school(still.tools)
    here, there = _welcomed(school, "anna@example.org"), _welcomed(other, "anna@example.org")
    assert isinstance(still.tools.clock, FixedClock)
    still.tools.clock.at += timedelta(hours=1)
    _set(school, here, FIRST)

    with pytest.raises(DeadLink):
        _set(other, there, SECOND)


def test_of_two_clicks_on_giving_a_role_one_adds_somebody(school: School) -> None:
    ready = Barrier(CLICKS)

    def click(_: int) -> str:
        ready.wait(timeout=30)
        try:
            _welcomed(school, "new@example.org")
        except Refused as refusal:
            return str(refusal.facts["reason"])
        return "added"

    with ThreadPoolExecutor(CLICKS) as threads:
        answers = list(threads.map(click, range(CLICKS)))

    assert sorted(answers) == ["added", *["role_held"] * (CLICKS - 1)]


def test_of_two_clicks_on_making_a_key_one_makes_it(school: School, nina: Colleague) -> None:
    ready = Barrier(CLICKS)

    def click(_: int) -> str:
        ready.wait(timeout=30)
        try:
            with school.tools.begin(SHELL, school.tenant_id) as work:
                tokens.issue_token(
                    work, name="отчёты", scopes=["cases:read"], person_id=nina.person_id
                )
        except Refused as refusal:
            return str(refusal.facts["reason"])
        return "made"

    with ThreadPoolExecutor(CLICKS) as threads:
        answers = list(threads.map(click, range(CLICKS)))

    assert sorted(answers) == ["made", *["token_name_taken"] * (CLICKS - 1)]


def test_who_never_set_a_password_is_no_administrator_to_rely_on(
    school: School,
) -> None:
    olga = a_colleague(school, role="partner_admin", name="Лебедева Ольга")
    with school.tools.begin(SHELL, school.tenant_id) as work:
        people.add_and_appoint(
            work, school_id=school.id, name="Пустов Пётр", email="mistyped@example.org",
            role="partner_admin", since=work.now.date(),
        )  # fmt: skip
    [role] = _roles(school, olga)

    with pytest.raises(Refused, match="last_admin"):
        school.do(olga.actor, colleagues.end_role, position_id=role)


@pytest.mark.parametrize("day", [date.max, date(2926, 1, 1)])
def test_a_role_that_ends_in_another_age_is_a_slip_of_the_hand(
    school: School, nina: Colleague, day: date
) -> None:
    olga = a_colleague(school, role="partner_admin", name="Лебедева Ольга")
    [role] = _roles(school, nina)

    with pytest.raises(Refused, match="role_end_far"):
        school.do(olga.actor, colleagues.end_role_after, position_id=role, last_day=day)


def _roles(school: School, one: Colleague) -> list[UUID]:
    with school.tools.begin(SHELL, school.tenant_id) as work:
        rows = work.session.execute(
            text("SELECT id FROM position WHERE person_id = :who"), {"who": one.person_id}
        )
        return [row[0] for row in rows]
