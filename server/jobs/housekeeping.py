"""Every hour and in every tenant: what has had its day goes, whose text has changed is asked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from server.access.actors import SYSTEM
from server.jobs.ground import Runtime
from server.kernel.logs import facts_of, log
from server.services.consent import renewals
from server.services.privacy import housekeeping
from server.store import due, outgoing, tenancy

EVERY = timedelta(hours=1)
EFFECTS_DONE = timedelta(days=7)
EFFECTS_FAILED = timedelta(days=30)
# Longer than any window in which something is counted.
LIMITS = timedelta(days=2)


def sweep(runtime: Runtime) -> None:
    """Sweep outside tenants, then tenant by tenant; a deed that fails keeps no other waiting.

    Nothing may keep personal data beyond its day, least of all a definition that does not load.
    """
    for tenant_id in _outside(runtime):
        for deed in (_clear_away, _ask_anew):
            try:
                deed(runtime, tenant_id)
            except Exception as error:
                log.error("sweep_failed", tenant=str(tenant_id), **facts_of(error))


def _outside(runtime: Runtime) -> list[UUID]:
    with runtime.tools.begin(SYSTEM) as work:
        tenancy.drop_dead_sessions(work.session, work.now)
        tenancy.drop_old_limits(work.session, work.now - LIMITS)
        return [tenant.id for tenant in tenancy.all_tenants(work.session)]


def _clear_away(runtime: Runtime, tenant_id: UUID) -> None:
    with runtime.tools.begin(SYSTEM, tenant_id) as work:
        if not due.may_sweep(work.session, str(tenant_id)):
            return
        swept = housekeeping.sweep(work)
        outgoing.forget_effects(
            work.session,
            done_before=work.now - EFFECTS_DONE,
            failed_before=work.now - EFFECTS_FAILED,
        )
        log.info("swept", tenant=str(tenant_id), count=swept.contacts + swept.people)


def _ask_anew(runtime: Runtime, tenant_id: UUID) -> None:
    with runtime.tools.begin(SYSTEM, tenant_id) as work:
        if due.may_sweep(work.session, f"renewals {tenant_id}"):
            renewals.open_campaign(work)
