"""Definitions by API: what is released, checking files, publishing a release of the model."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from server.access.policy import Permission
from server.api.problems import ProblemOut, problem_out
from server.api.table import Call, Wire, route
from server.services.model import releases
from server.services.unit_of_work import UnitOfWork

Files = dict[str, str]


class FilesIn(Wire):
    """Definition files by their path (`forms/minor_questionnaire.yaml`)."""

    files: Files = Field(min_length=1, max_length=200)


class PublishIn(FilesIn):
    """Files to put over the newest release, and why."""

    note: str = Field(default="", max_length=500)


class CheckOut(Wire):
    """What a check found."""

    holds: bool
    hash: str | None
    problems: list[ProblemOut]


class ReleaseOut(Wire):
    """One release of the model."""

    number: str
    hash: str
    note: str
    published_at: datetime


class ReleasesOut(Wire):
    """All releases, newest first."""

    releases: list[ReleaseOut]


@route("GET", "/definitions/releases", needs=Permission.DEFINITIONS_READ, answer=ReleasesOut)
def list_releases(work: UnitOfWork, _call: Call) -> ReleasesOut:
    """All releases of the model, newest first."""
    found = releases.all_releases(work)
    return ReleasesOut(releases=[ReleaseOut.model_validate(row) for row in found])


@route(
    "POST",
    "/definitions/check",
    needs=Permission.DEFINITIONS_READ,
    body=FilesIn,
    answer=CheckOut,
)
def check_definitions(work: UnitOfWork, call: Call) -> CheckOut:
    """Check files as if they were put over the newest release; nothing is kept."""
    checked = releases.check_sources(work, sources=call.body.files)
    return CheckOut(
        holds=not checked.refused and checked.bundle is not None,
        hash=checked.bundle.hash if checked.bundle else None,
        problems=[problem_out(problem) for problem in checked.problems],
    )


@route(
    "POST",
    "/definitions/publish",
    needs=Permission.DEFINITIONS_PUBLISH,
    also=(Permission.DEFINITIONS_READ,),
    body=PublishIn,
    answer=ReleaseOut,
    status=201,
)
def publish_definitions(work: UnitOfWork, call: Call) -> ReleaseOut:
    """Publish files over the newest release as the next one; running cases keep theirs."""
    number = releases.publish(work, sources=call.body.files, note=call.body.note)
    return ReleaseOut.model_validate(
        next(row for row in releases.all_releases(work) if row.number == number)
    )
