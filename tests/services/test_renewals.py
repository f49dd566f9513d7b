"""A text changed materially is asked for anew; what was signed before stays what it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from server.access.actors import SHELL, Actor
from server.kernel.marks import one_time_code
from server.services.cases import unattended
from server.services.consent import renewals
from server.services.families import applications, packages, signatures
from server.store import cases, consents
from tests.factories import Enrolment, School, an_enrolment, republished


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
