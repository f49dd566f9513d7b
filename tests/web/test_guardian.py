"""The guardian's way: seven pages, two codes, six inputs; and every way it may go wrong."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import pytest

import server
from server.access.actors import SHELL
from server.kernel.ids import new_id
from server.services.families import arrivals
from server.services.worklist import desk
from tests.web.family_ground import (
    MOTHER,
    SLUG,
    Browser,
    School,
    answer,
    ask_for,
    come_in,
    new_school,
    republish,
    signed,
)

STATIC = Path(server.__file__).parent / "web" / "static"


@pytest.fixture
def school(runtime) -> School:
    return new_school(runtime)


@pytest.fixture
def phone(school: School) -> Browser:
    browser = school.browser()
    browser.get("/?lang=en")
    browser.seen.clear()
    return browser


def states(school: School) -> dict[str, str]:
    return dict(school.sql("SELECT consent, state FROM consent ORDER BY id"))


def signatures(school: School) -> int:
    return school.sql("SELECT count(*) FROM signature")[0][0]


def case_status(school: School) -> tuple[str, str | None]:
    status, marking = school.sql(
        'SELECT status, marking FROM "case" WHERE cause_id IS NULL ORDER BY id LIMIT 1'
    )[0]
    return status, marking.get("end")


# The way


def test_the_way_takes_seven_pages_two_codes_and_six_inputs(school, phone):
    typed: list[str] = []

    def step(data: dict[str, str]) -> None:
        typed.extend(phone.typed_inputs())
        phone.post(data)

    born = school.birth(12)
    phone.get(f"/go/{SLUG}/vologda")
    step({"contact": MOTHER})
    step({"code": school.code()})
    step(
        {
            "q_guardian_name": "Смирнова Анна",
            "q_relation": "mother",
            "q_child_name": "Смирнов Артём",
            "q_birth_date-day": str(born.day),
            "q_birth_date-month": str(born.month),
            "q_birth_date-year": str(born.year),
        }
    )
    step({"answer": "yes"})
    step({"answer": "yes"})
    step({"code": school.code()})

    assert len(phone.seen) == 7
    assert phone.at.endswith("/done")
    assert typed == ["contact", "code", "q_guardian_name", "q_child_name", "q_birth_date", "code"]
    assert school.sql("SELECT count(*) FROM code")[0][0] == 2
    assert states(school) == {"processing": "given", "participation": "given", "photo": "requested"}


def test_each_page_says_which_step_of_how_many_it_is(school, phone):
    steps = []

    def note() -> None:
        steps.append(re.search(r"Step (\d) of (\d)", phone.words).groups())

    phone.get(f"/go/{SLUG}/vologda")
    note()
    phone.post({"contact": MOTHER})
    note()
    phone.post({"code": school.code()})
    note()
    ask_for(school, phone)
    note()
    answer(phone, "yes")
    note()
    answer(phone, "yes")
    note()
    phone.post({"code": school.code()})
    note()

    assert steps == [(str(number), "7") for number in range(1, 8)]


def test_no_page_on_the_way_weighs_more_than_30_kilobytes(school, phone):
    loaded = sum(
        len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in ("public.css", "app.js")
    )
    weights = {}

    def weigh() -> None:
        weights[phone.at] = loaded + len(gzip.compress(phone.response.get_data(), 9))

    come_in(school, phone)
    weigh()
    case_id = ask_for(school, phone)
    weigh()
    answer(phone, "yes", "yes")
    weigh()
    phone.post({"code": school.code()})
    weigh()
    for path in (f"/go/{SLUG}", "/s/", f"/rules/{SLUG}", f"/s/{case_id}/sign/photo/"):
        phone.get(path)
        weigh()

    assert max(weights.values()) <= 30_000, weights


def test_no_address_on_the_way_tells_a_name_a_contact_a_date_or_a_token(school, phone):
    signed(school, phone)
    school.drain()
    phone.get("/s/")
    phone.get(school.link())
    addresses = [unquote(path) for path, _title in phone.seen]

    assert not [
        path for path in addresses if re.search(r"[а-яё@]|mama|20\d\d-|yes|no=", path, re.I)
    ]
    assert phone.at == "/s/code"


def test_nothing_is_chosen_beforehand_and_silence_is_no_answer(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    assert " checked" not in phone.html

    phone.post({})

    assert phone.status == 422
    assert phone.errors() == ["Answer yes or no."]
    assert " checked" not in phone.html


def test_yes_and_no_at_once_is_no_answer(school, phone):
    come_in(school, phone)
    ask_for(school, phone)

    phone.post({"answer": ["yes", "no"]})

    assert phone.status == 422
    assert phone.errors() == ["Answer yes or no."]


def test_the_first_code_opens_the_page_that_asked_for_it_and_no_other(school, phone):
    """Two pages ask for the same contact within a moment: each gets a code of its own."""
    stranger = school.browser()
    codes = []
    for browser in (stranger, phone):
        browser.get(f"/go/{SLUG}/vologda")
        browser.post({"contact": MOTHER})
        codes.append(school.code())

    stranger.post({"code": codes[1]})
    assert (stranger.status, stranger.at) == (422, f"/start/{SLUG}")
    phone.post({"code": codes[1]})
    assert phone.at == "/s/request"


def test_two_clicks_on_the_first_page_send_one_code(school, phone):
    phone.get(f"/go/{SLUG}/vologda")
    page = phone.forms()[0]["fields"]
    for _click in range(2):
        phone.client.post(f"/go/{SLUG}/vologda", data={**page, "contact": MOTHER})

    assert school.sql("SELECT count(*) FROM code")[0][0] == 1


def test_looking_signs_nothing(school, phone):
    come_in(school, phone)
    case_id = ask_for(school, phone)
    answer(phone, "yes", "yes")

    for path in (
        f"/s/{case_id}/sign/consents/check",
        f"/s/{case_id}/sign/consents/processing",
        "/s/",
    ):
        for method in (phone.client.get, phone.client.head, phone.client.options):
            method(path)

    assert signatures(school) == 0
    assert set(states(school).values()) == {"requested"}


def test_the_page_of_a_consent_says_who_asks_what_and_until_when_before_the_question(school, phone):
    come_in(school, phone)
    ask_for(school, phone)

    page = phone.words
    terms = ("Who asks", "What data", "Until which day", "Do you allow the school")
    facts = [page.index(words) for words in terms]
    assert facts == sorted(facts)
    shown = school.sql("SELECT document_hash FROM consent WHERE consent = 'processing'")[0][0]
    assert shown in phone.html
    # It stands once, in the full text: beside the question it says nothing to a family.
    assert page.count(shown[:8]) == 1


def test_a_required_no_skips_the_rest_and_is_confirmed_without_a_code(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    codes = school.sql("SELECT count(*) FROM code")

    answer(phone, "no")
    assert phone.at.endswith("/check")
    assert "code" not in phone.typed_inputs()
    phone.post({})

    assert case_status(school) == ("ended", "declined_by_family")
    assert states(school)["processing"] == "refused"
    assert school.sql("SELECT count(*) FROM code") == codes
    assert "nobody will try to persuade you" in phone.words


def test_a_no_to_the_second_question_signs_no_yes_to_the_first(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    answer(phone, "yes", "no")
    phone.post({})

    assert states(school)["participation"] == "refused"
    assert states(school)["processing"] == "requested"
    assert case_status(school) == ("ended", "declined_by_family")


def test_a_second_child_starts_in_the_middle_with_a_package_of_its_own(school, phone):
    first = signed(school, phone)
    phone.post({}, to="another")
    assert phone.at == "/s/request"
    assert 'value="Смирнова Анна"' in phone.html
    before = len(phone.seen)

    second = ask_for(school, phone, child="Смирнова Вера", age=11)
    answer(phone, "yes", "yes")
    phone.post({"code": school.code()})

    assert second != first
    assert len(phone.seen) - before == 4  # with the request itself: five pages
    assert school.sql("SELECT purpose, count(*) FROM code GROUP BY 1 ORDER BY 1") == [
        ("contact", 1),
        ("package", 2),
    ]
    phone.get("/s/")
    assert "Смирнов Артём" in phone.words
    assert "Смирнова Вера" in phone.words


def test_the_photo_question_can_wait_and_its_answer_changes_nothing_else(school, phone):
    case_id = signed(school, phone)
    before = school.sql('SELECT status, stage FROM "case"')

    phone.get(f"/s/{case_id}/sign/photo/")
    assert "You need not agree" in phone.words
    phone.post({"later": "yes"})
    assert states(school)["photo"] == "deferred"
    assert school.sql('SELECT status, stage FROM "case"') == before

    phone.get(f"/s/{case_id}/sign/photo/")
    answer(phone, "no")
    phone.post({})
    assert states(school)["photo"] == "refused"
    assert school.sql('SELECT status, stage FROM "case"') == before


def test_the_photo_question_has_a_code_of_its_own(school, phone):
    case_id = signed(school, phone)
    used = school.code()

    phone.get(f"/s/{case_id}/sign/photo/")
    answer(phone, "yes")
    phone.post({"code": used})
    assert states(school)["photo"] == "requested"
    phone.post({"code": school.code()})

    assert states(school)["photo"] == "given"


def test_an_invited_family_comes_by_its_link_and_fills_in_the_same_request(school, phone):
    case_id = school.do(
        school.coordinator,
        arrivals.invite,
        school_id=school.school_id,
        municipality_id=None,
        contact=MOTHER,
        locale="en",
    )
    phone.get(school.link())
    assert phone.at == "/s/code"
    phone.post({})
    phone.post({"code": school.code()})
    assert phone.at == "/s/request"

    assert ask_for(school, phone) == case_id
    answer(phone, "yes", "yes")
    phone.post({"code": school.code()})
    assert phone.at == f"/s/{case_id}/done"


# Contacts and codes


def test_a_contact_that_cannot_be_reached_is_explained_beside_the_field_and_kept(school, phone):
    phone.get(f"/go/{SLUG}/vologda")
    phone.post({"contact": "мама Артёма"})

    assert phone.status == 422
    assert "neither like a number nor like an address" in phone.errors()[0]
    assert 'value="мама Артёма"' in phone.html


def test_without_a_message_gateway_the_page_asks_for_mail_and_refuses_a_number(school, phone):
    school.app.extensions["tools"] = replace(school.runtime.tools, channels=frozenset({"mail"}))
    phone.get(f"/go/{SLUG}")
    assert "Your mail address" in phone.words
    phone.post({"contact": "+7 921 000-00-00"})

    assert phone.errors() == ["Messages to phones are not sent here. Write a mail address."]


def test_a_wrong_code_leaves_four_tries_and_the_fifth_ends_it(school, phone):
    phone.get(f"/go/{SLUG}")
    phone.post({"contact": MOTHER})
    right = school.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"

    phone.post({"code": wrong})
    assert phone.errors() == [
        "The code does not fit. Compare it with the newest message. Attempts left: 4."
    ]
    page = phone.forms()[0]
    for _ in range(4):
        phone.post({"code": wrong})
    assert "This code does not work any more. Ask for a new one." in phone.words
    assert phone.typed_inputs() == []
    assert "10 minutes" not in phone.words
    answer = phone.client.post(phone.at, data={**page["fields"], "code": right})
    assert answer.status_code == 422

    school.pass_time(timedelta(minutes=1))
    phone.post({}, to="again")
    assert "A new code is on its way" in phone.words
    phone.post({"code": school.code()})
    assert phone.at == "/s/request"


def test_what_is_no_code_at_all_costs_no_try(school, phone):
    phone.get(f"/go/{SLUG}")
    phone.post({"contact": MOTHER})
    for typed in ("12345", "1234567", "", "код", "12345a", "١٢٣٤٥٦"):
        phone.post({"code": typed})
        assert phone.errors() == ["The code is six digits. Type them as they stand in the message."]

    assert school.sql("SELECT attempts FROM code") == [(0,)]
    phone.post({"code": f" {school.code()[:3]} {school.code()[3:]} "})
    assert phone.at == "/s/request"


def test_the_last_code_of_the_hour_used_up_says_when_there_is_another(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    answer(phone, "yes", "yes")
    for _ in range(2):
        school.pass_time(timedelta(minutes=1))
        phone.post({}, to="code")
    wrong = f"{(int(school.code()) + 1) % 1_000_000:06}"
    for _ in range(5):
        phone.post({"code": wrong})

    assert phone.typed_inputs() == []
    assert re.search(r"You can ask for a new code in \d+ minutes", phone.words)
    assert "Ask for a new one" not in phone.words
    school.pass_time(timedelta(hours=1))
    phone.get(phone.at)
    phone.post({}, to="code")
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")


def test_a_code_lives_ten_minutes(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    answer(phone, "yes", "yes")
    school.pass_time(timedelta(minutes=11))

    phone.post({"code": school.code()})

    assert phone.status == 422
    assert "The code was valid for 10 minutes. Ask for a new one." in phone.words
    assert "Send a new code" in phone.words
    assert signatures(school) == 0


def test_a_code_fits_only_the_answers_it_was_sent_for(school, phone):
    case_id = _at_photo_and_checked(school, phone)
    code = school.code()
    phone.get(f"/s/{case_id}/sign/photo/photo")
    school.pass_time(timedelta(minutes=1))
    answer(phone, "no")
    phone.get(f"/s/{case_id}/sign/photo/photo")
    answer(phone, "yes")

    phone.post({"code": code})

    assert phone.status == 422
    assert states(school)["photo"] == "requested"


def _at_photo_and_checked(school: School, phone: Browser) -> UUID:
    case_id = signed(school, phone)
    school.pass_time(timedelta(minutes=1))
    phone.get(f"/s/{case_id}/sign/photo/")
    answer(phone, "yes")
    return case_id


def test_a_code_asked_again_at_once_is_the_same_and_the_page_says_so(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    answer(phone, "yes", "yes")
    phone.post({}, to="code")

    assert "sent less than a minute ago" in phone.words
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")


def test_too_many_codes_are_refused_with_the_time_to_wait_and_the_answers_stay(school, phone):
    come_in(school, phone)
    ask_for(school, phone)
    answer(phone, "yes", "yes")
    again = next(form for form in phone.forms() if str(form["action"]).endswith("/code"))
    for _ in range(2):
        school.pass_time(timedelta(minutes=1))
        phone.post({}, to="code")

    # No button that would be refused, but when it comes back.
    assert re.search(r"You can ask for a new code in \d+ minutes", phone.words)
    assert not [form for form in phone.forms() if str(form["action"]).endswith("/code")]
    school.pass_time(timedelta(minutes=1))
    phone.client.post(again["action"], data=again["fields"])
    phone.get(phone.at)
    assert re.search(r"You can try again in \d+ minutes", phone.words)
    assert phone.at.endswith("/check")
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")


def test_too_many_first_codes_are_refused_on_the_page_itself(school, phone):
    for _ in range(4):
        phone.get(f"/go/{SLUG}")
        phone.post({"contact": MOTHER})
        school.pass_time(timedelta(minutes=1))

    assert phone.status == 429
    assert re.search(r"You can try again in \d+ minutes", phone.errors()[0])
    assert f'value="{MOTHER}"' in phone.html


def test_a_contact_forgotten_after_a_day_is_asked_for_again(school, phone):
    from server.services.privacy import housekeeping

    phone.get(f"/go/{SLUG}/vologda")
    phone.post({"contact": MOTHER})
    school.pass_time(timedelta(hours=25))
    school.do(SHELL, housekeeping.sweep)

    phone.post({"code": "000000"})

    assert phone.at == f"/go/{SLUG}/vologda"
    assert "forgotten your contact" in phone.words


# Answers that do not fit


def test_a_name_of_one_word_is_asked_for_once_more_beside_its_field(school, phone):
    come_in(school, phone)
    assert "one word only" not in phone.words
    born = school.birth(12)
    typed = {
        "q_guardian_name": "Анна",
        "q_relation": "mother",
        "q_child_name": "Артём",
        "q_birth_date-day": str(born.day),
        "q_birth_date-month": str(born.month),
        "q_birth_date-year": str(born.year),
    }
    phone.post(typed)

    assert phone.status == 422
    assert len(phone.errors()) == 2
    assert all("both the surname and the name" in error for error in phone.errors())
    for said in ('value="Анна"', 'value="Артём"', 'value="mother" checked'):
        assert said in phone.html
    assert phone.words.count("The document has one word only") == 2

    # Who has one name says so; who forgot the surname adds it.
    phone.post({**typed, "q_child_name": "Смирнов Артём", "one_word": "guardian_name"})
    assert phone.at.endswith("/processing")


def test_the_tick_of_one_word_stays_while_something_else_is_wrong(school, phone):
    come_in(school, phone)
    phone.post({"q_guardian_name": "Анна", "q_child_name": "Артём", "one_word": "child_name"})

    assert phone.status == 422
    assert re.search(r'value="child_name" checked', phone.html)
    assert len([error for error in phone.errors() if "both the surname" in error]) == 1


# Mending names before the signature


def at_the_list(school: School, phone: Browser, *, child: str = "Смирнов Артём") -> UUID:
    come_in(school, phone)
    case_id = ask_for(school, phone, child=child)
    answer(phone, "yes", "yes")
    return case_id


def mend(phone: Browser, **typed: str) -> None:
    phone.get(re.search(r'href="(/s/[^"]+/request)"', phone.html)[1])
    phone.post(typed)


def test_names_are_put_right_on_the_check_list_and_the_documents_with_them(school, phone):
    at_the_list(school, phone, child="Смирнов Артем")
    before = dict(school.sql("SELECT consent, document_hash FROM consent"))
    early = school.code()

    school.pass_time(timedelta(minutes=1))
    mend(phone, q_child_name="Смирнов Артём")

    assert phone.at.endswith("/check")
    assert "Смирнов Артём" in phone.words
    after = dict(school.sql("SELECT consent, document_hash FROM consent"))
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    phone.post({}, to="code")
    phone.post({"code": early})
    assert signatures(school) == 0
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")
    assert states(school)["processing"] == states(school)["participation"] == "given"
    signed_hashes = {one for (one,) in school.sql("SELECT document_hash FROM signature")}
    assert signed_hashes == {after["processing"], after["participation"]}


def test_mending_names_sends_no_code_until_one_is_asked_for(school, phone):
    at_the_list(school, phone)
    stale = phone.forms()[0]["fields"]
    list_url = phone.at
    for number in range(4):
        school.pass_time(timedelta(minutes=1))
        mend(phone, q_child_name=f"Смирнов Артём{'у' * number}")
        assert "put right" in phone.words
        assert "Send me the code" in phone.html

    assert school.sql("SELECT count(*) FROM code WHERE purpose = 'package'")[0][0] == 1
    phone.client.post(list_url, data={**stale, "code": "123456"})
    phone._arrive(phone.client.post(list_url, data={**stale, "code": "123456"}), list_url)
    assert "This code is for something else. Ask for a new one." in phone.words
    phone.post({}, to="code")
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")


def test_a_list_without_a_code_says_from_when_on_there_is_one(school, phone):
    at_the_list(school, phone)
    for _ in range(2):
        school.pass_time(timedelta(minutes=1))
        phone.post({}, to="code")
    mend(phone, q_child_name="Смирнов Артемий")

    for _ in range(2):
        phone.get(phone.at)
        assert re.search(r"You can ask for a new code in \d+ minutes", phone.words)
        assert not [form for form in phone.forms() if str(form["action"]).endswith("/code")]
    school.pass_time(timedelta(hours=1))
    phone.get(phone.at)
    phone.post({}, to="code")
    phone.post({"code": school.code()})
    assert phone.at.endswith("/done")


def test_the_page_that_mends_holds_what_was_said_and_refuses_like_the_first(school, phone):
    at_the_list(school, phone)
    mend(phone)
    assert phone.at.endswith("/check")

    mend(phone, q_child_name="Артём")
    assert phone.status == 422
    assert "both the surname and the name" in phone.errors()[0]
    assert 'value="Смирнова Анна"' in phone.html


def test_after_signing_names_stay_as_they_were_signed(school, phone):
    case_id = at_the_list(school, phone)
    mending = re.search(r'href="(/s/[^"]+/request)"', phone.html)[1]
    phone.get(mending)
    page = phone.forms()[0]
    phone.get(f"/s/{case_id}/sign/consents/check")
    phone.post({"code": school.code()})
    before = school.sql("SELECT consent, document_hash FROM consent ORDER BY 1")

    refused = phone.client.post(mending, data={**page["fields"], "q_child_name": "Другой Олег"})

    assert refused.status_code == 409
    assert school.sql("SELECT consent, document_hash FROM consent ORDER BY 1") == before


def test_a_guardians_name_put_right_for_one_child_is_right_for_the_other(school, phone):
    first = at_the_list(school, phone)
    phone.get("/s/")
    phone.post({}, to="another")
    assert re.search(r'value="mother" checked', phone.html)
    ask_for(school, phone, child="Смирнова Вера", age=11)
    answer(phone, "yes", "yes")
    mend(phone, q_guardian_name="Смирнова Анна Сергеевна")

    phone.get(f"/s/{first}/sign/consents/processing")
    assert "Смирнова Анна Сергеевна" in phone.words


def test_wrong_answers_are_explained_beside_their_fields_and_all_that_was_typed_stays(
    school, phone
):
    come_in(school, phone)
    phone.post(
        {
            "q_guardian_name": "Смирнова Анна",
            "q_child_name": "",
            "q_birth_date-day": "31",
            "q_birth_date-month": "2",
            "q_birth_date-year": "2014",
        }
    )

    assert phone.status == 422
    assert len(phone.errors()) == 3
    assert 'value="Смирнова Анна"' in phone.html
    assert re.search(r'name="q_birth_date-day"[^>]*value="31"', phone.html)
    assert phone.html.count('<li><a href="#f-q_') == 3


def test_a_grown_up_is_told_so_beside_the_date_of_birth(school, phone):
    come_in(school, phone)
    born = school.birth(18)
    phone.post(
        {
            "q_guardian_name": "Смирнова Анна",
            "q_relation": "mother",
            "q_child_name": "Смирнов Пётр",
            "q_birth_date-day": str(born.day),
            "q_birth_date-month": str(born.month),
            "q_birth_date-year": str(born.year),
        }
    )

    assert "children below 18" in phone.errors()[0]
    assert school.sql('SELECT count(*) FROM "case"') == [(0,)]


def test_a_form_republished_while_it_is_filled_in_is_shown_anew_with_what_was_typed(school, phone):
    come_in(school, phone)
    form = phone.forms()[0]
    born = school.birth(12)
    phone.post(
        {
            **form["fields"],
            "edition": "0" * 16,
            "q_guardian_name": "Смирнова Анна",
            "q_relation": "mother",
            "q_child_name": "Смирнов Артём",
            "q_birth_date-day": str(born.day),
            "q_birth_date-month": str(born.month),
            "q_birth_date-year": str(born.year),
        }
    )

    assert phone.status == 409
    assert "The form has changed meanwhile" in phone.words
    assert 'value="Смирнов Артём"' in phone.html
    phone.post({})
    assert "/sign/consents/processing" in phone.at


# What changes in between


def test_a_text_republished_before_the_answer_is_shown_with_what_changed(school, phone):
    phone.get("/?lang=ru")
    come_in(school, phone)
    ask_for(school, phone)
    republish(school)

    phone.post({"answer": "yes"})

    assert phone.status == 409
    assert "<del>связывается с семьёй;</del>" in phone.html
    assert "<ins>связывается с семьёй и учителем;</ins>" in phone.html
    assert signatures(school) == 0
    phone.post({"answer": "yes"})
    assert phone.at.endswith("/participation")


def test_a_text_republished_before_the_signature_stops_it_and_the_code_is_void(school, phone):
    phone.get("/?lang=ru")
    come_in(school, phone)
    case_id = ask_for(school, phone)
    answer(phone, "yes", "yes")
    old = school.code()
    republish(school)

    phone.post({"code": old})
    assert phone.status == 409
    assert "<ins>связывается с семьёй и учителем;</ins>" in phone.html
    assert signatures(school) == 0

    school.pass_time(timedelta(minutes=1))
    phone.post({"answer": "yes"}, to="/processing")
    assert phone.at == f"/s/{case_id}/sign/consents/check"
    phone.post({"code": old})
    assert phone.status == 422
    phone.post({"code": school.code()})
    assert states(school)["processing"] == "given"


def test_a_language_switched_in_the_middle_makes_the_documents_anew_and_asks_again(school, phone):
    come_in(school, phone)
    case_id = ask_for(school, phone)
    answer(phone, "yes", "yes")

    phone.get(f"/s/{case_id}/sign/consents/check?lang=ru")
    assert phone.at.endswith("/processing")
    assert "Полный" in phone.html or "Кто и о ком" in phone.html
    assert school.sql("SELECT DISTINCT locale FROM consent WHERE consent <> 'photo'") == [("ru",)]

    school.pass_time(timedelta(minutes=1))
    answer(phone, "yes", "yes")
    phone.post({"code": school.code()})
    assert states(school)["processing"] == "given"


def test_a_child_that_turns_14_in_between_has_to_sign_itself(school, phone):
    come_in(school, phone)
    ask_for(school, phone, age=13)
    answer(phone, "yes", "yes")
    school.pass_time(timedelta(days=300))
    phone.post({}, to="code")
    phone.post({"code": school.code()})

    assert states(school)["processing"] == "requested"
    assert "hand-over" not in phone.html
    assert "answers and signs for itself" in phone.words
    phone.post({"contact": MOTHER}, to="child-contact")
    assert phone.status == 422
    assert f'value="{MOTHER}"' in phone.html
    phone.post({"contact": "artem@example.org"})
    assert "a···m@example.org" in phone.words


def test_a_child_that_turns_18_in_between_is_signed_for_by_nobody(school, phone):
    come_in(school, phone)
    ask_for(school, phone, age=17)
    answer(phone, "yes", "yes")
    school.pass_time(timedelta(days=366))
    come_in(school, phone)
    phone.get("/s/")

    assert "The child is 18 now" in phone.words
    assert "Continue" not in phone.words

    case_id = school.sql('SELECT id FROM "case"')[0][0]
    phone.get(f"/s/{case_id}/sign/consents/")
    assert "a grown-up applies alone" in phone.words
    assert signatures(school) == 0
    assert case_status(school) == ("ended", "expired")


def test_a_photo_refused_is_given_later_by_a_document_and_a_code_of_its_own(school, phone):
    case_id = signed(school, phone)
    phone.get(f"/s/{case_id}/sign/photo/")
    answer(phone, "no")
    phone.post({})
    found = re.search(r'href="(/s/consent/[^"]+/anew)"', phone.html)
    assert found is not None

    phone.get(found[1])
    assert school.sql("SELECT count(*) FROM consent WHERE consent = 'photo'") == [(1,)]
    phone.post({}, to="/anew")
    answer(phone, "yes")
    phone.post({"code": school.code()})

    rows = school.sql("SELECT state FROM consent WHERE consent = 'photo' ORDER BY id")
    assert rows == [("refused",), ("given",)]
    phone.get("/s/")
    assert "/anew" not in phone.html


def test_a_colleagues_contact_is_told_apart_only_after_its_code(school, phone):
    staff = "belova@vologda.example.org"
    phone.get(f"/go/{SLUG}/vologda")
    phone.post({"contact": staff})
    assert "staff" not in phone.words

    phone.post({"code": school.code()})

    assert phone.status == 422
    assert phone.errors() == [
        "This contact belongs to somebody of the school’s staff. Write the family’s own contact."
    ]
    assert school.sql("SELECT count(*) FROM person WHERE kind = 'guardian'") == [(0,)]


def test_two_clicks_sign_once_and_both_see_the_confirmation(school, phone):
    come_in(school, phone)
    case_id = ask_for(school, phone)
    answer(phone, "yes", "yes")
    form, code = phone.forms()[0]["fields"], school.code()
    path = f"/s/{case_id}/sign/consents/check"

    first = phone.client.post(path, data={**form, "code": code})
    second = phone.client.post(path, data={**form, "code": code})

    assert first.headers["Location"] == second.headers["Location"] == f"/s/{case_id}/done"
    assert signatures(school) == 2
    assert len(school.sql("SELECT 1 FROM evidence WHERE type = 'consent_answered'")) == 2


def test_a_page_that_was_open_while_its_step_was_done_says_so(school, phone):
    come_in(school, phone)
    case_id = ask_for(school, phone)
    old = phone.forms()[0]["fields"]
    answer(phone, "yes", "yes")
    phone.post({"code": school.code()})

    late = phone.client.post(f"/s/{case_id}/sign/consents/processing", data={**old, "answer": "no"})

    assert late.status_code == 409
    assert "moved on since this page was opened" in late.get_data(as_text=True)
    assert states(school)["processing"] == "given"


def test_a_form_that_came_too_late_can_be_sent_once_more_with_all_that_was_typed(school, phone):
    come_in(school, phone)
    answered = phone.client.post(
        "/s/request",
        data={"q_guardian_name": "Смирнова Анна", "csrf_token": "old"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )

    assert answered.status_code == 400
    html = answered.get_data(as_text=True)
    assert 'name="q_guardian_name" value="Смирнова Анна"' in html
    assert "Send once more" in html


# Links


def _dead(page: str) -> str:
    """A page without what differs between any two: its number and the form's secret."""
    page = re.sub(r'name="csrf_token" value="[^"]*"', "", page)
    page = re.sub(r"<code>\w+</code>", "", page)
    return re.sub(r'nonce="[^"]*"', "", page)


