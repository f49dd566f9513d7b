"""Commands for the database as its owner sees it."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, unquote, urlsplit

import click

from server import settings
from server.cli import speaking
from server.supervisor.errors import StartRefused
from server.words.speech import N_


@click.command(help=N_("Bring the tables up to date, as the role in DATABASE_OWNER_URL."))
def migrate() -> None:
    read = settings.load(os.environ)
    if read.database_owner_url is None:
        raise StartRefused(reason="owner_missing")
    from server.store import migrations
    from server.supervisor import postgres

    if not read.database_is_embedded:
        postgres.prepare_external(read.database_owner_url, read.database_url)
    migrations.upgrade(read.database_owner_url)
    speaking.say(N_("The tables are up to date (%(revision)s)."), revision=migrations.head())
    _load_definitions(read)


def _load_definitions(read: settings.Settings) -> None:
    """What ships becomes the newest release, written by the bound role like every release."""
    from server import runtime
    from server.access.actors import SHELL
    from server.services.model import releases

    built = runtime.build(read)
    with built.tools.begin(SHELL) as work:
        number = releases.load_shipped(work)
    built.close()
    speaking.say(N_("The model's release is %(number)s."), number=number)


@click.group(help=N_("Work on the database as its owner."))
def db() -> None:
    pass


@db.command(
    help=N_(
        "Open psql on the database as its owner, or run one statement; with --partner, as the"
        " application at one partner's rows."
    )
)
@click.option("-c", "statement", help=N_("The statement to run."))
@click.option("--partner", help=N_("The partner's short name."))
def shell(statement: str | None, partner: str | None) -> None:
    read = settings.load(os.environ)
    if read.database_owner_url is None:
        raise StartRefused(reason="not_running")
    from server.supervisor import binaries

    if partner is None:
        # Row-level security binds the owner too: "(0 rows)" would read as "nothing is there".
        walls = N_("As the owner you see no partner's rows. Name a partner: --partner SHORT-NAME.")
        click.echo(speaking.sentence(walls), err=True)
        connection = _connection(read.database_owner_url)
    else:
        connection = {**_connection(read.database_url), "PGOPTIONS": _at(read, partner)}
    programs = binaries.postgres()
    psql = str(programs / "psql") if programs else "psql"
    words = [psql, *(("-v", "ON_ERROR_STOP=1", "-c", statement) if statement else ())]
    # The password goes by the environment: the words of a command are seen by every user.
    os.execvpe(psql, words, {**os.environ, **connection})  # noqa: S606 - no shell


def _at(read: settings.Settings, slug: str) -> str:
    """What tells PostgreSQL, for a whole session, whose rows it is for."""
    from server import runtime
    from server.access.actors import SHELL
    from server.store import tenancy

    built = runtime.build(read)
    with built.tools.begin(SHELL) as work:
        known = {row.slug: row.id for row in tenancy.all_tenants(work.session)}
    built.close()
    if slug not in known:
        raise click.ClickException(
            speaking.sentence(
                N_("There is no partner “%(slug)s”. There are: %(known)s."),
                slug=slug,
                known=", ".join(known) or "-",
            )
        )
    return f"-c app.tenant={known[slug]}"


@db.command(help=N_("Print the SQL that makes the roles, for the administrator of a database."))
def roles() -> None:
    from server.supervisor import postgres

    click.echo(postgres.roles_sql(), nl=False)


def _connection(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    found = {
        "PGHOST": options.get("host", [parts.hostname or ""])[0],
        "PGPORT": options.get("port", [str(parts.port or "")])[0],
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.strip("/"),
        "PGSSLMODE": options.get("sslmode", [""])[0],
    }
    return {name: value for name, value in found.items() if value}
