"""Which definitions a school works with today: the newest release under its published settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.model.definition import SettingsSpec
from server.model.settings import apply
from server.services.bundles import Ready
from server.services.unit_of_work import UnitOfWork
from server.store import definitions, schools


def hash_in_force(work: UnitOfWork, school_id: UUID) -> str:
    """The hash that the school's new cases start with.

    When the model was released anew since the settings were published, they are applied to the new
    release here, once. Where they no longer fit, the school stays with what it had until its
    administrator adapts them.
    """
    release = definitions.newest_release(work.session)
    if release is None:
        raise Broken(what="release")
    published = schools.revision_in_state(work.session, school_id, "published")
    if published is None or published.effective_hash is None:
        return release.hash
    if published.release == release.number:
        return published.effective_hash
    return _carried_over(work, published, release) or published.effective_hash


def ready_in_force(work: UnitOfWork, school_id: UUID) -> Ready:
    """The compiled definitions that the school's new cases start with."""
    school = cast(schools.School, schools.school(work.session, school_id))
    hash_ = hash_in_force(work, school_id)
    return work.ready(hash_, school.variant)


def settings_spec(school: schools.School, release: str, changes: Sequence[object]) -> SettingsSpec:
    """A school's settings as the model reads them."""
    return SettingsSpec.model_validate(
        {
            "settings": school.slug.replace("-", "_"),
            "model": release.partition("+")[0],
            "variant": school.variant,
            "changes": list(changes),
        }
    )


def _carried_over(
    work: UnitOfWork, published: schools.SettingsRevision, release: definitions.Release
) -> str | None:
    school = cast(schools.School, schools.school(work.session, published.school_id))
    shipped = work.ready(release.hash, school.variant).bundle
    applied = apply(shipped, settings_spec(school, release.number, published.changes))
    if applied.problems:
        return None
    effective = applied.effective
    definitions.keep_effective(
        work.session, work.tenant_id, effective.hash, effective.to_json(), work.now
    )
    newest = schools.revisions(work.session, school.id, limit=1)[0]  # perhaps somebody's draft
    published.state = "superseded"
    work.session.add(
        schools.SettingsRevision(
            id=new_id(),
            tenant_id=work.tenant_id,
            school_id=school.id,
            seq=newest.seq + 1,
            state="published",
            changes=published.changes,
            release=release.number,
            variant=school.variant,
            effective_hash=effective.hash,
            author_id=None,
            note=f"carried over to model {release.number}",
            at=work.now,
        )
    )
    work.session.flush()
    return effective.hash