def test_every_dead_link_is_answered_by_one_page(school, phone):
    case_id = signed(school, phone)
    school.drain()
    expired, revoked = school.link(), None
    school.pass_time(timedelta(days=15))
    stranger = school.browser()
    stranger.get("/?lang=en")
    pages = []
    for path in (f"/s/{'x' * 43}", expired, "/s/short", f"/s/{new_id()}"):
        stranger.get(path)
        pages.append((stranger.status, _dead(stranger.html)))
    school.sql("UPDATE link SET revoked_at = now(), expires_at = now() + interval '900 days'")
    stranger.get(expired)
    pages.append((stranger.status, _dead(stranger.html)))

    assert revoked is None
    assert case_id
    assert {status for status, _ in pages} == {404}
    assert len({page for _, page in pages}) == 1


def test_a_new_link_is_asked_for_alike_by_everybody_and_sent_only_to_the_owner(school, phone):
    signed(school, phone)
    school.drain()
    expired = school.link()
    school.pass_time(timedelta(days=15))
    letters = "SELECT count(*) FROM delivery WHERE letter = 'resume_link'"
    stranger = school.browser()
    answers = []
    for path in (f"/s/{'x' * 43}", expired):
        stranger.get(path)
        stranger.post({})
        answers.append((stranger.at, stranger.status, _dead(stranger.html)))

    assert answers[0] == answers[1]
    assert school.sql(letters) == [(1,)]
    stranger.get(school.link())
    assert stranger.at == "/s/code"


