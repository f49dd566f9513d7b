"""Sessions of browsers: rows in PostgreSQL behind a random id, ended on the server.

Three kinds of browser come by. One without a cookie costs nothing. A visitor who was only shown a
form carries its CSRF secret in a signed cookie and costs no row. Everybody who did something has a
row: the cookie holds 32 random bytes, the database their hash, and ids alone stand in the data.
A session is read when somebody first asks for it, so pages that ask nothing read nothing.

Time is real time here, not the sandbox's: a browser ages by its own clock (DECISIONS.md 20).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from flask import Flask, Request, Response, g, request, session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

from server.store import sessions as rows
from server.store.database import Database

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
REFRESH = timedelta(minutes=5)  # how stale "last seen" may be: a row is not written on every click

# What a browser may hold before it did anything.
_VISITOR_KEYS = frozenset({"csrf_token", "fs_cc", "mark"})
_STAFF_KEYS = frozenset(
    {"_user_id", "_fresh", "_id", "fs_paa", "staff_until", "active_tenant", "browser"}
)

# Each names those before it among its own ancestors, so the order is from the youngest.
_BROWSERS = (
    ("YaBrowser", "Яндекс.Браузер"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_MACHINES = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip

FamilyKind = Literal["guardian", "mentee"]


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian or a child in this browser; `assured` once a code was typed in this session."""

    kind: FamilyKind
    tenant_id: UUID
    person_id: UUID
    case_id: UUID | None
    assured: bool
    more: dict[str, str]  # further ids that pages keep, such as the link that was followed


