"""The coordinator's desk as it is used: pages, forms, and what they answer."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from server.access.actors import SHELL
from server.services.accounts import people
from server.store import cases
from tests.browsing import Browser, Page, a_browser
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_school,
    an_enrolment,
    an_invited_family,
)

# The same for every worker: names of tests must not differ between them.
UNKNOWN = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def vera(school: School) -> Colleague:
    return a_colleague(school, name="Орлова Вера")


@pytest.fixture
def hers(app: Flask, nina: Colleague) -> Browser:
    """Nina's browser, signed in."""
    return a_browser(app).sign_in(nina)


def card(made: Enrolment) -> str:
    return f"/desk/case/{made.case_id}"


def row(made: Enrolment) -> str:
    return f"{made.task('decision').id}.{made.case_id}.{made.row.revision}"


def decide(page: Page, made: Enrolment, outcome: str, comment: str = "") -> Page:
    return page.form(f"{card(made)}/decide").send(outcome=outcome, comment=comment)


# Coming in


def test_the_desk_asks_who_is_there(app: Flask, school: School) -> None:
    assert a_browser(app).open("/desk").path.startswith("/sign-in")


def test_every_section_leads_somewhere(hers: Browser) -> None:
    page = hers.open("/desk")
    sections = [link for link in page.links if link.startswith("/desk")]

    assert {"/desk", "/desk/invite", "/desk/poster"} <= set(sections)
    assert {hers.open(link).status for link in sections} == {200}


def test_an_empty_list_says_what_will_come(hers: Browser) -> None:
    for tab in ("ready", "waiting", "overdue", "urgent", "all"):
        page = hers.open(f"/desk?tab={tab}&lang=en")
        assert page.status == 200
        assert "Nothing" in page.text or "There is nothing" in page.text or "No family" in page.text


@pytest.mark.parametrize(
    "query",
    ["tab=no", "place=1", "number=x", "name=%25", "after=zz", "after=MjAyNg", "tab=all&name=é"],
)
def test_an_address_that_makes_no_sense_shows_the_list(hers: Browser, query: str) -> None:
    assert hers.open(f"/desk?{query}").status == 200


# The worklist


def test_a_row_says_what_is_needed_and_why_it_cannot_go_on(
    school: School, hers: Browser, nina: Colleague
) -> None:
    entered = an_enrolment(school, at="questionnaire", child="Гусев Лев")
    entered.is_filled_in_by(nina)
    an_enrolment(school, child="Ким Дарья", age=15)
    an_enrolment(school, at="consents", child="Орлова Ева")

    words = hers.open("/desk?lang=en").text

    assert "Гусев Лев 12 years, Вологда" in words
    assert "you filled in the answers: another coordinator decides" in words
    assert "Ким Дарья 15 years, Вологда" in words
    assert "not read yet: open the card" in words
    assert "waiting for: parent or guardian" in words


def test_only_rows_one_may_decide_have_a_box(
    school: School, hers: Browser, nina: Colleague
) -> None:
    read = an_enrolment(school, child="Ким Дарья")
    an_enrolment(school, child="Гусев Лев")
    an_enrolment(school, at="consents", child="Орлова Ева")
    read.is_opened_by(nina)

    html = hers.open("/desk").html

    assert re.findall(r'name="rows" value="([^"]+)"', html) == [row(read)]


def test_a_searched_name_stands_in_no_address(school: School, hers: Browser) -> None:
    an_enrolment(school, child="Смирнов Артём")
    an_enrolment(school, child="Гусев Лев")

    page = hers.open("/desk").form("/desk/search").send(search="смирнов")

    assert "Смирнов Артём" in page.text
    assert "Гусев Лев" not in page.text
    assert "мирнов" not in page.response.request.full_path
    assert page.links
    assert not any("мирнов" in link for link in page.links)


def test_nobody_found_is_said(school: School, hers: Browser) -> None:
    an_enrolment(school, child="Смирнов Артём")

    page = hers.open("/desk?lang=en").form("/desk/search").send(search="Кузнецов")

    assert "Nobody was found" in page.text