def test_a_link_shows_nothing_of_the_child_before_a_code_and_is_not_used_up(school, phone):
    signed(school, phone)
    school.drain()
    link = school.link()
    other = school.browser()
    for _ in range(3):
        other.get(link)
        assert other.at == "/s/code"
        assert "Смирнов" not in other.html
        other.get("/s/")
        assert other.status == 401

    other.get(link)
    other.post({})
    assert MOTHER not in other.html
    assert "m···a@example.org" in other.words
    other.post({"code": school.code()})
    assert other.at == "/s/"
    assert "Смирнов Артём" in other.words


def test_a_code_is_sent_by_a_press_alone_not_by_opening_a_link(school, phone):
    signed(school, phone)
    school.drain()
    before = school.sql("SELECT count(*) FROM code")
    school.browser().get(school.link())

    assert school.sql("SELECT count(*) FROM code") == before


def test_another_familys_application_is_answered_like_a_missing_one(school, phone):
    theirs = signed(school, phone)
    consent = school.sql("SELECT id FROM consent LIMIT 1")[0][0]
    stranger = school.browser()
    come_in(school, stranger, contact="papa@example.org")
    ask_for(school, stranger, child="Иванов Олег")

    missing = new_id()
    for path in (
        "/s/{}/done",
        "/s/{}/sign/consents/check",
        "/s/{}/form/voice",
        "/s/{}/child-contact",
    ):
        for case in (theirs, missing):
            stranger.get(path.format(case))
            assert stranger.status == 404, path
    for path in ("/s/consent/{}", "/s/consent/{}.pdf", "/s/consent/{}/withdraw"):
        for record in (consent, missing):
            stranger.get(path.format(record))
            assert stranger.status == 404, path


