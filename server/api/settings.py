"""A school's settings by API: what ships and may move, checking, publishing, history, the file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.problems import ProblemOut, problem_out
from server.api.table import Call, Wire, route
from server.kernel.errors import DefinitionRefused, Refused
from server.kernel.problems import Problem
from server.model.definition import Change, SettingsSpec
from server.model.points import Point
from server.model.settings import to_data
from server.services.accounts import people
from server.services.model import drafts, revisions, school_settings
from server.services.unit_of_work import UnitOfWork


class SchoolOut(Wire):
    """A school."""

    id: UUID
    slug: str
    title: dict[str, str]
    region: str
    zone: str
    variant: str
    cycle_start: date
    cycle_end: date


class SchoolsOut(Wire):
    """The schools this token may see."""

    schools: list[SchoolOut]


class SettingsOut(Wire):
    """What is published, what is drafted, and what of it does not hold."""

    school: UUID
    release: str
    variant: str
    revision: int  # names this state: a change made from it is refused if it is not the newest
    published: list[dict[str, Any]]
    draft: list[dict[str, Any]] | None
    draft_revision: int
    hash: str
    problems: list[ProblemOut]
    yaml: str


class ChangesIn(Wire):
    """The whole of a school's changes, as a list or as the file."""

    changes: list[Change] | None = Field(default=None, max_length=500)
    yaml: str | None = Field(
        default=None, max_length=262_144, description="The file; read with settings:read."
    )


class SeenIn(Wire):
    """The state of the settings that was looked at, by its `revision`."""

    revision: int | None = Field(default=None, ge=0, le=2**31 - 1, strict=True)


class DraftIn(ChangesIn, SeenIn):
    """Changes to keep as the draft."""


class NoteIn(SeenIn):
    """Why it is published."""

    note: str = Field(default="", max_length=500)


class SettingsIn(ChangesIn, NoteIn):
    """Changes to publish, and why."""


class RestoreIn(Wire):
    """The number of an earlier state; 0 is the model as it ships."""

    seq: int = Field(ge=0, le=2**31 - 1, strict=True)


class CheckedOut(Wire):
    """What these changes would make."""

    holds: bool
    hash: str | None
    problems: list[ProblemOut]


class RevisionOut(Wire):
    """One published state of the settings."""

    seq: int
    state: str
    at: datetime
    author: str | None
    note: str
    release: str
    changes: list[dict[str, Any]]


class HistoryOut(Wire):
    """Published states, newest first."""

    revisions: list[RevisionOut]


class PointQuery(Wire):
    """Whose points: the id of a form, a workflow or a consent."""

    of: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")


class PointOut(Wire):
    """One point: whether it may move, how, and why."""

    at: str
    kind: str
    sign: str
    name: dict[str, str]
    changed: bool
    hidden: bool
    own: bool
    may: list[str]
    rule: str
    origin: str
    reason: dict[str, str]
    source: dict[str, str]


class PointsOut(Wire):
    """All points of a definition under the school's settings."""

    points: list[PointOut]


@route("GET", "/schools", needs=Permission.SETTINGS_READ, answer=SchoolsOut)
def list_schools(work: UnitOfWork, _call: Call) -> SchoolsOut:
    """The schools this token may see."""
    return SchoolsOut(schools=[SchoolOut.model_validate(row) for row in people.schools_seen(work)])


@route("GET", "/schools/<uuid:school_id>/settings", needs=Permission.SETTINGS_READ,
       answer=SettingsOut)  # fmt: skip
def read_settings(work: UnitOfWork, call: Call) -> SettingsOut:
    """A school's settings: published, drafted, and as a file."""
    return _settings(work, call.path["school_id"])


def _settings(work: UnitOfWork, school_id: UUID) -> SettingsOut:
    shown = school_settings.settings(work, school_id=school_id)
    return SettingsOut(
        school=school_id,
        release=shown.release,
        variant=shown.variant,
        published=_changes(shown.published),
        draft=None if shown.draft is None else _changes(shown.draft),
        draft_revision=shown.draft_revision,
        revision=shown.seen,
        hash=shown.effective.hash,
        problems=[problem_out(problem) for problem in shown.problems],
        yaml=school_settings.as_yaml(work, school_id=school_id),
    )


@route("GET", "/schools/<uuid:school_id>/points", needs=Permission.SETTINGS_READ,
       query=PointQuery, answer=PointsOut)  # fmt: skip
def read_points(work: UnitOfWork, call: Call) -> PointsOut:
    """What may move in a form, a workflow or a consent, how far, and why."""
    found = school_settings.points_of(work, school_id=call.path["school_id"], target=call.query.of)
    return PointsOut(points=[_point(point) for point in found])


@route("POST", "/schools/<uuid:school_id>/settings/check", needs=Permission.SETTINGS_READ,
       body=SettingsIn, answer=CheckedOut)  # fmt: skip
def check_settings(work: UnitOfWork, call: Call) -> CheckedOut:
    """Hold changes against the limits; nothing is kept."""
    school_id = call.path["school_id"]
    changes, problems = _asked(work, school_id, call.body)
    if changes is None:
        return CheckedOut(holds=False, hash=None, problems=problems)
    effective, found = school_settings.check_changes(work, school_id=school_id, changes=changes)
    # A file's problems have places; the same changes as a list have the same ones without.
    shown = problems or [problem_out(problem) for problem in found]
    return CheckedOut(holds=not found, hash=effective.hash, problems=shown)


