"""`clock`: what time it is in the sandbox, and moving it on, with all that then becomes due."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import add
from pathlib import Path

import click

from server import settings
from server.access.actors import SHELL
from server.cli import speaking
from server.jobs.schedule import Scheduler
from server.kernel import logs
from server.kernel.clock import SandboxClock
from server.runtime import Runtime, build
from server.store import due, outgoing, tenancy
from server.words.speech import N_

LONGEST = timedelta(days=100 * 366)
PATIENCE = 180.0  # seconds for what other processes have under way
_PART = re.compile(r"(\d+)\s*(minute|min|m|hour|h|day|d|week|w)s?\b", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox's runtime, the clock that can be moved in it, and where its logs go meanwhile."""

    runtime: Runtime
    clock: SandboxClock
    logs: Path


@click.group(help=N_("See and move the clock of the sandbox."))
def clock() -> None:
    """The group `clock`."""


@clock.command(help=N_("Show what time it is in the sandbox."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print it as JSON."))
def show(as_json: bool) -> None:
    with _sandbox() as sandbox:
        _tell(sandbox, as_json)


@clock.command(
    "set",
    help=N_(
        "Set the clock to TIME, such as 2026-09-10, 2026-09-10T14:00 or 2026-09-10T14:00+03:00"
        " (UTC where no zone is named). Going on, everything that becomes due on the way happens."
    ),
)
@click.argument("when", metavar="TIME", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help=N_("Print it as JSON."))
def set_(when: tuple[str, ...], as_json: bool) -> None:
    target = _moment("T".join(when))
    with _sandbox() as sandbox:
        if target < sandbox.clock.now():
            _go_back(sandbox, target)
        else:
            _go_on(sandbox, lambda: target - datetime.now(UTC))
        _tell(sandbox, as_json)


@clock.command(
    help=N_(
        "Move the clock on by DURATION, such as 3 days, 2 weeks or 90 minutes; returns when all"
        " that became due is done."
    )
)
@click.argument("duration", metavar="DURATION", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help=N_("Print it as JSON."))
def advance(duration: tuple[str, ...], as_json: bool) -> None:
    step = _duration(" ".join(duration))
    with _sandbox() as sandbox:
        # By the offset, not by a moment: what is done on the way takes time, and would be lost.
        _go_on(sandbox, partial(add, sandbox.clock.offset(), step))
        _tell(sandbox, as_json)


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    read = settings.load(os.environ)
    if not read.sandbox:
        raise click.ClickException(
            speaking.sentence(N_("Only the clock of a sandbox can be moved: start with --sandbox."))
        )
    runtime = build(read)
    moved = runtime.tools.clock
    assert isinstance(moved, SandboxClock)
    file = read.data.logs / "clock.log"
    # What happens on the way is logged as in every process: beside the others, not into the answer.
    with file.open("a", encoding="utf-8") as stream:
        before = stream.tell()
        logs.configure(stream)
        try:
            yield Sandbox(runtime, moved, file)
        finally:
            logs.configure()
            runtime.close()
    if _failures(file, before):
        click.echo(
            speaking.sentence(N_("Something failed on the way; see %(file)s."), file=file), err=True
        )


def _failures(file: Path, before: int) -> int:
    with file.open(encoding="utf-8") as lines:
        lines.seek(before)
        return sum(json.loads(line).get("level") == "error" for line in lines)


def _moment(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            speaking.sentence(N_("“%(text)s” is no time. Write 2026-09-10T14:00."), text=written)
        ) from None


def _duration(written: str) -> timedelta:
    parts = _PART.findall(written)
    if not parts or _PART.sub("", written).strip(" ,"):
        raise click.BadParameter(
            speaking.sentence(
                N_("“%(text)s” is no duration. Write 3 days, 2 weeks or 90 minutes."), text=written
            )
        )
    try:
        step = sum(
            (timedelta(**{_UNITS[unit[0].lower()]: int(amount)}) for amount, unit in parts),
            timedelta(),
        )
    except OverflowError:
        step = timedelta.max
    if step > LONGEST:
        raise click.BadParameter(
            speaking.sentence(N_("“%(text)s” is longer than the clock can go."), text=written)
        )
    return step


def _go_back(sandbox: Sandbox, target: datetime) -> None:
    newest = _newest(sandbox.runtime)
    if newest is not None and target < newest:
        raise click.ClickException(
            speaking.sentence(
                N_("Something happened at %(newest)s: the clock cannot go back before that."),
                newest=newest.isoformat(timespec="seconds"),
            )
        )
    _put(sandbox.clock, target)


def _go_on(sandbox: Sandbox, goal: Callable[[], timedelta]) -> None:
    """Go on from one due moment to the next, so that everything happens at its own time.

    `goal` gives how far ahead of the machine the sandbox shall be in the end.
    """
    scheduler = Scheduler(sandbox.runtime, None)
    _drain(scheduler)
    while (moment := _next(sandbox)) is not None and moment <= datetime.now(UTC) + goal():
        _put(sandbox.clock, max(moment, sandbox.clock.now()))
        _drain(scheduler)
    if goal() > sandbox.clock.offset():
        sandbox.clock.move(goal())
    _drain(scheduler)


def _drain(scheduler: Scheduler) -> None:
    """Do what is due; wait for what the worker has under way."""
    give_up = time.monotonic() + PATIENCE
    while True:
        done = scheduler.round()
        if not done and not scheduler.is_anything_left():
            return
        if time.monotonic() > give_up:
            raise click.ClickException(
                speaking.sentence(
                    N_("Something is still under way after %(seconds)s seconds; see the logs."),
                    seconds=round(PATIENCE),
                )
            )
        if not done:
            time.sleep(0.1)


def _next(sandbox: Sandbox) -> datetime | None:
    with sandbox.runtime.tools.database.begin(None) as transaction:
        transaction.as_relay()
        session, now = transaction.session, sandbox.clock.now()
        found = (due.next_moment(session, after=now), outgoing.next_moment(session, after=now))
    return min((one for one in found if one is not None), default=None)


def _newest(runtime: Runtime) -> datetime | None:
    with runtime.tools.begin(SHELL) as work:
        tenants = [row.id for row in tenancy.all_tenants(work.session)]
    found = []
    for tenant_id in tenants:
        with runtime.tools.begin(SHELL, tenant_id) as work:
            found += [due.newest_moment(work.session), outgoing.newest_moment(work.session)]
    return max((one for one in found if one is not None), default=None)


def _put(moved: SandboxClock, target: datetime) -> None:
    moved.move(target - datetime.now(UTC))


def _tell(sandbox: Sandbox, as_json: bool) -> None:
    now, offset = sandbox.clock.now(), sandbox.clock.offset()
    if as_json:
        facts = {"now": now.isoformat(), "offset_seconds": offset.total_seconds()}
        click.echo(json.dumps(facts))
        return
    seconds = round(offset.total_seconds())
    if not seconds:
        said = N_("In the sandbox it is %(now)s, as on the machine.")
    elif seconds > 0:
        said = N_("In the sandbox it is %(now)s, ahead of the machine by %(distance)s.")
    else:
        said = N_("In the sandbox it is %(now)s, behind the machine by %(distance)s.")
    speaking.say(said, now=now.isoformat(timespec="seconds"), distance=_distance(abs(seconds)))


def _distance(seconds: int) -> str:
    """A length of time to the second, without the parts that are nought: `1 d 1 h 30 min`."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, N_("%(n)s d")), (hours, N_("%(n)s h")), (minutes, N_("%(n)s min")),
             (seconds, N_("%(n)s s")))  # fmt: skip
    return " ".join(speaking.sentence(msgid, n=amount) for amount, msgid in parts if amount)