# The family's page


def test_the_familys_page_shows_what_was_signed_what_comes_and_who_looked(school, phone):
    case_id = signed(school, phone)
    school.drain()
    school.do(school.coordinator, desk.card, case_id=case_id, locale="ru")

    phone.get("/s/")

    assert "given" in phone.words
    assert "Waiting for the child’s answer" in phone.words
    assert "Белова Надежда, coordinator" in phone.words
    pdfs = re.findall(r'href="(/s/consent/[^"]+\.pdf)"', phone.html)
    assert len(pdfs) == 2
    pdf = phone.client.get(pdfs[0])
    assert pdf.mimetype == "application/pdf"
    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Cache-Control"] == "no-store"


def test_what_was_signed_can_be_read_word_for_word(school, phone):
    signed(school, phone)
    consent, mark = school.sql(
        "SELECT id, document_hash FROM consent WHERE consent = 'processing'"
    )[0]
    phone.get(f"/s/consent/{consent}")

    assert mark in phone.html
    assert "Parent or guardian" in phone.words


def test_withdrawing_takes_no_more_than_giving_and_pauses_the_case(school, phone):
    case_id = signed(school, phone)
    phone.get("/s/")
    before = len(phone.seen)
    withdraw = re.search(r'href="(/s/consent/[^"]+/withdraw)"', phone.html)[1]

    phone.get(withdraw)
    assert [one for one in phone.typed_inputs() if one != "answer_to"] == []
    assert "can be skipped" in phone.words
    phone.post({})

    # Giving took the question, the check list and a code; withdrawing is one page and one button.
    assert len(phone.seen) - before == 2
    assert phone.at == "/s/"
    assert "Withdrawn. The school stopped at once" in phone.words
    assert case_status(school)[0] == "paused"
    assert "withdrawn by you" in phone.words
    phone.get(f"/s/{case_id}/done")
    assert phone.status == 200


