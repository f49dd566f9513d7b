"""The desk in a real browser: many applications accepted at once, by mouse, thumb and keyboard."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from server.app import create_app
from server.runtime import Runtime
from server.services.accounts import colleagues, tokens
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_school,
    an_enrolment,
    an_invited_family,
    standing_still,
)

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Desk:
    """A running desk with two applications to decide on, and one that is not to be chosen."""

    address: str
    school: School
    nina: Colleague
    ready: tuple[Enrolment, Enrolment]
    locked: Enrolment

    def sign_in(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(f"{self.address}/sign-in?lang=en")
        page.fill("input[name=email]", self.nina.email)
        page.fill("input[name=password]", self.nina.password)
        page.get_by_role("button", name="Sign in").click()
        return page

    def read_cards(self, page: Page) -> None:
        """Open both cards from the list, as one does before deciding."""
        for made in self.ready:
            page.goto(f"{self.address}/desk")
            page.get_by_role("link", name=re.compile(f"Open.*{made.child}")).click()
            page.get_by_role("heading", name=made.child, level=1).wait_for()
        page.get_by_role("link", name="To the list").click()

    def ends(self) -> list[str | None]:
        return [made.row.end for made in (*self.ready, self.locked)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(runtime: Runtime) -> Iterator[Desk]:
    still = standing_still(runtime)
    school = a_school(still.tools)
    nina = a_colleague(school)
    ready = (an_enrolment(school, child="Ким Дарья"), an_enrolment(school, child="Гусев Лев"))
    locked = an_enrolment(school, at="questionnaire", child="Орлова Ева")
    locked.is_filled_in_by(nina)
    server = make_server("127.0.0.1", 0, create_app(still), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Desk(f"http://127.0.0.1:{server.server_port}", school, nina, ready, locked)
    server.shutdown()
    thread.join()


@pytest.mark.parametrize(
    ("width", "script"), [(1280, True), (360, True), (360, False)], ids=["desk", "phone", "bare"]
)
def test_many_are_accepted_at_once(browser: Browser, desk: Desk, width: int, script: bool) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 780}, java_script_enabled=script
    )
    page = desk.sign_in(context)
    desk.read_cards(page)
    assert page.get_by_role("checkbox", name="Choose: Орлова Ева").count() == 0

    for made in desk.ready:
        page.get_by_role("checkbox", name=f"Choose: {made.child}").check()
    page.get_by_role("button", name="Accept: 2" if script else "Accept", exact=True).click()

    page.get_by_role("heading", name="What became of the decisions").wait_for()
    assert page.get_by_text("Written down: 2 of 2").is_visible()
    assert desk.ends() == ["enrolled", "enrolled", None]
    context.close()


def test_it_can_be_done_by_keyboard_alone(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = desk.sign_in(context)
    desk.read_cards(page)

    page.get_by_role("checkbox", name="Choose all rows on this page").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Accept: 2").focus()
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="What became of the decisions").wait_for()
    assert desk.ends() == ["enrolled", "enrolled", None]
    context.close()


def test_arrows_lead_from_row_to_row_and_shift_chooses_all_in_between(
    browser: Browser, desk: Desk
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = desk.sign_in(context)
    desk.read_cards(page)
    boxes = page.locator("tbody .cell-select input")
    first, last = boxes.nth(0), boxes.nth(1)

    first.focus()
    page.keyboard.press("ArrowDown")
    assert last.evaluate("box => box === document.activeElement")
    page.keyboard.press("ArrowDown")  # the end: it stays
    assert last.evaluate("box => box === document.activeElement")
    page.keyboard.press("Home")
    assert first.evaluate("box => box === document.activeElement")

    first.click()
    last.click(modifiers=["Shift"])
    assert page.get_by_role("button", name="Accept: 2").is_visible()
    first.click(modifiers=["Shift"])
    assert page.get_by_role("button", name="Accept", exact=True).is_visible()
    context.close()


def test_the_bar_floats_only_once_something_is_chosen(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 400})
    page = desk.sign_in(context)
    desk.read_cards(page)
    bar = page.locator("[data-act-bar]")

    assert bar.evaluate("one => getComputedStyle(one).position") == "static"
    page.locator("tbody .cell-select input").first.check()
    assert bar.evaluate("one => getComputedStyle(one).position") == "sticky"
    context.close()


def test_axe_finds_nothing_where_accounts_and_roles_are_minded(
    browser: Browser, desk: Desk
) -> None:
    admin = a_colleague(desk.school, role="partner_admin")
    locked = a_colleague(desk.school, name="Громов Антон")
    desk.school.do(admin.actor, colleagues.lock, person_id=locked.person_id)
    issued = {"name": "x", "scopes": ["tasks:read"]}
    desk.school.do(admin.actor, tokens.issue_own_token, **issued)
    people = [f"/admin/people/{one.person_id}" for one in (desk.nina, locked)]
    for width in (1280, 360):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = Desk(desk.address, desk.school, admin, desk.ready, desk.locked).sign_in(context)
        for path in ("/account", "/admin/people/", *people, "/admin/people/new", "/admin/tokens/"):
            page.goto(f"{desk.address}{path}")
            for closed in page.locator("main summary").all():
                closed.click()
            rules = Axe().run(page).response["violations"]
            found = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in rules]
            assert found == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        context.close()


def test_with_nothing_chosen_the_buttons_do_nothing(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = desk.sign_in(context)
    desk.read_cards(page)

    accept = page.get_by_role("button", name="Accept", exact=True)
    assert accept.get_attribute("aria-disabled") == "true"
    accept.click(force=True)

    assert page.get_by_role("heading", name="What waits for you today").is_visible()
    assert desk.ends() == [None, None, None]
    context.close()


@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("ru", "light", 1280), ("ru", "light", 360), ("en", "dark", 360)]
)
def test_axe_finds_nothing(
    browser: Browser, desk: Desk, lang: str, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = desk.sign_in(context)
    desk.read_cards(page)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    waiting = an_invited_family(desk.school, desk.nina)
    gone = an_enrolment(desk.school, child="Зайцев Роман")
    gone.withdraws()
    cards = [f"/desk/case/{made.case_id}" for made in (desk.ready[0], desk.locked, waiting, gone)]
    paths = ["/desk", "/desk?tab=urgent", *cards, "/desk/invite", "/desk/poster"]

    found = {}
    for path in paths:
        page.goto(f"{desk.address}{path}{'&' if '?' in path else '?'}lang={lang}")
        rules = Axe().run(page).response["violations"]
        found[path] = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in rules]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    assert found == {path: [] for path in paths}
    assert complaints == []
    context.close()


@pytest.mark.parametrize("sheet", ["A4", "Letter"])
def test_the_poster_fits_one_sheet_of_paper(browser: Browser, desk: Desk, sheet: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = desk.sign_in(context)
    page.goto(f"{desk.address}/desk/poster/vologda?lang=ru")

    assert pages_of(page.pdf(format=sheet)) == 1
    for place, words in LONG.items():
        page.locator(f".poster {place}").evaluate("(one, words) => one.textContent = words", words)
    assert pages_of(page.pdf(format=sheet)) == 1
    context.close()


# As long as names and addresses of schools get.
LONG = {
    "header strong": "Муниципальное бюджетное общеобразовательное учреждение «Средняя школа № 14"
    " имени дважды Героя Советского Союза»",
    ".poster-address": "nastavniki.vologodskaya-oblast.example/go/srednyaya-shkola-14"
    "/vologodskiy-munitsipalnyy-okrug",
    "footer": "Константинопольская Александра Владиславовна · 8 8172 00-00-00 доб. 1234"
    " · понедельник–пятница с 9:00 до 18:00, обед с 13:00 до 14:00",
}


def pages_of(paper: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", paper))
