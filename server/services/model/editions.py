"""Since when a consent's text is materially another one, over all releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from server.model.bundle import Bundle
from server.services.unit_of_work import UnitOfWork
from server.store import definitions


def history(work: UnitOfWork) -> Mapping[str, Sequence[date]]:
    """The editions of each consent that were published as material, oldest first."""
    return definitions.material_editions(work.session)


def material_since(published: Mapping[str, Sequence[date]], bundle: Bundle) -> dict[str, date]:
    """The edition of each consent before which an answer is out of date.

    A slip mended after a material change must not hide it, so every release counts. What a school
    does not work with yet counts for none of its families.
    """
    found: dict[str, date] = {}
    for name, spec in bundle.consents.items():
        reached = [edition for edition in published.get(name, ()) if edition <= spec.edition]
        if reached:
            found[name] = max(reached)
    return found
