"""A partner adapts the model: a draft, the one validator, publishing, history, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel import yaml
from server.kernel.errors import Conflict, DefinitionRefused, NotFound
from server.kernel.ids import new_id
from server.kernel.problems import Problem
from server.model.bundle import Bundle
from server.model.definition import Change, SettingsSpec
from server.model.points import Point, points
from server.model.reading import read_document
from server.model.settings import apply, to_data, to_yaml
from server.services import evidence, persons
from server.services.model import in_force
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import cases, definitions, schools

Changes = tuple[Change, ...]
Edit = Callable[["Settings", Changes, Changes], Sequence[Change]]
"""Makes new changes out of the settings as they are, what its author saw, and what is there now."""


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
    school = _school(work, school_id)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    return _shown(work, school, _changes(school, _release(work), draft) if draft else None, draft)


def with_changes(work: UnitOfWork, *, school_id: UUID, changes: Sequence[Change]) -> Settings:
    """The same as if these changes were the draft; nothing is kept."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = _school(work, school_id)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    return _shown(work, school, tuple(changes), draft)


def save_draft(
    work: UnitOfWork, *, school_id: UUID, changes: Sequence[Change], revision: int | None = None
) -> Settings:
    """Keep changes as the draft, even where they do not hold yet: nothing typed is lost.

    Changes that say what is published already leave no draft. `revision` is `Settings.seen` of
    what the changes were made from.

    :raises Conflict: when someone else saved or published since that was read.
    """
    policy.require(work.actor, Permission.SETTINGS_EDIT, Thing(school_id))
    school = _school_to_write(work, school_id)
    _refuse_stale(work, school, revision)
    release = _release(work)
    applied = apply(_shipped(work, release, school), _spec(school, release, changes))
    kept = applied.settings.changes
    draft = schools.revision_in_state(work.session, school_id, "draft")
    published = schools.revision_in_state(work.session, school_id, "published")
    if draft is not None:
        draft.state = "superseded"
    if kept != _changes(school, release, published):
        work.session.add(_revision(work, school, "draft", kept, note="", effective=None))
    work.session.flush()
    return settings(work, school_id=school_id)


def edit_draft(work: UnitOfWork, *, school_id: UUID, revision: int, edit: Edit) -> Settings:
    """Save what an edit makes of the settings its author saw.

    :raises Conflict: when someone else saved or published since; `edited` shows both together.
    """
    policy.require(work.actor, Permission.SETTINGS_EDIT, Thing(school_id))
    changes = _edited(work, school_id, revision, edit)
    return save_draft(work, school_id=school_id, changes=changes, revision=revision)


def edited(work: UnitOfWork, *, school_id: UUID, revision: int, edit: Edit) -> Settings:
    """What an edit makes of the settings as they are now; nothing is kept.

    Somebody else's draft stays in it wherever the edit does not touch it.
    """
    changes = _edited(work, school_id, revision, edit)
    return with_changes(work, school_id=school_id, changes=changes)


def drop_draft(work: UnitOfWork, *, school_id: UUID, revision: int | None = None) -> None:
    """Lay the draft aside; what is published stays. `restore` fetches it back.

    :raises Conflict: when someone else saved or published since it was read.
    """
    policy.require(work.actor, Permission.SETTINGS_EDIT, Thing(school_id))
    school = _school_to_write(work, school_id)
    _refuse_stale(work, school, revision)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    if draft is not None:
        draft.state, draft.at, draft.author_id = "dropped", work.now, work.actor.person_id


def restore(work: UnitOfWork, *, school_id: UUID, seq: int) -> Settings:
    """Draft an earlier state once more; number 0 is the model as it ships.

    :raises NotFound: when the school has no such revision.
    """
    policy.require(work.actor, Permission.SETTINGS_EDIT, Thing(school_id))
    school = _school_to_write(work, school_id)
    changes = _changes_at(work, school, seq) if seq else ()
    return save_draft(work, school_id=school_id, changes=changes)


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
    school = _school(work, school_id)
    release = _release(work)
    applied = apply(_shipped(work, release, school), _spec(school, release, changes))
    return applied.effective, tuple(applied.problems)


