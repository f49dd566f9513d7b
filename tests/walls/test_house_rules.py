"""The rules of the house hold in its code, and each of them finds what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.rules import (
    no_clock_in_sql,
    one_commit,
    outbox_behind_its_wall,
    sql_in_store,
    words_in_templates,
)
from dev.rules.__main__ import RULES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule):
    assert [str(offence) for offence in rule.offences(ROOT)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_says_why(rule):
    assert len(rule.__doc__.strip().splitlines()) > 3


@pytest.fixture
def written(tmp_path):
    """A house with one file in it."""

    def write(name, source):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        return tmp_path

    return write


COMMITS = [
    # what somebody wrote, whether it is an offence
    ("work.session.commit()", True),
    ("connection.commit()", True),
    ('session.execute(text("COMMIT"))', True),
    ('driver.execute("COMMIT;")', True),
    ("attempt = session.begin_nested()\nattempt.commit()", False),  # a savepoint
    ("with session.begin_nested():\n    pass", False),
    ('say("commit")', False),
    ("def commit(self):\n    pass", False),  # a library calls it; we do nothing
]


@pytest.mark.parametrize(("source", "offends"), COMMITS)
def test_a_commit_outside_its_place_is_found(written, source, offends):
    root = written("server/services/new.py", source)

    assert bool(list(one_commit.offences(root))) is offends


def test_the_one_place_may_commit(written):
    root = written("server/store/database.py", "connection.commit()")

    assert list(one_commit.offences(root)) == []


STATEMENTS = [
    ('work.session.execute(text("DELETE FROM code"))', True),
    ('sql = "SELECT count(*) FROM task"', True),
    ("""sql = 'UPDATE "case" SET status = %s'""", True),
    ("from sqlalchemy import delete", True),
    ("from sqlalchemy.orm import Session", False),
    ('label = _("Select a school")', False),
    ('"""SELECT says what is there."""', False),
]


@pytest.mark.parametrize(("source", "offends"), STATEMENTS)
def test_a_statement_outside_the_store_is_found(written, source, offends):
    root = written("server/services/new.py", source)

    assert bool(list(sql_in_store.offences(root))) is offends


def test_the_store_may_write_statements(written):
    root = written("server/store/new.py", 'sql = "SELECT 1"')

    assert list(sql_in_store.offences(root)) == []


CLOCKS = [
    ('sql = "UPDATE task SET done_at = now()"', True),
    ('sql = "SELECT 1 WHERE expires_at > CURRENT_TIMESTAMP"', True),
    ("sql = \"DELETE FROM code WHERE at < clock_timestamp() - interval '1 day'\"", True),
    ("column = mapped_column(server_default=func.now())", True),
    ('column = mapped_column(server_default=text("now()"))', True),
    ("moment = work.now", False),
    ("moment = clock.now()", False),
    ('def read():\n    """SELECT now() would be another time."""', False),
    ('sql = "UPDATE task SET done_at = %(now)s"', False),
    ('message = "now() is never used"', False),
]


@pytest.mark.parametrize(("source", "offends"), CLOCKS)
def test_a_clock_in_sql_is_found(written, source, offends):
    root = written("server/store/new.py", source)

    assert bool(list(no_clock_in_sql.offences(root))) is offends


EFFECTS = [
    ('sql = "INSERT INTO outbox (id) VALUES (%s)"', True),
    ("sql = 'UPDATE \"outbox\" SET done_at = %s'", True),
    ('sql = "SELECT (SELECT max(created_at) FROM outbox)"', True),
    ("rows = session.scalars(select(outbox.Outbox))", True),
    ("from server.store.outbox import Outbox\nOutbox(topic=1)", True),
    ('path = "/_outbox"', False),
    ('"""Rows FROM outbox go out."""', False),
    ('sql = "SELECT 1 FROM timer"', False),
]


@pytest.mark.parametrize(("source", "offends"), EFFECTS)
def test_an_effect_touched_past_its_wall_is_found(written, source, offends):
    root = written("server/store/new.py", source)

    assert bool(list(outbox_behind_its_wall.offences(root))) is offends


TEMPLATES = [
    ("<p>Hello there</p>", True),
    ('<p>{{ _("Hello there") }}</p>', False),
    ("<p>{% trans %}Hello{% endtrans %}</p>", True),  # ours go through _()
    ('<input placeholder="Your name">', True),
    ('<input placeholder="{{ _("Your name") }}">', False),
    ('<button aria-label="Close">×</button>', True),
    ("{# a note for the next reader #}<br>", False),
    ("<script src='/app.js'></script>", False),
    ("<p>{{ name }} · {{ number }}</p>", False),
    ('{% macro tied(id) %}aria-describedby="{{ id }}" required{% endmacro %}', True),
    ('{% macro tied(id) %}aria-describedby="{{ id }}"{% endmacro %}', False),
    ("<a>PDF</a>", False),
    ("{% macro row_class(kind) %}field field-{{ kind }} has-error{% endmacro %}", False),
    ("{% macro row_class(kind) %}Field {{ kind }} has an error{% endmacro %}", True),
]


@pytest.mark.parametrize(("template", "offends"), TEMPLATES)
def test_a_bare_sentence_in_a_template_is_found(template, offends):
    assert bool(words_in_templates.bare_words(template)) is offends


def test_a_sentence_is_found_on_its_line():
    template = '<h1>{{ _("Title") }}</h1>\n{% if x %}\n<p>\n  Bare words\n</p>\n{% endif %}'

    assert words_in_templates.bare_words(template) == [(4, "Bare words")]
