"""One's own account while one is signed in: the password, the open sessions, the language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from server.access import policy
from server.access.policy import Permission, Thing
from server.kernel.errors import NotFound, Refused
from server.kernel.text import LOCALES, Text
from server.services.accounts import passwords
from server.services.unit_of_work import UnitOfWork
from server.store import accounts, schools, tenancy


@dataclass(frozen=True)
class OpenSession:
    """A browser in which one is signed in; `id` is the hash of what its cookie holds."""

    id: bytes
    browser: str  # its kind in a word or two; empty when it did not tell
    organisation: str  # empty while none was chosen
    began_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class OwnAccount:
    """What the page of one's own account shows."""

    email: str
    locale: str | None
    sessions: tuple[OpenSession, ...]
    school_title: Text | None  # the first school one works in; the model's keeper has none
    school_initials: str
    zone: str


def own_account(work: UnitOfWork, *, real_now: datetime) -> OwnAccount:
    """One's own account with every browser one is signed in at, the newest first.

    `real_now`: browsers age by their own clock, not by the sandbox's.
    """
    account = _mine(work)
    held = next(iter(work.actor.holdings), None)
    school = schools.school(work.session, held.school_id) if held else None
    places = {str(row.id): row.name for row in accounts.workplaces(work.session, account.id)}
    return OwnAccount(
        email=account.email,
        locale=account.locale,
        sessions=tuple(
            OpenSession(
                id=row.id_hash,
                browser=str(row.data.get("browser", "")),
                organisation=places.get(str(row.data.get("active_tenant")), ""),
                began_at=row.created_at,
                ends_at=row.expires_at,
            )
            for row in tenancy.sessions_of(work.session, account.id, real_now)
        ),
        school_title=Text(school.title) if school else None,
        school_initials=school.initials if school else "",
        zone=school.zone if school else "Europe/Moscow",
    )


def change_password(work: UnitOfWork, *, old: str, password: str, again: str) -> str:
    """Set a new password, end every session and close every mailed way to another one.

    Gives the account's new mark, so that the browser at hand can stay signed in.

    :raises Refused: `reason` is password_old_wrong, password_differs, password_unchanged, or one of
        `passwords.require_good`; what else is wrong stands in `others`.
    """
    account = _mine(work)
    wrong = passwords.wrong_with(password, again=again, email=account.email)
    if not passwords.matches(account.password, old):
        wrong.insert(0, Refused(reason="password_old_wrong"))
    elif password and passwords.normal(password) == passwords.normal(old):
        wrong.insert(0, Refused(reason="password_unchanged"))
    passwords.refuse(wrong)
    account.password = passwords.hash_password(password)
    account.password_set_at = work.now
    account.fs_uniquifier = uuid4().hex
    tenancy.end_sessions_of(work.session, account.id)
    if work.actor.person_id is not None:
        accounts.close_reset_doors(work.session, work.tenant_id, work.actor.person_id)
    work.session.flush()
    return account.fs_uniquifier


def end_session(work: UnitOfWork, *, session_id: bytes) -> None:
    """End one of one's own sessions; another's is not touched, and nothing tells whether it is."""
    tenancy.end_session(work.session, _mine(work).id, session_id)


def choose_language(work: UnitOfWork, *, locale: str) -> None:
    """The language of one's pages at the next sign-in, and of letters.

    :raises Refused: for a language the product does not speak.
    """
    if locale not in LOCALES:
        raise Refused(reason="language_unknown")
    _mine(work).locale = locale
    work.session.flush()


def _mine(work: UnitOfWork) -> tenancy.Account:
    policy.require(work.actor, Permission.ACCOUNT_OWN, Thing())
    found = accounts.account(work.session, work.actor.account_id) if work.actor.account_id else None
    if found is None:
        raise NotFound(what="account")
    return found
