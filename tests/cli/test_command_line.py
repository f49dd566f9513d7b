"""The command `mentor-school`: light, in two languages, and never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest

from server.cli import COMMANDS, HIDDEN, run
from server.cli.refusals import sentence
from server.kernel.errors import MentorSchoolError, SettingsRefused
from server.kernel.problems import Problem
from server.supervisor.errors import StartRefused
from server.words.starting import SETTINGS, STARTING

HEAVY = ("flask", "sqlalchemy", "pydantic", "psycopg", "redis", "babel")


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    """No setting of the developer's shell reaches these tests."""
    monkeypatch.setenv("MENTOR_SCHOOL_DATA", str(tmp_path / "nothing-here"))


def test_the_version_is_told_without_reading_the_house():
    code = (
        "import sys; from server.cli import run; run(['--version']);"
        f"sys.exit(', '.join(name for name in {HEAVY} if name in sys.modules) or 0)"
    )

    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "mentor-school" in asked.stdout


@pytest.mark.parametrize("name", [*COMMANDS, *HIDDEN])
def test_every_command_is_where_the_table_says(name):
    module, _, attribute = (HIDDEN.get(name) or COMMANDS[name][0]).partition(":")

    assert isinstance(getattr(import_module(module), attribute), click.Command)


@pytest.mark.parametrize("arguments", [["no-such"], ["up", "--port", "x"], ["serve", "extra"]])
def test_wrong_use_ends_with_2(arguments, capsys):
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["up"], ["db", "shell"]])
def test_help_is_in_the_language_asked_for(arguments, capsys):
    said = {}
    for language in ("ru", "en"):
        assert run(["--lang", language, *arguments, "--help"]) == 0
        said[language] = capsys.readouterr().out

    assert re.search("[а-я]{4}", said["ru"])
    assert not re.search("[а-я]", said["en"])


@pytest.mark.parametrize(("language", "word"), [("ru", "Настройки"), ("en", "settings")])
def test_a_refusal_ends_with_1_in_the_language_asked_for(language, word, capsys):
    assert run(["--lang", language, "migrate"]) == 1
    said = capsys.readouterr().err
    assert word in said
    assert "DATABASE_URL" in said


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("code", SETTINGS)
def test_every_bad_setting_has_a_sentence(code, language):
    facts = dict.fromkeys(
        (
            *("name", "nearest", "path", "line", "value", "choices", "low", "high", "example"),
            *("beside", "length", "other"),
        ),
        "…",
    )
    said = sentence(SettingsRefused(problems=[Problem(code, facts)]), language)

    assert "%(" not in said
    assert "…" in said


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("reason", STARTING)
def test_every_refused_start_has_a_sentence(reason, language):
    facts = dict.fromkeys(
        (
            *("path", "pid", "port", "host", "other", "found", "ours", "log", "tail", "detail"),
            *("name", "roles", "sql", "role", "wanted", "child", "times", "seconds"),
        ),
        "…",
    )
    said = sentence(StartRefused(reason=reason, **facts), language)

    assert "%(" not in said


def test_an_error_without_a_sentence_still_ends_in_one_line():
    said = sentence(MentorSchoolError(case=7), "en")

    assert said == "Refused (MentorSchoolError). case: 7"


def test_addresses_are_told_where_nothing_is_set_up(capsys):
    assert run(["routes", "--json"]) == 0

    told = {each["rule"]: each for each in json.loads(capsys.readouterr().out)}
    assert told["/go/<slug>"]["policy"] == "public"
    assert all(each["policy"] for each in told.values())