def test_a_search_finds_what_is_decided_and_keeps_what_was_typed(
    school: School, hers: Browser, vera: Colleague
) -> None:
    ended = an_enrolment(school, child="Смирнов Артём")
    ended.is_decided_by(vera)
    paused = an_enrolment(school, child="Смирнова Анна")
    paused.withdraws("participation")
    an_enrolment(a_school(school.tools), child="Смирнов Пётр")
    page = hers.open("/desk?lang=en")
    assert "Смирнов Артём" not in page.text

    by_name = page.form("/desk/search").send(search="смирнов")
    by_number = page.form("/desk/search").send(search=f"№ {ended.number}")
    nobody = page.form("/desk/search").send(search="Кузнецов")

    for found in (by_name, by_number):
        assert "Смирнов Артём" in found.text
        assert "The child is in the programme" in found.text
        assert f"/desk/case/{ended.case_id}" in found.links
        assert "Пётр" not in found.text
    assert "Only what was found is shown: Смирнов." in by_name.text
    assert by_name.form("/desk/search").value("search") == "Смирнов"
    assert nobody.form("/desk/search").value("search") == "Кузнецов"
    found = page.form("/desk/search").send(search=str(paused.number))
    assert "Paused: a consent was withdrawn" in found.text


def test_a_search_gives_away_no_name_that_is_kept_back(school: School, hers: Browser) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    made.withdraws("processing")
    page = hers.open("/desk?lang=en")

    assert "Nobody was found" in page.form("/desk/search").send(search="Смирнов").text
    found = page.form("/desk/search").send(search=str(made.number)).text
    assert "the name is kept back" in found
    assert "Смирнов" not in found


def test_a_place_narrows_the_list(school: School, hers: Browser) -> None:
    an_enrolment(school, child="Смирнов Артём", place="vologda")
    an_enrolment(school, child="Гусев Лев", place="cherepovets")

    form = hers.open("/desk").form("/desk/search")
    page = form.send(place=str(school.places["cherepovets"]))

    assert "Гусев Лев" in page.text
    assert "Смирнов Артём" not in page.text


