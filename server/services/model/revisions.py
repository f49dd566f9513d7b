"""The kept states of a school's settings: what each changed, whose it was, and what it made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import NotFound
from server.model.bundle import Bundle
from server.model.definition import Change, SettingsSpec
from server.services import persons
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import definitions, schools

Changes = tuple[Change, ...]


@dataclass(frozen=True)
class Revision:
    """One line of the history."""

    seq: int
    state: str  # draft | published | superseded | dropped
    at: datetime
    author: str | None
    note: str
    changes: Changes
    release: str


def history(work: UnitOfWork, *, school_id: UUID) -> tuple[Revision, ...]:
    """Every published state of a school's settings, newest first."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    rows = schools.published_revisions(work.session, school_id)
    return tuple(line_of(work, school, row) for row in rows)


def states(
    work: UnitOfWork, *, school_id: UUID, limit: int = 20
) -> list[tuple[Revision, Bundle, Bundle]]:
    """The newest published states, each with what the model was before it and with it."""
    lines = history(work, school_id=school_id)[: limit + 1]
    made = [bundle_of(work, school_id=school_id, seq=line.seq) for line in lines]
    school = school_of(work, school_id)
    before = [*made, shipped_of(work, release_of(work), school)][1:]
    return list(zip(lines, before, made, strict=True))[:limit]


def bundle_of(work: UnitOfWork, *, school_id: UUID, seq: int) -> Bundle:
    """What a published revision made of the model.

    :raises NotFound: when the school has no such revision.
    """
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    row = schools.revision(work.session, school_id, seq)
    if row is None or row.effective_hash is None:
        raise NotFound(what="revision")
    return work.ready(row.effective_hash, school.variant).bundle


def line_of(work: UnitOfWork, school: schools.School, row: schools.SettingsRevision) -> Revision:
    """A kept state as a line of the history."""
    release = definitions.release(work.session, row.release) or release_of(work)
    return Revision(
        seq=row.seq,
        state=row.state,
        at=row.at,
        author=author_of(work, row),
        note=row.note,
        changes=changes_of(school, release, row),
        release=row.release,
    )


def changes_at(work: UnitOfWork, school: schools.School, seq: int) -> Changes:
    """What a school had changed by the revision of this number.

    :raises NotFound: when the school has no such revision.
    """
    row = schools.revision(work.session, school.id, seq)
    if row is None:
        raise NotFound(what="revision")
    return changes_of(school, release_of(work), row)


def changes_of(
    school: schools.School, release: definitions.Release, row: schools.SettingsRevision | None
) -> Changes:
    """What a kept state changes; nothing where there is none."""
    return spec_of(school, release, row.changes).changes if row is not None else ()


def author_of(work: UnitOfWork, row: schools.SettingsRevision | None) -> str | None:
    """Whose a kept state is; None when nobody's, or of somebody erased."""
    if row is None or row.author_id is None:
        return None
    return persons.names(work, [row.author_id]).get(row.author_id)


def spec_of(
    school: schools.School, release: definitions.Release, changes: Sequence[object]
) -> SettingsSpec:
    """Changes as the model reads a school's settings."""
    return in_force.settings_spec(school, release.number, changes)


def shipped_of(work: UnitOfWork, release: definitions.Release, school: schools.School) -> Bundle:
    """The model as it ships to this school."""
    return work.ready(release.hash, school.variant).bundle


def release_of(work: UnitOfWork) -> definitions.Release:
    """The newest release of the model."""
    return cast(definitions.Release, definitions.newest_release(work.session))


def school_of(work: UnitOfWork, school_id: UUID) -> schools.School:
    """The school.

    :raises NotFound: when the tenant has no such school.
    """
    school = schools.school(work.session, school_id)
    if school is None:
        raise NotFound(what="school")
    return school
