"""The guardian's pages: ask for a place, answer, sign, see what was signed, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.http import sessions
from server.http.context import current_actor, door, perform
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import (
    AnswersRefused,
    ConsentMissing,
    ContactRefused,
    LimitReached,
    MentorSchoolError,
    NotAllowed,
    SignInNeeded,
    StageClosed,
)
from server.services.cases import filling
from server.services.families import applications as known_here
from server.services.families import childs_turn, family, requests
from server.services.families.applications import Application
from server.services.families.arrivals import CONSENTS
from server.web import applications, forms, records, signing
from server.web.letterhead import Speaker, speaker_of
from server.web.signing import Place

guardian = Blueprint("guardian", __name__, url_prefix="/s")
_PLACE = "place"
PHOTO = "photo"  # the stage that is offered beside the way and holds nothing up

View = Callable[..., ResponseReturnValue]


def _for_guardian(view: View) -> View:
    """Only after a code, and never in the child's session on the same telephone."""

    @door("family")
    @wraps(view)
    def seen(*args: Any, **facts: Any) -> ResponseReturnValue:
        actor = current_actor()
        if actor.kind != "guardian":
            return redirect(url_for("child.home"), 303)
        if not actor.assured:
            raise SignInNeeded(door="family")
        try:
            return view(*args, **facts)
        except (StageClosed, ConsentMissing) as closed:
            return records.closed_page(closed, home_url=url_for("guardian.home"))

    return seen


@guardian.get("/")
@_for_guardian
def home() -> ResponseReturnValue:
    """The family's page: each child, what was signed, what comes next, who looked."""
    found = perform(family.family)
    if not found.applications:
        return _begin(found)
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


@guardian.route("/request", methods=["GET", "POST"])
@_for_guardian
def request_place() -> ResponseReturnValue:
    """Who asks for whom: the guardian's name, and the child's name and date of birth."""
    place = session.get(_PLACE)
    if place is None:
        return redirect(url_for("guardian.home"), 303)
    case_id = UUID(place["case"]) if place["case"] else None
    school_id = UUID(place["school"])
    speaker = speaker_of(school_id=school_id)
    asked = perform(requests.request_form, school_id=school_id, case_id=case_id, locale=locale())
    step = {
        "number": max(place["before"], 1),
        "total": max(place["before"], 1) + asked.consents + 2,
    }
    if request.method == "GET":
        typed = {"guardian_name": asked.guardian_name or ""}
        return _request_page(asked, speaker, step, typed=typed)
    reader = forms.Reader(request.form, today=speaker.today(), locale=locale())
    try:
        begun = perform(
            requests.place_request,
            school_id=school_id,
            municipality_id=UUID(place["municipality"]) if place["municipality"] else None,
            case_id=case_id,
            read=reader,
        )
    except AnswersRefused as refused:
        return _request_page(
            asked,
            speaker,
            step,
            typed=reader.read.raw,
            problems=reader.problems(refused.problems),
            republished=reader.republished,
        )
    # The next child starts here without a first code (DECISIONS.md 12c).
    session[_PLACE] = {**place, "case": None, "before": 1}
    session["before"] = {str(begun): max(place["before"], 1)}
    return redirect(signing.first_url(_package(begun, CONSENTS, speaker)), 303)


@guardian.post("/<uuid:case_id>/another")
@_for_guardian
def another(case_id: UUID) -> ResponseReturnValue:
    """One more child of the family: at the school of today's poster, else at the same one."""
    known = perform(known_here.application, case_id=case_id)
    arrived = session.get(_PLACE)
    if arrived is None or arrived["case"] is not None:
        arrived = {
            "school": str(known.school_id),
            "municipality": str(known.municipality_id) if known.municipality_id else None,
        }
    # Who came by a poster today asks at the school of the poster.
    session[_PLACE] = {**arrived, "case": None, "before": 1}
    return redirect(url_for("guardian.request_place"), 303)


@guardian.get("/<uuid:case_id>/sign/<stage>/")
@_for_guardian
def go_on(case_id: UUID, stage: str) -> ResponseReturnValue:
    """Where a package begins, or goes on after a pause."""
    return redirect(signing.first_url(_package(case_id, stage)), 303)


@guardian.route("/<uuid:case_id>/sign/<stage>/<consent>", methods=["GET", "POST"])
@_for_guardian
def question(case_id: UUID, stage: str, consent: str) -> ResponseReturnValue:
    """One consent on a page of its own."""
    return signing.question(_package(case_id, stage), consent)


@guardian.route("/<uuid:case_id>/sign/<stage>/check", methods=["GET", "POST"])
@_for_guardian
def check(case_id: UUID, stage: str) -> ResponseReturnValue:
    """The check list, and the code that signs it."""
    return signing.check(_package(case_id, stage))


@guardian.post("/<uuid:case_id>/sign/<stage>/code")
@_for_guardian
def code_again(case_id: UUID, stage: str) -> ResponseReturnValue:
    """A new code for the same list."""
    return signing.send_again(_package(case_id, stage))


