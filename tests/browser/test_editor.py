"""The partner's editor in a real browser: adapt, publish, and see it on a child's page."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from server.access.actors import SHELL
from server.runtime import Runtime
from server.services.accounts import passwords, people
from tests.web.family_ground import School, new_school, signed

pytestmark = pytest.mark.browser

EDITOR = "/admin/forms/minor_questionnaire"
WORKFLOW = "/admin/workflows/minor_enrolment"
EMAIL, PASSWORD = "lebedeva@example.org", "четыре слова для входа"
PAGES = (
    "/admin/", "/admin/forms/", EDITOR, f"{EDITOR}?open=days", "/admin/workflows/", WORKFLOW,
    "/admin/publish/", "/admin/history/", "/admin/file/", "/admin/people/", "/admin/schools/",
    "/admin/releases/", "/admin/letters/", "/admin/evidence/",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A running school with an administrator who signs in."""

    address: str
    school: School
    browser: Browser

    def page(self, *, width: int = 1280, script: bool = True, lang: str = "ru") -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{self.address}/sign-in?lang={lang}")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url(re.compile("/(desk|admin)"))
        return page

    def open(self, page: Page, path: str) -> None:
        page.goto(self.address + path)

    def child_at_its_questionnaire(self) -> Page:
        """A family went the whole way; the child holds the phone."""
        phone = self.school.browser()
        phone.get("/?lang=ru")
        signed(self.school, phone, age=12)
        phone.post({}, to="hand-over")
        phone.post({"q_understands": "yes", "q_wants": "yes"})
        assert 'name="q_goal"' in phone.html
        cookie = phone.client.get_cookie("school")
        assert cookie is not None
        context = self.browser.new_context(viewport={"width": 360, "height": 740})
        context.add_cookies(
            [
                {"name": "school", "value": cookie.value, "url": self.address},
                {"name": "lang", "value": "ru", "url": self.address},
            ]
        )
        page = context.new_page()
        page.goto(self.address + phone.at)
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(runtime: Runtime, browser: Browser) -> Iterator[Desk]:
    school = new_school(runtime)
    today = runtime.tools.clock.now().date()
    with runtime.tools.begin(SHELL, school.tenant_id) as work:
        person = people.add_colleague(
            work,
            name="Лебедева Ольга",
            email=EMAIL,
            password_hash=passwords.hash_password(PASSWORD),
        )
        people.appoint(
            work,
            person_id=person,
            school_id=school.school_id,
            role="partner_admin",
            since=today - timedelta(days=30),
        )
    server = make_server("127.0.0.1", 0, school.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Desk(f"http://127.0.0.1:{server.server_port}", school, browser)
    server.shutdown()
    thread.join()


def change(page: Page, field: str) -> None:
    """Open what may be changed about a question."""
    page.locator(f'[id="limit-{field}"] .limit-edit > summary').click()


def save(page: Page, field: str) -> None:
    page.locator(f'[id="limit-{field}"] button[value="save:{field}"]').last.click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "bare"])
def test_adapt_publish_and_see_it_on_a_childs_page(desk: Desk, script: bool) -> None:
    page = desk.page(script=script)
    desk.open(page, EDITOR)
    change(page, "days")
    page.fill('[name="days.label.ru"]', "Когда тебе удобно встречаться")
    save(page, "days")
    page.locator(".add-own > summary").click()
    page.fill('[name="new.label.ru"]', "В какие кружки ты ходишь")
    page.select_option('[name="new.after"]', "goal")
    page.locator('button[value="add"]').click()
    page.locator('button[value="hide:grade"]').click()
    page.locator('button[value="up:mentor_wish"]').click()
    expect(page.locator("#preview")).to_contain_text("Когда тебе удобно встречаться")
    page.locator('.page-head button[value="publish"]').click()
    page.fill("[name=note]", "К новому циклу")
    page.locator("main form.card button").click()
    expect(page.locator(".states")).to_contain_text("К новому циклу")

    child = desk.child_at_its_questionnaire()

    labels = [one.strip() for one in child.locator("main .field-label").all_inner_texts()]
    names = [re.sub(r"\s+(можно пропустить|can be skipped)$", "", one) for one in labels]
    assert names == [
        "Твоя цель",
        "В какие кружки ты ходишь",
        "Что тебе интересно",
        "Когда тебе удобно встречаться",
        "Какой наставник тебе нужен",
        "Как тебе удобнее общаться",
    ]


