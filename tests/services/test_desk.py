"""The desk: what waits and why, who sees it, and that a look is written down."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from server.access.actors import SHELL, Actor
from server.kernel.errors import NotAllowed, NotFound
from server.runtime import Runtime
from server.services.cases import filling
from server.services.consent import renewals
from server.services.families import childs_turn
from server.services.worklist import cards, desk, work_rows
from tests.factories import (
    Colleague,
    School,
    a_colleague,
    a_family,
    a_school,
    an_enrolment,
    an_invited_family,
    republished,
    standing_still,
)


@pytest.fixture
def school(runtime: Runtime) -> School:
    return a_school(standing_still(runtime).tools)


@pytest.fixture
def nina(school: School) -> Colleague:
    return a_colleague(school, name="Белова Нина")


def listed(school: School, who: Colleague, **asked: Any) -> desk.Worklist:
    return school.do(who.actor, desk.worklist, school_id=school.id, **asked)


def only(school: School, who: Colleague, **asked: Any) -> work_rows.WorkRow:
    (row,) = listed(school, who, **asked).rows
    return row


def opened(school: School, who: Colleague, case_id: Any, **more: Any) -> cards.Card:
    return school.do(who.actor, desk.card, case_id=case_id, locale="ru", **more)


def count(school: School, sql: str) -> int:
    return int(school.do(SHELL, lambda work: work.session.scalar(text(sql))))


# What waits, and why


def test_rows_stand_by_due_date_and_the_tabs_count_them(school: School, nina: Colleague) -> None:
    late = an_enrolment(school, at="consents", child="Орлова Ева")
    school.pass_days(15)
    late.is_overdue()
    an_enrolment(school, child="Гусев Лев")
    an_enrolment(school, at="questionnaire", child="Ким Дарья")

    found = listed(school, nina)

    due = [row.due_at for row in found.rows]
    assert due == sorted(due)
    assert found.counts == {"ready": 1, "waiting": 2, "overdue": 1, "urgent": 1, "all": 4}
    kinds = {
        tab: [(row.child_name, row.kind) for row in listed(school, nina, tab=tab).rows]
        for tab in ("ready", "waiting", "overdue", "urgent")
    }
    assert kinds == {
        "ready": [("Гусев Лев", "review")],
        "waiting": [("Орлова Ева", "sign"), ("Ким Дарья", "form")],
        "overdue": [("Орлова Ева", "sign")],
        "urgent": [("Орлова Ева", "staff")],
    }


def test_the_childs_own_word_is_a_sign_beside_the_consents(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")
    seen = []
    for go_on in (made.signs, made.speaks, made.fills_in):
        seen.append([sign.state for sign in only(school, nina).signs])
        go_on()
    seen.append([sign.state for sign in only(school, nina).signs])

    assert [sign.consent for sign in only(school, nina).signs] == [
        "processing", "participation", "voice",
    ]  # fmt: skip
    assert seen == [
        ["requested", "requested", "not_asked"],
        ["given", "given", "requested"],
        ["given", "given", "given"],
        ["given", "given", "given"],
    ]


def test_a_teenagers_missing_signature_is_told(school: School, nina: Colleague) -> None:
    an_enrolment(school, at="voice", age=15)

    signs = {sign.consent: sign for row in listed(school, nina).rows for sign in row.signs}

    assert signs["processing"].state == "requested"
    assert signs["processing"].owed == ("mentee",)


def test_a_row_says_why_it_is_not_mine(school: School) -> None:
    family = a_family(school, contact="nina@example.org")
    nina = a_colleague(school, name="Белова Нина", email="nina@example.org")
    entered = an_enrolment(school, at="questionnaire", child="Гусев Лев")
    entered.is_filled_in_by(nina)
    an_enrolment(school, child="Смирнов Артём", of=family)
    invited = an_invited_family(school, nina)
    invited.child = "Ким Дарья"
    invited.asks_for_a_place()
    invited.signs()
    invited.speaks()
    invited.fills_in()

    blocked = {row.child_name: row.blocked for row in listed(school, nina).rows}

    assert blocked == {
        "Гусев Лев": "filled_in_by_you",
        "Смирнов Артём": "own_family",
        "Ким Дарья": None,
    }


def test_a_possible_danger_is_urgent_and_comes_before_what_is_due_earlier(
    school: School, nina: Colleague
) -> None:
    chore = an_enrolment(school, child="Ким Дарья")
    chore.withdraws("processing")
    calm = an_enrolment(school, child="Орлова Ева")
    flagged = an_enrolment(school, child="Волков Никита", answers={"goal": "не хочу жить"})

    page = school.do(nina.actor, desk.worklist, school_id=school.id, tab="urgent")

    assert page.rows[0].case_id == flagged.case_id
    assert page.counts["urgent"] == len(page.rows) == 2
    assert calm.case_id not in {row.case_id for row in page.rows}


def test_what_is_urgent_is_turned_page_by_page_without_a_row_lost_or_shown_twice(
    school: School, nina: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_enrolment(school, child="Ким Дарья").withdraws("processing")
    for child in ("Волков Никита", "Орлова Ева"):
        an_enrolment(school, child=child, answers={"goal": "не хочу жить"})
    monkeypatch.setattr(desk, "PAGE", 1)

    seen, after = [], None
    for _ in range(3):
        page = school.do(nina.actor, desk.worklist, school_id=school.id, tab="urgent", after=after)
        seen += page.rows
        after = page.next_after

    assert after is None
    assert len({row.task_id for row in seen}) == 3
    assert [bool(row.flags) for row in seen] == [True, True, False]


def test_a_flag_stays_urgent_when_the_application_moves_on(school: School, nina: Colleague) -> None:
    flagged = an_enrolment(school, child="Волков Никита", answers={"goal": "не хочу жить"})
    flagged.is_decided_by(nina, "return")

    page = school.do(nina.actor, desk.worklist, school_id=school.id, tab="urgent")

    assert [row.step for row in page.rows] == ["minor_questionnaire"]


def test_only_what_was_read_and_has_no_flag_can_be_chosen(school: School, nina: Colleague) -> None:
    an_enrolment(school, child="Гусев Лев")
    read = an_enrolment(school, child="Ким Дарья")
    flagged = an_enrolment(school, child="Волков Никита", answers={"goal": "не хочу жить"})
    for one in (read, flagged):
        one.is_opened_by(nina)

    rows = {row.child_name: row for row in listed(school, nina).rows}

    assert {name for name, row in rows.items() if row.selectable} == {"Ким Дарья"}
    assert rows["Волков Никита"].flags == ("minor_questionnaire.goal",)


def test_a_row_tells_how_far_the_newest_message_got(school: School, nina: Colleague) -> None:
    made = an_invited_family(school, nina)
    before = only(school, nina).letter
    assert before is not None
    assert (before.letter, before.to, before.state, before.opened_at) == (
        "invitation", "guardian", "queued", None,
    )  # fmt: skip

    school.do(
        SHELL, lambda work: work.session.execute(text("UPDATE link SET opened_at = created_at"))
    )

    after = only(school, nina).letter
    assert after is not None
    assert after.opened_at == made.row.opened_at


def test_a_call_says_what_the_family_does_not_answer(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")
    school.pass_days(15)
    made.is_overdue()

    call = only(school, nina, tab="urgent")

    assert call.waits_for is not None
    assert call.waits_for.in_("en") == "Consents"
    assert [choice.id for choice in call.outcomes] == ["called", "no_answer", "resend"]


# Finding


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Смирнов", ["Смирнов Артём"]),
        ("смирнов", ["Смирнов Артём"]),
        ("  СМИРНОВ ", ["Смирнов Артём"]),
        ("Смирно", []),  # exact surnames alone: a blind index knows no beginnings
        ("Артём", []),
        ("2", ["Гусев Лев"]),
        ("№ 2", ["Гусев Лев"]),
        ("77", []),
        ("", ["Смирнов Артём", "Гусев Лев"]),
    ],
)
def test_search_is_by_exact_surname_or_number(
    school: School, nina: Colleague, typed: str, found: list[str]
) -> None:
    an_enrolment(school, child="Смирнов Артём")
    an_enrolment(school, child="Гусев Лев")

    rows = listed(school, nina, search=typed).rows

    assert [row.child_name for row in rows] == found


def test_who_withdrew_is_not_found_by_name(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    made.withdraws()

    assert listed(school, nina, search="Смирнов").rows == ()
    (left,) = listed(school, nina).rows
    assert (left.child_name, left.hidden, left.signs) == (None, True, ())


def test_pages_show_every_row_once(
    school: School, nina: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PAGE", 2)
    made = {an_enrolment(school, at="consents").case_id for _ in range(5)}
    seen, after = [], None
    while True:
        page = listed(school, nina, after=after)
        seen += [row.case_id for row in page.rows]
        after = page.next_after
        if after is None:
            break

    assert len(seen) == 5
    assert set(seen) == made


def test_a_page_takes_the_same_number_of_queries_however_long(
    school: School, nina: Colleague
) -> None:
    trips = school.tools.database.round_trips
    taken = []
    for more in (1, 6):
        for _ in range(more):
            an_enrolment(school)
        before = trips.trips
        assert len(listed(school, nina).rows) >= more
        taken.append(trips.trips - before)

    assert taken[0] == taken[1]


# Who sees what


def test_a_municipal_representative_sees_that_place_alone(school: School) -> None:
    oleg = a_colleague(school, role="curator", place="vologda")
    an_enrolment(school, child="Гусев Лев", place="vologda")
    elsewhere = an_enrolment(school, child="Ким Дарья", place="cherepovets")

    found = listed(school, oleg)

    assert [row.child_name for row in found.rows] == ["Гусев Лев"]
    assert found.counts["all"] == 1
    assert [place.slug for place in found.office.places] == ["vologda"]
    assert [row.blocked for row in found.rows] == ["not_your_role"]
    other_place = listed(school, oleg, place_id=school.places["cherepovets"])
    assert [row.child_name for row in other_place.rows] == ["Гусев Лев"]
    with pytest.raises(NotFound):
        opened(school, oleg, elsewhere.case_id)


def test_another_school_is_not_mine_to_read(runtime: Runtime, school: School) -> None:
    stranger = a_colleague(a_school(school.tools))

    with pytest.raises(NotAllowed):
        school.do(stranger.actor, desk.worklist, school_id=school.id)


def test_another_partners_card_is_answered_like_a_missing_one(
    school: School, nina: Colleague
) -> None:
    other = an_enrolment(a_school(school.tools))

    refusals = []
    for case_id in (other.case_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            opened(school, nina, case_id)
        refusals.append(refused.value.facts)

    assert refusals[0] == refusals[1]


# A look is written down


def test_a_look_is_written_down_once_a_day(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    for _ in range(3):
        opened(school, nina, made.case_id)
    listed(school, nina)  # lists write nothing
    assert count(school, "SELECT count(*) FROM access") == 1

    school.pass_days(1)
    opened(school, nina, made.case_id)
    assert count(school, "SELECT count(*) FROM access") == 2


def test_after_a_withdrawal_the_name_is_shown_for_a_reason_that_is_evidence(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    made.withdraws()
    looks = "SELECT count(*) FROM evidence WHERE type = 'access_to_special_data'"

    hidden = opened(school, nina, made.case_id)
    assert (hidden.hidden, hidden.child_name, hidden.guardian_name) == (True, None, None)
    assert (hidden.answers, hidden.birth, hidden.guardian_contact) == ((), None, None)
    assert opened(school, nina, made.case_id, reason="curiosity").hidden
    assert count(school, looks) == 0
    assert count(school, "SELECT count(*) FROM access") == 0

    shown = opened(school, nina, made.case_id, reason="answer_family")
    assert shown.child_name == "Смирнов Артём"
    assert count(school, looks) == 1
    assert opened(school, nina, made.case_id).hidden


# The card


def test_before_any_consent_a_card_knows_only_the_request(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="consents")

    card = opened(school, nina, made.case_id)

    assert [sheet.form.form for sheet in card.answers] == ["place_request"]
    assert card.level == "L1"
    assert card.capacity == "мать"
    assert [task.fillable for task in card.tasks] == [False]


def test_what_a_teenager_said_is_not_read_until_both_have_consented(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, at="consents", age=15)
    made.signs()
    school.do(
        made.guardian,
        childs_turn.send_child_link,
        case_id=made.case_id,
        contact="teenager@example.org",
    )
    school.do(
        made.mentee,
        filling.fill,
        case_id=made.case_id,
        step="voice",
        read=lambda _form: filling.Read({"understands": "yes", "wants": "yes"}),
    )

    before = opened(school, nina, made.case_id)
    made.signs_too()
    after = opened(school, nina, made.case_id)

    assert [line.sign.owed for line in before.consents if line.sign.consent == "processing"] == [
        ("mentee",)
    ]
    assert [sheet.form.form for sheet in before.answers] == ["place_request"]
    assert [sheet.form.form for sheet in after.answers] == ["place_request", "child_voice"]


def test_answers_stay_readable_while_a_changed_text_waits(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05")
    school.do(Actor("system", school.tenant_id), renewals.open_campaign)

    forms = [sheet.form.form for sheet in opened(school, nina, made.case_id).answers]

    assert forms == ["place_request", "child_voice", "minor_questionnaire"]


def test_a_questionnaire_may_be_entered_once_the_family_consented(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, at="questionnaire")

    tasks = {one.task.step: one for one in opened(school, nina, made.case_id).tasks}

    assert tasks["minor_questionnaire"].fillable
    assert tasks["minor_questionnaire"].remindable


def test_the_same_child_twice_is_told_to_the_coordinator(school: School, nina: Colleague) -> None:
    first = an_enrolment(school, child="Смирнов Артём")
    second = an_enrolment(school, child="Смирнов Артём", at="consents")

    assert {row.case_id for row in listed(school, nina).rows if row.duplicate} == {second.case_id}
    assert [one.number for one in opened(school, nina, second.case_id).alike] == [first.number]

    first.withdraws()
    assert opened(school, nina, second.case_id).alike == ()  # or the name would be given away


def test_the_history_names_staff_and_no_family(school: School, nina: Colleague) -> None:
    made = an_enrolment(school)
    made.is_decided_by(nina)

    events = opened(school, nina, made.case_id).events

    assert [(event.kind, name) for event, name in events][-1] == ("decided", nina.name)
    assert {name for event, name in events if event.actor_role in ("guardian", "mentee")} == {None}
