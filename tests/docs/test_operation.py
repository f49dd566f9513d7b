"""What operators read is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from server.cli import COMMANDS
from server.settings import NAMES
from server.supervisor import postgres

DOCS = Path(__file__).resolve().parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text()
OPERATION = (DOCS / "operation.md").read_text()


def test_every_setting_is_documented_and_nothing_else():
    documented = re.findall(r"^\| `([A-Z_]+)`", SETTINGS, re.MULTILINE)

    assert sorted(documented) == sorted(NAMES)


def test_every_command_is_documented():
    table = OPERATION[OPERATION.index("## Commands") :]
    documented = {name.split()[0] for name in re.findall(r"`([a-z]+[a-z -]*)`", table)}

    assert set(COMMANDS) <= documented


def test_the_sql_of_the_roles_is_the_one_that_is_run():
    assert postgres.roles_sql() in OPERATION
