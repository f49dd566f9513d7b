"""A browser without JavaScript: it opens pages, reads their forms, and sends what they offer.

    nina = a_browser(app).sign_in(colleague)
    page = nina.open("/desk")
    page.form(action="/desk/decide").send(rows=[…], act="accept")

What a page does not offer cannot be sent by accident: hidden fields, secrets and what was typed
come from the page, as in a real browser.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import Colleague

HOST = "localhost:8000"


@dataclass
class Form:
    """A form of a page with what stands in it, ready to be sent."""

    browser: Browser
    page: Page
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, formaction

    def value(self, name: str) -> str:
        """What stands in a field."""
        return next(value for key, value in self.fields if key == name)

    def send(self, **answers: Any) -> Page:
        """Send it with these answers over what stands there; the redirect is followed."""
        kept = [(key, value) for key, value in self.fields if key not in answers]
        given = [
            (key, str(each))
            for key, value in answers.items()
            for each in (value if isinstance(value, list) else [value])
        ]
        action = self._action(answers)
        if self.method == "get":
            return self.browser.open(action, query=dict(kept + given))
        return self.browser.post(action, kept + given)

    def _action(self, answers: dict[str, Any]) -> str:
        pressed = [
            address
            for name, value, address in self.buttons
            if address and str(answers.get(name)) == value
        ]
        return pressed[0] if pressed else self.action


@dataclass
class Page:
    """An answer: its status, its address after redirects, its words and forms."""

    browser: Browser
    response: TestResponse
    path: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def html(self) -> str:
        return self.response.get_data(as_text=True)

    @property
    def text(self) -> str:
        """What is read on the page, blanks made single; not its title nor its styles."""
        return _Words(self.html).text

    @property
    def links(self) -> list[str]:
        return _Forms(self).links

    @property
    def forms(self) -> list[Form]:
        return _Forms(self).forms

    def form(self, action: str) -> Form:
        """The first form that is sent to this address."""
        return next(form for form in self.forms if form.action.partition("?")[0] == action)

    def offers(self, action: str) -> bool:
        """Whether a form is sent to this address."""
        return any(form.action.partition("?")[0] == action for form in self.forms)


@dataclass
class Browser:
    """One person's browser, with its cookies."""

    client: FlaskClient

    def sign_in(self, colleague: Colleague) -> Browser:
        """Sign in by the page, and stay."""
        page = self.open("/sign-in").form("/sign-in")
        page.send(email=colleague.email, password=colleague.password)
        return self

    def open(self, path: str, query: dict[str, str] | None = None) -> Page:
        """Open an address."""
        return self._page(self.client.get(path, query_string=query, follow_redirects=True))

    def post(self, path: str, data: list[tuple[str, str]] | dict[str, Any]) -> Page:
        """Send a form; the redirect is followed."""
        pairs: dict[str, list[str]] = {}
        for key, value in data.items() if isinstance(data, dict) else data:
            pairs.setdefault(key, []).append(value)
        return self._page(self.client.post(path, data=pairs, follow_redirects=True))

    def _page(self, response: TestResponse) -> Page:
        return Page(self, response, response.request.full_path.rstrip("?"))


def a_browser(app: Flask) -> Browser:
    """A browser with an empty cookie jar that reads Russian."""
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = HOST
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ru"
    return Browser(client)


class _Words(HTMLParser):
    """Collects what a reader sees, and what a screen reader hears."""

    _SKIPPED = ("script", "style", "title", "head")

    def __init__(self, html: str) -> None:
        super().__init__()
        self._skipping = 0
        self._parts: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipping += tag in self._SKIPPED

    def handle_endtag(self, tag: str) -> None:
        self._skipping -= tag in self._SKIPPED

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._parts.append(data)


class _Forms(HTMLParser):
    """Reads the forms of a page with what stands in their fields."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._area: str | None = None
        self._select: str | None = None
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.feed(page.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {key: value or "" for key, value in attrs}
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        elif tag == "form":
            action = has.get("action") or self._page.path
            form = Form(self._page.browser, self._page, action, has.get("method", "get").lower())
            self.forms.append(form)
        elif self.forms and tag in ("input", "button", "textarea", "select", "option"):
            self._control(tag, has)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            form = self.forms[-1]
            name, before = form.fields[-1]
            # The first line break after <textarea> is not part of the value.
            form.fields[-1] = (name, before + data.removeprefix("\n"))

    def _control(self, tag: str, has: dict[str, str]) -> None:
        form, name = self.forms[-1], has.get("name", "")
        if tag == "button":
            form.buttons.append((name, has.get("value", ""), has.get("formaction", "")))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in has:
            form.fields.append((self._select, has.get("value", "")))
        elif tag == "textarea":
            self._area = name
            form.fields.append((name, ""))
        elif tag == "input" and name:
            ticked = has.get("type") not in ("checkbox", "radio") or "checked" in has
            if ticked:
                form.fields.append((name, has.get("value", "")))
