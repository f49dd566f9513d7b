"""The commands of the guide for operators do what it says, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server.cli import run
from server.settings import NAMES, Settings
from tests.docs.examples import DOCS, examples

PAGE = "admin-guide.md"
_FILE = re.compile(r"^```yaml file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def at_the_shell(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, owner_url: str
) -> None:
    """An operator's terminal, in a folder with the files of the page."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", owner_url)
    monkeypatch.setenv("REDIS_URL", "none")
    monkeypatch.setenv("MENTOR_SCHOOL_SANDBOX", "yes")
    monkeypatch.setenv("MENTOR_SCHOOL_DATA", str(settings.data.path))
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)
    for name, content in _FILE.findall((DOCS / PAGE).read_text("utf-8")):
        (tmp_path / name).write_text(content, "utf-8")


@pytest.mark.usefixtures("at_the_shell")
def test_the_examples_of_the_guide_are_what_the_commands_print(capsys: Any, owner_url: str) -> None:
    for example in examples(PAGE):
        words = shlex.split(example.command)
        assert words.pop(0) == "mentor-school"
        if words[:3] == ["db", "shell", "-c"]:
            printed = _psql(owner_url, words[3])
        else:
            assert run(words) == 0, example.command
            printed = capsys.readouterr().out
        shown = re.escape(example.answer).replace("…", ".*")
        assert re.fullmatch(shown, printed.strip(), re.DOTALL), example.command


def _psql(url: str, statement: str) -> str:
    """What `psql -c` prints of a statement that changes rows."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).statusmessage or ""
