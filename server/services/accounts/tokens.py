"""Bearer tokens of programs: made once, listed without their secret, revoked at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.access import policy
from server.access.actors import Actor
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
# What each right is good for: who may none of it oneself gets no token that says so.
_OPENS: Mapping[str, frozenset[Permission]] = {
    scope: frozenset(one for one in Permission if scope in policy.scopes_of(one))
    for scope in SCOPES
}


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


def scopes_open_to(work: UnitOfWork) -> tuple[str, ...]:
    """The rights of which the actor may anything oneself: a token never may more than its maker."""
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    return _open_to(work.actor)


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
    # A page that is sent twice makes one: the second finds its name taken.
    work.transaction.hold(f"tokens {work.tenant_id}")
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

    :raises Refused: as `issue_token`, and for a right that the actor's own role does not include
        (`scope_foreign`).
    """
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    if work.actor.person_id is None:
        raise NotFound(what="person")
    mine = _open_to(work.actor)
    foreign = [scope for scope in scopes if scope in SCOPES and scope not in mine]
    if foreign:
        raise Refused(reason="scope_foreign", scopes=", ".join(foreign))
    return issue_token(work, name=name, scopes=scopes, person_id=work.actor.person_id)


def revoke_token(work: UnitOfWork, *, token_id: UUID) -> None:
    """Revoke a token: from the next request on it is refused. Revoked twice is revoked once."""
    policy.require(work.actor, Permission.TOKENS_EDIT, Thing())
    row = schools.token_for_change(work.session, token_id)
    if row is None:
        raise NotFound(what="token")
    row.revoked_at = row.revoked_at or work.now
    work.session.flush()


def _open_to(actor: Actor) -> tuple[str, ...]:
    return tuple(
        scope
        for scope in SCOPES
        if any(_may_somewhere(actor, permission) for permission in _OPENS[scope])
    )


def _may_somewhere(actor: Actor, permission: Permission) -> bool:
    """Whether the actor may this in the place of one of its roles."""
    places = [Thing(held.school_id, held.municipality_id) for held in actor.holdings]
    return any(policy.allowed(actor, permission, thing) for thing in (Thing(), *places))
