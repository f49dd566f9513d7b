"""The guardian's whole way in a browser at 360 pixels: with a script, without, by keyboard."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web.family_ground import MOTHER, SLUG, School, new_school, republish

pytestmark = pytest.mark.browser


class Silent(WSGIRequestHandler):
    """Says nothing about requests."""

    def log(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def school(runtime) -> School:
    return new_school(runtime)


@pytest.fixture
def address(school: School) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, school.app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@dataclass
class Way:
    """A person on the way: fills in, presses the one button, looks at each page."""

    page: Page
    school: School
    address: str
    look: Callable[[Page], None]
    titles: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open an address."""
        self.page.goto(self.address + path)
        self._arrived()

    def press(self, selector: str = "main .button-main") -> None:
        """Press a button."""
        self.page.locator(selector).first.click()
        self._arrived()

    def fill(self, name: str, value: str) -> None:
        """Type into a field."""
        self.page.fill(f"#f-{name}", value)

    def choose(self, name: str, value: str) -> None:
        """Choose an answer by its words' control."""
        self.page.locator(f"input[name={name}][value={value}]").check()

    def to_the_confirmation(self, *, age: int = 12) -> None:
        """From the poster to the signed package."""
        self.open(f"/go/{SLUG}/vologda")
        self.fill("contact", MOTHER)
        self.press()
        self.fill("code", self.school.code())
        self.press()
        self.fill("q_guardian_name", "Смирнова Анна")
        self.choose("q_relation", "mother")
        self.fill("q_child_name", "Смирнов Артём")
        born = self.school.birth(age)
        self.fill("q_birth_date", str(born.day))
        self.fill("q_birth_date-month", str(born.month))
        self.fill("q_birth_date-year", str(born.year))
        self.press()
        for _ in range(2):
            self.choose("answer", "yes")
            self.press()
        self.fill("code", self.school.code())
        self.press()

    def _arrived(self) -> None:
        self.titles.append(self.page.title())
        self.look(self.page)


def with_axe(page: Page) -> None:
    """Nothing for axe to find, nothing refused by the content policy, nothing cut off."""
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def without_script(page: Page) -> None:
    """The page is whole as it was sent."""
    assert page.locator("h1").count() == 1
    assert page.locator("main").inner_text()


@pytest.fixture(params=["script", "no-script"])
def way(request, browser: Browser, school: School, address: str) -> Iterator[Way]:
    scripted = request.param == "script"
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="ru-RU",
        java_script_enabled=scripted,
        reduced_motion="reduce",
    )
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    yield Way(page, school, address, with_axe if scripted else without_script)
    context.close()
    assert [text for text in refused if "Content Security Policy" in text] == []


def test_the_whole_way_from_the_poster_to_the_withdrawn_consent(way: Way) -> None:
    way.to_the_confirmation()
    assert len(way.titles) == 7

    way.press("form[action$='hand-over'] button")
    way.choose("q_understands", "yes")
    way.choose("q_wants", "yes")
    way.press()
    way.fill("q_goal", "Научиться паять")
    way.choose("q_interests", "technology")
    way.press()
    assert "/child/done" in way.page.url

    way.press("main form button")
    way.fill("code", way.school.code())
    way.press()
    way.school.drain()
    way.open("/s/")
    way.press(".board-act")
    way.press("main .button-wrong")

    assert way.page.url.endswith("/s/")
    case = way.school.sql('SELECT status FROM "case" WHERE cause_id IS NULL')
    assert case == [("paused",)]


def test_back_shows_nothing_the_child_wrote(way: Way) -> None:
    way.to_the_confirmation()
    way.press("form[action$='hand-over'] button")
    way.choose("q_understands", "yes")
    way.choose("q_wants", "yes")
    way.press()
    way.fill("q_goal", "Научиться паять")
    way.choose("q_interests", "technology")
    way.press()

    for _ in range(6):
        way.page.go_back()
        assert "Научиться паять" not in way.page.content()
        assert "Смирнова Анна" not in way.page.content()


def test_a_teenagers_own_pages_are_whole_too(way: Way) -> None:
    way.to_the_confirmation(age=15)
    way.fill("contact", "artem@example.org")
    way.press("form[action$='child-contact'] button")
    way.school.drain()
    way.open(way.school.link("mentee"))
    way.press()
    way.fill("code", way.school.code())
    way.press()
    way.open("/child/next")
    way.choose("q_understands", "yes")
    way.choose("q_wants", "yes")
    way.press()
    for _ in range(2):
        way.choose("answer", "yes")
        way.press()
    way.fill("code", way.school.code())
    way.press()
    way.open("/child/")
    way.press(".board-name a")
    way.press("main .button-wrong")
    way.press("main .button-wrong")
    way.press("form[action$='leave'] button")

    assert way.page.url.endswith("/child/done")


def test_a_text_that_changed_is_shown_with_what_changed(way: Way) -> None:
    way.to_the_confirmation()
    way.press("form[action$='another'] button")
    way.fill("q_guardian_name", "Смирнова Анна")
    way.choose("q_relation", "mother")
    way.fill("q_child_name", "Смирнова Вера")
    for box, part in (("", "3"), ("-month", "5"), ("-year", "2016")):
        way.fill(f"q_birth_date{box}", part)
    way.press()
    republish(way.school)
    way.choose("answer", "yes")
    way.press()

    assert way.page.locator("ins").count() == 2  # the line, and the date of the text
    way.choose("answer", "yes")
    way.press()
    assert way.page.url.endswith("/participation")


def test_mistakes_and_the_ends_of_the_way_are_whole_pages_too(way: Way) -> None:
    way.open(f"/go/{SLUG}")
    way.press()
    way.fill("contact", MOTHER)
    way.press()
    way.fill("code", "12")
    way.press()
    way.open("/s/" + "x" * 43)
    way.press("main button")
    way.open("/")
    way.open(f"/rules/{SLUG}")

    assert len(set(way.titles)) >= 5


def test_the_first_pages_go_by_keyboard_alone(
    browser: Browser, school: School, address: str
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, locale="ru-RU")
    page.goto(f"{address}/go/{SLUG}/vologda")
    _tab_to(page, "contact")
    page.keyboard.type(MOTHER)
    page.keyboard.press("Enter")
    page.wait_for_url("**/start/**")
    _tab_to(page, "code")
    page.keyboard.type(school.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/s/request")
    _tab_to(page, "q_relation")
    page.keyboard.press("Space")

    assert page.locator("input[name=q_relation][value=mother]").is_checked()
    page.close()


def _tab_to(page: Page, name: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")