@route("PUT", "/schools/<uuid:school_id>/settings", needs=Permission.SETTINGS_EDIT,
       body=SettingsIn, answer=RevisionOut)  # fmt: skip
def publish_settings(work: UnitOfWork, call: Call) -> RevisionOut:
    """Publish these changes instead of the published ones; an empty list is the shipped model."""
    school_id = call.path["school_id"]
    changes, _ = _asked(work, school_id, call.body, refuse=True)
    made = drafts.publish(
        work,
        school_id=school_id,
        changes=changes or (),
        note=call.body.note,
        revision=call.body.revision,
    )
    return _revision(made)


@route("PUT", "/schools/<uuid:school_id>/settings/draft", needs=Permission.SETTINGS_EDIT,
       also=(Permission.SETTINGS_READ,),
       body=DraftIn, answer=SettingsOut)  # fmt: skip
def save_draft(work: UnitOfWork, call: Call) -> SettingsOut:
    """Keep changes as the draft, even where they do not hold yet."""
    school_id = call.path["school_id"]
    changes, problems = _read(work, school_id, call.body)
    if changes is None:
        raise DefinitionRefused(problems=problems)
    drafts.save_draft(work, school_id=school_id, changes=changes, revision=call.body.revision)
    return _settings(work, school_id)


@route("POST", "/schools/<uuid:school_id>/settings/draft/drop", needs=Permission.SETTINGS_EDIT,
       also=(Permission.SETTINGS_READ,),
       body=SeenIn, answer=SettingsOut)  # fmt: skip
def drop_draft(work: UnitOfWork, call: Call) -> SettingsOut:
    """Lay the draft aside; what is published stays."""
    school_id = call.path["school_id"]
    drafts.drop_draft(work, school_id=school_id, revision=call.body.revision)
    return _settings(work, school_id)


@route("POST", "/schools/<uuid:school_id>/settings/draft/restore", needs=Permission.SETTINGS_EDIT,
       also=(Permission.SETTINGS_READ,),
       body=RestoreIn, answer=SettingsOut)  # fmt: skip
def restore_settings(work: UnitOfWork, call: Call) -> SettingsOut:
    """Draft an earlier state once more, or the model as it ships; nothing is published."""
    school_id = call.path["school_id"]
    drafts.restore(work, school_id=school_id, seq=call.body.seq)
    return _settings(work, school_id)


@route("POST", "/schools/<uuid:school_id>/settings/draft/publish", needs=Permission.SETTINGS_EDIT,
       body=NoteIn, answer=RevisionOut)  # fmt: skip
def publish_draft(work: UnitOfWork, call: Call) -> RevisionOut:
    """Publish the draft; new cases start with it, running ones keep theirs."""
    made = drafts.publish(
        work,
        school_id=call.path["school_id"],
        note=call.body.note,
        revision=call.body.revision,
    )
    return _revision(made)


@route("GET", "/schools/<uuid:school_id>/settings/history", needs=Permission.SETTINGS_READ,
       answer=HistoryOut)  # fmt: skip
def settings_history(work: UnitOfWork, call: Call) -> HistoryOut:
    """Every published state of a school's settings, newest first."""
    found = revisions.history(work, school_id=call.path["school_id"])
    return HistoryOut(revisions=[_revision(one) for one in found])


def _asked(
    work: UnitOfWork, school_id: UUID, body: ChangesIn, *, refuse: bool = False
) -> tuple[tuple[Change, ...] | None, list[ProblemOut]]:
    changes, problems = _read(work, school_id, body)
    if problems and refuse:
        raise DefinitionRefused(problems=problems)
    return changes, [problem_out(problem) for problem in problems]


def _read(
    work: UnitOfWork, school_id: UUID, body: ChangesIn
) -> tuple[tuple[Change, ...] | None, tuple[Problem, ...]]:
    """The changes as far as they can be read, and what is wrong with the file they stand in."""
    if (body.changes is None) == (body.yaml is None):
        raise Refused(reason="changes_or_yaml")
    if body.changes is not None:
        return tuple(body.changes), ()
    spec, problems = school_settings.read_yaml(
        work, school_id=school_id, source=body.yaml or "", file="settings.yaml"
    )
    return (tuple(spec.changes) if spec is not None else None), problems


def _changes(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    whole = SettingsSpec(settings="shown", model="1.0", variant="standard", changes=changes)
    found: list[dict[str, Any]] = to_data(whole)["changes"]
    return found


def _revision(one: revisions.Revision) -> RevisionOut:
    return RevisionOut(
        seq=one.seq,
        state=one.state,
        at=one.at,
        author=one.author,
        note=one.note,
        release=one.release,
        changes=_changes(one.changes),
    )


def _point(point: Point) -> PointOut:
    return PointOut(
        at=point.at,
        kind=point.kind,
        sign=point.sign,
        name=dict(point.name),
        changed=point.changed,
        hidden=point.hidden,
        own=point.own,
        may=sorted({f"{one.change} {one.at}" for one in point.operations}),
        rule=point.reason.why,
        origin=point.reason.origin,
        reason=dict(point.reason.text),
        source=dict(point.reason.source),
    )
