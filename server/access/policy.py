"""The permission table: what is not named here is denied.

Each permission lists alternatives; in one alternative every predicate must hold. Predicates read
as claims about an actor and a thing. Services call `require`, so pages, API, admin and jobs obey
the same table. That a thing belongs to the actor's tenant is row-level security's work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from server.access.actors import Actor
from server.kernel.errors import NotAllowed


class Permission(Enum):
    """Everything that may be allowed; the value is how the docs name it."""

    DESK_READ = "read the worklist of a school"
    CASE_OPEN = "open a child's card"
    CASE_DECIDE = "decide on an application"
    CASE_INVITE = "invite a family"
    CASE_FILL_FOR_FAMILY = "enter answers on behalf of a family"
    CASE_REMIND = "send a reminder"
    CHILD_CONTACT = "change a teenager's own contact"
    FAMILY_READ = "read one's own application"
    FAMILY_SIGN = "answer, sign and withdraw consents"
    CHILD_ANSWER = "answer as the child"
    SETTINGS_READ = "read a school's settings"
    SETTINGS_EDIT = "change a school's settings"
    PEOPLE_READ = "read staff, positions and schools"
    PEOPLE_EDIT = "appoint staff, end roles and lock people out"
    TOKENS_EDIT = "make and revoke tokens of programs"
    ACCOUNT_OWN = "change one's own password and end one's own sessions"
    EVIDENCE_READ = "verify the chain of evidence"
    DEFINITIONS_READ = "read and check definitions"
    DEFINITIONS_PUBLISH = "publish a release of the model"
    TENANTS_EDIT = "add partners and accounts"


@dataclass(frozen=True, slots=True)
class Thing:
    """What a permission is asked for: where it lies and whose it is."""

    school_id: UUID | None = None
    municipality_id: UUID | None = None
    case_id: UUID | None = None
    guardian_id: UUID | None = None
    subject_id: UUID | None = None


Predicate = Callable[[Actor, Thing], bool]


def holds(*roles: str) -> Predicate:
    """The actor holds one of these roles where the thing lies."""

    def holds_role(actor: Actor, thing: Thing) -> bool:
        return any(
            held.role in roles
            and (thing.school_id is None or held.school_id == thing.school_id)
            and (held.municipality_id is None or held.municipality_id == thing.municipality_id)
            for held in actor.holdings
        )

    return holds_role


@dataclass(frozen=True, slots=True)
class Scoped:
    """A person, or a token that was given this scope."""

    scope: str

    def __call__(self, actor: Actor, _thing: Thing) -> bool:
        """Whether the actor is no token, or one with the scope."""
        return actor.kind != "token" or self.scope in actor.scopes


def scoped(scope: str) -> Scoped:
    """The claim that a token was given this scope."""
    return Scoped(scope)


def is_shell(actor: Actor, _thing: Thing) -> bool:
    """The operator at the server's own shell, or the system itself."""
    return actor.kind in ("shell", "system")


def is_person(actor: Actor, _thing: Thing) -> bool:
    """Somebody who signed in, not a program: a token makes no tokens and sets no password."""
    return actor.kind == "staff"


def is_platform(actor: Actor, _thing: Thing) -> bool:
    """The keeper of the model or a site admin, acting in the platform's own tenant."""
    return actor.platform


def is_guardian_of(actor: Actor, thing: Thing) -> bool:
    """The guardian whose application this is."""
    return (
        actor.kind == "guardian"
        and actor.person_id is not None
        and actor.person_id == thing.guardian_id
    )


def is_the_child(actor: Actor, thing: Thing) -> bool:
    """The child itself, in its own session."""
    return (
        actor.kind == "mentee"
        and actor.case_id == thing.case_id
        and actor.person_id is not None
        and actor.person_id == thing.subject_id
    )


def is_assured(actor: Actor, _thing: Thing) -> bool:
    """A code was typed in this session."""
    return actor.assured


_DESK = ("coordinator", "cycle_lead", "curator", "partner_admin")
_OFFICE = ("coordinator", "cycle_lead")

TABLE: dict[Permission, list[list[Predicate]]] = {
    Permission.DESK_READ: [[holds(*_DESK), scoped("tasks:read")]],
    Permission.CASE_OPEN: [[holds(*_DESK), scoped("cases:read")]],
    Permission.CASE_DECIDE: [[holds(*_OFFICE), scoped("tasks:write")]],
    Permission.CASE_INVITE: [[holds(*_OFFICE), scoped("cases:write")]],
    Permission.CASE_FILL_FOR_FAMILY: [[holds(*_OFFICE), scoped("tasks:write")]],
    Permission.CASE_REMIND: [[holds(*_OFFICE), scoped("tasks:write")]],
    Permission.CHILD_CONTACT: [[holds(*_OFFICE), is_person]],
    Permission.FAMILY_READ: [[is_guardian_of, is_assured]],
    Permission.FAMILY_SIGN: [[is_guardian_of, is_assured]],
    Permission.CHILD_ANSWER: [[is_the_child]],
    Permission.SETTINGS_READ: [
        [holds("partner_admin", "coordinator", "cycle_lead"), scoped("settings:read")],
        [is_shell],
    ],
    Permission.SETTINGS_EDIT: [[holds("partner_admin"), scoped("settings:write")], [is_shell]],
    Permission.PEOPLE_READ: [[holds("partner_admin", *_OFFICE), scoped("people:read")], [is_shell]],
    Permission.PEOPLE_EDIT: [[holds("partner_admin"), scoped("people:write")], [is_shell]],
    Permission.TOKENS_EDIT: [
        [holds("partner_admin"), is_person],
        [is_platform, is_person],
        [is_shell],
    ],
    Permission.ACCOUNT_OWN: [[is_person]],
    Permission.EVIDENCE_READ: [[holds("partner_admin"), scoped("evidence:read")], [is_shell]],
    Permission.DEFINITIONS_READ: [
        [holds("partner_admin", *_OFFICE), scoped("definitions:read")],
        [is_platform, scoped("definitions:read")],
    ],
    Permission.DEFINITIONS_PUBLISH: [[is_platform, scoped("definitions:write")], [is_shell]],
    Permission.TENANTS_EDIT: [[is_platform, scoped("tenants:write")], [is_shell]],
}


def allowed(actor: Actor, permission: Permission, thing: Thing) -> bool:
    """Whether the table allows it; a permission without a row is denied."""
    return any(
        all(predicate(actor, thing) for predicate in alternative)
        for alternative in TABLE.get(permission, [])
    )


def scopes_of(permission: Permission) -> tuple[str, ...]:
    """The scopes by which a token may have it: one of them is enough."""
    found = [
        predicate.scope
        for alternative in TABLE.get(permission, [])
        for predicate in alternative
        if isinstance(predicate, Scoped)
    ]
    return tuple(dict.fromkeys(found))


def require(actor: Actor, permission: Permission, thing: Thing) -> None:
    """Go on only if the table allows it.

    :raises NotAllowed: when it does not.
    """
    if not allowed(actor, permission, thing):
        raise NotAllowed(permission=permission.name)
