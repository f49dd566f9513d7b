"""Confirmations as PDF, made after the signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from server.access.actors import SYSTEM
from server.gateways import pdf
from server.jobs.ground import Runtime
from server.services.consent import receipts
from server.services.unit_of_work import UnitOfWork


def make_receipt(
    runtime: Runtime,
    tenant_id: UUID,
    payload: Mapping[str, Any],
    done: Callable[[UnitOfWork], None],
) -> None:
    """Make one confirmation: row, evidence and letters in one transaction with the effect's end."""
    with runtime.tools.begin(SYSTEM, tenant_id) as work:
        receipts.make_receipt(
            work, consent_id=UUID(payload["consent"]), seq=payload["seq"], render=_render
        )
        done(work)


def note_failure(work: UnitOfWork, payload: Mapping[str, Any], failure: str, over: bool) -> None:
    """Nothing to tell beside the outbox row: nobody waits for this but the outbox itself."""


def _render(page: Mapping[str, Any], at: datetime) -> bytes:
    return pdf.render_receipt(page, at=at)
