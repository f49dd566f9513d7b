"""A partner adapts the model: a draft, publishing it, laying it aside, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import Conflict, DefinitionRefused
from server.kernel.ids import new_id
from server.model.bundle import Bundle
from server.model.definition import Change
from server.model.settings import apply, to_data
from server.services import evidence
from server.services.model import school_settings
from server.services.model.revisions import (
    Changes,
    Revision,
    author_of,
    changes_at,
    changes_of,
    line_of,
    release_of,
    school_of,
    shipped_of,
    spec_of,
)
from server.services.model.school_settings import Settings
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import definitions, schools

Edit = Callable[[Settings, Changes, Changes], Sequence[Change]]
"""Makes new changes out of the settings as they are, what its author saw, and what is there now."""


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
    release = release_of(work)
    applied = apply(shipped_of(work, release, school), spec_of(school, release, changes))
    kept = applied.settings.changes
    draft = schools.revision_in_state(work.session, school_id, "draft")
    published = schools.revision_in_state(work.session, school_id, "published")
    if draft is not None:
        draft.state = "superseded"
    if kept != changes_of(school, release, published):
        work.session.add(_revision(work, school, "draft", kept, note="", effective=None))
    work.session.flush()
    return school_settings.settings(work, school_id=school_id)


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
    return school_settings.with_changes(work, school_id=school_id, changes=changes)


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
    changes = changes_at(work, school, seq) if seq else ()
    return save_draft(work, school_id=school_id, changes=changes)


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
    release = release_of(work)
    draft = schools.revision_in_state(work.session, school_id, "draft")
    wanted = tuple(changes) if changes is not None else changes_of(school, release, draft)
    if changes is None and draft is None:
        raise Conflict(what="draft", state="none")
    applied = apply(shipped_of(work, release, school), spec_of(school, release, wanted))
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
    return line_of(work, school, row)


def _refuse_stale(work: UnitOfWork, school: schools.School, revision: int | None) -> None:
    draft = schools.revision_in_state(work.session, school.id, "draft")
    published = schools.revision_in_state(work.session, school.id, "published")
    if revision is not None and revision != school_settings.seen_of(draft, published):
        row = next(iter(schools.revisions(work.session, school.id, limit=1)), None)
        raise Conflict(what="draft", by=author_of(work, row), at=row.at if row else None)


def _edited(work: UnitOfWork, school_id: UUID, revision: int, edit: Edit) -> Changes:
    shown = school_settings.settings(work, school_id=school_id)
    saw = changes_at(work, shown.school, revision) if revision else ()
    return tuple(edit(shown, saw, shown.changes))


def _school_to_write(work: UnitOfWork, school_id: UUID) -> schools.School:
    """The school, held so that two who save at once come one after the other."""
    school = school_of(work, school_id)
    work.session.refresh(school, with_for_update=True)
    return school


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
        changes=to_data(spec_of(school, release_of(work), changes))["changes"],
        release=release_of(work).number,
        variant=school.variant,
        effective_hash=effective.hash if effective else None,
        author_id=work.actor.person_id,
        note=note,
        at=work.now,
    )
