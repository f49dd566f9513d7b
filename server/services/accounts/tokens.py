"""Bearer tokens of programs: made once, listed without their secret, revoked at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import NotFound, Refused
from server.kernel.ids import new_id
from server.kernel.marks import token_hash
from server.services import persons
from server.services.remarks import remark
from server.services.unit_of_work import UnitOfWork
from server.store import schools, tenancy

SCOPES = (
    "definitions:read", "definitions:write", "settings:read", "settings:write", "people:read",
    "people:write", "cases:read", "cases:write", "tasks:read", "tasks:write", "evidence:read",
    "tenants:write",
)  # fmt: skip
# What only the model's keeper may do: no token of a partner gets anything by these.
PLATFORM_SCOPES = ("definitions:write", "tenants:write")


@dataclass(frozen=True)
class Token:
    """A token as it is listed; the secret itself is nowhere."""

    id: UUID
    name: str
    scopes: tuple[str, ...]
    person: str | None  # as whom it acts
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def tokens(work: UnitOfWork) -> tuple[Token, ...]:
    """Every token of the organisation, newest first, the revoked ones too."""
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    rows = schools.tokens(work.session)
    names = persons.names(work, [row.person_id for row in rows])
    return tuple(
        Token(
            id=row.id,
            name=row.name,
            scopes=tuple(row.scopes),
            person=names.get(row.person_id),
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )


def issue_token(
    work: UnitOfWork,
    *,
    name: str,
    scopes: Sequence[str],
    person_id: UUID,
    school_id: UUID | None = None,
) -> str:
    """Issue a bearer token; it is shown once and only its hash is kept.

    :raises Refused: without a name or a scope, for a scope that does not exist, or a name that a
        living token has already.
    """
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    called = remark(name)
    if not called:
        raise Refused(reason="token_unnamed")
    if not scopes:
        raise Refused(reason="scope_missing")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Refused(reason="scope_unknown", scopes=unknown)
    # Also what keeps a page that is sent twice from making two.
    if any(row.name == called and row.revoked_at is None for row in schools.tokens(work.session)):
        raise Refused(reason="token_name_taken")
    token = "ms_" + secrets.token_urlsafe(32)
    row = schools.ApiToken(
        id=new_id(),
        tenant_id=work.tenant_id,
        name=called,
        scopes=list(scopes),
        school_id=school_id,
        person_id=person_id,
        created_at=work.now,
    )
    work.session.add(row)
    work.session.add(
        tenancy.Door(
            token_hash=token_hash(token),
            kind="api_token",
            tenant_id=work.tenant_id,
            target=row.id,
        )
    )
    work.session.flush()
    return token


def issue_own_token(work: UnitOfWork, *, name: str, scopes: Sequence[str]) -> str:
    """Issue a token that acts as whoever asks for it, and never may more than they.

    :raises Refused: as `issue_token`.
    """
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    if work.actor.person_id is None:
        raise NotFound(what="person")
    return issue_token(work, name=name, scopes=scopes, person_id=work.actor.person_id)


def revoke_token(work: UnitOfWork, *, token_id: UUID) -> None:
    """Revoke a token: from the next request on it is refused. Revoked twice is revoked once."""
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    row = schools.token_for_change(work.session, token_id)
    if row is None:
        raise NotFound(what="token")
    row.revoked_at = row.revoked_at or work.now
    work.session.flush()