@guardian.get("/<uuid:case_id>/done")
@_for_guardian
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
@_for_guardian
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
@_for_guardian
def child_contact(case_id: UUID) -> ResponseReturnValue:
    """From 14 on the child has a contact, a link and a code of its own."""
    known = perform(known_here.application, case_id=case_id)
    wrong: MentorSchoolError | None = None
    if request.method == "POST":
        typed = request.form.get("contact", "")
        try:
            sent = perform(childs_turn.send_child_link, case_id=case_id, contact=typed)
        except (ContactRefused, LimitReached) as refused:
            wrong = refused
        else:
            flash(_("The link is on its way to %(contact)s.", contact=sent.masked), "good")
            return redirect(url_for("guardian.home"), 303)
    said = sentence_of(wrong) if wrong is not None else ""
    speaker = speaker_of(case_id=case_id)
    return page(
        "family/child_contact.html",
        status=422 if wrong is not None else 200,
        page_title=_("The child’s own contact"),
        school=speaker,
        application=applications.shown(known, speaker),
        errors=[{"name": "contact", "label": "", "text": said}] if said else [],
        field=_child_contact_field(request.form.get("contact", ""), said),
    )


@guardian.route("/<uuid:case_id>/form/<step>", methods=["GET", "POST"])
@_for_guardian
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


@guardian.get("/consent/<uuid:consent_id>")
@_for_guardian
def consent(consent_id: UUID) -> ResponseReturnValue:
    """What was signed, word for word."""
    return records.consent_page(consent_id, _consent_urls(consent_id))


@guardian.get("/consent/<uuid:consent_id>.pdf")
@_for_guardian
def pdf(consent_id: UUID) -> ResponseReturnValue:
    """The confirmation to keep."""
    return records.pdf(consent_id)


@guardian.route("/consent/<uuid:consent_id>/withdraw", methods=["GET", "POST"])
@_for_guardian
def withdraw(consent_id: UUID) -> ResponseReturnValue:
    """What stops, and one button."""
    return records.withdraw(consent_id, _consent_urls(consent_id))


@guardian.post("/leave")
@_for_guardian
def leave() -> ResponseReturnValue:
    """Close the page on a telephone that others use too."""
    sessions.end_family()
    flash(_("The page is closed. Nobody sees it here any more."), "good")
    return redirect(url_for("public.front"), 303)


@guardian.post("/invitation")
@_for_guardian
def begin_invitation() -> ResponseReturnValue:
    """Take up the invitation of a coordinator beside the children that are known already."""
    return _begin(perform(family.family))


def _begin(found: family.Family) -> ResponseReturnValue:
    """On to the request: for an invitation, or as the poster's link led here."""
    if found.invitation is not None or session.get(_PLACE) is None:
        session[_PLACE] = {
            "school": str(found.school_id),
            "municipality": None,
            "case": str(found.invitation) if found.invitation else None,
            "before": 1,
        }
    return redirect(url_for("guardian.request_place"), 303)


def _package(case_id: UUID, stage: str, speaker: Speaker | None = None) -> Place:
    counted = session.get("before", {}).get(str(case_id), 1) if stage == CONSENTS else None
    done = url_for("guardian.done", case_id=case_id)
    return Place(
        case_id=case_id,
        stage=stage,
        speaker=speaker or speaker_of(case_id=case_id),
        question_url=lambda consent: url_for(
            "guardian.question", case_id=case_id, stage=stage, consent=consent
        ),
        check_url=url_for("guardian.check", case_id=case_id, stage=stage),
        again_url=url_for("guardian.code_again", case_id=case_id, stage=stage),
        after_url=done if stage == CONSENTS else url_for("guardian.answered"),
        home_url=url_for("guardian.home"),
        before=counted,
    )


@guardian.get("/answered")
@_for_guardian
def answered() -> ResponseReturnValue:
    """An answer beside the way was recorded: back to the family's page."""
    flash(_("Thank you, the answer is recorded."), "good")
    return redirect(url_for("guardian.home"), 303)


def _request_page(
    asked: requests.RequestForm,
    speaker: Speaker,
    step: dict[str, int],
    *,
    typed: dict[str, Any],
    problems: forms.Problems = forms.NOTHING_WRONG,
    republished: bool = False,
) -> ResponseReturnValue:
    status = 422 if problems else 409 if republished else 200
    return page(
        "family/request.html",
        status=status,
        page_title=_("Who asks, and for whom"),
        school=speaker,
        rows=forms.rows(asked.form, locale(), typed=typed, problems=problems),
        readers=forms.readers(asked.form, locale()),
        errors=forms.errors(asked.form, locale(), problems),
        edition=forms.edition_of(asked.form),
        republished=republished,
        ground=asked.ground,
        step=step,
    )


def _form_page(case_id: UUID, step: str, reader: forms.Reader | None = None) -> ResponseReturnValue:
    opened = perform(filling.open_form, case_id=case_id, step=step)
    facts = {
        "school": speaker_of(case_id=case_id),
        "form": opened.form,
        "comment": opened.comment,
        "kicker": perform(known_here.application, case_id=case_id).child_name,
        "back_url": url_for("guardian.home"),
        "button": _("Send the answer"),
    }
    if reader is None:
        return records.form_page(facts, typed=forms.stored(opened.form, opened.values))
    return records.form_page(
        facts,
        typed=reader.read.raw,
        problems=reader.read.problems,
        republished=reader.republished,
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


def _consent_urls(consent_id: UUID) -> dict[str, str]:
    return {
        "home": url_for("guardian.home"),
        "consent": url_for("guardian.consent", consent_id=consent_id),
        "pdf": url_for("guardian.pdf", consent_id=consent_id),
        "withdraw": url_for("guardian.withdraw", consent_id=consent_id),
    }


def _last_step(known: Application) -> dict[str, int] | None:
    before = session.get("before", {}).get(str(known.case_id))
    if before is None:
        return None
    asked = sum(one.consent != PHOTO for one in known.consents)
    total = before + asked + 2
    return {"number": total, "total": total}
