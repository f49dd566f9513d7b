"""A letter is looked at again when it is written: what nobody needs any more does not go out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.access.actors import SHELL, Actor
from server.kernel.marks import link_token
from server.services import records
from server.services.families import arrivals, childs_turn
from server.services.messages import letters, links
from tests.factories import Colleague, Enrolment, School, a_colleague, an_enrolment


def test_a_reminder_queued_before_a_withdrawal_does_not_go_out_after_it(school: School) -> None:
    mine = an_enrolment(school, at="voice")
    school.pass_days(3.2)
    mine.is_overdue()
    reminder = _newest(school, "reminder")

    mine.withdraws("processing")

    assert _written(school, reminder) is None
    assert _state(school, reminder) == ("dropped", "case_closed")


@pytest.mark.parametrize("ending", ["withdrawn", "declined"])
def test_what_asks_to_go_on_does_not_go_out_once_the_case_stands_still(
    school: School, nina: Colleague, ending: str
) -> None:
    mine = an_enrolment(school, at="questionnaire", age=15)
    link = _newest(school, "child_link")
    mine.fills_in()
    if ending == "withdrawn":
        mine.withdraws("participation")
    else:
        mine.is_decided_by(nina, "decline")

    assert _written(school, link) is None
    assert _state(school, link) == ("dropped", "case_closed")


def test_the_letters_of_the_end_go_out_although_the_case_is_over(
    school: School, nina: Colleague
) -> None:
    mine = an_enrolment(school, at="review")
    mine.is_decided_by(nina)

    assert _written(school, _newest(school, "enrolled")) is not None


def test_a_new_link_asked_for_before_a_withdrawal_is_dropped_and_one_asked_for_later_goes_out(
    school: School,
) -> None:
    mine = an_enrolment(school, at="voice")
    _asks_for_a_new_link(school, mine)
    before = _newest(school, "resume_link")
    school.pass_days(0.01)
    mine.withdraws("processing")
    school.pass_days(0.01)
    _asks_for_a_new_link(school, mine)
    after = _newest(school, "resume_link")

    assert _written(school, before) is None
    assert _written(school, after) is not None


def test_an_invited_child_s_link_goes_out_while_the_case_goes_on(school: School) -> None:
    mine = an_enrolment(school, at="consents", age=15)
    mine.signs()
    school.do(
        mine.guardian,
        childs_turn.send_child_link,
        case_id=mine.case_id,
        contact="teenager@example.org",
    )

    assert _written(school, _newest(school, "child_link")) is not None


def test_a_letter_nobody_needs_is_told_apart_from_one_that_did_not_arrive(school: School) -> None:
    mine = an_enrolment(school, at="voice")
    admin = a_colleague(school, name="Орлов Пётр", role="partner_admin")
    school.pass_days(3.2)
    mine.is_overdue()
    reminder = _newest(school, "reminder")
    mine.withdraws("processing")
    _written(school, reminder)

    lines = school.do(admin.actor, records.newest_letters, school_id=school.id)

    line = next(one for one in lines if one.id == reminder)
    assert (line.state, line.failure) == ("dropped", "case_closed")


def _newest(school: School, letter: str) -> UUID:
    asked = text("SELECT id FROM delivery WHERE letter = :letter ORDER BY id DESC LIMIT 1")
    found = school.do(SHELL, lambda work: work.session.execute(asked, {"letter": letter}).scalar())
    assert found is not None
    return UUID(str(found))


def _written(school: School, delivery_id: UUID) -> Any:
    return school.do(
        Actor("system", school.tenant_id), letters.write_letter, delivery_id=delivery_id
    )


def _state(school: School, delivery_id: UUID) -> tuple[str, str | None]:
    asked = text("SELECT state, failure FROM delivery WHERE id = :id")
    row = school.do(SHELL, lambda work: work.session.execute(asked, {"id": delivery_id}).one())
    return row[0], row[1]


def _asks_for_a_new_link(school: School, mine: Enrolment) -> None:
    """By a link that the guardian got long ago."""
    guardian = mine.family.actor.person_id
    assert guardian is not None
    link_id = school.do(
        SHELL, links.make_link, case_id=mine.case_id, person_id=guardian, role="guardian"
    )
    token = link_token(school.tools.pepper, link_id)
    school.do(school.visitor, arrivals.ask_new_link, token=token)
