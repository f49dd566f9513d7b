"""Coming in by a link of one's own: the token leaves the address, a fresh code opens the folder.

A link that leads nowhere, for whatever reason, is answered by one page, and its button does the
same to the eye for everybody (DECISIONS.md 8).
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.http import limits, sessions
from server.http.context import door, perform_in, perform_outside
from server.http.errors import sentence_of
from server.http.rendering import page, speak_to_a_child
from server.kernel.errors import (
    CodeRefused,
    ContactRefused,
    DeadLink,
    LimitReached,
    MentorSchoolError,
    SignInNeeded,
)
from server.kernel.marks import token_hash
from server.services.accounts import sign_in
from server.services.families import arrivals, letterheads
from server.services.limits import CODE_ADDRESS, LINK_ADDRESS, NEW_LINK
from server.services.messages import links
from server.web.codes import code_facts, sent_words
from server.web.letterhead import speaker
from server.web.public import languages

entry = Blueprint("entry", __name__)
_KEY = "entry"
_NOBODY = UUID(int=0)  # an unknown token takes the way of a known one


@entry.get("/s/<token>")
@door("link")
def follow(token: str) -> ResponseReturnValue:
    """Swap the token for a place in the session; nothing is used up and nothing is signed."""
    limits.allow((LINK_ADDRESS, limits.here()))
    tenant_id, link_id = _door(token)
    try:
        found = perform_in(tenant_id, links.open_link, link_id=link_id)
    except DeadLink:
        return page(
            "family/dead_link.html",
            status=404,
            page_title=_("This link does not work now"),
            error_id=g.get("request_id", ""),
        )
    sessions.end_family()
    offer(tenant_id, link_id, found.case_id, role=found.role)
    return redirect(url_for("entry.code"), 303)


@entry.post("/s/<token>")
@door("link")
def ask_new_link(token: str) -> ResponseReturnValue:
    """Send a new link to the contact on file, if there is one; to the eye always the same."""
    limits.allow((LINK_ADDRESS, limits.here()), (NEW_LINK, token_hash(token).hex()))
    tenant_id, _link_id = _door(token)
    perform_in(tenant_id, arrivals.ask_new_link, token=token)
    return redirect(url_for("entry.asked"), 303)


@entry.get("/link/asked")
@door("link")
def asked() -> ResponseReturnValue:
    """What happens after a new link was asked for, whoever asked."""
    return page("family/link_asked.html", page_title=_("Look into your messages"))


@entry.route("/s/code", methods=["GET", "POST"])
@door("link")
def code() -> ResponseReturnValue:
    """A fresh code to the contact on file opens the folder behind the link."""
    held = _held()
    if request.method == "GET":
        return _code_page(held)
    if held["code"] is None:
        return redirect(url_for("entry.code"), 303)
    limits.allow((CODE_ADDRESS, limits.here()))
    tenant_id = UUID(held["tenant"])
    try:
        found = perform_in(
            tenant_id,
            arrivals.confirm_entry,
            link_id=UUID(held["link"]),
            code_id=UUID(held["code"]),
            typed=request.form.get("code", ""),
        )
    except CodeRefused as refused:
        return _code_page(held, wrong=refused, status=422)
    except ContactRefused as refused:
        session.pop(_KEY, None)
        return page(
            "family/closed.html",
            status=422,
            page_title=_("This contact is not your own"),
            message=sentence_of(refused),
        )
    kind = "mentee" if found.role == "mentee" else "guardian"
    sessions.start_family(
        kind=kind,  # type: ignore[arg-type]  # one of the two
        tenant_id=tenant_id,
        person_id=found.person_id,
        case_id=found.case_id,
        assured=True,
    )
    return redirect(url_for("child.home" if kind == "mentee" else "guardian.home"), 303)


@entry.post("/s/code/send")
@door("link")
def send() -> ResponseReturnValue:
    """Send the code, for the first time or once more."""
    held = _held()
    limits.allow((CODE_ADDRESS, limits.here()))
    try:
        sent = perform_in(UUID(held["tenant"]), arrivals.ask_entry_code, link_id=UUID(held["link"]))
    except LimitReached as refused:
        return _code_page(held, wrong=refused, status=429)
    if held["code"] is not None:
        flash(sent_words(held["code"], str(sent.code_id)), "note")
    session[_KEY] = {**held, "code": str(sent.code_id)}
    return redirect(url_for("entry.code"), 303)


def offer(tenant_id: UUID, link_id: UUID, case_id: UUID, *, role: str) -> None:
    """Remember whose folder a code may open in this browser."""
    session[_KEY] = {
        "tenant": str(tenant_id),
        "link": str(link_id),
        "case": str(case_id),
        "role": role,
        "code": None,
    }


def is_offered() -> bool:
    """Whether a code would open somebody's folder in this browser."""
    return _KEY in session


def _door(token: str) -> tuple[UUID, UUID]:
    found = perform_outside(sign_in.door_tenant, token=token, kind="link")
    return found if found is not None else (_NOBODY, _NOBODY)


def _held() -> dict[str, str | None]:
    held: dict[str, str | None] | None = session.get(_KEY)
    if held is None:
        raise SignInNeeded(door="family")
    if held["role"] == "mentee":
        speak_to_a_child()
    return held


def _code_page(
    held: dict[str, str | None], *, wrong: MentorSchoolError | None = None, status: int = 200
) -> ResponseReturnValue:
    tenant_id = UUID(held["tenant"])
    head = perform_in(tenant_id, letterheads.letterhead, case_id=UUID(held["case"]), school_id=None)
    sent = None
    if held["code"] is not None:
        sent = perform_in(tenant_id, arrivals.code_on_its_way, code_id=UUID(held["code"]))
    title = _("Your page opens with a code")
    if sent is not None:
        title = _("Type the code") if sent.works else _("This code does not work any more")
    return page(
        "family/code.html" if sent is not None else "family/send_code.html",
        status=status,
        page_title=title,
        school=speaker(head),
        **code_facts(sent, wrong),
        again_url=url_for("entry.send"),
        change_url="",
        rules_url=url_for("public.rules", slug=head.school.slug),
        step=None,
        language_urls=languages(url_for("entry.code")),
    )
