"""The page of components in a real browser: nothing for axe to find, and the helps of app.js."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.wrappers import Response
from flask_babel import Babel
from playwright.sync_api import Browser, Dialog, Page, Request, Route, sync_playwright
from werkzeug.serving import make_server

import server.web
from server.web.components import components

WEB = Path(server.web.__file__).parent
POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
    ]
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = Flask("look", static_folder=WEB / "static", template_folder=WEB / "templates")
    Babel(app)
    app.register_blueprint(components)
    app.add_url_rule("/_components", "sent", lambda: ("", 204), methods=["POST"])

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    server_ = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server_.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server_.server_port}/_components"
    server_.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}?lang=ru")
    yield page
    page.close()


def posts_of(page: Page) -> list[str]:
    """The addresses the page posts to, from now on."""
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            posts.append(request.url)

    page.on("request", note)
    return posts


@pytest.mark.parametrize(("lang", "scheme"), [("ru", "light"), ("en", "dark")])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("face", ["public", "staff"])
def test_axe_finds_nothing(
    browser: Browser,
    address: str,
    face: str,
    width: int,
    lang: str,
    scheme: Literal["light", "dark"],
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{address}?face={face}&lang={lang}")

    found = Axe().run(page).response["violations"]

    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_touch_targets_of_a_familys_page_are_44_pixels_high(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(f"{address}?face=public&lang=ru")

    targets = page.locator(
        "button, .choice, .input, summary, footer a, .fact-act a, .board-act"
    ).all()
    boxes = {target.inner_text(): target.bounding_box() for target in targets}

    assert [words for words, box in boxes.items() if box and box["height"] < 43.5] == []
    page.close()


def test_without_javascript_everything_is_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}?lang=ru")

    assert page.get_by_role("button", name="Принять", exact=True).is_enabled()
    assert page.locator("button[value='days:up']").is_visible()
    assert not page.locator("[data-select-all]").is_visible()
    context.close()


def test_the_buttons_say_how_many_rows_they_are_for(desk: Page) -> None:
    accept = desk.locator("[data-act-bar] .button-main")
    assert accept.inner_text() == "Принять: 2"

    desk.locator("[data-select-all]").check()
    assert accept.inner_text() == "Принять: 3"  # the fourth is not mine to decide

    desk.locator("[data-select-all]").uncheck()
    assert accept.get_attribute("aria-disabled") == "true"
    assert accept.inner_text() == "Принять"


def test_a_press_without_rows_sends_nothing(desk: Page) -> None:
    desk.locator("[data-select-all]").check()
    desk.locator("[data-select-all]").uncheck()
    posts = posts_of(desk)

    desk.locator("[data-act-bar] .button-main").click(force=True)

    assert posts == []


def test_two_presses_send_one_deed(desk: Page) -> None:
    posts = posts_of(desk)

    desk.locator("[data-act-bar] .button-main").dblclick()
    desk.evaluate("1")

    assert len(posts) == 1


@pytest.mark.parametrize(("answer", "sent"), [("accept", 1), ("dismiss", 0)])
def test_a_grave_deed_asks_first(desk: Page, answer: str, sent: int) -> None:
    questions: list[str] = []
    posts = posts_of(desk)

    def reply(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.accept() if answer == "accept" else dialog.dismiss()

    desk.on("dialog", reply)

    desk.get_by_role("button", name="Отозвать согласие").click()
    desk.evaluate("1")

    assert questions == ["Отозвать согласие на участие?"]
    assert len(posts) == sent


def test_a_line_of_the_summary_leads_to_its_field(desk: Page) -> None:
    desk.locator(".error-summary a").nth(2).click()

    assert desk.evaluate("document.activeElement.id") == "f-wrong_born"


def test_the_counter_counts_what_is_left_and_what_is_too_much(desk: Page) -> None:
    desk.locator("#f-about").fill("я" * 399)
    assert desk.locator("#f-about-count").inner_text().endswith("1")

    desk.locator("#f-about").fill("я" * 403)
    assert "over" in (desk.locator("#f-about-count").get_attribute("class") or "")
    assert desk.locator("#f-about").input_value() == "я" * 403


def test_chips_show_only_their_rows(desk: Page) -> None:
    desk.get_by_role("button", name="Нельзя менять").click()

    assert desk.locator("#limits > li:visible").count() == 1


def test_a_dragged_row_changes_the_order_that_is_sent(desk: Page) -> None:
    order = "[...document.querySelectorAll('#limits [name=order]')].map(i => i.value)"
    assert desk.evaluate(order) == ["days", "mentor", "own"]

    desk.locator("#limit-days").scroll_into_view_if_needed()
    desk.locator("#limit-mentor [data-handle]").hover()
    desk.mouse.down()
    above = desk.locator("#limit-days").bounding_box()
    assert above
    desk.mouse.move(above["x"] + 60, above["y"] + 5, steps=8)
    desk.mouse.up()

    assert desk.evaluate(order) == ["mentor", "days", "own"]


def test_the_preview_is_redrawn_by_the_server_while_one_types(
    browser: Browser, address: str
) -> None:
    page = browser.new_page()
    posted: list[str] = []

    def editor(route: Route) -> None:
        html = route.fetch().text()
        route.fulfill(
            content_type="text/html",
            body=html.replace("<form method", "<form data-preview-url='/drawn' method"),
        )

    def drawn(route: Route) -> None:
        posted.append(route.request.post_data or "")
        route.fulfill(content_type="text/html", body="<p>As the participant sees it</p>")

    page.route("**/_components*", editor)
    page.route("**/drawn", drawn)
    page.goto(f"{address}?lang=en")

    page.locator("#f-days").fill("9")

    page.locator("#preview").get_by_text("As the participant sees it").wait_for()
    assert len(posted) == 1
    assert 'name="days"\r\n\r\n9' in posted[0]
    page.close()
