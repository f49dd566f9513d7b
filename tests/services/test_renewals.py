"""A text changed materially is asked for anew; what was signed before stays what it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from server.access.actors import SHELL, Actor
from server.kernel.marks import one_time_code
from server.services.cases import decisions, unattended
from server.services.consent import renewals
from server.services.families import applications, packages, signatures
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents
from tests.factories import Colleague, Enrolment, School, an_enrolment, republished


def test_who_gave_consent_to_the_old_text_is_asked_once(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    other = an_enrolment(school, at="declined_by_child", child="Жуков Роман")
    assert _campaign(school) == 0
    republished(school, "processing", "2026-09-05")

    assert _campaign(school) == 1
    assert _campaign(school) == 0

    assert _renewal(mine) is not None
    assert _renewal(other) is None
    asked = _package(mine)
    assert [one.consent for one in asked.questions] == ["processing"]
    assert asked.questions[0].document.edition == "2026-09-05"
    assert not asked.questions[0].postpone


def test_a_mended_slip_asks_nobody(school: School) -> None:
    an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05", material=False)
    assert _campaign(school) == 0


def test_a_slip_mended_right_after_a_material_change_hides_it_from_nobody(school: School) -> None:
    signed = an_enrolment(school, at="enrolled")
    unsigned = an_enrolment(school, at="consents", child="Жуков Роман")
    republished(school, "processing", "2026-09-05")
    republished(school, "processing", "2026-09-06", material=False)

    assert _campaign(school) == 1
    assert _package(signed).questions[0].document.edition == "2026-09-06"
    asked = school.do(
        unsigned.guardian,
        packages.package,
        case_id=unsigned.case_id,
        stage="consents",
        locale="ru",
    )
    editions = {one.consent: one.document.edition for one in asked.questions}
    assert editions["processing"] == "2026-09-06"


def test_the_card_says_which_consent_needs_renewal_until_the_family_answers(
    school: School, nina: Colleague
) -> None:
    mine = an_enrolment(school, at="review")

    def stale() -> list[str]:
        return [one.sign.consent for one in mine.is_opened_by(nina).consents if one.needs_renewal]

    republished(school, "processing", "2026-09-04", material=False)
    assert stale() == []
    republished(school, "processing", "2026-09-05")
    republished(school, "processing", "2026-09-06", material=False)
    assert stale() == ["processing"]
    _campaign(school)
    assert stale() == ["processing"]  # asked is not answered

    _answer(mine, "given")

    assert stale() == []


def test_a_new_text_read_in_another_language_stays_the_new_text(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    republished(school, "processing", "2026-09-05")
    for locale in ("ru", "en"):
        asked = school.do(
            mine.guardian,
            packages.package,
            case_id=mine.case_id,
            stage="consents",
            locale=locale,
        )
        assert asked.questions[0].document.edition == "2026-09-05"


@pytest.mark.parametrize(
    ("said", "states"), [("given", ["given", "renewed"]), ("refused", ["withdrawn", "refused"])]
)
def test_the_answer_is_a_record_of_its_own_and_ends_the_asking(
    school: School, said: Any, states: list[str]
) -> None:
    mine = an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)
    assert renewal is not None

    _answer(mine, said)

    rows = _consents(school, mine)
    assert [row.state for row in rows] == states
    assert [row.edition.isoformat() for row in rows] == ["2026-09-01", "2026-09-05"]
    ended = school.do(SHELL, lambda work: cases.case(work.session, renewal))
    assert ended is not None
    assert ended.end == "answered"
    assert _renewal(mine) is None
    assert _campaign(school) == 0  # a no is a no: nobody is asked again and again


@pytest.mark.parametrize(
    ("consent", "opens", "status"),
    [("processing", "close_application", "paused"), ("photo", "stop_photos", "open")],
)
def test_a_no_to_the_new_text_takes_the_old_answer_back_with_all_that_follows(
    school: School, consent: str, opens: str, status: str
) -> None:
    mine = an_enrolment(school, at="review")
    if consent == "photo":
        mine.photo("given")
    republished(school, consent, "2026-09-05")
    _campaign(school)

    _answer(mine, "refused")
    _inbox(school)

    told = [
        row.data["consent"]
        for case in _cases(school, mine)
        if case.workflow == "consent_withdrawal"
        for row in school.do(SHELL, lambda work, id_=case.id: cases.events_of(work.session, id_))
        if row.kind == "filled"
    ]
    old = _consents(school, mine, consent)[0]
    assert told == [str(old.id)]
    assert _open_tasks(school, mine, "consent_withdrawal") == [opens]
    application = next(case for case in _cases(school, mine) if case.id == mine.case_id)
    assert application.status == status


def test_a_teenager_s_no_to_the_new_text_takes_back_what_both_had_signed(school: School) -> None:
    mine = an_enrolment(school, at="enrolled", age=15)
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)
    _answer(mine, "given")
    assert [row.state for row in _consents(school, mine)] == ["given", "requested"]

    _answer(mine, "refused", actor=mine.mentee, case_id=renewal)

    assert [row.state for row in _consents(school, mine)] == ["withdrawn", "refused"]


def test_a_no_said_twice_opens_one_consequence(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    asked = _package(mine)
    facts = {
        "case_id": asked.case_id,
        "stage": "renewal",
        "answers": {"processing": "refused"},
        "hashes": {one.consent: one.document.hash for one in asked.questions},
        "locale": "ru",
    }
    for _ in range(2):
        school.do(replace(mine.guardian, case_id=asked.case_id), signatures.sign, **facts)
    assert _open_tasks(school, mine, "consent_withdrawal") == ["close_application"]


def test_a_withdrawal_ends_the_old_answer_and_the_new_one(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    _answer(mine, "given")

    mine.withdraws("processing")

    assert {row.state for row in _consents(school, mine)} == {"withdrawn"}


@pytest.mark.parametrize(
    ("at", "changed", "taken_back"),
    [
        ("review", "processing", "processing"),
        ("review", "participation", "processing"),
        ("review", "processing", "participation"),
        ("enrolled", "participation", "processing"),
        ("review", "photo", "participation"),
    ],
)
def test_a_withdrawal_ends_the_asking_for_changed_texts_and_nobody_is_reminded(
    school: School, nina: Colleague, at: Any, changed: str, taken_back: str
) -> None:
    mine = an_enrolment(school, at=at)
    if changed == "photo":
        mine.photo("given")
    republished(school, changed, "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)

    mine.withdraws(taken_back)
    _inbox(school)

    ended = next(case for case in _cases(school, mine) if case.id == renewal)
    assert (ended.status, ended.end) == ("ended", "stopped")
    assert _open_tasks(school, mine, "consent_renewal") == []
    assert _timers_of(school, renewal) == []
    assert _renewal(mine) is None
    assert _campaign(school) == 0
    card = mine.is_opened_by(nina)
    assert card.hidden == (taken_back == "processing")


def test_a_reminder_that_is_due_before_the_asking_ends_does_nothing(school: School) -> None:
    mine = an_enrolment(school, at="review")
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)
    due = _timers_of(school, renewal)
    mine.withdraws("processing")
    _inbox(school)
    school.do(SHELL, _set_again, renewal, due)
    before = _reminders(school)
    school.pass_days(20)

    fired = [
        school.do(Actor("system", school.tenant_id), unattended.fire_timer, one) for one in due
    ]

    assert due
    assert fired == [False for _ in due]
    assert _reminders(school) == before


def test_a_photo_taken_back_ends_the_asking_for_it_alone(school: School) -> None:
    mine = an_enrolment(school, at="review")
    mine.photo("given")
    republished(school, "photo", "2026-09-05")
    _campaign(school)
    assert _renewal(mine) is not None

    mine.withdraws("photo")
    _inbox(school)

    assert _renewal(mine) is None
    assert _campaign(school) == 0
    assert [row.state for row in _consents(school, mine, "photo")] == ["withdrawn", "invalidated"]


def test_a_withdrawal_ends_a_new_answer_that_a_teenager_has_yet_to_sign(school: School) -> None:
    mine = an_enrolment(school, at="enrolled", age=15)
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)
    _answer(mine, "given")

    mine.withdraws("processing")
    _inbox(school)

    assert [row.state for row in _consents(school, mine)] == ["withdrawn", "withdrawn"]
    ended = next(case for case in _cases(school, mine) if case.id == renewal)
    assert ended.end == "stopped"


def test_who_took_back_a_consent_is_not_asked_for_changed_texts(school: School) -> None:
    mine = an_enrolment(school, at="enrolled")
    mine.withdraws("processing")
    republished(school, "participation", "2026-09-05")

    assert _campaign(school) == 0


def test_the_application_is_closed_also_after_the_new_answer_was_withdrawn(
    school: School, nina: Colleague
) -> None:
    mine = an_enrolment(school, at="review")
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    _answer(mine, "given")

    withdrawal = mine.withdraws("processing")
    _inbox(school)
    assert mine.row.status == "paused"
    task = next(
        one
        for one in school.do(SHELL, lambda work: cases.tasks_of(work.session, withdrawal))
        if one.step == "close_application"
    )
    school.do(
        nina.actor, decisions.finish_task, case_id=withdrawal, task_id=task.id, outcome="done"
    )
    _inbox(school)

    assert mine.row.end == "closed_after_withdrawal"
    assert mine.withdraws("processing") == withdrawal


def test_from_fourteen_the_new_text_wants_both_signatures(school: School) -> None:
    mine = an_enrolment(school, at="enrolled", age=15)
    republished(school, "processing", "2026-09-05")
    _campaign(school)
    renewal = _renewal(mine)
    assert renewal is not None

    _answer(mine, "given")
    assert _consents(school, mine)[-1].state == "requested"
    _answer(mine, "given", actor=mine.mentee, case_id=renewal)

    assert _consents(school, mine)[-1].state == "renewed"


def _timers_of(school: School, case_id: Any) -> list[UUID]:
    query = select(cases.Timer.id).where(cases.Timer.case_id == case_id)
    return school.do(SHELL, lambda work: list(work.session.scalars(query)))


def _set_again(work: UnitOfWork, case_id: UUID, timers: list[UUID]) -> None:
    """As if each had been taken by the scheduler a moment before."""
    task = cases.tasks_of(work.session, case_id)[0]
    for one in timers:
        work.session.add(
            cases.Timer(
                id=one,
                tenant_id=work.tenant_id,
                case_id=case_id,
                task_id=task.id,
                kind="remind",
                fires_at=work.now,
                rule={},
                attempts=0,
            )
        )


def _reminders(school: School) -> int:
    asked = text("SELECT count(*) FROM delivery WHERE letter = 'reminder'")
    return int(school.do(SHELL, lambda work: work.session.execute(asked).scalar_one()))


def _campaign(school: School) -> int:
    return school.do(Actor("system", school.tenant_id), renewals.open_campaign)


def _renewal(mine: Enrolment) -> Any:
    found = mine.school.do(mine.guardian, applications.application, case_id=mine.case_id)
    return found.renewal


def _package(mine: Enrolment, actor: Actor | None = None, case_id: Any = None) -> packages.Package:
    return mine.school.do(
        actor or mine.guardian,
        packages.package,
        case_id=case_id or _renewal(mine),
        stage="renewal",
        locale="ru",
    )


def _answer(mine: Enrolment, said: Any, actor: Actor | None = None, case_id: Any = None) -> None:

    asked = _package(mine, actor and replace(actor, case_id=case_id), case_id)
    who = replace(actor or mine.guardian, case_id=asked.case_id)
    facts: dict[str, Any] = {
        "case_id": asked.case_id,
        "stage": "renewal",
        "answers": {one.consent: said for one in asked.questions},
        "hashes": {one.consent: one.document.hash for one in asked.questions},
        "locale": "ru",
    }
    if said == "given":
        sent = mine.school.do(who, signatures.ask_package_code, **facts)
        facts["code_id"] = sent.code_id
        facts["typed"] = one_time_code(mine.school.tools.pepper, sent.code_id)
    mine.school.do(who, signatures.sign, **facts)


def _inbox(school: School) -> None:
    waiting = school.do(SHELL, lambda work: list(work.session.scalars(select(cases.Inbox.id))))
    for one in waiting:
        school.do(Actor("system", school.tenant_id), unattended.apply_inbox, one)


def _cases(school: School, mine: Enrolment) -> list[cases.Case]:
    return school.do(SHELL, lambda work: cases.cases_of_subject(work.session, mine.child_id))


def _open_tasks(school: School, mine: Enrolment, workflow: str) -> list[str]:
    return [
        task.step
        for case in _cases(school, mine)
        if case.workflow == workflow
        for task in school.do(SHELL, lambda work, id_=case.id: cases.tasks_of(work.session, id_))
        if task.status == cases.OPEN
    ]


def _consents(
    school: School, mine: Enrolment, consent: str = "processing"
) -> list[consents.Consent]:
    rows = school.do(SHELL, lambda work: consents.consents_of_subject(work.session, mine.child_id))
    return sorted((row for row in rows if row.consent == consent), key=lambda row: row.id)
