"""`doctor`: what is set up right, what is not, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import click

from server import settings
from server.cli import speaking
from server.kernel.errors import MentorSchoolError
from server.settings import Settings
from server.words.speech import N_

LEAST_FREE_SHARE = 0.05
# Deadlines opened today reach about so far.
AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `state` is ok, warning or problem, `text` is in the reader's words."""

    about: str
    state: str
    text: str


@click.command(help=N_("See whether settings, keys, database, roles and Redis are right."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print the findings as JSON."))
def doctor(as_json: bool) -> None:
    findings = _findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.state]} {finding.text}")
    if any(finding.state == "problem" for finding in findings):
        raise click.exceptions.Exit(1)


_MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


def _findings() -> list[Finding]:
    from server.cli import refusals

    try:
        read = settings.load(os.environ)
    except MentorSchoolError as error:
        return [Finding("settings", "problem", refusals.sentence(error, speaking.language()))]
    found = [_said("settings", "ok", N_("The settings are complete."))]
    found += _about_keys(read)
    found += _about_disk(read)
    found += _about_calendar(_now(read))
    for check in (_about_database, _about_redis):
        found += _guarded(check, read)
    return found


def _guarded(check: Callable[[Settings], Iterator[Finding]], read: Settings) -> list[Finding]:
    from server.cli import refusals

    try:
        return list(check(read))
    except MentorSchoolError as error:
        text = refusals.sentence(error, speaking.language())
        return [Finding(check.__name__.removeprefix("_about_"), "problem", text)]


def _about_keys(read: Settings) -> list[Finding]:
    newest = max(read.master_keys)
    said = N_("The master key is there: newest epoch %(epoch)s of %(count)s, in %(path)s.")
    facts = {"epoch": newest, "count": len(read.master_keys), "path": read.master_key_file}
    return [_said("keys", "ok", said, **facts)]


def _about_disk(read: Settings) -> list[Finding]:
    usage = shutil.disk_usage(read.data.path)
    percent = round(100 * usage.free / usage.total)
    if usage.free < LEAST_FREE_SHARE * usage.total:
        said = N_("Only %(percent)s %% of the disk is free. Make room, or writing will stop.")
        return [_said("disk", "problem", said, percent=percent)]
    return [_said("disk", "ok", N_("%(percent)s %% of the disk is free."), percent=percent)]


def _now(read: Settings) -> datetime:
    from server.runtime import clock_of

    return clock_of(read).now()


def _about_calendar(now: datetime) -> list[Finding]:
    from server.model import calendar

    year = (now + AHEAD).year
    if calendar.knows_moved_days(year):
        return [_said("calendar", "ok", N_("The working days of %(year)s are known."), year=year)]
    said = N_(
        "The official moved days of %(year)s are not known here: deadlines in working days may be "
        "off by a day or two. Update Mentor School or the Python package “holidays”."
    )
    return [_said("calendar", "warning", said, year=year)]


def _about_database(read: Settings) -> Iterator[Finding]:
    import psycopg

    from server.store import migrations
    from server.supervisor import postgres

    try:
        server = postgres.look_at(read.database_url)
        revision = migrations.current(read.database_url)
    except psycopg.OperationalError as error:
        raise postgres.unreachable(error, "DATABASE_URL") from error
    if server.version < postgres.OLDEST_VERSION:
        said = N_("PostgreSQL %(version)s is too old: version %(oldest)s or newer is needed.")
        facts = {"version": server.version, "oldest": postgres.OLDEST_VERSION}
        yield _said("database", "problem", said, **facts)
    else:
        said = N_("PostgreSQL %(version)s answers.")
        yield _said("database", "ok", said, version=server.version)
    postgres.refuse_strong_role(server)
    said = N_("The role %(role)s is bound by the walls between partners.")
    yield _said("roles", "ok", said, role=server.role)
    if not server.may_relay:
        said = N_("The role %(role)s may not become school_relay. Run: mentor-school db roles")
        yield _said("roles", "problem", said, role=server.role)
    if revision == migrations.head():
        said = N_("The tables are up to date (%(revision)s).")
        yield _said("migrations", "ok", said, revision=revision)
    else:
        said = N_("The tables are not up to date. Run “mentor-school migrate”.")
        yield _said("migrations", "problem", said)


def _about_redis(read: Settings) -> Iterator[Finding]:
    if read.redis_url is None:
        said = N_("There is no Redis: the scheduler does the jobs itself, one after another.")
        yield _said("redis", "warning", said)
        return
    import redis

    try:
        with redis.Redis.from_url(read.redis_url, socket_timeout=3) as connection:
            version = connection.info("server")["redis_version"]
    except redis.RedisError:
        said = N_("Redis does not answer. Jobs wait in the database until it does.")
        yield _said("redis", "problem", said)
        return
    yield _said("redis", "ok", N_("Redis %(version)s answers."), version=version)


def _said(about: str, state: str, msgid: str, **facts: object) -> Finding:
    from server.words.catalogues import translate

    # A sentence without facts is not filled, so its percent signs would stay doubled.
    return Finding(about, state, translate(speaking.language(), msgid, **facts))
