"""A partner's administrator at the real application, on a real database."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import create_app
from server.kernel import places
from server.model.bundle import Bundle, read_folder
from server.runtime import Runtime
from server.services.model import school_settings
from server.services.model.school_settings import Settings
from tests.factories import Colleague, School, a_colleague, a_school, standing_still
from tests.http.conftest import browser, sign_in_as

FORM = "minor_questionnaire"
EDITOR = f"/admin/forms/{FORM}"


@dataclass
class Editor:
    """Somebody of staff in front of the admin's pages, as a browser without JavaScript."""

    client: FlaskClient
    school: School
    who: Colleague

    def page(self, path: str) -> str:
        """A page that must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def controls(self, path: str = EDITOR) -> dict[str, list[str]]:
        """What the form of a page would send as it stands: every control with its values."""
        return controls_of(self.page(path))

    def press(
        self, path: str = EDITOR, *, act: str = "save", showing: str = "", **typed: str | list[str]
    ) -> Any:
        """Type into a page and press a button; `__` in a name stands for its dot."""
        posted = self.controls(showing or path)
        posted.update(_named(typed))
        posted["act"] = [act]
        return self.client.post(path, data=posted)

    def move(self, way: str, field: str) -> Any:
        """Press one of a question's arrows."""
        posted = {**self.controls(), "move": [f"{way}:{field}"]}
        return self.client.post(EDITOR, data=posted)

    @property
    def settings(self) -> Settings:
        """The school's settings as they are kept now."""
        return self.school.do(self.who.actor, school_settings.settings, school_id=self.school.id)


def controls_of(page: str) -> dict[str, list[str]]:
    """The controls of the editor's form, as a browser would send them."""
    form = page.partition('id="editor"')[2].partition("</form>")[0] or page
    found: dict[str, list[str]] = {}
    for tag in re.finditer(
        r"<input\b[^>]*>|<textarea\b([^>]*)>\n?(.*?)</textarea>|<select\b([^>]*)>(.*?)</select>",
        form,
        re.DOTALL,
    ):
        whole = tag[0]
        name = re.search(r'\bname="([^"]+)"', whole.split(">")[0] + ">")
        if name is None or re.search(r'type="(file)"', whole):
            continue
        if whole.startswith("<input"):
            if 'type="checkbox"' in whole and " checked" not in whole:
                continue
            value = re.search(r'\bvalue="([^"]*)"', whole)
            said = value[1] if value else ""
        elif whole.startswith("<textarea"):
            said = tag[2]
        else:
            chosen = re.search(r'<option value="([^"]*)" selected', tag[4])
            said = chosen[1] if chosen else ""
        found.setdefault(name[1], []).append(html.unescape(said))
    return found


def _named(typed: dict[str, str | list[str]]) -> dict[str, list[str]]:
    return {
        name.replace("__", "."): [said] if isinstance(said, str) else said
        for name, said in typed.items()
    }


def editor_of(app: Flask, school: School, who: Colleague) -> Editor:
    """Sign somebody in."""
    client = browser(app)
    client.set_cookie("lang", "ru", domain="localhost")
    sign_in_as(client, who.email, who.password)
    client.get("/sign-in/arrived")
    return Editor(client, school, who)


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    bundle, problems = read_folder(places.workflow_defs())
    assert bundle is not None, problems
    return bundle


@pytest.fixture
def still(runtime: Runtime) -> Runtime:
    return standing_still(runtime)


@pytest.fixture
def app(still: Runtime) -> Flask:
    return create_app(still)


@pytest.fixture
def school(still: Runtime) -> School:
    return a_school(still.tools)


@pytest.fixture
def editor(app: Flask, school: School) -> Editor:
    """The partner's administrator."""
    who = a_colleague(school, name="Лебедева Ольга", role="partner_admin")
    return editor_of(app, school, who)


@pytest.fixture
def reader(app: Flask, school: School) -> Editor:
    """A coordinator, who may look."""
    return editor_of(app, school, a_colleague(school, name="Белова Нина"))
