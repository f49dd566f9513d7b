"""A child turns 18 while its request waits: a guardian signs for no grown-up (CONSENT.md R15)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.access.actors import SHELL
from server.kernel.clock import FixedClock
from server.kernel.errors import StageClosed
from server.services.families import applications, childs_turn, packages, requests, signatures
from server.store import consents
from tests.factories import Enrolment, School, an_enrolment


def turns_18(made: Enrolment, *, hour: int = 9) -> None:
    clock = made.school.tools.clock
    assert isinstance(clock, FixedClock)
    clock.at = datetime(made.born.year + 18, made.born.month, made.born.day, hour, tzinfo=UTC)


def states(made: Enrolment) -> set[str]:
    rows = made.school.do(SHELL, lambda work: consents.consents_of_case(work.session, made.case_id))
    return {row.state for row in rows}


def test_a_guardian_signs_nothing_for_a_grown_up(school: School) -> None:
    made = an_enrolment(school, at="consents", age=17)
    turns_18(made)

    with pytest.raises(StageClosed) as closed:
        made.signs()

    assert closed.value.facts["reason"] == "of_age"
    assert states(made) == {"requested"}


def test_neither_a_code_nor_an_answer_of_the_day_before_signs_on_the_birthday(
    school: School,
) -> None:
    made = an_enrolment(school, at="consents", age=17)
    asked = school.do(
        made.guardian, packages.package, case_id=made.case_id, stage="consents", locale="ru"
    )
    facts = {
        "case_id": made.case_id,
        "stage": "consents",
        "answers": {one.consent: "given" for one in asked.questions},
        "hashes": {one.consent: one.document.hash for one in asked.questions},
        "locale": "ru",
    }
    turns_18(made)

    with pytest.raises(StageClosed):
        school.do(made.guardian, signatures.ask_package_code, **facts)
    with pytest.raises(StageClosed):
        school.do(made.guardian, signatures.sign, **facts)


def test_the_request_is_closed_and_the_family_page_knows_why(school: School) -> None:
    made = an_enrolment(school, at="consents", age=17)
    turns_18(made)

    school.do(made.guardian, requests.stop_of_age, case_id=made.case_id)

    assert (made.row.status, made.row.end) == ("ended", "expired")
    mine = school.do(made.guardian, applications.application, case_id=made.case_id)
    assert mine.grown_up
    assert mine.next_steps == ()


def test_a_reminder_that_comes_due_after_the_birthday_closes_instead(school: School) -> None:
    made = an_enrolment(school, at="consents", age=17)
    turns_18(made)

    made.is_overdue()

    assert made.row.end == "expired"


def test_what_was_signed_at_17_goes_on_at_18(school: School) -> None:
    made = an_enrolment(school, at="voice", age=17)
    school.do(
        made.guardian,
        childs_turn.send_child_link,
        case_id=made.case_id,
        contact="teen@example.org",
    )
    turns_18(made)

    school.do(made.guardian, requests.stop_of_age, case_id=made.case_id)

    assert made.row.status == "open"
    made.signs_too()
    assert "given" in states(made)


def test_nobody_closes_the_request_of_somebody_below_18(school: School) -> None:
    made = an_enrolment(school, at="consents", age=17)

    school.do(made.guardian, requests.stop_of_age, case_id=made.case_id)

    assert made.row.status == "open"
