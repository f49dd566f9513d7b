"""The guardian's pages: ask for a place, answer, sign, see what was signed, withdraw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.http import sessions
from server.http.context import current_actor, perform
from server.http.errors import sentence_of
from server.http.limits import allow
from server.http.rendering import locale, page
from server.kernel.contacts import parse_contact
from server.kernel.errors import (
    AnswersRefused,
    ContactRefused,
    LimitReached,
    MentorSchoolError,
    NotAllowed,
)
from server.services import limits
from server.services.cases import filling
from server.services.consent import anew
from server.services.families import applications as known_here
from server.services.families import childs_turn, family
from server.services.families import records as consent_records
from server.services.families.applications import Application
from server.services.families.arrivals import CodeSent
from server.web import applications, forms, place_request, records, signing
from server.web.family_doors import for_guardian, guardian
from server.web.letterhead import speaker_of

__all__ = ["guardian"]

PHOTO = "photo"  # the stage that is offered beside the way and holds nothing up


@guardian.get("/")
@for_guardian
def home() -> ResponseReturnValue:
    """The family's page: each child, what was signed, what comes next, who looked."""
    found = perform(family.family)
    if not found.applications:
        return place_request.begin(found)
    speaker = speaker_of(school_id=found.school_id)
    return page(
        "family/home.html",
        page_title=_("Your family’s page"),
        school=speaker,
        family=found,
        applications=[
            applications.shown(one, speaker, looked=found.looked.get(one.case_id, ()))
            for one in found.applications
        ],
        invitation=found.invitation,
    )


@guardian.get("/<uuid:case_id>/done")
@for_guardian
def done(case_id: UUID) -> ResponseReturnValue:
    """What was signed, what comes next, and the way to the child."""
    known = perform(known_here.application, case_id=case_id)
    if not any(one.answered_at for one in known.consents):
        return redirect(url_for("guardian.home"), 303)
    speaker = speaker_of(case_id=case_id)
    return page(
        "family/done.html",
        page_title=_("Your answer is recorded") if known.end else _("Signed"),
        school=speaker,
        application=applications.shown(known, speaker),
        field=_child_contact_field("", ""),
        step=_last_step(known),
    )


@guardian.post("/<uuid:case_id>/hand-over")
@for_guardian
def hand_over(case_id: UUID) -> ResponseReturnValue:
    """The child takes the phone: the guardian's session ends here, and so does its Back."""
    actor = current_actor()
    assert actor.tenant_id is not None
    try:
        handed = perform(childs_turn.hand_over, case_id=case_id)
    except NotAllowed:
        # The birthday fell in between: from 14 on the child has a contact of its own.
        return redirect(url_for("guardian.child_contact", case_id=case_id), 303)
    sessions.start_family(
        kind="mentee",
        tenant_id=actor.tenant_id,
        person_id=handed.person_id,
        case_id=handed.case_id,
        assured=False,
        way_back=str(handed.way_back),
    )
    return redirect(url_for("child.home"), 303)


@guardian.route("/<uuid:case_id>/child-contact", methods=["GET", "POST"])
@for_guardian
def child_contact(case_id: UUID) -> ResponseReturnValue:
    """From 14 on the child has a contact, a link and a code of its own."""
    known = perform(known_here.application, case_id=case_id)
    reached = perform(childs_turn.childs_contact, case_id=case_id)
    wrong: MentorSchoolError | None = None
    status = 200
    if request.method == "POST":
        try:
            sent = _send_child_link(case_id)
        except (ContactRefused, LimitReached) as refused:
            wrong, status = refused, 429 if isinstance(refused, LimitReached) else 422
        else:
            flash(_("The link is on its way to %(contact)s.", contact=sent.masked), "good")
            return redirect(url_for("guardian.home"), 303)
    said = sentence_of(wrong) if wrong is not None else ""
    speaker = speaker_of(case_id=case_id)
    return page(
        "family/child_contact.html",
        status=status,
        page_title=_("The child’s own contact"),
        school=speaker,
        application=applications.shown(known, speaker),
        reached=reached,
        errors=[{"name": "contact", "label": "", "text": said}] if said else [],
        field=_child_contact_field(request.form.get("contact", ""), said),
    )