class ServerSession(SessionMixin):
    """What Flask calls the session: read at first use, written when it changed."""

    def __init__(self, interface: Sessions, cookie: str | None) -> None:
        self._interface = interface
        self._cookie = cookie
        self._data: dict[str, Any] | None = None
        self.stored: rows.Stored | None = None
        self.sid: str | None = None
        self.account_id: UUID | None = None
        self.renewed = False
        self.modified = False
        self.accessed = False

    @property
    def data(self) -> dict[str, Any]:
        """The session's content."""
        if self._data is None:
            self.accessed = True
            self._data = self._interface.load(self, self._cookie)
        return self._data

    @property
    def loaded(self) -> bool:
        """Whether anybody asked."""
        return self._data is not None

    @property
    def sent(self) -> bool:
        """Whether the browser brought a cookie."""
        return self._cookie is not None

    def renew(self) -> None:
        """Give the session another id with the answer; the old one is dead from then on."""
        self.renewed = True
        self.modified = True

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.modified = True
        self.data[key] = value

    def __delitem__(self, key: str) -> None:
        del self.data[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Sessions(SessionInterface):
    """Loads and keeps sessions for Flask."""

    def __init__(self, database: Database, *, secret_key: str, secure: bool) -> None:
        self._database = database
        self._secure = secure
        self._signer = URLSafeTimedSerializer(secret_key, salt="visitor")
        # The prefix makes browsers refuse the cookie from a subdomain or over plain http.
        self.cookie = "__Host-school" if secure else "school"

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        """The session of this request, not read yet."""
        del app
        return ServerSession(self, request.cookies.get(self.cookie))

    def load(self, opened: ServerSession, cookie: str | None) -> dict[str, Any]:
        """The content behind a cookie; a cookie that means nothing is an empty session."""
        if cookie is None:
            return {}
        if "." in cookie:
            return self._visitor(cookie)
        now = datetime.now(UTC)
        with self._database.begin(None) as transaction:
            stored = rows.read(transaction, _hash(cookie), now)
        if stored is None:
            return {}
        opened.stored, opened.sid, opened.account_id = stored, cookie, stored.account_id
        data = dict(stored.data)
        opened.modified = _age(data, now) or _is_stale(data, stored, now)
        return data

    def save_session(  # type: ignore[override]  # every session here is ours
        self, app: Flask, session: ServerSession, response: Response
    ) -> None:
        """Write what changed, and tell the browser where its id changed."""
        del app
        if not session.loaded:
            return
        data = session.data
        if set(data) <= _VISITOR_KEYS:
            self._end_row(session)
            self._save_visitor(session, response)
        elif session.modified or session.sid is None:
            self._save_row(session, response)

    def _visitor(self, cookie: str) -> dict[str, Any]:
        try:
            data = self._signer.loads(cookie, max_age=int(LONGEST.total_seconds()))
        except BadSignature:
            return {}
        return data if isinstance(data, dict) else {}

    def _save_visitor(self, session: ServerSession, response: Response) -> None:
        if not session.data:
            if session.sent:
                response.delete_cookie(self.cookie, **self._attributes())
        elif session.modified or session.stored is not None:
            self._set_cookie(response, str(self._signer.dumps(session.data)))

    def _save_row(self, session: ServerSession, response: Response) -> None:
        now = datetime.now(UTC)
        fresh = session.sid is None or session.renewed
        sid = secrets.token_urlsafe(32) if fresh or session.sid is None else session.sid
        started = now if fresh or session.stored is None else session.stored.created_at
        data = {key: value for key, value in session.data.items() if key != "_id"}
        kept = rows.Stored(session.account_id, data, started, _end(data, started, now))
        with self._database.begin(None) as transaction:
            if not fresh:
                rows.change(transaction, _hash(sid), kept)
            else:
                if session.sid is not None:
                    rows.drop(transaction, _hash(session.sid))
                rows.keep(transaction, _hash(sid), kept)
        if fresh:
            self._set_cookie(response, sid)

    def _end_row(self, session: ServerSession) -> None:
        if session.sid is not None:
            with self._database.begin(None) as transaction:
                rows.drop(transaction, _hash(session.sid))
            session.sid = None

    def _set_cookie(self, response: Response, value: str) -> None:
        response.set_cookie(self.cookie, value, **self._attributes())

    def _attributes(self) -> dict[str, Any]:
        return {"path": "/", "secure": self._secure, "httponly": True, "samesite": "Lax"}


def start_family(
    *,
    kind: FamilyKind,
    tenant_id: UUID,
    person_id: UUID,
    case_id: UUID | None,
    assured: bool = False,
    **more: str,
) -> None:
    """Let a guardian or a child in: what a family did here before is forgotten, the id is new."""
    now = int(datetime.now(UTC).timestamp())
    mark = session.get("mark")
    end_family()
    if mark is not None:
        session["mark"] = mark
    session["family"] = {
        "kind": kind,
        "tenant_id": str(tenant_id),
        "person_id": str(person_id),
        "case_id": str(case_id) if case_id else None,
        "assured": assured,
        "started": now,
        "seen": now,
        "more": more,
    }
    current().renew()


def family() -> Family | None:
    """The guardian or child in this browser, unless two hours passed in silence."""
    held = session.get("family")
    if held is None:
        return None
    return Family(
        kind=held["kind"],
        tenant_id=UUID(held["tenant_id"]),
        person_id=UUID(held["person_id"]),
        case_id=UUID(held["case_id"]) if held["case_id"] else None,
        assured=bool(held["assured"]),
        more=dict(held["more"]),
    )


def end_family() -> None:
    """Forget the family in this browser, and all its pages kept: Back shows nothing any more."""
    for key in [key for key in session if key not in _STAFF_KEYS]:
        del session[key]
    g.pop("csrf_token", None)
    current().renew()


def start_staff(account_id: UUID, *, active_tenant: UUID | None) -> None:
    """Somebody of staff signed in: another id, another CSRF secret, twelve hours."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    session["staff_until"] = int((datetime.now(UTC) + LONGEST).timestamp())
    session["browser"] = browser_named(request.headers.get("User-Agent", ""))
    if active_tenant is not None:
        session["active_tenant"] = str(active_tenant)
    current().account_id = account_id
    current().renew()


def keep_staff(mark: str) -> None:
    """Stay signed in after every session of the account was ended: another id, another mark."""
    session["_user_id"] = mark
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    current().renew()


def here() -> bytes | None:
    """By what the server knows this browser's session; None where it keeps none."""
    sid = current().sid
    return _hash(sid) if sid is not None else None


def browser_named(agent: str) -> str:
    """The kind of browser and machine in a word or two, so that its owner knows it again.

    Too coarse to tell two people apart: neither versions nor models are kept.
    """
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    machine = next((name for sign, name in _MACHINES if sign in agent), "")
    return " · ".join(part for part in (browser, machine) if part)


def staff_mark() -> str | None:
    """The mark of the signed-in account, which changes with its password; None for others."""
    until = session.get("staff_until")
    if until is None or until <= datetime.now(UTC).timestamp():
        return None
    mark = session.get("_user_id")
    return str(mark) if mark else None


def active_tenant() -> UUID | None:
    """The organisation the signed-in account acts in; None until it chose among several."""
    held = session.get("active_tenant")
    return UUID(held) if held else None


def choose_tenant(tenant_id: UUID) -> None:
    """Act in another organisation from now on; the caller has checked that the account may."""
    session["active_tenant"] = str(tenant_id)
    current().renew()


def end() -> None:
    """Sign out: nothing of this session is left here or there."""
    session.clear()
    g.pop("csrf_token", None)
    current().account_id = None
    current().modified = True


def page_mark() -> str:
    """A short mark of this browser for evidence and codes: it outlives a change of the id."""
    if "mark" not in session:
        session["mark"] = secrets.token_hex(8)
    return str(session["mark"])


def current() -> ServerSession:
    """The session itself, behind Flask's proxy."""
    held = session._get_current_object()  # type: ignore[attr-defined]  # it is a proxy
    assert isinstance(held, ServerSession)
    return held


def _hash(sid: str) -> bytes:
    return hashlib.sha256(sid.encode("utf-8", "surrogatepass")).digest()


def _age(data: dict[str, Any], now: datetime) -> bool:
    """Let go of a family that was silent too long, note that it was seen; whether data changed."""
    held = data.get("family")
    if held is None:
        return False
    if _family_end(held, held["seen"]) <= now:
        for key in [key for key in data if key not in _STAFF_KEYS]:
            del data[key]
        return True
    if now - _moment(held["seen"]) < REFRESH:
        return False
    data["family"] = {**held, "seen": int(now.timestamp())}
    return True


def _is_stale(data: dict[str, Any], stored: rows.Stored, now: datetime) -> bool:
    return "_user_id" not in data and stored.expires_at - now < IDLE - REFRESH


def _end(data: dict[str, Any], started: datetime, now: datetime) -> datetime:
    ends = [min(now + IDLE, started + LONGEST)]
    if "family" in data:
        ends = [_family_end(data["family"], now.timestamp())]
    if "staff_until" in data:
        ends.append(_moment(data["staff_until"]))
    return max(ends)


def _family_end(held: dict[str, Any], seen: float) -> datetime:
    return min(_moment(seen) + IDLE, _moment(held["started"]) + LONGEST)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
