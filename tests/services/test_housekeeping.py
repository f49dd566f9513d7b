"""Nothing is kept longer than it is needed, and what proves a signature outlives the rest."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from server.access.actors import SHELL, SYSTEM, Actor
from server.kernel.ids import new_id
from server.services import persons
from server.services.cases import unattended
from server.services.consent import verification
from server.services.families import arrivals
from server.services.privacy import housekeeping
from server.services.privacy.housekeeping import Swept
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import desk
from server.store import people
from server.store.cases import Timer
from tests.factories import Colleague, School, a_family, an_enrolment, an_invited_family


def test_a_contact_nobody_confirmed_is_gone_after_a_day(school: School) -> None:
    school.do(
        school.visitor,
        arrivals.ask_contact,
        school_id=school.id,
        municipality_id=None,
        contact="mum@example.org",
        locale="ru",
    )
    school.pass_days(0.9)
    assert _sweep(school) == Swept(0, 0)
    school.pass_days(0.2)
    assert _sweep(school) == Swept(1, 0)
    assert _count(school, "contact_check") == _count(school, "subject_key") == 0


@pytest.mark.parametrize("at", ["declined_by_family", "declined_by_child"])
def test_of_a_refused_request_only_sealed_evidence_is_left_after_thirty_days(
    school: School, at: Any
) -> None:
    mine = an_enrolment(school, at=at)
    school.pass_days(29)
    assert _sweep(school).people == 0
    school.pass_days(2)

    assert _sweep(school).people == 2

    for person_id in (mine.child_id, mine.family.actor.person_id):
        row = school.do(SHELL, lambda work, who=person_id: people.person(work.session, who))
        assert row is not None
        assert row.sealed == b""
        assert row.surname_index is row.contact_index is None
        assert school.do(SHELL, _read, person_id) == {}
    report = school.do(SHELL, verification.verify_chain)
    assert (report.exit_code, report.erased) == (0, 0)


def test_the_proof_of_a_signature_goes_three_years_later_and_the_chain_still_verifies(
    school: School,
) -> None:
    an_enrolment(school, at="declined_by_child")
    school.pass_days(31)
    _sweep(school)
    school.pass_days(3 * 365 + 1)
    _sweep(school)

    report = school.do(SHELL, verification.verify_chain)

    assert report.exit_code == 0
    assert report.erased > 0


def test_an_invitation_nobody_took_up_ends_by_itself_and_leaves_no_contact(
    school: School, nina: Colleague
) -> None:
    mine = an_invited_family(school, nina)
    school.pass_days(31)
    mine.is_overdue()
    assert mine.row.end == "expired"
    school.pass_days(31)

    assert _sweep(school).people == 1


def test_a_request_with_a_consent_never_ends_by_itself(school: School) -> None:
    mine = an_enrolment(school, at="voice")
    school.pass_days(40)
    mine.is_overdue()
    assert mine.row.status == "open"
    assert mine.task("call_guardian").status == 0


def test_who_was_enrolled_stays(school: School, nina: Colleague) -> None:
    mine = an_enrolment(school, at="enrolled")
    school.pass_days(60)
    assert _sweep(school).people == 0
    assert school.do(nina.actor, desk.card, case_id=mine.case_id, locale="ru").child_name


def test_a_guardian_of_two_children_stays_while_one_of_them_does(school: School) -> None:
    family = a_family(school)
    an_enrolment(school, at="declined_by_child", child="Смирнов Ян", of=family)
    an_enrolment(school, at="review", child="Смирнова Ева", of=family)
    school.pass_days(31)

    assert _sweep(school).people == 1


def _sweep(school: School) -> Swept:
    return school.do(Actor("system", school.tenant_id), housekeeping.sweep)


def _count(school: School, table: str) -> int:
    asked = text(f"SELECT count(*) FROM {table}")
    return int(school.do(SHELL, lambda work: work.session.execute(asked).scalar_one()))


def _read(work: Any, person_id: Any) -> dict[str, Any]:
    row = people.person(work.session, person_id)
    assert row is not None
    return persons.read(work, row)


def test_a_timer_that_finds_nothing_to_do_is_gone_all_the_same(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    timer_id = new_id()

    def set_one(work: UnitOfWork) -> None:
        work.session.add(
            Timer(
                id=timer_id,
                tenant_id=work.tenant_id,
                case_id=mine.case_id,
                task_id=None,
                kind="remind",
                fires_at=work.now,
                rule={},
                attempts=0,
            )
        )

    school.do(SYSTEM, set_one)
    assert not school.do(SYSTEM, unattended.fire_timer, timer_id=timer_id)

    assert (
        school.do(SYSTEM, lambda work: work.session.get(Timer, (timer_id, work.tenant_id))) is None
    )
