"""A school that families come to: the real application, and a browser that reads its pages."""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from server.access.actors import SHELL, SYSTEM, Actor, Holding
from server.app import create_app
from server.jobs.relay import relay
from server.kernel import places
from server.kernel.clock import SandboxClock
from server.kernel.marks import link_token, one_time_code
from server.runtime import Runtime
from server.services.accounts import people
from server.services.model import releases

SLUG = "vologda"
BASE = "http://localhost:8000"
MOTHER = "mama@example.org"


@dataclass
class School:
    """A school with one coordinator, and the ends of its mail and message lines."""

    runtime: Runtime
    app: Flask
    tenant_id: UUID
    school_id: UUID
    coordinator: Actor

    def browser(self) -> Browser:
        """A browser with an empty cookie jar."""
        client = self.app.test_client()
        client.environ_base["HTTP_HOST"] = "localhost:8000"
        return Browser(client)

    def code(self) -> str:
        """The newest code that was sent to anybody."""
        newest = self.sql("SELECT id FROM code ORDER BY created_at DESC, id DESC LIMIT 1")
        return one_time_code(self.runtime.tools.pepper, newest[0][0])

    def link(self, role: str = "guardian") -> str:
        """The path of the newest link of a role."""
        found = self.sql(
            "SELECT id FROM link WHERE role = :role ORDER BY id DESC LIMIT 1", role=role
        )
        return f"/s/{link_token(self.runtime.tools.pepper, found[0][0])}"

    def sql(self, statement: str, **facts: Any) -> list[Any]:
        """Rows behind the pages."""
        with self.runtime.tools.begin(SYSTEM, self.tenant_id) as work:
            found = work.session.execute(text(statement), facts)
            return list(found.all()) if found.returns_rows else []

    def drain(self) -> None:
        """Carry out what waits in the outbox: letters and confirmations."""
        while relay(self.runtime, None):
            pass

    def pass_time(self, span: timedelta) -> None:
        """Time passes for every process."""
        clock = self.runtime.tools.clock
        assert isinstance(clock, SandboxClock)
        clock.move(clock.offset() + span)

    def do(self, actor: Actor, service: Any, **facts: Any) -> Any:
        """Carry out a use case."""
        with self.runtime.tools.begin(actor, self.tenant_id) as work:
            return service(work, **facts)

    def birth(self, age: int) -> date:
        """A birth date of somebody who turned this old a hundred days ago."""
        today = self.runtime.tools.clock.now().date()
        return (today - timedelta(days=100)).replace(year=today.year - age, day=11)


def new_school(runtime: Runtime, *, slug: str = SLUG) -> School:
    """A fresh school in a tenant of its own."""
    tools = runtime.tools
    with tools.begin(SHELL) as work:
        releases.load_shipped(work)
        tenant_id = people.add_tenant(work, slug=f"tenant-{slug}", name="АНО «Вектор роста»")
    now = tools.clock.now().date()
    with tools.begin(SHELL, tenant_id) as work:
        people.describe_partner(
            work,
            facts={
                "name": "АНО «Вектор роста»",
                "legal_name": "Автономная некоммерческая организация «Вектор роста»",
                "kind": "ngo",
                "address": "160000, Вологда, улица Мира, 1",
                "inn": "3525000000",
                "ogrn": "1023500000000",
                "processor_name": "ООО «Надёжный сервер»",
                "processor_address": "101000, Москва, улица Мясницкая, 1",
                "contact_name": "Ирина Павловна",
                "contact_phone": "8 (8172) 00-00-00",
                "contact_hours": {"ru": "по будням с 10 до 18", "en": "weekdays from 10 to 18"},
            },
        )
        school_id = people.add_school(
            work,
            facts={
                "slug": slug,
                "title": {
                    "ru": "Вологодская школа наставничества",
                    "en": "Vologda mentoring school",
                },
                "initials": "ВР",
                "region": "Вологодская область",
                "zone": "Europe/Moscow",
                "variant": "standard",
                "cycle_start": now - timedelta(days=6),
                "cycle_end": now + timedelta(days=260),
            },
            places=[("vologda", "Вологда")],
        )
        person_id = people.add_colleague(
            work, name="Белова Надежда", email=f"belova@{slug}.example.org", password_hash=None
        )
        people.appoint(
            work,
            person_id=person_id,
            school_id=school_id,
            role="coordinator",
            since=now - timedelta(days=60),
        )
    coordinator = Actor(
        "staff", tenant_id, person_id, holdings=(Holding("coordinator", school_id),)
    )
    return School(runtime, create_app(runtime), tenant_id, school_id, coordinator)