def test_the_preview_follows_what_is_typed(desk: Desk) -> None:
    page = desk.page()
    desk.open(page, EDITOR)
    change(page, "days")

    page.fill('[name="days.label.ru"]', "Когда встречаемся")

    expect(page.locator("#preview")).to_contain_text("Когда встречаемся")
    expect(page.locator("#preview .is-changed")).to_have_count(1)
    desk.open(page, EDITOR)
    expect(page.locator("#preview")).not_to_contain_text("Когда встречаемся")


def test_the_preview_stays_in_sight_and_shows_the_question_at_hand(desk: Desk) -> None:
    page = desk.page()
    page.set_viewport_size({"width": 1280, "height": 800})
    desk.open(page, EDITOR)
    last = page.locator("#rows > li:has(details)").last
    last.locator("summary").first.click()
    name = last.get_attribute("data-item")

    last.locator("input[type=text], input:not([type]), textarea").first.fill("Совсем другие слова")

    expect(page.locator(f"#preview [data-of={name}]")).to_contain_text("Совсем другие слова")
    expect(page.locator(f"#preview [data-of={name}]")).to_be_in_viewport()


def test_an_arrow_pressed_by_keyboard_keeps_the_focus_on_its_row(desk: Desk) -> None:
    page = desk.page()
    desk.open(page, EDITOR)
    arrow = page.locator("[name=move][value^='down:']").first
    row = (arrow.get_attribute("value") or "").removeprefix("down:")

    arrow.focus()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(f"#limit-{row}$"))
    expect(page.locator(f"#limit-{row} [name=move][value='down:{row}']")).to_be_focused()


def test_a_question_is_dragged_to_its_place(desk: Desk) -> None:
    page = desk.page()
    page.set_viewport_size({"width": 1280, "height": 2000})
    desk.open(page, EDITOR)

    page.locator('[id="limit-mentor_wish"] .handle').hover()
    page.mouse.down()
    target = page.locator('[id="limit-days"]').bounding_box()
    assert target is not None
    for y in (target["y"] + 30, target["y"] + 8):
        page.mouse.move(target["x"] + 60, y, steps=6)
    page.mouse.up()
    page.locator('.page-head button[value="save"]').click()

    order = page.locator("#rows > li").evaluate_all("rows => rows.map(row => row.dataset.item)")
    assert order == ["goal", "interests", "mentor_wish", "days", "grade", "talk_by"]


def test_a_refusal_stands_in_its_row_and_publishing_waits(desk: Desk) -> None:
    page = desk.page()
    desk.open(page, EDITOR)
    page.locator(".add-own > summary").click()
    page.fill('[name="new.label.ru"]', "Чем болел в этом году")
    page.locator('button[value="add"]').click()

    refused = page.locator(".limit-refused")
    expect(refused).to_contain_text("152-ФЗ")
    expect(refused.locator("input[aria-invalid]").first).to_have_value("Чем болел в этом году")
    publish = page.locator('.page-head button[value="publish"]')
    expect(publish).to_have_attribute("aria-disabled", "true")
    publish.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(EDITOR))


def test_it_can_be_done_by_keyboard_alone(desk: Desk) -> None:
    page = desk.page()
    desk.open(page, EDITOR)

    page.locator('[id="limit-days"] .limit-edit > summary').focus()
    page.keyboard.press("Enter")
    page.locator('[name="days.label.ru"]').focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Когда встречаемся")
    page.keyboard.press("Enter")  # the first button of the form: save

    page.wait_for_load_state()
    expect(page.locator('[id="limit-days"] .limit-title')).to_contain_text("Когда встречаемся")


def test_a_deadline_is_typed_and_seen_on_the_line(desk: Desk) -> None:
    page = desk.page()
    desk.open(page, WORKFLOW)

    page.fill('[name="minor_enrolment.decision.due.in"]', "6")
    expect(page.locator("#preview")).to_contain_text("6 ")
    page.locator('.page-head button[value="save"]').click()

    expect(page.locator('[name="minor_enrolment.decision.due.in"]')).to_have_value("6")


@pytest.mark.parametrize(("width", "lang"), [(1280, "ru"), (360, "en")])
def test_axe_finds_nothing_and_nothing_overflows(desk: Desk, width: int, lang: str) -> None:
    page = desk.page(width=width, lang=lang)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    desk.open(page, EDITOR)
    page.locator(".add-own > summary").click()
    page.fill('[name="new.label.ru"]', "Чем болел в этом году")
    page.locator('button[value="add"]').click()
    page.locator('button[value="hide:grade"]').click()
    found = {}
    for path in PAGES:
        desk.open(page, path)
        rules = Axe().run(page).response["violations"]
        found[path] = [(one["id"], [node["html"] for node in one["nodes"]]) for one in rules]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    assert {path: rules for path, rules in found.items() if rules} == {}
    assert complaints == []