def test_an_address_for_the_answer_that_cannot_be_reached_is_kept_and_explained(school, phone):
    signed(school, phone)
    phone.get("/s/")
    phone.get(re.search(r'href="(/s/consent/[^"]+/withdraw)"', phone.html)[1])
    phone.post({"answer_to": "туда"})

    assert phone.status == 422
    assert 'value="туда"' in phone.html
    assert states(school)["processing"] == "given"


def test_a_guardian_may_withdraw_before_the_teenager_has_signed(school, phone):
    signed(school, phone, age=15)
    phone.get("/s/")
    phone.get(re.search(r'href="(/s/consent/[^"]+/withdraw)"', phone.html)[1])
    phone.post({})

    assert states(school)["processing"] == "withdrawn"
    assert case_status(school)[0] == "paused"
    open_tasks = 'SELECT count(*) FROM task t JOIN "case" c ON c.id = t.case_id'
    assert school.sql(f"{open_tasks} WHERE t.status = 0 AND t.role = 'mentee'") == [(0,)]


def test_withdrawing_twice_is_told_kindly(school, phone):
    signed(school, phone)
    phone.get("/s/")
    path = re.search(r'href="(/s/consent/[^"]+/withdraw)"', phone.html)[1]
    phone.get(path)
    form = phone.forms()[0]["fields"]
    first = phone.client.post(path, data=form)
    second = phone.client.post(path, data=form)

    assert first.headers["Location"] == second.headers["Location"] == "/s/"
    phone.get(path)
    assert phone.at == "/s/"


