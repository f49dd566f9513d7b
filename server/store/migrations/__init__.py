"""The schema's history: Alembic scripts, run as the owner of the schema and by nobody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.store.database import Transaction

HERE = Path(__file__).parent


def head() -> str:
    """The newest revision, read from the file names: cheap enough for every start."""
    found = [re.match(r"(\d{4})_", file.name) for file in (HERE / "versions").glob("*.py")]
    return max(match[1] for match in found if match)


def current(url: str) -> str | None:
    """The revision a database is at, or None before the first one."""
    import psycopg

    with psycopg.connect(_plain(url)) as connection:
        known = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
        if known is None or known[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def version(transaction: Transaction) -> str | None:
    """The same as the application's own role sees it, for probes."""
    [rows] = transaction.read(("SELECT version_num FROM alembic_version", []))
    return str(rows[0][0]) if rows else None


def holds(url: str, definition: str) -> bool:
    """Whether a database at the newest revision also holds this definition."""
    import psycopg

    with psycopg.connect(_plain(url)) as connection:
        row = connection.execute("SELECT 1 FROM definition WHERE hash = %s", (definition,))
        return row.fetchone() is not None


def upgrade(owner_url: str) -> None:
    """Bring a database to the newest revision; nothing happens when it is there already."""
    if current(owner_url) == head():
        return
    from alembic import command

    command.upgrade(config(owner_url), "head")


def config(owner_url: str):  # type: ignore[no-untyped-def]  # alembic is imported only when used
    """Alembic's settings, made here: there is no ini file to keep in step."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["url"] = _driver(owner_url)
    return made


def _plain(url: str) -> str:
    return re.sub(r"^postgresql\+psycopg:", "postgresql:", url)


def _driver(url: str) -> str:
    return re.sub(r"^postgres(ql)?(\+psycopg)?:", "postgresql+psycopg:", url)