def _send_child_link(case_id: UUID) -> CodeSent:
    """To the contact that was typed, or once more to the one on file."""
    typed = request.form.get("contact", "")
    again = "again" in request.form
    tries = [
        (limits.CHILD_LINK_CASE, str(case_id)),
        (limits.CHILD_LINK_CASE_DAY, str(case_id)),
        (limits.CHILD_LINK_SENDER, str(current_actor().person_id)),
    ]
    if not again:
        # What is no contact at all is refused here: a slip of the pen costs no try.
        tries.append((limits.CHILD_LINK_CONTACT, parse_contact(typed).normal))
    allow(*tries)
    if again:
        return perform(childs_turn.send_child_link_again, case_id=case_id)
    return perform(childs_turn.send_child_link, case_id=case_id, contact=typed)


@guardian.route("/<uuid:case_id>/form/<step>", methods=["GET", "POST"])
@for_guardian
def form(case_id: UUID, step: str) -> ResponseReturnValue:
    """A form that the guardian fills in: for a small child, what it said."""
    if request.method == "GET":
        return _form_page(case_id, step)
    today = speaker_of(case_id=case_id).today()
    reader = forms.Reader(request.form, today=today, locale=locale())
    try:
        perform(
            filling.fill, case_id=case_id, step=step, read=reader, key=records.once(case_id, step)
        )
    except AnswersRefused:
        return _form_page(case_id, step, reader)
    flash(_("Thank you, the answer is recorded."), "good")
    return redirect(url_for("guardian.home"), 303)


@guardian.route("/consent/<uuid:consent_id>/anew", methods=["GET", "POST"])
@for_guardian
def answer_anew(consent_id: UUID) -> ResponseReturnValue:
    """An optional consent that was refused or withdrawn is answered by a new document."""
    if request.method == "POST":
        asked = perform(anew.ask_anew, consent_id=consent_id)
        return redirect(url_for("guardian.go_on", case_id=asked.case_id, stage=asked.stage), 303)
    found = perform(consent_records.record, consent_id=consent_id)
    if not found.state.can_answer_anew:
        return redirect(url_for("guardian.home"), 303)
    return page(
        "family/anew.html",
        page_title=_("Answer anew"),
        school=speaker_of(case_id=found.case_id),
        title=found.document.title,
    )


@guardian.post("/leave")
@for_guardian
def leave() -> ResponseReturnValue:
    """Close the page on a telephone that others use too."""
    sessions.end_family()
    flash(_("The page is closed. Nobody sees it here any more."), "good")
    return redirect(url_for("public.front"), 303)


@guardian.post("/invitation")
@for_guardian
def begin_invitation() -> ResponseReturnValue:
    """Take up the invitation of a coordinator beside the children that are known already."""
    return place_request.begin(perform(family.family))


@guardian.get("/answered")
@for_guardian
def answered() -> ResponseReturnValue:
    """An answer beside the way was recorded: back to the family's page."""
    flash(_("Thank you, the answer is recorded."), "good")
    return redirect(url_for("guardian.home"), 303)


def _form_page(case_id: UUID, step: str, reader: forms.Reader | None = None) -> ResponseReturnValue:
    return records.form_page(
        case_id,
        step,
        reader,
        kicker=perform(known_here.application, case_id=case_id).child_name,
        back_url=url_for("guardian.home"),
        button=_("Send the answer"),
    )


def _child_contact_field(typed: str, error: str) -> dict[str, Any]:
    return {
        "name": "contact",
        "type": "contact",
        "label": _("The child’s mobile number or mail address"),
        "help": _("Another one than yours: the child answers alone."),
        "required": True,
        "value": typed,
        "errors": [error] if error else [],
    }


def _last_step(known: Application) -> dict[str, int] | None:
    before = place_request.pages_before(known.case_id)
    if before is None:
        return None
    asked = sum(one.consent != PHOTO for one in known.consents)
    total = before + asked + 2
    return {"number": total, "total": total}


signing.serve(guardian, "/<uuid:case_id>/sign/<stage>", for_guardian, place_request.package)
records.serve(guardian, for_guardian, records.Folder(pages="guardian"))