def test_closing_the_page_leaves_nothing_on_the_telephone(school, phone):
    signed(school, phone)
    phone.get("/s/")
    phone.post({}, to="leave")
    assert "Смирнов" not in phone.html
    phone.get("/s/")

    assert phone.status == 401


def test_an_unknown_school_or_place_is_not_there(school, phone):
    for path in ("/go/nowhere", f"/go/{SLUG}/nowhere", "/rules/nowhere"):
        phone.get(path)
        assert phone.status == 404


# The way to the teenager


def test_a_teenager_is_not_written_to_before_the_guardian_has_said_yes(school, phone):
    come_in(school, phone)
    case_id = ask_for(school, phone, age=15)
    csrf = phone.forms()[0]["fields"]["csrf_token"]

    phone.get(f"/s/{case_id}/child-contact")
    assert "contact" not in phone.typed_inputs()
    refused = phone.client.post(
        f"/s/{case_id}/child-contact", data={"csrf_token": csrf, "contact": "artem@example.org"}
    )

    assert refused.status_code == 409
    assert not school.sql("SELECT 1 FROM link WHERE role = 'mentee'")
    phone.get(f"/s/{case_id}/sign/consents/")
    answer(phone, "yes", "yes")
    phone.post({"code": school.code()})
    phone.post({"contact": "artem@example.org"}, to="child-contact")
    assert "is on its way" in phone.words


