"""Nothing is kept longer than it is needed, and what proves a signature outlives the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from sqlalchemy import inspect, select, text

from server.access.actors import SHELL, SYSTEM, Actor
from server.kernel.ids import new_id
from server.kernel.places import workflow_defs
from server.services import persons
from server.services.cases import decisions, unattended
from server.services.consent import verification
from server.services.families import arrivals, family
from server.services.privacy import housekeeping
from server.services.privacy.housekeeping import Swept
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import desk
from server.store import consents, people
from server.store.cases import Inbox, Task, Timer, tasks_of
from tests.factories import Colleague, Enrolment, School, a_family, an_enrolment, an_invited_family


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
    school.pass_days(30.9)
    mine.is_overdue()
    assert mine.row.end == "expired"

    assert _sweep(school).people == 1


def test_a_request_without_a_consent_is_erased_as_soon_as_its_thirty_days_are_over(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents")
    school.pass_days(29)
    mine.is_overdue()
    assert _sweep(school).people == 0
    school.pass_days(1.9)
    mine.is_overdue()
    assert mine.row.end == "expired"

    assert _sweep(school).people == 2

    assert _read_as_shell(school, mine.child_id) == {}
    # Nobody signed, so nothing is to be proved: the unsigned document names the child too.
    assert not school.do(SHELL, lambda work: work.proofs.knows(mine.child_id))
    assert not school.do(SHELL, lambda work: work.proofs.knows(mine.family.actor.person_id))
    assert school.do(SHELL, verification.verify_chain).exit_code == 0


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("at", ["review", "enrolled"])
def test_after_a_withdrawal_what_is_known_of_the_child_is_gone_within_thirty_days(
    school: School, nina: Colleague, at: Any, closed: bool
) -> None:
    mine = an_enrolment(school, at=at)
    withdrawal = mine.withdraws("processing")
    school.pass_days(5)
    if closed:
        _close(school, nina, withdrawal)
    school.pass_days(24)
    assert _sweep(school).people == 0
    assert _read_as_shell(school, mine.child_id)
    school.pass_days(0.9)

    assert _sweep(school).people == 2

    assert _read_as_shell(school, mine.child_id) == {}
    # What proves that consent was given and withdrawn stays.
    assert school.do(SHELL, lambda work: work.proofs.knows(mine.child_id))
    report = school.do(SHELL, verification.verify_chain)
    assert (report.exit_code, report.erased) == (0, 0)


def test_the_school_can_still_close_what_a_withdrawal_left_once_the_child_is_erased(
    school: School, nina: Colleague
) -> None:
    mine = an_enrolment(school, at="review")
    withdrawal = mine.withdraws("processing")
    due = _task_of(school, withdrawal).due_at
    school.pass_days(40)
    assert _sweep(school).people == 2

    listed = school.do(nina.actor, desk.worklist, school_id=school.id)
    row = next(one for one in listed.rows if one.case_id == withdrawal)
    card = school.do(nina.actor, desk.card, case_id=withdrawal, locale="ru", reason="law")
    _close(school, nina, withdrawal)

    assert (row.child_name, row.hidden, row.due_at) == (None, True, due)
    assert card.child_name is None
    assert card.answers == ()
    assert [one.task.step for one in card.tasks] == ["close_application"]
    assert mine.row.end == "closed_after_withdrawal"


def test_a_consent_given_again_after_a_withdrawal_keeps_the_child(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    consent_id = mine.consent_id("processing")
    mine.withdraws("processing")

    def give_again(work: UnitOfWork) -> None:
        old = consents.consent(work.session, consent_id)
        assert old is not None
        held = {one.key: getattr(old, one.key) for one in inspect(consents.Consent).column_attrs}
        again = {"id": new_id(), "state": "given", "withdrawn_at": None}
        work.session.add(consents.Consent(**{**held, **again}))

    school.do(SYSTEM, give_again)
    school.pass_days(40)

    assert _sweep(school).people == 0


def test_a_withdrawn_permission_alone_erases_nobody(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    mine.withdraws("participation")
    school.pass_days(40)

    assert _sweep(school).people == 0


def test_a_guardian_goes_with_the_last_of_their_children(school: School) -> None:
    parent = a_family(school)
    an_enrolment(school, at="declined_by_child", child="Смирнов Ян", of=parent)
    school.pass_days(10)
    an_enrolment(school, at="declined_by_child", child="Смирнова Ева", of=parent)
    school.pass_days(21)
    assert _sweep(school).people == 1
    school.pass_days(10)

    assert _sweep(school).people == 2


def test_a_guardian_still_reads_the_page_when_one_child_of_two_was_erased(
    school: School, nina: Colleague
) -> None:
    parent = a_family(school)
    gone = an_enrolment(school, at="review", child="Смирнов Ян", of=parent)
    gone.is_decided_by(nina, "decline")
    kept = an_enrolment(school, at="review", child="Смирнова Ева", of=parent)
    school.pass_days(31)
    assert _sweep(school).people == 1

    page = school.do(kept.guardian, family.family)
    card = gone.is_opened_by(nina)

    assert {one.child_name for one in page.applications} == {"", "Смирнова Ева"}
    assert (card.child_name, card.answers, card.decisions[0].comment) == (None, (), None)


def test_what_is_swept_keeps_the_terms_of_the_law_s_table() -> None:
    law = yaml.safe_load((workflow_defs() / "legal" / "ru.yaml").read_text())
    keep = {row["kept"]: row["keep"] for row in law["retention"]}
    assert keep["unconfirmed_contact"] == "24 hours"
    assert timedelta(hours=24) == housekeeping.UNCONFIRMED
    assert keep["refused_request"] == keep["withdrawn_consent"] == "30 days"
    assert housekeeping.AFTER_END == housekeeping.AFTER_WITHDRAWAL == timedelta(days=30)
    assert keep["place_request"] == f"{arrivals.KEEP_REQUEST_DAYS} days"


def test_a_request_with_a_consent_never_ends_by_itself(school: School) -> None:
    mine = an_enrolment(school, at="voice")
    school.pass_days(40)
    mine.is_overdue()
    assert mine.row.status == "open"
    assert mine.task("call_guardian").status == 0


def test_time_ends_no_request_whose_consents_were_withdrawn(school: School) -> None:
    mine = an_enrolment(school, at="review")
    mine.withdraws("processing")
    mine.withdraws("participation")
    school.pass_days(31)

    assert _timers_of(school, mine.case_id) == []
    _expires_all_the_same(school, mine)
    assert (mine.row.status, mine.row.end) == ("paused", None)


def test_time_ends_no_request_that_the_guardian_signed_and_the_teenager_did_not(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents", age=15)
    mine.signs()
    school.pass_days(31)
    mine.is_overdue()

    assert (mine.row.status, mine.row.end) == ("open", None)


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


def _timers_of(school: School, case_id: UUID) -> list[Timer]:
    query = select(Timer).where(Timer.case_id == case_id)
    return school.do(SHELL, lambda work: list(work.session.scalars(query)))


def _expires_all_the_same(school: School, mine: Enrolment) -> None:
    """As if the scheduler had taken the timer a moment before it was dropped."""
    timer_id = _due_now(school, mine, "expire")
    assert not school.do(SYSTEM, unattended.fire_timer, timer_id)


def _due_now(school: School, mine: Enrolment, kind: str) -> UUID:
    """A timer of the case that is due this moment."""
    timer_id = new_id()

    def set_one(work: UnitOfWork) -> None:
        work.session.add(
            Timer(
                id=timer_id,
                tenant_id=work.tenant_id,
                case_id=mine.case_id,
                task_id=None,
                kind=kind,
                fires_at=work.now,
                rule={},
                attempts=0,
            )
        )

    school.do(SYSTEM, set_one)
    return timer_id


def _close(school: School, colleague: Colleague, withdrawal: UUID) -> None:
    """The school closes the application after a withdrawal, and the scheduler goes round."""
    task = _task_of(school, withdrawal)
    school.do(
        colleague.actor,
        decisions.finish_task,
        case_id=withdrawal,
        task_id=task.id,
        outcome="done",
    )
    for one in school.do(SHELL, lambda work: list(work.session.scalars(select(Inbox.id)))):
        school.do(Actor("system", school.tenant_id), unattended.apply_inbox, one)


def _task_of(school: School, withdrawal: UUID) -> Task:
    rows = school.do(SHELL, lambda work: tasks_of(work.session, withdrawal))
    return next(row for row in rows if row.step == "close_application")


def _read_as_shell(school: School, person_id: UUID) -> dict[str, Any]:
    return school.do(SHELL, _read, person_id)


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
    timer_id = _due_now(school, mine, "remind")

    assert not school.do(SYSTEM, unattended.fire_timer, timer_id=timer_id)

    assert (
        school.do(SYSTEM, lambda work: work.session.get(Timer, (timer_id, work.tenant_id))) is None
    )
