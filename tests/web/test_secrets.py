"""A family's links and codes are in its messages alone: no staff, program, log or row shows one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from psycopg import sql

from server.access.actors import Actor
from server.kernel import logs
from server.kernel.marks import link_token, one_time_code
from server.services.families import arrivals, childs_turn
from server.services.messages import letters
from tests.api.conftest import a_program
from tests.browsing import a_browser
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    an_enrolment,
    an_invited_family,
)

PAGES = ("desk", "api")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    logs.configure()


@pytest.fixture
def families(school: School, nina: Colleague) -> list[Enrolment]:
    """Families with living links and codes of every kind."""
    teenager = an_enrolment(school, at="consents", age=15)
    teenager.signs()
    school.do(
        teenager.guardian,
        childs_turn.send_child_link,
        case_id=teenager.case_id,
        contact="teenager@example.org",
    )
    waiting = an_enrolment(school, at="questionnaire", child="Жуков Роман")
    school.pass_days(4)
    waiting.is_overdue()
    school.do(
        school.visitor,
        arrivals.ask_contact,
        school_id=school.id,
        municipality_id=None,
        contact="visitor@example.org",
        locale="ru",
    )
    return [teenager, waiting, an_invited_family(school, nina)]


def test_neither_pages_nor_answers_nor_logs_nor_rows_show_a_link_or_a_code(
    school: School,
    nina: Colleague,
    app: Flask,
    families: list[Enrolment],
    superuser_url: str,
    log: io.StringIO,
) -> None:
    messages = _messages(school, superuser_url)
    secrets = _secrets(school, superuser_url)
    # Each kind really is on its way to somebody: what is looked for can be found.
    assert all(_shows(secrets[kind], messages) for kind in ("link", "code"))
    everything = secrets["link"] + secrets["code"]

    for path, page in _pages_of_staff(app, school, nina, families):
        assert not _shows(everything, page), path
    assert not _shows(everything, log.getvalue())
    for table, rows in _tables(superuser_url):
        assert not _shows(everything, rows), table
    for contact in ("teenager@example.org", "visitor@example.org"):
        assert contact not in log.getvalue()
        assert all(contact not in rows for _, rows in _tables(superuser_url))


def _shows(secrets: list[str], text: str) -> bool:
    whole = (re.escape(one) for one in secrets)
    return re.search(rf"(?<![\w-])(?:{'|'.join(whole)})(?![\w-])", text) is not None


def _messages(school: School, url: str) -> str:
    """What goes out to everybody, as the worker writes it at the moment of sending."""
    system = Actor("system", school.tenant_id)
    with psycopg.connect(url) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM delivery")]
    written = [school.do(system, letters.write_letter, delivery_id=one) for one in ids]
    return "\n".join(message.text for message in written if message is not None)


def _secrets(school: School, url: str) -> dict[str, list[str]]:
    pepper = school.tools.pepper
    with psycopg.connect(url) as connection:
        links = [row[0] for row in connection.execute("SELECT id FROM link")]
        codes = [row[0] for row in connection.execute("SELECT id FROM code")]
    return {
        "link": [link_token(pepper, one) for one in links],
        "code": [one_time_code(pepper, one) for one in codes],
    }


def _pages_of_staff(
    app: Flask, school: School, nina: Colleague, families: list[Enrolment]
) -> Iterator[tuple[str, str]]:
    """Every page of the desk and every answer of the API about these applications."""
    hers = a_browser(app).sign_in(nina)
    program = a_program(app.test_client(), school, nina)
    read = 0
    for rule in app.url_map.iter_rules():
        place = rule.endpoint.partition(".")[0]
        if place not in PAGES or "GET" not in (rule.methods or ()):
            continue
        for made in families if "case_id" in rule.arguments else families[:1]:
            known = {"case_id": made.case_id, "school_id": school.id}
            if not rule.arguments <= known.keys():
                continue
            needed = {name: known[name] for name in rule.arguments}
            path = app.url_map.bind("localhost").build(rule.endpoint, needed)
            if place == "api":
                answer = program.get(path.removeprefix("/api/v1"))
            else:
                answer = hers.client.get(path)
            read += answer.status_code == 200
            yield path, answer.get_data(as_text=True)
    assert read >= 10, "too little was read to say anything"


def _tables(url: str) -> Iterator[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in names.fetchall():
            rows = connection.execute(
                sql.SQL("SELECT to_jsonb(t)::text FROM {} AS t").format(sql.Identifier(name))
            )
            yield name, "\n".join(row[0] for row in rows)