def send_child_links(school: School, phone: Browser, case_id: UUID, *contacts: str) -> list[int]:
    phone.get(f"/s/{case_id}/child-contact")
    csrf = phone.forms()[0]["fields"]["csrf_token"]
    return [
        phone.client.post(
            f"/s/{case_id}/child-contact", data={"csrf_token": csrf, "contact": one}
        ).status_code
        for one in contacts
    ]


def test_links_to_a_teenager_are_counted_for_each_application(school, phone):
    case_id = signed(school, phone, age=15)
    strangers = [f"+7916{number:07d}" for number in range(1, 13)]

    statuses = send_child_links(school, phone, case_id, "no contact", *strangers)

    assert statuses == [422] + [303] * 5 + [429] * 7
    assert school.sql("SELECT count(*) FROM link WHERE role = 'mentee'")[0][0] == 5
    phone.get(f"/s/{case_id}/child-contact")
    phone.post({"again": "yes"})
    assert phone.status == 429
    assert "You can try again in" in phone.words


def test_links_to_a_teenager_are_counted_for_each_contact(school, phone):
    first = signed(school, phone, age=15)
    other = school.browser()
    other.get("/?lang=en")
    come_in(school, other, contact="papa@example.org")
    second = ask_for(school, other, age=15, child="Иванов Олег")
    answer(other, "yes", "yes")
    other.post({"code": school.code()})

    assert send_child_links(school, phone, first, *["teen@example.org"] * 3) == [303] * 3
    assert send_child_links(school, other, second, *["TEEN@example.org"] * 3) == [303, 303, 429]