def read_yaml(
    work: UnitOfWork, *, school_id: UUID, source: str | bytes, file: str
) -> tuple[SettingsSpec | None, tuple[Problem, ...]]:
    """Read settings written as a file, and hold them against the limits, with line and column."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = _school(work, school_id)
    release = _release(work)
    document = yaml.load(source, file=file)
    if isinstance(document, list):
        return None, tuple(document)
    spec = read_document(SettingsSpec, document)
    if isinstance(spec, list):
        return None, tuple(spec)
    if spec.variant != school.variant:
        facts = {"variant": spec.variant, "school": school.variant}
        place = document.place(("variant",))
        return None, (Problem("SETTINGS-VARIANT", facts, place, "variant"),)
    shipped = _shipped(work, release, school)
    applied = apply(shipped, spec, place_of=document.place)
    return applied.settings, tuple(applied.problems)


def as_yaml(work: UnitOfWork, *, school_id: UUID) -> str:
    """The settings as the file that, uploaded, gives the same; the draft's if there is one."""
    shown = settings(work, school_id=school_id)
    return to_yaml(_spec(shown.school, _release(work), shown.changes))


def publish(
    work: UnitOfWork,
    *,
    school_id: UUID,
    changes: Sequence[Change] | None = None,
    note: str = "",
    revision: int | None = None,
) -> Revision:
    """Publish the draft, or these changes; new cases start with it, running ones keep theirs.

    :raises DefinitionRefused: with every change that is out of bounds; nothing is published.
    :raises Refused: when the note holds what nobody sees.
    :raises Conflict: when someone else saved or published since `revision` was read.
    """
    policy.require(work.actor, Permission.SETTINGS_EDIT, Thing(school_id))
    school = _school_to_write(work, school_id)
    _refuse_stale(work, school, revision)
    note = remark(note)
    release = _release(work)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    wanted = tuple(changes) if changes is not None else _changes(school, release, draft)
    if changes is None and draft is None:
        raise Conflict(what="draft", state="none")
    applied = apply(_shipped(work, release, school), _spec(school, release, wanted))
    if applied.problems:
        raise DefinitionRefused(problems=tuple(applied.problems))
    effective, wanted = applied.effective, applied.settings.changes
    definitions.keep_effective(
        work.session, work.tenant_id, effective.hash, effective.to_json(), work.now
    )
    for state in ("draft", "published"):
        before = schools.revision_in_state(work.session, school_id, state)
        if before is not None:
            before.state = "superseded"
    row = _revision(work, school, "published", wanted, note=note, effective=effective)
    work.session.add(row)
    work.session.flush()
    evidence.append(
        work,
        type="settings_published",
        subject_id=None,
        body={
            "settings_hash": effective.hash,
            "variant": school.variant,
            "definition_hash": release.hash,
            **({"actor": work.actor.person_id} if work.actor.person_id else {}),
        },
    )
    return _line(work, school, row)


def history(work: UnitOfWork, *, school_id: UUID) -> tuple[Revision, ...]:
    """Every published state of a school's settings, newest first."""
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = _school(work, school_id)
    rows = schools.published_revisions(work.session, school_id)
    return tuple(_line(work, school, row) for row in rows)


def states(
    work: UnitOfWork, *, school_id: UUID, limit: int = 20
) -> list[tuple[Revision, Bundle, Bundle]]:
    """The newest published states, each with what the model was before it and with it."""
    lines = history(work, school_id=school_id)[: limit + 1]
    made = [bundle_of(work, school_id=school_id, seq=line.seq) for line in lines]
    school = _school(work, school_id)
    before = [*made, _shipped(work, _release(work), school)][1:]
    return list(zip(lines, before, made, strict=True))[:limit]


def bundle_of(work: UnitOfWork, *, school_id: UUID, seq: int) -> Bundle:
    """What a published revision made of the model.

    :raises NotFound: when the school has no such revision.
    """
    policy.require(work.actor, Permission.SETTINGS_READ, Thing(school_id))
    school = _school(work, school_id)
    row = schools.revision(work.session, school_id, seq)
    if row is None or row.effective_hash is None:
        raise NotFound(what="revision")
    return work.ready(row.effective_hash, school.variant).bundle


