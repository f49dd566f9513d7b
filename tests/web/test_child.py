"""The child's own pages: its word decides, and nobody reads on that phone what it wrote."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from server.services.cases import decisions
from server.services.families import childs_turn
from server.services.worklist import desk
from tests.web.family_ground import SLUG, Browser, School, come_in, new_school, signed

HELP_LINE = "8-800-2000-122"
SECRET = "Хочу научиться паять"


@pytest.fixture
def school(runtime) -> School:
    return new_school(runtime)


@pytest.fixture
def phone(school: School) -> Browser:
    browser = school.browser()
    browser.get("/?lang=en")
    return browser


def end_of(school: School) -> str | None:
    return school.sql('SELECT marking FROM "case" ORDER BY id LIMIT 1')[0][0].get("end")


def say(phone: Browser, wants: str) -> None:
    phone.post({"q_understands": "yes", "q_wants": wants})


def fill_in(phone: Browser) -> None:
    phone.post({"q_goal": SECRET, "q_interests": "technology"})


def hand_over(school: School, phone: Browser, *, age: int = 12) -> UUID:
    case_id = signed(school, phone, age=age)
    phone.post({}, to="hand-over")
    return case_id


def teenager(school: School, phone: Browser) -> tuple[UUID, Browser]:
    """A guardian signed for a child of 15, who came by a link of its own."""
    case_id = signed(school, phone, age=15)
    phone.post({"contact": "artem@example.org"}, to="child-contact")
    school.drain()
    own = school.browser()
    own.get("/?lang=en")
    own.get(school.link("mentee"))
    own.post({})
    own.post({"code": school.code()})
    return case_id, own


def say_yes_for_itself(own: Browser) -> None:
    """The teenager wants to, and stands before the first document."""
    own.get("/child/form/voice")
    say(own, "yes")
    if "/sign/" not in own.at:
        own.get("/child/next")


def sent_back(school: School, case_id: UUID) -> None:
    """The coordinator returns the questionnaire."""
    card = school.do(school.coordinator, desk.card, case_id=case_id, locale="ru")
    task = next(task for task in card.tasks if task.outcomes)
    school.do(
        school.coordinator,
        decisions.decide,
        case_id=case_id,
        task_id=task.task.id,
        outcome="return",
        comment="Допиши, что тебе нравится",
        revision=card.revision,
        key="return",
    )


# On the guardian's telephone, below 14


def test_handing_over_the_telephone_ends_the_guardians_session(school, phone):
    hand_over(school, phone)
    assert phone.at == "/child/form/voice"

    for path in ("/s/", "/s/request"):
        phone.get(path)
        assert phone.at.startswith("/child/")


def test_the_child_reads_plain_words_and_who_will_read_its_answer(school, phone):
    hand_over(school, phone)

    assert "Who will read it" in phone.words
    assert "Ирина Павловна" in phone.words
    assert "{{" not in phone.html


def test_every_page_of_the_child_shows_the_line_to_call(school, phone):
    hand_over(school, phone)
    assert HELP_LINE in phone.words
    say(phone, "no")
    assert HELP_LINE in phone.words
    phone.get("/child/form/voice")
    say(phone, "yes")
    assert HELP_LINE in phone.words


def test_a_yes_opens_the_questionnaire_and_the_end_gives_the_telephone_back(school, phone):
    hand_over(school, phone)
    say(phone, "yes")
    assert phone.at == "/child/form/minor_questionnaire"
    fill_in(phone)

    assert phone.at == "/child/done"
    assert "Give the phone back" in phone.words
    assert end_of(school) is None


def test_after_the_child_is_done_only_a_new_code_opens_the_familys_page(school, phone):
    hand_over(school, phone)
    say(phone, "yes")
    fill_in(phone)

    for path in ("/s/", "/child/", "/child/form/minor_questionnaire"):
        phone.get(path)
        assert phone.status == 401
    phone.get("/child/done")
    phone.post({})
    phone.post({"code": school.code()})
    assert phone.at == "/s/"
    assert "Смирнов Артём" in phone.words


def test_nothing_the_child_wrote_can_be_read_again(school, phone):
    case_id = hand_over(school, phone)
    say(phone, "yes")
    fill_in(phone)
    phone.post({})
    phone.post({"code": school.code()})
    assert SECRET not in phone.html

    sent_back(school, case_id)
    phone.get("/s/")
    phone.post({}, to="hand-over")
    assert phone.at == "/child/form/minor_questionnaire"
    assert "Допиши, что тебе нравится" in phone.words
    assert SECRET not in phone.html
    assert " checked" not in phone.html


def test_a_page_of_the_child_is_kept_nowhere(school, phone):
    hand_over(school, phone)

    assert phone.response.headers["Cache-Control"] == "no-store"


def test_what_is_wrong_is_told_in_the_childs_form_and_nothing_is_lost(school, phone):
    hand_over(school, phone)
    say(phone, "yes")
    phone.post({"q_goal": SECRET})

    assert phone.status == 422
    assert len(phone.errors()) == 1
    assert SECRET in phone.html


def test_i_dont_want_to_is_asked_once_whether_it_was_meant_and_then_stands(school, phone):
    case_id = hand_over(school, phone)
    say(phone, "no")
    assert "Nobody will be hurt by it" in phone.words
    assert end_of(school) is None
    phone.post({"sure": "yes"})

    assert end_of(school) == "declined_by_child"
    assert "that is all right" in phone.words
    phone.post({})
    phone.post({"code": school.code()})
    assert "Ребёнок не хочет участвовать" in phone.words or "does not want" in phone.words
    assert f"/s/{case_id}/hand-over" not in phone.html


def test_later_is_an_answer_too_and_the_question_stays(school, phone):
    hand_over(school, phone)
    say(phone, "later")
    assert "Take your time" in phone.words
    phone.post({})
    phone.post({"code": school.code()})
    phone.post({}, to="hand-over")

    assert phone.at == "/child/form/voice"


def test_a_yes_to_what_the_child_does_not_understand_calls_an_adult_and_decides_nothing(
    school, phone
):
    case_id = hand_over(school, phone)
    phone.post({"q_understands": "no", "q_wants": "yes"})

    assert phone.at == "/child/done"
    assert "An adult from the school will explain" in phone.words
    assert HELP_LINE in phone.words
    open_tasks = "SELECT step, role FROM task WHERE status = 0 AND step <> 'photo' ORDER BY 1"
    assert school.sql(open_tasks) == [("explain_to_child", "coordinator"), ("voice", "mentee")]

    phone.post({})
    phone.post({"code": school.code()})
    assert "The coordinator explains to the child what to expect" in phone.words
    card = school.do(school.coordinator, desk.card, case_id=case_id, locale="ru")
    task = next(one.task for one in card.tasks if one.task.step == "explain_to_child")
    school.do(
        school.coordinator,
        decisions.finish_task,
        case_id=case_id,
        task_id=task.id,
        outcome="explained",
        key="explained",
    )
    phone.get("/s/")
    phone.post({}, to="hand-over")
    say(phone, "yes")
    assert phone.at == "/child/form/minor_questionnaire"


def test_a_teenager_who_does_not_understand_is_told_so_and_signs_nothing_yet(school, phone):
    _case_id, own = teenager(school, phone)
    own.get("/child/next")
    own.post({"q_understands": "no", "q_wants": "yes"})

    assert own.at == "/child/"
    assert "An adult will explain" in own.words
    own.get("/child/sign/consents/processing")
    assert own.at == "/child/form/voice"


VOUS = re.compile(r"\b(вы|вас|вам|вами|ваш\w*)\b|\b\w+[иьй]те(сь)?\b", re.IGNORECASE)


def spoken_to(browser: Browser) -> str:
    """What a page of the child's says to the child itself.

    Left out are texts of the definitions, which have tests of their own: the document, which speaks
    to the guardian and says so, and the words beside it («вы с семьёй» are many). And the part for
    the grown-up who takes the telephone back.
    """
    page = re.sub(r"<details.*?</details>", " ", browser.html, flags=re.DOTALL)
    for apart in ("dl", "aside", "div"):
        pattern = rf'<{apart} class="(facts|notice|text)\b[^"]*".*?</{apart}>'
        page = re.sub(pattern, " ", page, flags=re.DOTALL)
    page = re.sub(r"<legend.*?</legend>", " ", page, flags=re.DOTALL)
    inside = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", inside).split())


def vy_in(browser: Browser) -> dict[str, str]:
    """Where a page speaks to the child as to a grown-up: the address and the words around."""
    page = spoken_to(browser)
    found = VOUS.search(page)
    return {browser.at: page[max(0, found.start() - 60) :][:160]} if found else {}


def test_no_page_says_vy_to_a_child(school, phone):
    said: dict[str, str] = {}

    def note(browser: Browser) -> None:
        said.update(vy_in(browser))

    phone.get("/?lang=ru")
    hand_over(school, phone)
    note(phone)
    phone.post({})
    assert "Ответь да или нет" in phone.words
    note(phone)
    say(phone, "yes")
    phone.post({})
    note(phone)
    phone.get("/child/finish")
    note(phone)
    phone.get("/child/")
    assert "Твоя страница закрылась" in phone.words
    note(phone)
    assert said == {}


def test_no_page_says_vy_to_a_teenager(school, phone):
    said: dict[str, str] = {}
    _case_id, own = teenager(school, phone)

    def note() -> None:
        said.update(vy_in(own))

    own.get("/?lang=ru")
    link = school.link("mentee")
    own.get(link)
    note()
    own.post({})
    note()
    own.post({"code": "12"})
    assert "Введи их так" in own.words
    note()
    own.post({"code": school.code()})
    note()
    assert "Твоё слово" in own.words
    assert "Хочет ли ребёнок" not in own.words
    own.get("/child/next")
    say(own, "yes")
    note()
    own.post({})
    assert "Ответь «да» или «нет»" in own.words
    note()
    own.post({"answer": "yes"})
    own.post({"answer": "yes"})
    note()
    own.get("/child/form/nothing")
    note()
    assert said == {}


def test_the_questionnaire_can_wait(school, phone):
    hand_over(school, phone)
    say(phone, "yes")
    phone.get("/child/finish")

    assert phone.at == "/child/done"
    assert "questionnaire can be filled in another day" in phone.words


def test_two_clicks_on_one_form_are_one_answer(school, phone):
    hand_over(school, phone)
    form = phone.forms()[0]["fields"]
    answers = {**form, "q_understands": "yes", "q_wants": "yes"}
    first = phone.client.post("/child/form/voice", data=answers)
    second = phone.client.post("/child/form/voice", data=answers)

    assert (
        first.headers["Location"] == second.headers["Location"] == "/child/form/minor_questionnaire"
    )
    assert school.sql("SELECT count(*) FROM answer WHERE step = 'voice'") == [(1,)]


def test_a_form_whose_mark_was_tampered_with_is_taken_all_the_same(school, phone):
    hand_over(school, phone)

    phone.post({"once": "\0", "q_understands": "yes", "q_wants": "yes"})

    assert phone.at == "/child/form/minor_questionnaire"


def test_below_ten_the_guardian_notes_what_the_child_said(school, phone):
    case_id = signed(school, phone, age=8)
    phone.get("/s/")
    assert "Your turn" in phone.words
    phone.get(f"/s/{case_id}/form/voice")
    phone.post({"q_told_by": "Смирнова Анна", "q_understands": "yes", "q_wants": "yes"})

    assert phone.at == "/s/"
    assert "the answer is recorded" in phone.words
    assert "hand-over" in phone.html


# By a link of its own, from 14 on


def test_a_teenager_answers_and_signs_the_same_documents(school, phone):
    _case_id, own = teenager(school, phone)
    assert own.at == "/child/"
    before = dict(school.sql("SELECT consent, document_hash FROM consent"))

    own.get("/child/next")
    assert own.at == "/child/form/voice"
    say(own, "yes")
    assert own.at == "/child/sign/consents/processing"
    assert HELP_LINE in own.words
    own.post({"answer": "yes"})
    own.post({"answer": "yes"})
    assert HELP_LINE in own.words
    own.post({"code": school.code()})

    assert own.at == "/child/form/minor_questionnaire"
    rows = school.sql("SELECT consent, state, document_hash FROM consent WHERE consent <> 'photo'")
    assert {state for _, state, _ in rows} == {"given"}
    assert {consent: mark for consent, _, mark in rows}.items() <= before.items()
    signers = "SELECT role, count(*) FROM signature GROUP BY 1 ORDER BY 1"
    assert school.sql(signers) == [("guardian", 2), ("mentee", 2)]


def test_the_guardian_cannot_redirect_a_link_that_the_teenager_has_used(school, phone):
    case_id, own = teenager(school, phone)
    phone.get("/?lang=en")
    come_in(school, phone)
    phone.get(f"/s/{case_id}/child-contact")
    assert "uses this contact already" in phone.words
    assert "contact" not in phone.typed_inputs()

    with_field = {**phone.forms()[0]["fields"], "contact": "second@example.org"}
    phone.client.post(f"/s/{case_id}/child-contact", data=with_field)
    own.get("/child/")
    assert own.status == 200
    phone.get(f"/s/{case_id}/child-contact")
    phone.post({"again": "yes"})
    assert "is on its way" in phone.words


def test_a_changed_contact_closes_the_page_that_is_open_by_the_old_one(school, phone):
    case_id, own = teenager(school, phone)
    own.get("/child/")
    assert own.status == 200

    school.do(
        school.coordinator,
        childs_turn.change_childs_contact,
        case_id=case_id,
        contact="new-phone@example.org",
    )

    own.get("/child/")
    assert own.status == 401


def test_a_teenager_is_asked_about_itself_by_the_document_the_guardian_signed(school, phone):
    _, own = teenager(school, phone)
    say_yes_for_itself(own)

    assert "Do you allow the school to work with what it knows about you?" in own.words
    assert own.words.count("Do you allow the school to work with the child") == 0


def test_the_familys_page_names_what_is_open_for_the_child(school, phone):
    _, own = teenager(school, phone)
    phone.get("/s/")
    assert "Waiting for the child’s answer" in phone.words

    say_yes_for_itself(own)
    phone.get("/s/")
    assert "Waiting for the child’s signature" in phone.words


def test_after_a_teenagers_no_the_familys_page_waits_for_nothing(school, phone):
    _, own = teenager(school, phone)
    own.get("/child/form/voice")
    own.post({"q_understands": "yes", "q_wants": "no"})
    own.post({"q_understands": "yes", "q_wants": "no", "sure": "yes"})
    assert end_of(school) == "declined_by_child"

    phone.get("/s/")
    assert "never came into force: the application is closed" in phone.words
    assert "the child has yet to sign" not in phone.words
    assert "answer any day" not in phone.words
    assert "What was typed is erased within 30 days." in phone.words


def test_the_parents_yes_does_not_open_what_the_teenager_refuses(school, phone):
    _case_id, own = teenager(school, phone)
    own.get("/child/next")
    say(own, "yes")
    own.post({"answer": "no"})
    assert "code" not in own.typed_inputs()
    own.post({})

    assert end_of(school) is not None
    assert school.sql("SELECT state FROM consent WHERE consent = 'processing'") == [("refused",)]


def test_a_teenager_gets_a_returned_form_back_with_its_own_answers(school, phone):
    case_id, own = teenager(school, phone)
    own.get("/child/next")
    say(own, "yes")
    own.post({"answer": "yes"})
    own.post({"answer": "yes"})
    own.post({"code": school.code()})
    fill_in(own)
    sent_back(school, case_id)

    own.get("/child/form/minor_questionnaire")

    assert SECRET in own.html
    assert "Допиши, что тебе нравится" in own.words


def test_a_teenager_takes_its_word_back_alone(school, phone):
    _case_id, own = teenager(school, phone)
    own.get("/child/next")
    say(own, "yes")
    own.post({"answer": "yes"})
    own.post({"answer": "yes"})
    own.post({"code": school.code()})
    consent = school.sql("SELECT id FROM consent WHERE consent = 'participation'")[0][0]
    own.get(f"/child/consent/{consent}/withdraw")
    assert HELP_LINE in own.words
    own.post({})

    assert own.at == "/child/"
    assert school.sql('SELECT status FROM "case" ORDER BY id LIMIT 1') == [("paused",)]


def test_a_guardian_cannot_take_the_childs_place_by_the_childs_pages(school, phone):
    signed(school, phone, age=15)
    for path in ("/child/", "/child/form/voice", "/child/sign/consents/check"):
        phone.get(path)
        assert phone.at == "/s/"
    assert SLUG