class _Forms(HTMLParser):
    """The forms of a page: where each goes, its fields as they would be sent, its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.inputs: list[dict[str, str | None]] = []
        self.form: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "form":
            self.form = {"action": held.get("action"), "fields": {}, "names": []}
            self.forms.append(self.form)
        elif tag in ("input", "textarea", "select") and self.form is not None:
            name = held.get("name") or ""
            self.inputs.append({**held, "tag": tag})
            self.form["names"].append(name)
            chosen = held.get("type") not in ("radio", "checkbox") or "checked" in held
            if chosen:
                self.form["fields"][name] = held.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None


@dataclass
class Browser:
    """Goes from page to page as a person without JavaScript does."""

    client: FlaskClient
    at: str = "/"
    response: TestResponse | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)  # pages: path and title

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open an address and follow where it leads."""
        return self._arrive(self.client.get(path, headers=headers), path)

    def post(self, data: dict[str, Any], *, to: str | None = None, form: int = 0) -> TestResponse:
        """Fill in a form of the page and send it; `to` picks it by the end of its address."""
        found = self.forms()
        if to is not None:
            chosen = next(one for one in found if str(one["action"] or self.at).endswith(to))
        else:
            chosen = found[form]
        action = chosen["action"] or self.at
        return self._arrive(self.client.post(action, data={**chosen["fields"], **data}), action)

    def forms(self) -> list[dict[str, Any]]:
        """The forms of this page."""
        return self._parsed().forms

    def typed_inputs(self) -> list[str]:
        """Names of what a person types into on this page; the boxes of a date count once."""
        found = [
            one
            for one in self._parsed().inputs
            if one.get("type") in ("text", "email", "tel", None) and one["tag"] != "select"
        ]
        return list(
            dict.fromkeys(re.sub(r"-(day|month|year)$", "", one["name"] or "") for one in found)
        )

    @property
    def html(self) -> str:
        """The page as it was sent."""
        assert self.response is not None
        return self.response.get_data(as_text=True)

    @property
    def words(self) -> str:
        """What stands on the page, without its tags."""
        inside = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", inside)).split())

    @property
    def status(self) -> int:
        """How the page was answered."""
        assert self.response is not None
        return self.response.status_code

    def errors(self) -> list[str]:
        """The sentences that stand beside fields."""
        found = re.findall(r'<p class="field-error"[^>]*>(.*?)</p>', self.html, re.DOTALL)
        return [
            " ".join(
                entities.unescape(
                    re.sub(
                        r"<[^>]+>",
                        " ",
                        re.sub(
                            r"<svg.*?</svg>|<span class=\"sr\">.*?</span>", "", one, flags=re.DOTALL
                        ),
                    )
                ).split()
            )
            for one in found
        ]

    def _parsed(self) -> _Forms:
        parser = _Forms()
        parser.feed(self.html)
        return parser

    def _arrive(self, response: TestResponse, path: str) -> TestResponse:
        hops = 0
        while response.status_code in (301, 302, 303, 307, 308):
            path = response.headers["Location"].removeprefix(BASE)
            response = self.client.get(path)
            hops += 1
            assert hops < 10, path
        self.at, self.response = path, response
        if response.mimetype == "text/html":
            title = re.search(r"<title>(.*?)</title>", response.get_data(as_text=True))
            self.seen.append((path, entities.unescape(title[1]) if title else ""))
        return response


def come_in(school: School, browser: Browser, *, contact: str = MOTHER) -> None:
    """From the poster to the request form."""
    browser.get(f"/go/{SLUG}/vologda")
    browser.post({"contact": contact})
    browser.post({"code": school.code()})


def ask_for(
    school: School, browser: Browser, *, age: int = 12, child: str = "Смирнов Артём"
) -> UUID:
    """Fill in the request; the case it began."""
    born = school.birth(age)
    browser.post(
        {
            "q_guardian_name": "Смирнова Анна",
            "q_relation": "mother",
            "q_child_name": child,
            "q_birth_date-day": str(born.day),
            "q_birth_date-month": str(born.month),
            "q_birth_date-year": str(born.year),
        }
    )
    return UUID(browser.at.split("/")[2])


def answer(browser: Browser, *answers: str) -> None:
    """Answer the consents one after the other."""
    for said in answers:
        browser.post({"answer": said})


def signed(
    school: School, browser: Browser, *, age: int = 12, child: str = "Смирнов Артём"
) -> UUID:
    """The whole way to the confirmation."""
    come_in(school, browser)
    case_id = ask_for(school, browser, age=age, child=child)
    answer(browser, "yes", "yes")
    browser.post({"code": school.code()})
    return case_id


def republish(school: School) -> None:
    """The model's owner publishes the text of `processing` anew."""
    folder = places.workflow_defs() / "consents"
    spec = (folder / "processing.yaml").read_text("utf-8")
    text = (folder / "processing.ru.md").read_text("utf-8")
    english = (folder / "processing.en.md").read_text("utf-8")
    sources = {
        "consents/processing.yaml": spec.replace("edition: 2026-09-01", "edition: 2026-10-01"),
        "consents/processing.ru.md": text.replace(
            "- связывается с семьёй;", "- связывается с семьёй и учителем;"
        ),
        "consents/processing.en.md": english.replace("family", "family and teacher", 1),
    }
    with school.runtime.tools.begin(SHELL) as work:
        releases.publish(work, sources=sources, note="")