def _shown(
    work: UnitOfWork,
    school: schools.School,
    changes: Changes | None,
    draft: schools.SettingsRevision | None,
) -> Settings:
    release = _release(work)
    shipped = _shipped(work, release, school)
    row = schools.revision_in_state(work.session, school.id, "published")
    published = _changes(school, release, row)
    in_force = apply(shipped, _spec(school, release, published))
    applied = apply(shipped, _spec(school, release, changes)) if changes is not None else in_force
    newest = next(iter(schools.revisions(work.session, school.id, limit=1)), None)
    return Settings(
        school=school,
        release=release.number,
        variant=school.variant,
        shipped=shipped,
        published=published,
        draft=changes,
        draft_revision=draft.seq if draft else 0,
        seen=_seen(draft, row),
        in_force=in_force.effective,
        effective=applied.effective,
        problems=tuple(applied.problems),
        open_cases=cases.open_cases_of(work.session, school.id),
        newest=_line(work, school, newest) if newest else None,
        last_published=_line(work, school, row) if row else None,
    )


def _seen(
    draft: schools.SettingsRevision | None, published: schools.SettingsRevision | None
) -> int:
    row = draft or published
    return row.seq if row is not None else 0


def _refuse_stale(work: UnitOfWork, school: schools.School, revision: int | None) -> None:
    draft = schools.revision_in_state(work.session, school.id, "draft")
    published = schools.revision_in_state(work.session, school.id, "published")
    if revision is not None and revision != _seen(draft, published):
        row = next(iter(schools.revisions(work.session, school.id, limit=1)), None)
        raise Conflict(what="draft", by=_author(work, row), at=row.at if row else None)


def _edited(work: UnitOfWork, school_id: UUID, revision: int, edit: Edit) -> Changes:
    shown = settings(work, school_id=school_id)
    saw = _changes_at(work, shown.school, revision) if revision else ()
    return tuple(edit(shown, saw, shown.changes))


def _changes_at(work: UnitOfWork, school: schools.School, seq: int) -> Changes:
    row = schools.revision(work.session, school.id, seq)
    if row is None:
        raise NotFound(what="revision")
    return _changes(school, _release(work), row)


def _school_to_write(work: UnitOfWork, school_id: UUID) -> schools.School:
    """The school, held so that two who save at once come one after the other."""
    school = _school(work, school_id)
    work.session.refresh(school, with_for_update=True)
    return school


def _school(work: UnitOfWork, school_id: UUID) -> schools.School:
    school = schools.school(work.session, school_id)
    if school is None:
        raise NotFound(what="school")
    return school


def _release(work: UnitOfWork) -> definitions.Release:
    return cast(definitions.Release, definitions.newest_release(work.session))


def _shipped(work: UnitOfWork, release: definitions.Release, school: schools.School) -> Bundle:
    return work.ready(release.hash, school.variant).bundle


def _spec(
    school: schools.School, release: definitions.Release, changes: Sequence[object]
) -> SettingsSpec:
    return in_force.settings_spec(school, release.number, changes)


def _changes(
    school: schools.School, release: definitions.Release, row: schools.SettingsRevision | None
) -> Changes:
    return _spec(school, release, row.changes).changes if row is not None else ()


def _revision(
    work: UnitOfWork,
    school: schools.School,
    state: str,
    changes: Sequence[Change],
    *,
    note: str,
    effective: Bundle | None,
) -> schools.SettingsRevision:
    newest = schools.revisions(work.session, school.id, limit=1)
    return schools.SettingsRevision(
        id=new_id(),
        tenant_id=work.tenant_id,
        school_id=school.id,
        seq=newest[0].seq + 1 if newest else 1,
        state=state,
        changes=to_data(_spec(school, _release(work), changes))["changes"],
        release=_release(work).number,
        variant=school.variant,
        effective_hash=effective.hash if effective else None,
        author_id=work.actor.person_id,
        note=note,
        at=work.now,
    )


def _author(work: UnitOfWork, row: schools.SettingsRevision | None) -> str | None:
    if row is None or row.author_id is None:
        return None
    return persons.names(work, [row.author_id]).get(row.author_id)


def _line(work: UnitOfWork, school: schools.School, row: schools.SettingsRevision) -> Revision:
    release = definitions.release(work.session, row.release) or _release(work)
    return Revision(
        seq=row.seq,
        state=row.state,
        at=row.at,
        author=_author(work, row),
        note=row.note,
        changes=_changes(school, release, row),
        release=row.release,
    )
