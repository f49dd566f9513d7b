"""An optional consent can be given after a no: by a row of its own, and nobody is pressed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from server.access.actors import SHELL, Actor
from server.kernel.errors import NotFound, StageClosed
from server.services.consent import anew, renewals
from server.services.families import applications
from server.store import cases, consents, deliveries
from tests.factories import Enrolment, School, an_enrolment, republished


def asks_anew(made: Enrolment, name: str = "photo") -> anew.Asked:
    return made.school.do(made.guardian, anew.ask_anew, consent_id=made.consent_id(name))


def answers_anew(made: Enrolment, said: str = "given") -> anew.Asked:
    asked = asks_anew(made)
    again = Enrolment(made.school, asked.case_id, made.family, made.child, made.born)
    again._sign(again.guardian, asked.stage, {"photo": said})  # type: ignore[dict-item]
    return asked


def rows_of(made: Enrolment, name: str = "photo") -> list[consents.Consent]:
    found = made.school.do(
        SHELL, lambda work: consents.consents_of_subject(work.session, made.child_id)
    )
    return [row for row in reversed(found) if row.consent == name]


def shown(made: Enrolment, name: str = "photo") -> applications.ConsentState:
    mine = made.school.do(made.guardian, applications.application, case_id=made.case_id)
    return next(one for one in mine.consents if one.consent == name)


@pytest.mark.parametrize("at", ["review", "enrolled"])
@pytest.mark.parametrize("before", ["refused", "withdrawn"])
def test_an_optional_consent_is_given_after_a_no_by_a_row_of_its_own(
    school: School, at: str, before: str
) -> None:
    made = an_enrolment(school, at="review")
    made.photo("refused" if before == "refused" else "given")
    if before == "withdrawn":
        made.withdraws("photo")
    if at == "enrolled":
        from tests.factories import a_colleague

        made.is_decided_by(a_colleague(school, name="Орлова Вера"))
    [old] = rows_of(made)
    was = (old.state, old.document_hash, old.answered_at, old.withdrawn_at)
    assert shown(made).can_answer_anew

    answers_anew(made)

    old, new = rows_of(made)
    assert (old.state, old.document_hash, old.answered_at, old.withdrawn_at) == was
    assert (new.state, new.document_hash != old.document_hash) == ("given", True)
    assert (shown(made).consent_id, shown(made).state) == (new.id, "given")
    assert made.row.status == ("open" if at == "review" else "ended")


def test_it_can_be_withdrawn_and_given_once_more(school: School) -> None:
    made = an_enrolment(school, at="review")
    made.photo("refused")
    answers_anew(made)

    made.withdraws("photo")
    assert (shown(made).state, shown(made).can_answer_anew) == ("withdrawn", True)
    answers_anew(made)

    assert [row.state for row in rows_of(made)] == ["refused", "withdrawn", "given"]


def test_asking_twice_is_asking_once(school: School) -> None:
    made = an_enrolment(school, at="review")
    made.photo("refused")

    assert asks_anew(made) == asks_anew(made)
    assert len(rows_of(made)) == 2


def test_who_asked_anew_may_say_no_again_or_nothing(school: School) -> None:
    made = an_enrolment(school, at="review")
    made.photo("refused")
    answers_anew(made, "refused")

    assert [row.state for row in rows_of(made)] == ["refused", "refused"]
    assert shown(made).can_answer_anew
    asked = asks_anew(made)
    timers = school.do(
        SHELL,
        lambda work: list(
            work.session.scalars(select(cases.Timer.id).where(cases.Timer.case_id == asked.case_id))
        ),
    )
    assert timers == []  # nobody is reminded of what hangs on nothing
    mine = school.do(made.guardian, applications.application, case_id=made.case_id)
    assert mine.renewal is None


def test_a_question_of_the_familys_own_keeps_no_changed_text_from_being_asked(
    school: School,
) -> None:
    made = an_enrolment(school, at="review")
    made.photo("refused")
    asks_anew(made)
    republished(school, "participation", "2026-09-05")

    assert school.do(Actor("system", school.tenant_id), renewals.open_campaign) == 1
    mine = school.do(made.guardian, applications.application, case_id=made.case_id)
    assert mine.renewal is not None


def test_a_photo_put_off_until_the_end_can_be_answered_after_it(school: School) -> None:
    made = an_enrolment(school, at="enrolled")
    assert shown(made).can_answer_anew

    answers_anew(made)

    assert shown(made).state == "given"


def test_from_fourteen_the_teenager_is_called_once_to_sign_too(school: School) -> None:
    made = an_enrolment(school, at="review", age=15)
    made.photo("refused")

    asked = answers_anew(made)

    again = Enrolment(school, asked.case_id, made.family, made.child, made.born)
    assert rows_of(made)[-1].owed == ["mentee"]
    query = select(deliveries.Delivery.letter).where(
        deliveries.Delivery.case_id == asked.case_id,
        deliveries.Delivery.person_id == made.child_id,
    )
    assert school.do(SHELL, lambda work: list(work.session.scalars(query))) == ["reminder"]
    again._sign(again.mentee, asked.stage, {})
    assert shown(made).state == "given"


@pytest.mark.parametrize("why", ["given", "required", "stopped", "refused all"])
def test_what_is_given_required_or_stopped_is_not_asked_anew(school: School, why: str) -> None:
    if why == "refused all":
        made = an_enrolment(school, at="declined_by_family")
    else:
        made = an_enrolment(school, at="review")
        made.photo("given" if why == "given" else "refused")
    name = "photo"
    if why in ("required", "stopped"):
        made.withdraws("processing")
        name = "processing" if why == "required" else "photo"
    if why == "refused all":
        name = "processing"

    assert not shown(made, name).can_answer_anew
    with pytest.raises(StageClosed):
        asks_anew(made, name)


def test_another_family_asks_nothing_anew(school: School) -> None:
    made, other = an_enrolment(school), an_enrolment(school, child="Ким Дарья")
    made.photo("refused")

    with pytest.raises(NotFound):
        school.do(other.guardian, anew.ask_anew, consent_id=made.consent_id("photo"))