def test_further_rows_are_a_page_away(
    school: School, hers: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.worklist.desk.PAGE", 1)
    an_enrolment(school, child="Смирнов Артём")
    an_enrolment(school, child="Гусев Лев")

    first = hers.open("/desk")
    (further,) = [link for link in first.links if link.startswith("/desk?after=")]
    second = hers.open(further)

    assert {"Смирнов Артём" in first.text, "Смирнов Артём" in second.text} == {True, False}
    assert not [link for link in second.links if link.startswith("/desk?after=")]


def test_a_reminder_goes_out_from_the_row(school: School, hers: Browser) -> None:
    made = an_enrolment(school, at="consents")
    form = hers.open("/desk?tab=waiting").form("/desk/decide")

    page = form.send(remind=str(made.task("consents").id))

    assert page.path == "/desk?tab=waiting"
    assert letters(made) == ["reminder"]
    again = page.form("/desk/decide").send(remind=str(made.task("consents").id))
    assert letters(made) == ["reminder"]
    assert again.status == 200


def test_who_works_in_two_schools_changes_between_them(
    app: Flask, school: School, nina: Colleague, hers: Browser
) -> None:
    assert not hers.open("/desk").offers("/desk/school")
    an_enrolment(school, child="Смирнов Артём")
    other = second_school(school, nina)

    page = hers.open("/desk").form("/desk/school").send(school=str(other))

    assert "Смирнов Артём" not in page.text
    assert page.form("/desk/school").value("school") == str(other)
    stranger = page.form("/desk/school").send(school=str(uuid4()))
    assert stranger.form("/desk/school").value("school") == str(other)


# Deciding on many


def results(page: Page) -> list[str]:
    assert page.path == "/desk/decided"
    return re.findall(r'<span class="badge badge-\w+">.*?</svg>([^<]+)</span>', page.html)


def test_each_row_of_a_bulk_decision_has_its_own_result(
    school: School, app: Flask, nina: Colleague, vera: Colleague, hers: Browser
) -> None:
    good, taken, unread, flagged, withdrawn, changed = (
        an_enrolment(school, child=name, answers=answers)
        for name, answers in [
            ("Ким Дарья", {}),
            ("Гусев Лев", {}),
            ("Орлова Ева", {}),
            ("Волков Никита", {"goal": "не хочу жить"}),
            ("Зайцев Роман", {}),
            ("Лебедев Тимофей", {}),
        ]
    )
    mine = an_enrolment(school, at="questionnaire", child="Петрова Анна")
    mine.is_filled_in_by(nina)
    for one in (good, taken, flagged, withdrawn, changed, mine):
        one.is_opened_by(nina)
    page = hers.open("/desk?lang=en")
    chosen = [row(one) for one in (good, taken, unread, flagged, withdrawn, mine, changed)]
    taken.is_decided_by(vera, "decline", "Мест нет")
    withdrawn.withdraws("participation")
    chosen[-1] = chosen[-1].rpartition(".")[0] + ".1"

    told = page.form("/desk/decide").send(rows=chosen, act="accept")

    assert results(told) == [
        "Written down",
        "Somebody was first",
        "Not taken",
        "Not taken",
        "A consent is missing",
        "Not taken",
        "It has changed",
    ]
    assert "Written down: 1 of 7" in told.text
    assert "Decided by Орлова Вера, today, 11:00: “Decline”" in told.text
    ends = [one.row.end for one in (good, taken, unread, flagged, withdrawn, mine, changed)]
    assert ends == ["enrolled", "declined_by_school", None, None, None, None, None]


def test_the_same_page_sent_twice_decides_once(
    school: School, nina: Colleague, hers: Browser
) -> None:
    made = an_enrolment(school)
    made.is_opened_by(nina)
    form = hers.open("/desk?lang=en").form("/desk/decide")
    chosen = row(made)

    first, second = (form.send(rows=[chosen], act="accept") for _ in range(2))

    assert results(first) == results(second) == ["Written down"]
    assert letters(made).count("enrolled") == 1


def test_a_no_to_many_asks_why_first(school: School, nina: Colleague, hers: Browser) -> None:
    made = [an_enrolment(school, child=name) for name in ("Ким Дарья", "Гусев Лев")]
    for one in made:
        one.is_opened_by(nina)
    chosen = [row(one) for one in made]

    step = hers.open("/desk?lang=en").form("/desk/decide").send(rows=chosen, ask="return")
    assert "Ким Дарья" in step.text
    assert "Return: 2" in step.text
    assert {one.row.status for one in made} == {"open"}

    wrong = step.form("/desk/decide").send(act="return", comment=" ")
    assert wrong.status == 422
    assert "the family will read it" in wrong.text

    told = wrong.form("/desk/decide").send(act="return", comment="Допишите цель")
    assert results(told) == ["Written down", "Written down"]
    assert {one.task("minor_questionnaire").round for one in made} == {2}


def test_nothing_chosen_is_no_decision(school: School, nina: Colleague, hers: Browser) -> None:
    made = an_enrolment(school)
    made.is_opened_by(nina)

    page = hers.open("/desk?lang=en").form("/desk/decide").send(act="accept")

    assert page.path == "/desk"
    assert "Choose at least one row first." in page.text
    assert made.row.end is None


@pytest.mark.parametrize(
    "rows", ["", "x", "1.2.3", f"{UNKNOWN}.{UNKNOWN}.1", f"{UNKNOWN}..", "…" * 50]
)
def test_a_made_up_row_decides_nothing(
    school: School, nina: Colleague, hers: Browser, rows: str
) -> None:
    made = an_enrolment(school)
    made.is_opened_by(nina)

    page = hers.open("/desk").form("/desk/decide").send(rows=[rows], act="accept")

    assert page.status == 200
    assert made.row.end is None


# The card


def test_a_card_shows_who_what_and_what_to_do(school: School, hers: Browser) -> None:
    made = an_enrolment(school, child="Смирнов Артём", answers={"goal": "Научиться шить"})

    words = hers.open(f"{card(made)}?lang=en").text

    for said in (
        "Смирнов Артём", "12 years, born 11 April 2014, Вологда", "Смирнова Анна, mother",
        "the parent’s document is not checked", made.family.contact, "Your goal Научиться шить",
        "Consent to working with the child's data yes: parent or guardian, today, 11:00",
        "The child's own word yes", "Accept Return Decline",
        "Filled in: Participant's questionnaire",
    ):  # fmt: skip
        assert said in words, said


def test_accepting_is_written_down_and_told(school: School, hers: Browser) -> None:
    made = an_enrolment(school)

    page = decide(hers.open(f"{card(made)}?lang=en"), made, "accept")

    assert page.path == card(made)
    assert "Your decision is written down. The family gets a message." in page.text
    assert "The child is in the programme" in page.text
    assert "Decision: Accept" in page.text
    assert made.row.end == "enrolled"


def test_a_return_without_a_reason_is_refused_beside_the_field(
    school: School, hers: Browser
) -> None:
    made = an_enrolment(school)

    page = decide(hers.open(f"{card(made)}?lang=en"), made, "return")

    assert page.status == 422
    assert 'id="f-comment-error"' in page.html
    assert made.row.end is None
    done = decide(page, made, "return", "Допишите цель")
    assert done.status == 200
    assert "Допишите цель" in done.text


def test_who_comes_second_is_told_who_was_first(
    school: School, hers: Browser, vera: Colleague
) -> None:
    made = an_enrolment(school)
    page = hers.open(f"{card(made)}?lang=en")
    made.is_decided_by(vera, "decline", "Мест нет")

    late = decide(page, made, "accept")

    assert late.status == 409
    assert "Somebody was first: Орлова Вера, today, 11:00, “Decline”" in late.text
    assert "The school declined" in late.text
    assert not late.offers(f"{card(made)}/decide")
    assert made.row.end == "declined_by_school"


def test_what_changed_meanwhile_is_looked_at_again_and_nothing_typed_is_lost(
    school: School, hers: Browser, vera: Colleague
) -> None:
    strict = a_school(school.tools, variant="strict")
    made = an_enrolment(strict)
    anna, olga = a_colleague(strict, name="Анна"), a_colleague(strict, name="Ольга")
    page = a_browser(hers.client.application).sign_in(anna).open(f"{card(made)}?lang=en")
    made.is_decided_by(olga)

    stale = decide(page, made, "decline", "Мест нет")

    assert stale.status == 409
    assert "The application changed while this page was open." in stale.text
    assert "1 of 2" in stale.text
    assert stale.form(f"{card(made)}/decide").value("comment") == "Мест нет"
    assert decide(stale, made, "accept").status == 200
    assert made.row.end == "enrolled"


@pytest.mark.parametrize("consent", ["processing", "participation"])
def test_a_withdrawal_while_the_page_is_open_stops_the_decision(
    school: School, hers: Browser, consent: str
) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    page = hers.open(f"{card(made)}?lang=en")
    stage = made.row.stage
    made.withdraws(consent)

    refused = decide(page, made, "accept")

    assert refused.status == 409
    assert "A consent was withdrawn while this page was open" in refused.text
    assert not refused.offers(f"{card(made)}/decide")
    assert ("Смирнов Артём" in refused.text) is (consent == "participation")
    assert (made.row.stage, made.row.end) == (stage, None)


@pytest.mark.parametrize("revision", ["", "-1", "abc", "9" * 30])
def test_a_decision_that_does_not_say_what_it_saw_is_not_taken(
    school: School, hers: Browser, revision: str
) -> None:
    made = an_enrolment(school)

    refused = (
        hers.open(card(made))
        .form(f"{card(made)}/decide")
        .send(outcome="accept", revision=revision, nonce="\0")
    )

    assert refused.status == 409
    assert made.row.status == "open"


def test_two_clicks_on_the_card_decide_once(school: School, hers: Browser) -> None:
    made = an_enrolment(school)
    page = hers.open(card(made))

    answers = [decide(page, made, "accept") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert letters(made).count("enrolled") == 1


def test_who_entered_the_questionnaire_sees_why_another_decides(
    school: School, hers: Browser, nina: Colleague
) -> None:
    made = an_enrolment(school, at="questionnaire")
    asked = f"{card(made)}/fill/minor_questionnaire"
    assert asked in hers.open(card(made)).links

    form = hers.open(f"{asked}?lang=en").form(f"{asked}?lang=en".partition("?")[0])
    wrong = form.send(q_goal="Научиться шить")
    assert wrong.status == 422
    assert wrong.form(asked).value("q_goal") == "Научиться шить"

    done = wrong.form(asked).send(q_interests=["crafts"])
    assert done.path == card(made)
    assert "You filled in the answers: another coordinator decides." in done.text
    assert "Entered for the family by Белова Нина" in done.text
    assert not done.offers(f"{card(made)}/decide")


def test_a_returned_form_opens_with_the_earlier_answers_and_why_it_came_back(
    school: School, hers: Browser, vera: Colleague
) -> None:
    made = an_enrolment(school)
    made.is_decided_by(vera, "return", "Допишите цель")
    asked = f"{card(made)}/fill/minor_questionnaire"
    unanswered = hers.open(f"{card(made)}?lang=en").html.count("not answered")

    page = hers.open(f"{asked}?lang=en")
    before = page.form(asked).value("q_goal")
    wrong = page.form(asked).send(q_goal="")

    assert before
    assert "Допишите цель" in page.text
    assert wrong.status == 422
    assert "Допишите цель" in wrong.text
    done = wrong.form(asked).send(q_goal="Научиться шить")
    newest = done.html.partition("sheet-1")[2].partition("</section>")[0]
    assert newest.count("not answered") == unanswered


def test_a_comment_beside_a_yes_stands_in_what_happened(school: School, hers: Browser) -> None:
    made = an_enrolment(school)

    done = decide(hers.open(card(made)), made, "accept", "Дать наставника из кружка")

    assert made.row.end == "enrolled"
    assert "Дать наставника из кружка" in done.text


def test_what_a_second_coordinator_typed_can_be_copied(
    school: School, hers: Browser, vera: Colleague
) -> None:
    made = an_enrolment(school)
    page = hers.open(f"{card(made)}?lang=en")
    made.is_decided_by(vera)

    late = decide(page, made, "decline", "Мест <нет>")

    assert late.status == 409
    assert "Your comment, to copy it: Мест <нет>" in late.text


def test_a_possible_danger_names_whom_to_tell(school: School, hers: Browser) -> None:
    made = an_enrolment(school, answers={"goal": "не хочу жить"})

    words = hers.open(f"{card(made)}?lang=en").text

    assert "call 112" in words
    assert "Ирина Мельникова, 8 8172 00-00-00" in words
    assert "danger" in hers.open("/desk?tab=urgent&lang=en").text
    assert "call 112" not in hers.open(f"{card(an_enrolment(school))}?lang=en").text


def test_nobody_answers_for_a_family_that_has_not_consented(school: School, hers: Browser) -> None:
    made = an_enrolment(school, at="consents")

    page = hers.open(f"{card(made)}/fill/minor_questionnaire")

    assert page.status == 409
    assert not page.offers(f"{card(made)}/fill/minor_questionnaire")


def test_a_call_is_noted_on_the_card(school: School, hers: Browser) -> None:
    made = an_enrolment(school, at="consents")
    school.pass_days(15)
    made.is_overdue()
    form = hers.open(f"{card(made)}?lang=en").form(f"{card(made)}/task")

    page = form.send(outcome="no_answer")

    assert "Get in touch with the parent: Could not reach them" in page.text
    assert "Nobody is told to call again by itself" in page.text
    assert "Consents" in hers.open("/desk?tab=overdue&lang=en").text
    assert made.task("call_guardian").status == cases.DONE
    assert form.send(outcome="no_answer").status == 200  # the second click of the same page


def test_a_name_kept_back_is_shown_once_for_a_reason(school: School, hers: Browser) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    made.withdraws()
    page = hers.open(f"{card(made)}?lang=en")
    assert "Смирнов" not in page.text

    without = page.form(f"{card(made)}/reveal").send()
    assert without.status == 422
    assert "Смирнов" not in without.text

    shown = page.form(f"{card(made)}/reveal").send(reason="law")
    assert "Смирнов Артём" in shown.text
    assert "Смирнов" not in hers.open(card(made)).text
    assert hers.open(f"{card(made)}/reveal").status == 405


def test_closing_after_a_withdrawal_is_one_press(school: School, hers: Browser) -> None:
    made = an_enrolment(school)
    follows = made.withdraws()
    page = hers.open(f"/desk/case/{follows}?lang=en")
    assert f"/desk/case/{made.case_id}" in page.links

    done = page.form(f"/desk/case/{follows}/task").send(outcome="done")

    assert "All done" in done.text


# Who may not


def test_foreign_and_missing_ids_are_answered_alike(school: School, hers: Browser) -> None:
    foreign = an_enrolment(a_school(school.tools))
    an_id = re.compile(r"<code>\w+</code>")

    for address in ("/desk/case/{}", "/desk/case/{}/fill/minor_questionnaire"):
        pages = [hers.open(address.format(one)) for one in (foreign.case_id, uuid4())]
        assert [page.status for page in pages] == [404, 404]
        bodies = {an_id.sub("", page.html.replace(str(page.path), "")) for page in pages}
        assert len({re.sub(r'nonce="[^"]+"', "", body) for body in bodies}) == 1

    secret = hers.open("/desk").form("/desk/search").value("csrf_token")
    for deed in ("decide", "task", "remind", "reveal"):
        for one in (foreign.case_id, uuid4()):
            data = {"csrf_token": secret, "task": str(foreign.task("decision").id)}
            data |= {"remind": data["task"], "outcome": "accept", "reason": "law"}
            assert hers.post(f"/desk/case/{one}/{deed}", data).status == 404
    assert foreign.row.end is None


def test_a_municipal_representative_reads_and_is_offered_nothing(
    app: Flask, school: School
) -> None:
    oleg = a_colleague(school, role="curator", place="vologda")
    browser = a_browser(app).sign_in(oleg)
    made = an_enrolment(school, child="Гусев Лев")
    elsewhere = an_enrolment(school, child="Ким Дарья", place="cherepovets")

    desk, page = browser.open("/desk?lang=en"), browser.open(card(made))

    assert "Гусев Лев" in desk.text
    assert "Ким Дарья" not in desk.text
    assert "/desk/invite" not in desk.links
    assert "A coordinator decides this." in page.text
    assert not page.offers(f"{card(made)}/decide")
    assert browser.open(card(elsewhere)).status == 404
    secret = desk.form("/desk/search").value("csrf_token")
    data = {"csrf_token": secret, "task": str(made.task("decision").id), "outcome": "accept"}
    assert browser.post(f"{card(made)}/decide", data).status == 403
    assert browser.open("/desk/poster/cherepovets").status == 404
    assert made.row.end is None


def test_without_the_pages_secret_nothing_is_taken(school: School, hers: Browser) -> None:
    made = an_enrolment(school)
    page = hers.open(card(made))
    form = page.form(f"{card(made)}/decide")

    refused = form.send(csrf_token="", outcome="accept")

    assert refused.status == 400
    assert made.row.end is None


# Inviting and the poster


def test_an_invitation_ends_where_its_way_can_be_followed(school: School, hers: Browser) -> None:
    form = hers.open("/desk/invite?lang=en").form("/desk/invite")

    page = form.send(contact="mama@example.org", place=str(school.places["vologda"]))

    assert page.path.startswith("/desk/case/")
    assert "Invitation" in page.text
    assert "mama@example.org" in page.text
    assert "The invitation is on its way." in page.text


def test_inviting_the_same_contact_twice_is_warned_of_first(school: School, hers: Browser) -> None:
    facts = {"contact": "mama@example.org", "place": str(school.places["vologda"])}
    first = hers.open("/desk/invite").form("/desk/invite").send(**facts)

    warned = hers.open("/desk/invite?lang=en").form("/desk/invite").send(**facts)

    assert warned.status == 409
    assert "This contact has an open application already" in warned.text
    assert first.path in warned.links
    assert count(school, 'SELECT count(*) FROM "case"') == 1
    assert warned.form("/desk/invite").send(again="yes").path.startswith("/desk/case/")
    assert count(school, 'SELECT count(*) FROM "case"') == 2


def test_who_may_not_invite_is_not_offered_the_form(app: Flask, school: School) -> None:
    oleg = a_colleague(school, role="curator", place="vologda")

    assert a_browser(app).sign_in(oleg).open("/desk/invite").status == 403


def test_a_withdrawal_says_whose_it_is_and_leads_to_what_follows(
    school: School, hers: Browser
) -> None:
    made = an_enrolment(school, child="Смирнов Артём")
    page = hers.open(f"/desk/consent/{made.consent_id('participation')}/withdraw?lang=en")
    assert f"Application {made.number} · Смирнов Артём" in page.text

    follows = made.withdraws("participation")

    assert f"/desk/case/{follows}" in hers.open(card(made)).links


@pytest.mark.parametrize(
    ("contact", "place", "said"),
    [
        ("", "vologda", "f-contact-error"),
        ("nobody", "vologda", "f-contact-error"),
        ("mama@example.org", "", "f-place-error"),
        ("COLLEAGUE", "vologda", "f-contact-error"),
    ],
)
def test_what_is_wrong_in_an_invitation_stands_beside_the_field(
    school: School, hers: Browser, vera: Colleague, contact: str, place: str, said: str
) -> None:
    typed = vera.email if contact == "COLLEAGUE" else contact
    form = hers.open("/desk/invite").form("/desk/invite")

    page = form.send(contact=typed, place=str(school.places[place]) if place else "")

    assert page.status == 422
    assert f'id="{said}"' in page.html
    assert page.form("/desk/invite").value("contact") == typed
    assert count(school, 'SELECT count(*) FROM "case"') == 0


def test_a_poster_leads_to_the_schools_own_door(app: Flask, school: School, hers: Browser) -> None:
    whole, place = hers.open("/desk/poster"), hers.open("/desk/poster/vologda")

    for page, path in ((whole, f"/go/{school.slug}"), (place, f"/go/{school.slug}/vologda")):
        assert f"localhost:8000{path}" in page.text
        assert "8 8172 00-00-00" in page.text
        assert "style=" not in page.html
        assert a_browser(app).open(path).status == 200


def test_the_code_can_be_taken_away_as_a_file(school: School, hers: Browser) -> None:
    answer = hers.open("/desk/poster/vologda.svg").response

    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"<svg xmlns=" in answer.data
    assert b"style" not in answer.data


def test_english_is_complete(school: School, hers: Browser, nina: Colleague) -> None:
    made = an_enrolment(school, child="Kim Daria")
    an_invited_family(school, nina)
    for path in ("/desk", card(made), "/desk/invite", "/desk/poster"):
        words = hers.open(f"{path}?lang=en").text
        told = re.sub(
            r"АНО «Вектор роста»|Белова Нина|Ирина Мельникова|по будням|Русский", "", words
        )
        told = re.sub(r"Вологда|Череповец|Kim\w* Анна|Научиться шить", "", told)
        assert not re.findall(r"[а-яё]{3,}", told, re.IGNORECASE), path


def letters(made: Enrolment) -> list[str]:
    query = text(
        "SELECT letter FROM delivery WHERE case_id = :case AND code_id IS NULL ORDER BY id"
    )
    return list(
        made.school.do(SHELL, lambda work: work.session.scalars(query, {"case": made.case_id}))
    )


def count(school: School, sql: str) -> int:
    return int(school.do(SHELL, lambda work: work.session.scalar(text(sql))))


def second_school(school: School, who: Colleague) -> Any:
    """Another school of the same partner, in which somebody holds the same role."""
    facts = {
        "slug": f"{school.slug}-two",
        "title": {"ru": "Вторая школа", "en": "Second school"},
        "initials": "ВТ",
        "region": "Вологодская область",
        "zone": "Europe/Moscow",
        "variant": "standard",
        "cycle_start": school.day,
        "cycle_end": school.day,
    }
    made = school.do(SHELL, people.add_school, facts=facts, places=[("sokol", "Сокол")])
    school.do(
        SHELL,
        people.appoint,
        person_id=who.person_id,
        school_id=made,
        role="coordinator",
        since=date(2020, 1, 1),
    )
    return made


def test_a_parent_who_tells_the_coordinator_is_taken_at_their_word(
    hers: Browser, school: School
) -> None:
    mine = an_enrolment(school, at="review")
    card = hers.open(f"/desk/case/{mine.case_id}")
    consent = mine.consent_id("processing")
    assert f"/desk/consent/{consent}/withdraw" in card.links

    page = hers.open(f"/desk/consent/{consent}/withdraw")
    done = page.forms[-1].send()

    assert done.status == 200
    assert mine.row.status == "paused"
    assert mine.child not in done.html
    again = hers.post(f"/desk/consent/{consent}/withdraw", {})
    assert again.status in (200, 400)
