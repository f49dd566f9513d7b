"""Who is at the door, and the one way from a page to a service.

Every view says by `@door(...)` whom it is for; `admit` runs before the view and turns identity
into an `Actor` once. A view without a door stops the server from starting: nothing is open because
somebody forgot to close it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, get_args
from uuid import UUID

from flask import Flask, current_app, g, request
from werkzeug.routing import Rule

from server.access.actors import VISITOR, Actor
from server.access.policy import Permission
from server.http import sessions
from server.kernel.errors import Broken, LimitReached, MentorSchoolError, SignInNeeded
from server.services import limits
from server.services.accounts import sign_in
from server.services.unit_of_work import Tools, UnitOfWork
from server.store.trouble import trouble

DoorKind = Literal["public", "link", "family", "staff", "token", "health", "sandbox"]
TRIES = 3

P = ParamSpec("P")
T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Door:
    """Whom a view is for.

    public: anybody. link: whoever holds a link, before its session. family: the guardian or child
    in this browser. staff: a signed-in account in its active organisation. token: a bearer token,
    never a cookie. health: probes of the machine. sandbox: anybody, and only there. `needs` names
    what the service behind it asks of the permission table.
    """

    kind: DoorKind
    needs: tuple[Permission, ...] = ()

    @property
    def words(self) -> str:
        """The policy as `routes` prints it."""
        return ": ".join([self.kind, ", ".join(each.name for each in self.needs)]).rstrip(": ")


def door(kind: DoorKind, *needs: Permission) -> Callable[[View], View]:
    """Say whom a view is for; the permission itself is asked for by the service."""

    def put(view: View) -> View:
        view.__dict__["door"] = Door(kind, needs)
        return view

    return put


def declare_door(app: Flask, endpoint: str, kind: DoorKind, *needs: Permission) -> None:
    """The same for views of a library: an endpoint, or a whole blueprint as `admin.*`."""
    app.extensions.setdefault("doors", {})[endpoint] = Door(kind, needs)


def door_of(app: Flask, endpoint: str) -> Door | None:
    """The door of an endpoint: its own, else the one declared for it or its blueprint."""
    own = getattr(app.view_functions[endpoint], "door", None)
    if isinstance(own, Door):
        return own
    declared: dict[str, Door] = app.extensions.get("doors", {})
    blueprint = endpoint.rpartition(".")[0]
    return declared.get(endpoint) or declared.get(f"{blueprint}.*")


def doorless(app: Flask) -> list[Rule]:
    """The rules nobody put a door to."""
    return [rule for rule in app.url_map.iter_rules() if door_of(app, rule.endpoint) is None]


def carry(app: Flask, tools: Tools) -> None:
    """Put the tools where `perform` finds them, and somebody at every door.

    :raises Broken: nothing yet; `refuse_doorless` is called when all views are registered.
    """
    app.extensions["tools"] = tools
    app.before_request(admit)


def refuse_doorless(app: Flask) -> None:
    """Stop the start when a view has no door.

    :raises Broken: naming the endpoints.
    """
    found = sorted({rule.endpoint for rule in doorless(app)})
    if found:
        raise Broken(what="views without a door", endpoints=found)


def tools() -> Tools:
    """What this process was built with."""
    held = current_app.extensions["tools"]
    assert isinstance(held, Tools)
    return held


def current_door() -> Door | None:
    """The door of this request; None where no view answers."""
    return door_of(current_app, request.endpoint) if request.endpoint else None


def admit() -> None:
    """Let in whom the door is for.

    :raises SignInNeeded: for everybody else; `door` says which.
    """
    at = current_door()
    if at is not None and at.kind in ("staff", "family", "token"):
        current_actor()


def current_actor() -> Actor:
    """Who acts in this request, by the door: a cookie never opens a token's door, nor the reverse.

    :raises SignInNeeded: where the door asks for somebody who is not there.
    """
    if "actor" not in g:
        g.actor = _actor_at(current_door())
    return g.actor  # type: ignore[no-any-return]  # g knows no types


def staff() -> sign_in.Staff | None:
    """Who of staff is signed in and at work in an organisation; also behind a public door."""
    if "staff" not in g:
        mark, tenant_id = sessions.staff_mark(), sessions.active_tenant()
        g.staff = None
        if mark is not None and tenant_id is not None:
            with tools().begin(VISITOR, tenant_id) as work:
                g.staff = sign_in.staff(work, uniquifier=mark)
    return g.staff  # type: ignore[no-any-return]  # g knows no types


def perform(
    service: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **facts: P.kwargs
) -> T:
    """Carry out a use case as the current actor: one function, one transaction."""
    return _perform(current_actor(), None, service, *args, **facts)


def perform_in(
    tenant_id: UUID,
    service: Callable[Concatenate[UnitOfWork, P], T],
    /,
    *args: P.args,
    **facts: P.kwargs,
) -> T:
    """The same in a tenant that a public door leads to, before anybody is known."""
    actor = current_actor()
    if actor.kind == "visitor":
        actor = replace(actor, tenant_id=tenant_id)
    return _perform(actor, tenant_id, service, *args, **facts)


def perform_outside(
    service: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **facts: P.kwargs
) -> T:
    """The same outside tenants: accounts, doors, limits."""
    return _perform(visitor(), None, service, *args, **facts)


def visitor() -> Actor:
    """Somebody unknown, with what evidence needs of a browser."""
    return _seen(VISITOR)


def _perform(
    actor: Actor,
    tenant_id: UUID | None,
    service: Callable[Concatenate[UnitOfWork, P], T],
    /,
    *args: P.args,
    **facts: P.kwargs,
) -> T:
    """Two that collide are tried again here: a service touches nothing outside its transaction."""
    for left in reversed(range(TRIES)):
        try:
            with tools().begin(actor, tenant_id) as work:
                return service(work, *args, **facts)
        except Exception as error:
            if left == 0 or trouble(error) != "collided":
                raise
            # Jitter, or the same two collide again.
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - no secret hangs on it
    raise AssertionError("the last try returns or raises")


def _actor_at(at: Door | None) -> Actor:
    if at is None or at.kind not in ("staff", "family", "token"):
        return visitor()
    if at.kind == "token":
        return _seen(_token_holder())
    if at.kind == "family":
        return _seen(_family())
    found = staff()
    if found is None:
        choose = sessions.staff_mark() is not None and sessions.active_tenant() is None
        raise SignInNeeded(door="staff", choose=choose)
    return _seen(found.actor)


def _family() -> Actor:
    found = sessions.family()
    if found is None:
        raise SignInNeeded(door="family")
    return Actor(
        kind=found.kind,
        tenant_id=found.tenant_id,
        person_id=found.person_id,
        case_id=found.case_id,
        assured=found.assured,
    )


def _token_holder() -> Actor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise SignInNeeded(door="token")
    with tools().begin(VISITOR) as work:
        found = sign_in.door_tenant(work, token=token.strip(), kind="api_token")
    if found is None:
        raise _wrong_token()
    tenant_id, token_id = found
    with tools().begin(VISITOR, tenant_id) as work:
        actor = sign_in.token_holder(work, token_id=token_id)
    if actor is None:
        raise _wrong_token()
    g.token_id = token_id
    return actor


def _wrong_token() -> MentorSchoolError:
    """The refusal of a token that opens nothing, counted by the network it came from."""
    tried = (limits.TOKEN_ADDRESS, limits.network(request.remote_addr or ""))
    with tools().begin(VISITOR) as work:
        exceeded = limits.count(work, tries=[tried])
    if exceeded is None:
        return SignInNeeded(door="token")
    name, retry_at = exceeded
    return LimitReached(limit=name, retry_at=retry_at)


def _seen(actor: Actor) -> Actor:
    """The actor with what the request tells of its browser."""
    cookie = sessions.current().sent
    return replace(
        actor,
        session_id=sessions.current().get("mark", "") if cookie else "",
        address=request.remote_addr or "",
        agent=request.headers.get("User-Agent", "")[:300],
    )


def kinds() -> tuple[str, ...]:
    """All kinds of doors, for the docs and the list of routes."""
    return get_args(DoorKind)
