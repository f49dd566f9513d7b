"""Releases of the model: what ships is loaded once, what the platform publishes follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel import places
from server.kernel.errors import Conflict, DefinitionRefused
from server.kernel.problems import Problem
from server.model import checks
from server.model.bundle import Bundle, folder_sources
from server.model.editions import check_editions, files_of
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import definitions


@dataclass(frozen=True)
class Checked:
    """What a check of sources found: the bundle when nothing is wrong, and all that is."""

    bundle: Bundle | None
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        """Whether anything is more than a warning."""
        return any(not problem.warning for problem in self.problems)


def check_sources(work: UnitOfWork, *, sources: Mapping[str, str | bytes]) -> Checked:
    """Check definition files as if they were put over the newest release; nothing is kept."""
    policy.require(work.actor, Permission.DEFINITIONS_READ, Thing())
    return _check_after_newest(work, {**_newest_sources(work), **sources})


def publish(work: UnitOfWork, *, sources: Mapping[str, str | bytes], note: str) -> str:
    """Publish files over the newest release as the next one; its number is returned.

    New cases start with it; running ones keep what they started with. Schools' settings are carried
    over to it where they fit. A consent whose words are others than in the newest release needs a
    later edition.

    A release whose number is taken is told apart by its hash (`1.0+ab12cd34`).

    :raises DefinitionRefused: with everything that is wrong; nothing is published.
    :raises Conflict: when nothing is new.
    """
    policy.require(work.actor, Permission.DEFINITIONS_PUBLISH, Thing())
    whole = {**_newest_sources(work), **sources}
    bundle = _held_to(_check_after_newest(work, whole))
    if any(row.hash == bundle.hash for row in definitions.releases(work.session)):
        raise Conflict(reason="release_same")
    return _keep(work, bundle, whole, remark(note))


def all_releases(work: UnitOfWork) -> list[definitions.Release]:
    """All releases of the model, newest first."""
    policy.require(work.actor, Permission.DEFINITIONS_READ, Thing())
    return definitions.releases(work.session)


def load_shipped(work: UnitOfWork) -> str:
    """Make what ships the first release, or the next one when the product brought a new number.

    The same number with other content is kept apart by its hash (`1.0+ab12cd34`): a product's
    update may correct a text without asking everybody to renumber. A consent of which the platform
    published a later edition stays as published: no update goes back behind it.

    :raises DefinitionRefused: when what ships does not hold, or a consent has other words without a
        later edition: a mistake of whoever changed the files, found at start.
    """
    shipped = _held_to(_check(_shipped_sources()))
    # By this mark the next start knows, by one SELECT, that there is nothing to load.
    definitions.keep(work.session, f"shipped:{places.definitions_mark()}", {}, work.now)
    if any(row.hash == shipped.hash for row in definitions.releases(work.session)):
        return shipped.release
    sources = _with_later_editions(work, shipped)
    bundle = _held_to(_check_after_newest(work, sources))
    if any(row.hash == bundle.hash for row in definitions.releases(work.session)):
        return bundle.release
    return _keep(work, bundle, sources, "shipped")


def _keep(work: UnitOfWork, bundle: Bundle, sources: Mapping[str, str | bytes], note: str) -> str:
    """Store a bundle as the newest release, with its sources so that the next can build on them."""
    newest = definitions.newest_release(work.session)
    taken = definitions.release(work.session, bundle.release) is not None
    number = f"{bundle.release}+{bundle.hash[:8]}" if taken else bundle.release
    written = {
        name: text.decode() if isinstance(text, bytes) else text for name, text in sources.items()
    }
    definitions.keep(work.session, bundle.hash, bundle.to_json(), work.now)
    definitions.keep(work.session, f"sources:{bundle.hash}", written, work.now)
    work.session.add(
        definitions.Release(
            number=number,
            hash=bundle.hash,
            seq=newest.seq + 1 if newest else 1,
            note=note,
            published_at=work.now,
        )
    )
    work.session.flush()
    return number


def _held_to(checked: Checked) -> Bundle:
    """The bundle, if nothing but warnings was found.

    :raises DefinitionRefused: with everything that is wrong.
    """
    if checked.bundle is None or checked.refused:
        raise DefinitionRefused(problems=checked.problems)
    return checked.bundle


def _check_after_newest(work: UnitOfWork, sources: Mapping[str, str | bytes]) -> Checked:
    """Read, prove, and hold the consents against those of the newest release."""
    checked = _check(sources)
    before = _newest_content(work)
    if checked.bundle is None or before is None:
        return checked
    wrong = check_editions(before, checked.bundle)
    return Checked(checked.bundle, (*wrong, *checked.problems))


def _with_later_editions(work: UnitOfWork, shipped: Bundle) -> dict[str, str | bytes]:
    """What ships, and over it the files of each consent of which a later edition is published."""
    sources, before = _shipped_sources(), _newest_content(work)
    published = before["consents"] if before else {}
    later = {
        file
        for name, spec in shipped.consents.items()
        if name in published and published[name]["edition"] > spec.edition.isoformat()
        for file in files_of(shipped, name)
    }
    kept = _newest_sources(work)
    return sources | {
        name: text
        for name, text in kept.items()
        if name.removesuffix(".yaml") in later or name.rsplit(".", 2)[0] in later
    }


def _check(sources: Mapping[str, str | bytes]) -> Checked:
    """Read and prove; the same sources are proved once in a process, as that walks every path."""
    return _checked(tuple(sorted(sources.items())))


@lru_cache(maxsize=4)
def _checked(sources: tuple[tuple[str, str | bytes], ...]) -> Checked:
    bundle, problems = checks.check_sources(dict(sources))
    return Checked(bundle, tuple(problems))


def _newest_content(work: UnitOfWork) -> dict[str, Any] | None:
    newest = definitions.newest_release(work.session)
    return definitions.content_of(work.session, newest.hash) if newest else None


def _newest_sources(work: UnitOfWork) -> dict[str, str | bytes]:
    newest = definitions.newest_release(work.session)
    kept = definitions.content_of(work.session, f"sources:{newest.hash}") if newest else None
    return dict(kept) if kept else _shipped_sources()


def _shipped_sources() -> dict[str, str | bytes]:
    folder: Path = places.workflow_defs()
    sources, _ = folder_sources(folder)
    return dict(sources)
