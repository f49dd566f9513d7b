"""A school's settings as its editor needs them: what ships, what is published, what is drafted.

The one validator says what holds; nothing is kept here: that is `drafts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel import yaml
from server.kernel.errors import NotFound
from server.kernel.problems import Problem
from server.model.bundle import Bundle
from server.model.definition import Change, SettingsSpec
from server.model.points import Point, points
from server.model.reading import read_document
from server.model.settings import apply, to_yaml
from server.services.model.revisions import (
    Changes,
    Revision,
    changes_of,
    line_of,
    release_of,
    school_of,
    shipped_of,
    spec_of,
)
from server.services.unit_of_work import UnitOfWork
from server.store import cases, schools


@dataclass(frozen=True)
class Settings:
    """A school's settings as the editor needs them."""

    school: schools.School
    release: str
    variant: str
    shipped: Bundle
    published: Changes
    draft: Changes | None
    draft_revision: int
    seen: int  # the number of the draft, else of what is published: what an edit is held against
    in_force: Bundle  # what is published makes of the model: what publishing would change
    effective: Bundle  # of the draft if there is one, as far as it holds
    problems: tuple[Problem, ...]
    open_cases: int  # families that publishing does not touch
    newest: Revision | None  # the last thing somebody did: drafted, published, dropped a draft
    last_published: Revision | None

    @property
    def changes(self) -> Changes:
        """The changes that are worked on: the draft's, else the published ones."""
        return self.published if self.draft is None else self.draft


def settings(work: UnitOfWork, *, school_id: UUID) -> Settings:
    """What a school's administrator sees: what ships, what is published, what is drafted."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    return _shown(
        work, school, changes_of(school, release_of(work), draft) if draft else None, draft
    )


def with_changes(work: UnitOfWork, *, school_id: UUID, changes: Sequence[Change]) -> Settings:
    """The same as if these changes were the draft; nothing is kept."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    return _shown(work, school, tuple(changes), draft)


def points_of(work: UnitOfWork, *, school_id: UUID, target: str) -> list[Point]:
    """What may move in a form, a workflow or a consent under the draft, else the published state.

    :raises NotFound: when the model has no such definition.
    """
    return points_with(settings(work, school_id=school_id), target)


def points_with(shown: Settings, target: str) -> list[Point]:
    """The same for settings at hand.

    :raises NotFound: when the model has no such definition.
    """
    try:
        return points(shown.shipped, cast(Any, shown.variant), target, shown.changes)
    except KeyError:
        raise NotFound(what="definition") from None


def check_changes(
    work: UnitOfWork, *, school_id: UUID, changes: Sequence[Change]
) -> tuple[Bundle, tuple[Problem, ...]]:
    """What these changes would make, and what does not hold; nothing is kept."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    release = release_of(work)
    applied = apply(shipped_of(work, release, school), spec_of(school, release, changes))
    return applied.effective, tuple(applied.problems)


def read_yaml(
    work: UnitOfWork, *, school_id: UUID, source: str | bytes, file: str
) -> tuple[SettingsSpec | None, tuple[Problem, ...]]:
    """Read settings written as a file, and hold them against the limits, with line and column."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = school_of(work, school_id)
    release = release_of(work)
    document = yaml.load(source, file=file)
    if isinstance(document, list):
        return None, tuple(document)
    spec = read_document(SettingsSpec, document)
    if isinstance(spec, list):
        return None, tuple(spec)
    own = spec_of(school, release, ()).settings
    if spec.settings != own:
        # Another school's file: taken, it would put that school's changes in place of these.
        place = document.place(("settings",))
        facts = {"given": spec.settings, "school": own}
        return None, (Problem("SETTINGS-SCHOOL", facts, place, "settings"),)
    if spec.variant != school.variant:
        facts = {"variant": spec.variant, "school": school.variant}
        place = document.place(("variant",))
        return None, (Problem("SETTINGS-VARIANT", facts, place, "variant"),)
    shipped = shipped_of(work, release, school)
    applied = apply(shipped, spec, place_of=document.place)
    return applied.settings, tuple(applied.problems)


def as_yaml(work: UnitOfWork, *, school_id: UUID) -> str:
    """The settings as the file that, uploaded, gives the same; the draft's if there is one."""
    shown = settings(work, school_id=school_id)
    return to_yaml(spec_of(shown.school, release_of(work), shown.changes))


def _shown(
    work: UnitOfWork,
    school: schools.School,
    changes: Changes | None,
    draft: schools.SettingsRevision | None,
) -> Settings:
    release = release_of(work)
    shipped = shipped_of(work, release, school)
    row = schools.revision_in_state(work.session, school.id, "published")
    published = changes_of(school, release, row)
    in_force = apply(shipped, spec_of(school, release, published))
    applied = apply(shipped, spec_of(school, release, changes)) if changes is not None else in_force
    newest = next(iter(schools.revisions(work.session, school.id, limit=1)), None)
    return Settings(
        school=school,
        release=release.number,
        variant=school.variant,
        shipped=shipped,
        published=published,
        draft=changes,
        draft_revision=draft.seq if draft else 0,
        seen=seen_of(draft, row),
        in_force=in_force.effective,
        effective=applied.effective,
        problems=tuple(applied.problems),
        open_cases=cases.open_cases_of(work.session, school.id),
        newest=line_of(work, school, newest) if newest else None,
        last_published=line_of(work, school, row) if row else None,
    )


def seen_of(
    draft: schools.SettingsRevision | None, published: schools.SettingsRevision | None
) -> int:
    """The number an edit is held against: the draft's, else that of what is published."""
    row = draft or published
    return row.seq if row is not None else 0
