"""The commands that run processes: `up` for one machine, the others for one process each."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import click

from server import settings
from server.cli import speaking
from server.settings import Settings
from server.supervisor.errors import StartRefused
from server.words.speech import N_


@click.command(
    help=N_(
        "Run PostgreSQL, Redis, the web server, a worker and the scheduler on this machine, "
        "until Ctrl-C."
    )
)
@click.option(
    "--demo",
    "load_demo",
    is_flag=True,
    help=N_("Fill an empty installation with invented people and schools."),
)
@click.option(
    "--sandbox",
    is_flag=True,
    help=N_("Keep mails and messages on this machine, to try everything out."),
)
@click.option("--port", type=click.IntRange(1, 65535), help=N_("Port of the pages (8000)."))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help=N_("Folder where everything is kept (var)."),
)
def up(load_demo: bool, sandbox: bool, port: int | None, data: Path | None) -> None:
    from server.supervisor import up as supervisor

    supervisor.run(
        settings.load_or_create(_environ(sandbox=sandbox, port=port, data=data)),
        language=speaking.language(),
        load_demo=load_demo,
        say=speaking.say,
    )


@click.command(help=N_("Run the web server; several may run behind one address."))
@click.option("--start-fd", type=int, hidden=True)
def serve(start_fd: int | None) -> None:
    read = settings.load(os.environ)
    if start_fd is None:
        _refuse_wrong_database(read)
    # Reading code makes a million things that stay: looking through them for rubbish is in vain.
    # web_server freezes them and turns the collector on again.
    gc.disable()
    from server import web_server

    # Started beside the database, it reads its code first and then waits for the word.
    if start_fd is not None and not os.read(start_fd, 1):
        return
    web_server.run(read)


@click.command(help=N_("Run a worker that takes jobs from Redis; several may run."))
def worker() -> None:
    read = settings.load(os.environ)
    _refuse_wrong_database(read)
    from server import runtime
    from server.jobs import worker as jobs

    jobs.run(runtime.build(read))


@click.command(help=N_("Run the process that fires timers and sends what waits; one is enough."))
def scheduler() -> None:
    read = settings.load(os.environ)
    _refuse_wrong_database(read)
    from server import runtime
    from server.jobs import schedule

    schedule.run(runtime.build(read))


@click.command(hidden=True)
def load_demo() -> None:
    read = settings.load(os.environ)
    from server import demo, runtime

    demo.load(runtime.build(read))


def _refuse_wrong_database(read: Settings) -> None:
    """See that the database answers, is up to date and binds us, before anything is built on it.

    :raises StartRefused: with what to do.
    """
    import psycopg

    from server.store import migrations
    from server.supervisor import postgres

    try:
        postgres.refuse_strong_role(postgres.look_at(read.database_url))
        found = migrations.current(read.database_url)
    except psycopg.OperationalError as error:
        raise postgres.unreachable(error, "DATABASE_URL") from error
    if found != migrations.head():
        raise StartRefused(reason="not_migrated", found=found or "-", wanted=migrations.head())


def _environ(*, sandbox: bool, port: int | None, data: Path | None) -> dict[str, str]:
    """The environment with what the command line says on top."""
    said = {
        "MENTOR_SCHOOL_SANDBOX": "yes" if sandbox else "",
        "MENTOR_SCHOOL_PORT": "" if port is None else str(port),
        "MENTOR_SCHOOL_DATA": "" if data is None else str(data),
    }
    return {**os.environ, **{name: value for name, value in said.items() if value}}
