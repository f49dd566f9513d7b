"""Releases of the model: what ships is loaded once, what the platform publishes follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel import places
from server.kernel.errors import Conflict, DefinitionRefused
from server.kernel.problems import Problem
from server.model.bundle import Bundle, folder_sources, read_sources
from server.model.checks import check
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
    return _check({**_newest_sources(work), **sources})


def publish(work: UnitOfWork, *, sources: Mapping[str, str | bytes], note: str) -> str:
    """Publish files over the newest release as the next one; its number is returned.

    New cases start with it; running ones keep what they started with. Schools' settings are carried
    over to it where they fit.

    A release whose number is taken is told apart by its hash (`1.0+ab12cd34`).

    :raises DefinitionRefused: with everything that is wrong; nothing is published.
    :raises Conflict: when nothing is new.
    """
    policy.require(work.actor, Permission.DEFINITIONS_PUBLISH, Thing())
    whole = {**_newest_sources(work), **sources}
    checked = _check(whole)
    if checked.bundle is None or checked.refused:
        raise DefinitionRefused(problems=checked.problems)
    bundle = checked.bundle
    if any(row.hash == bundle.hash for row in definitions.releases(work.session)):
        raise Conflict(what="release", state="same")
    return _keep(work, bundle, whole, remark(note))


def all_releases(work: UnitOfWork) -> list[definitions.Release]:
    """All releases of the model, newest first."""
    policy.require(work.actor, Permission.DEFINITIONS_READ, Thing())
    return definitions.releases(work.session)


def load_shipped(work: UnitOfWork) -> str:
    """Make what ships the first release, or the next one when the product brought a new number.

    The same number with other content is kept apart by its hash (`1.0+ab12cd34`): a product's
    update may correct a text without asking everybody to renumber.

    :raises DefinitionRefused: when what ships does not hold: a mistake of ours, found at start.
    """
    checked = _check(_shipped_sources())
    if checked.bundle is None or checked.refused:
        raise DefinitionRefused(problems=checked.problems)
    bundle = checked.bundle
    # By this mark the next start knows, by one SELECT, that there is nothing to load.
    definitions.keep(work.session, f"shipped:{places.definitions_mark()}", {}, work.now)
    if any(row.hash == bundle.hash for row in definitions.releases(work.session)):
        return bundle.release
    return _keep(work, bundle, _shipped_sources(), "shipped")


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


def _check(sources: Mapping[str, str | bytes]) -> Checked:
    """Read and prove; the same sources are proved once in a process, as that walks every path."""
    return _checked(tuple(sorted(sources.items())))


@lru_cache(maxsize=4)
def _checked(sources: tuple[tuple[str, str | bytes], ...]) -> Checked:
    bundle, problems = read_sources(dict(sources))
    found = list(problems)
    if bundle is not None:
        found += check(bundle)
    return Checked(bundle, tuple(found))


def _newest_sources(work: UnitOfWork) -> dict[str, str | bytes]:
    newest = definitions.newest_release(work.session)
    kept = definitions.content_of(work.session, f"sources:{newest.hash}") if newest else None
    return dict(kept) if kept else _shipped_sources()


def _shipped_sources() -> dict[str, str | bytes]:
    folder: Path = places.workflow_defs()
    sources, _ = folder_sources(folder)
    return dict(sources)
