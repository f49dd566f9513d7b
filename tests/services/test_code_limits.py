"""The limit of codes for one contact holds, whatever is asked at once (CONSENT.md R32)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from sqlalchemy import text

from server.access.actors import SHELL
from server.kernel.errors import LimitReached
from server.services.families import arrivals
from server.services.messages.codes import UNUSED_PER_HOUR
from tests.factories import School, an_enrolment

AT_ONCE = 20


def test_twenty_browsers_at_once_get_no_more_codes_than_one_after_another(school: School) -> None:
    ready = Barrier(AT_ONCE)

    def ask(number: int) -> str:
        visitor = replace(school.visitor, session_id=f"browser {number}")
        ready.wait(timeout=30)
        try:
            school.do(
                visitor,
                arrivals.ask_contact,
                school_id=school.id,
                municipality_id=None,
                contact="mum@example.org",
                locale="ru",
            )
        except LimitReached:
            return "limit"
        return "sent"

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(ask, range(AT_ONCE)))

    assert answers.count("sent") == UNUSED_PER_HOUR
    assert _count(school, "code") == UNUSED_PER_HOUR
    assert _count(school, "delivery WHERE letter = 'signing_code'") == UNUSED_PER_HOUR
    assert _count(school, "code WHERE dropped_at IS NULL") == 1  # earlier ones die


def test_a_contact_at_its_limit_holds_nobody_else_back(school: School) -> None:
    for number in range(UNUSED_PER_HOUR):
        school.do(
            replace(school.visitor, session_id=f"browser {number}"),
            arrivals.ask_contact,
            school_id=school.id,
            municipality_id=None,
            contact="mum@example.org",
            locale="ru",
        )

    assert an_enrolment(school, at="voice").row.stage == "voice"


def _count(school: School, what: str) -> int:
    asked = text(f"SELECT count(*) FROM {what}")
    return int(school.do(SHELL, lambda work: work.session.execute(asked).scalar_one()))
