"""What each process reads before it answers: a start pays for every module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.kernel import places

ROOT = Path(__file__).parents[2]
WEIGHTY = (
    "flask", "sqlalchemy", "psycopg", "wtforms", "alembic", "rq", "redis", "gunicorn", "typst",
    "holidays", "httpx", "babel", "cryptography",
)  # fmt: skip


def modules(code: str, *, data: Path, **environ: str) -> set[str]:
    """What is in sys.modules after some code ran in a Python of its own."""
    told = f"{code}\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MENTOR_SCHOOL_", "DATABASE_", "REDIS_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", told],
        env={**clean, "MENTOR_SCHOOL_DATA": str(data), **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*argv: str) -> str:
    return (
        f"import sys; sys.argv = {['mentor-school', *argv]!r}\n"
        "from server.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )


def test_the_version_is_told_without_reading_the_product(tmp_path: Path) -> None:
    found = modules(command("--version"), data=tmp_path)

    assert not found & {*WEIGHTY, "pydantic", "yaml"}
    assert len(found) <= 140


def test_definitions_are_checked_without_web_and_database(tmp_path: Path) -> None:
    found = modules(command("defs", "check", str(places.workflow_defs())), data=tmp_path)

    assert not found & {
        "flask", "sqlalchemy", "psycopg", "wtforms", "alembic", "rq", "redis", "gunicorn", "typst",
    }  # fmt: skip
    assert len(found) <= 380


@pytest.mark.parametrize("library", ["alembic", "rq", "redis", "typst", "holidays", "httpx"])
def test_the_web_starts_without(web_modules: set[str], library: str) -> None:
    assert library not in web_modules


def test_the_web_reads_a_bounded_number_of_modules(web_modules: set[str]) -> None:
    assert len(web_modules) <= 1350


@pytest.fixture(scope="module")
def web_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the web process holds when its application is made."""
    code = (
        "import os\n"
        "from server import settings, web_server\n"
        "from server.app import create_app\n"
        "from server.runtime import assemble\n"
        "create_app(assemble(settings.load_or_create(os.environ)))"
    )
    return modules(
        code,
        data=tmp_path_factory.mktemp("web") / "data",
        DATABASE_URL="postgresql://school_app@/nowhere?host=/nowhere",
        DATABASE_OWNER_URL="",
        REDIS_URL="none",
        MENTOR_SCHOOL_SANDBOX="yes",
    )
