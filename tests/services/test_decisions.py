"""Decisions: once, by the right people, on what is there at that moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from server.access.actors import SHELL
from server.kernel.errors import (
    AlreadyDone,
    MentorSchoolError,
    NotAllowed,
    NotFound,
    NotYours,
    Refused,
    StageClosed,
)
from server.runtime import Runtime
from server.services.cases import decisions
from server.services.families import applications, childs_turn
from server.store import cases, deliveries
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_family,
    a_school,
    an_enrolment,
    an_invited_family,
    standing_still,
)


@pytest.fixture
def school(runtime: Runtime) -> School:
    return a_school(standing_still(runtime).tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school, name="Белова Нина")


@pytest.fixture
def vera(school: School) -> Colleague:
    return a_colleague(school, name="Орлова Вера")


def decide(who: Colleague, made: Enrolment, outcome: str = "accept", **more: Any) -> Any:
    return made.school.do(
        who.actor,
        decisions.decide,
        case_id=made.case_id,
        task_id=more.pop("task_id", None) or made.task("decision").id,
        outcome=outcome,
        **more,
    )


def letters(made: Enrolment) -> Counter[str]:
    query = text("SELECT letter FROM delivery WHERE case_id = :case")
    rows = made.school.do(
        SHELL, lambda work: work.session.scalars(query, {"case": made.case_id}).all()
    )
    return Counter(rows)


def decided(made: Enrolment) -> list[tuple[str, Any]]:
    rows = made.school.do(SHELL, lambda work: cases.decisions_of(work.session, made.case_id))
    return [(row.outcome, row.person_id) for row in rows]


# Once


def test_two_clicks_decide_once_and_get_the_same_answer(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    task_id = made.task("decision").id

    first = decide(nina, made, task_id=task_id, key="one press")
    second = decide(nina, made, task_id=task_id, key="one press")

    assert first == second
    assert decided(made) == [("accept", nina.person_id)]
    assert letters(made)["enrolled"] == 1


def test_of_two_coordinators_at_the_same_moment_one_decides_and_the_other_learns_who(
    school: School, nina: Colleague, vera: Colleague
) -> None:
    made = an_enrolment(school)
    task_id = made.task("decision").id
    together = Barrier(2)

    def press(who: Colleague, outcome: str) -> Any:
        together.wait()
        try:
            return decide(who, made, outcome, task_id=task_id, comment="Почему")
        except AlreadyDone as late:
            return late

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, (nina, vera), ("accept", "decline")))

    late = next(one for one in answers if isinstance(one, AlreadyDone))
    first = next(one for one in answers if not isinstance(one, AlreadyDone))
    assert [outcome for outcome, _ in decided(made)] == [first.outcome]
    assert late.facts["outcome"] == first.outcome
    assert late.by in (nina.name, vera.name)
    assert late.by != (nina, vera)[answers.index(late)].name
    assert late.facts["at"] == school.tools.clock.now()


def test_what_the_browser_saw_is_decided_on_or_nothing(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    seen = made.row.revision

    with pytest.raises(AlreadyDone) as stale:
        decide(nina, made, revision=seen - 1)

    assert "outcome" not in stale.value.facts or stale.value.facts["outcome"] is None
    assert made.row.revision == seen
    assert decide(nina, made, revision=seen).state == "decided"


def test_a_decision_takes_two_round_trips(school: School, nina: Colleague) -> None:
    first, second = an_enrolment(school), an_enrolment(school, child="Гусев Лев")
    decide(nina, first)  # the definitions are in memory from now on
    task_id = second.task("decision").id
    before = school.tools.database.round_trips.trips

    decide(nina, second, task_id=task_id)

    assert school.tools.database.round_trips.trips - before == 2


# On what is there at that moment


def test_a_withdrawal_while_the_form_is_open_stops_the_decision(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school)
    task_id, seen = made.task("decision").id, made.row
    made.withdraws("participation")

    with pytest.raises(StageClosed) as closed:
        decide(nina, made, task_id=task_id, revision=seen.revision)

    assert closed.value.facts["state"] == "paused"
    after = made.row
    assert (after.status, after.stage, after.end) == ("paused", seen.stage, None)
    assert decided(made) == []


@pytest.mark.parametrize("outcome", ["return", "decline"])
def test_a_no_needs_a_reason_that_the_family_can_read(
    school: School, nina: Colleague, outcome: str
) -> None:
    made = an_enrolment(school)

    with pytest.raises(Refused) as refused:
        decide(nina, made, outcome, comment="   ")

    assert refused.value.facts["reason"] == "comment_needed"
    assert decided(made) == []


def test_a_questionnaire_goes_back_three_times_and_no_more(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    for _ in range(3):
        decide(nina, made, "return", comment="Допиши цель")
        made.fills_in()

    with pytest.raises(Refused) as refused:
        decide(nina, made, "return", comment="Ещё раз")

    assert refused.value.facts["reason"] == "outcome_used_up"
    assert letters(made)["returned"] == 3


# By the right people


def test_who_filled_in_the_questionnaire_does_not_decide(
    school: School, nina: Colleague, vera: Colleague
) -> None:
    made = an_enrolment(school, at="questionnaire")
    made.is_filled_in_by(nina)

    with pytest.raises(NotYours) as refused:
        decide(nina, made)

    assert refused.value.facts["reason"] == "filled_in_by_you"
    assert decide(vera, made).state == "decided"


def test_who_invited_the_family_may_decide(school: School, nina: Colleague) -> None:
    made = an_invited_family(school, nina)
    made.child = "Гусев Лев"
    made.asks_for_a_place()
    made.signs()
    made.speaks()
    made.fills_in()

    assert decide(nina, made).state == "decided"


def test_nobody_decides_on_their_own_family(school: School) -> None:
    family = a_family(school, contact="vera@example.org")
    vera = a_colleague(school, name="Смирнова Вера", email="vera@example.org")
    made = an_enrolment(school, of=family)

    with pytest.raises(NotYours) as refused:
        decide(vera, made)

    assert refused.value.facts["reason"] == "own_family"


def test_a_municipal_representative_sees_and_does_not_decide(school: School) -> None:
    oleg = a_colleague(school, role="curator", place="vologda")
    here, elsewhere = an_enrolment(school), an_enrolment(school, place="cherepovets")

    with pytest.raises(NotAllowed):
        decide(oleg, here)
    with pytest.raises(NotFound):
        decide(oleg, elsewhere)


def test_another_partners_case_is_answered_like_a_missing_one(
    runtime: Runtime, school: School, nina: Colleague
) -> None:
    other = an_enrolment(a_school(school.tools))
    task_id = other.task("decision").id

    refusals = []
    for case_id in (other.case_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            school.do(
                nina.actor,
                decisions.decide,
                case_id=case_id,
                task_id=task_id,
                outcome="accept",
            )
        refusals.append(refused.value.facts)

    assert refusals[0] == refusals[1]
    assert other.row.status == "open"


class TestWhereTwoMustAccept:
    @pytest.fixture
    def strict(self, runtime: Runtime) -> School:
        return a_school(standing_still(runtime).tools, variant="strict")

    @pytest.fixture
    def two(self, strict: School) -> tuple[Colleague, Colleague]:
        return a_colleague(strict, name="Белова Нина"), a_colleague(strict, name="Орлова Вера")

    def test_the_second_yes_decides(self, strict: School, two: tuple[Colleague, ...]) -> None:
        nina, vera = two
        made = an_enrolment(strict)

        assert decide(nina, made).state == "one_of_two"
        assert made.row.status == "open"
        assert letters(made)["enrolled"] == 0

        assert decide(vera, made).state == "decided"
        assert made.row.end == "enrolled"
        assert letters(made)["enrolled"] == 1

    def test_one_person_is_not_two(self, strict: School, two: tuple[Colleague, ...]) -> None:
        nina, _ = two
        made = an_enrolment(strict)
        decide(nina, made)

        with pytest.raises(NotYours) as refused:
            decide(nina, made)

        assert refused.value.facts["reason"] == "decided_by_you"

    def test_one_no_decides_at_once(self, strict: School, two: tuple[Colleague, ...]) -> None:
        nina, vera = two
        made = an_enrolment(strict)
        decide(nina, made)

        assert decide(vera, made, "decline", comment="Мест нет").state == "decided"
        assert made.row.end == "declined_by_school"

    def test_a_yes_before_the_answers_changed_does_not_count(
        self, strict: School, two: tuple[Colleague, ...]
    ) -> None:
        nina, vera = two
        made = an_enrolment(strict)
        decide(nina, made)
        decide(vera, made, "return", comment="Допиши цель")
        made.fills_in()

        assert decide(vera, made).state == "one_of_two"


# Many at once


def refusal(call: Any, *args: Any, **facts: Any) -> str:
    with pytest.raises(MentorSchoolError) as refused:
        call(*args, **facts)
    return str(refused.value.facts.get("reason"))


def test_what_nobody_looked_at_is_not_decided_in_bulk(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)

    assert refusal(decide, nina, made, in_bulk=True) == "not_opened"

    made.is_opened_by(nina)
    assert decide(nina, made, in_bulk=True).state == "decided"


def test_a_look_before_the_answers_changed_is_no_look(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    made.is_opened_by(nina)
    decide(nina, made, "return", comment="Допиши цель")
    school.pass_days(0.1)
    made.fills_in(goal="Научиться шить и кроить")

    assert refusal(decide, nina, made, in_bulk=True) == "not_opened"

    school.pass_days(0.1)  # the same day: the newest look counts
    made.is_opened_by(nina)
    assert decide(nina, made, in_bulk=True).state == "decided"


def test_an_answer_that_needs_a_persons_look_stays_out_of_bulk(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, answers={"goal": "Иногда не хочу жить"})
    made.is_opened_by(nina)

    assert refusal(decide, nina, made, in_bulk=True) == "flagged"
    assert decide(nina, made).state == "decided"


# What is left to staff


def remind(who: Colleague, made: Enrolment, step: str) -> None:
    made.school.do(who.actor, decisions.remind, case_id=made.case_id, task_id=made.task(step).id)


def test_a_reminder_by_hand_goes_out_once_an_hour(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")

    remind(nina, made, "consents")
    with pytest.raises(Refused) as refused:
        remind(nina, made, "consents")
    assert refused.value.facts["reason"] == "reminded_lately"

    school.pass_days(0.05)
    remind(nina, made, "consents")
    assert letters(made)["reminder"] == 2


def test_nobody_is_reminded_of_what_is_done(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")
    task_id = made.task("consents").id
    made.signs()

    with pytest.raises(AlreadyDone):
        school.do(nina.actor, decisions.remind, case_id=made.case_id, task_id=task_id)


def test_a_call_that_ends_with_a_new_link_sends_one(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")
    school.pass_days(15)
    made.is_overdue()
    task_id = made.task("call_guardian").id

    facts = {"case_id": made.case_id, "task_id": task_id, "outcome": "resend", "key": "press"}
    school.do(nina.actor, decisions.finish_task, **facts)
    school.do(nina.actor, decisions.finish_task, **facts)

    assert letters(made)["resume_link"] == 1
    assert made.task("call_guardian").outcome == "resend"
    assert made.task("consents").status == cases.OPEN


def test_a_new_link_goes_to_whom_the_application_waits_for_not_to_whom_photos_are_offered(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, at="voice", age=15)
    school.do(
        made.guardian,
        childs_turn.send_child_link,
        case_id=made.case_id,
        contact="teen@example.org",
    )
    assert made.task("photo").status == cases.OPEN
    school.pass_days(15)
    made.is_overdue()

    school.do(
        nina.actor,
        decisions.finish_task,
        case_id=made.case_id,
        task_id=made.task("call_guardian").id,
        outcome="resend",
    )

    query = select(deliveries.Delivery.person_id).where(
        deliveries.Delivery.case_id == made.case_id, deliveries.Delivery.letter == "resume_link"
    )
    assert school.do(SHELL, lambda work: list(work.session.scalars(query))) == [made.child_id]


def test_a_token_decides_only_with_its_scope(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    blind = replace(nina.actor, kind="token", scopes=frozenset({"cases:read"}))

    with pytest.raises(NotAllowed):
        decide(replace(nina, actor=blind), made)


def test_a_family_reads_why_the_school_declined(school: School, nina: Colleague) -> None:
    mine = an_enrolment(school, at="review")
    mine.is_decided_by(nina, "decline", "В этом цикле все места заняты.")

    shown = school.do(mine.guardian, applications.application, case_id=mine.case_id)

    assert shown.reason == "В этом цикле все места заняты."
