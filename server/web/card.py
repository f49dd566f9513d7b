"""A child's card: read it, decide, do what is left to staff, remind, fill in for the family."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from server.access.policy import Permission
from server.forms.definition import FormSpec
from server.http.context import door, perform
from server.http.errors import sentence_of
from server.http.rendering import locale
from server.kernel.errors import (
    AlreadyDone,
    AnswersRefused,
    Conflict,
    ConsentMissing,
    ContactRefused,
    NotAllowed,
    NotFound,
    NotYours,
    Refused,
    StageClosed,
)
from server.kernel.ids import parse_id
from server.services.cases import decisions, filling
from server.services.consent import withdrawals
from server.services.families import childs_turn
from server.services.worklist import desk as desk_services
from server.services.worklist.cards import REASONS, Card
from server.services.worklist.desk import Office
from server.web import card_view, desk_words, forms
from server.web.office import desk, key_of, new_nonce, office_page
from server.web.said import _
from server.web.worklist import View, who

Refusal = AlreadyDone | StageClosed | NotAllowed | Refused
_NOTHING_TYPED: Final[Mapping[str, Any]] = MappingProxyType({})
_NONE = -1  # no state is this one: a page that does not say what it showed is as good as stale


@desk.get("/case/<uuid:case_id>")
@door("staff", Permission.CASE_OPEN)
def card(case_id: UUID) -> ResponseReturnValue:
    """One child's application."""
    return _card_page(case_id)


@desk.post("/case/<uuid:case_id>/reveal")
@door("staff", Permission.CASE_OPEN)
def reveal(case_id: UUID) -> ResponseReturnValue:
    """Show a name that is kept back: for this one page, with a reason, which is evidence."""
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        said = _("Choose why you need the name.")
        return _card_page(case_id, status=422, wrong=("reason", said))
    return _card_page(case_id, reason=reason)


@desk.post("/case/<uuid:case_id>/decide")
@door("staff", Permission.CASE_DECIDE)
def decide(case_id: UUID) -> ResponseReturnValue:
    """Accept, return or decline; with what was typed kept where it is not taken."""
    task_id, revision = _task(), request.form.get("revision", "")
    try:
        verdict = perform(
            decisions.decide,
            case_id=case_id,
            task_id=task_id,
            outcome=request.form.get("outcome", ""),
            comment=request.form.get("comment", ""),
            revision=int(revision) if revision.isdecimal() and len(revision) < 9 else _NONE,
            key=key_of(task_id),
        )
    except (AlreadyDone, StageClosed, NotYours, ConsentMissing, Refused) as refusal:
        return _refused(case_id, refusal, field="comment")
    if verdict.state == "one_of_two":
        flash(_("You accepted. One more person must decide, then the family is told."), "waiting")
    else:
        flash(_("Your decision is written down. The family gets a message."), "good")
    return redirect(url_for("desk.card", case_id=case_id), 303)


@desk.post("/case/<uuid:case_id>/task")
@door("staff", Permission.CASE_DECIDE)
def finish_task(case_id: UUID) -> ResponseReturnValue:
    """Something left to staff is done: a call made, an application closed."""
    task_id = _task()
    try:
        perform(
            decisions.finish_task,
            case_id=case_id,
            task_id=task_id,
            outcome=request.form.get("outcome", ""),
            key=key_of(task_id),
        )
    except (AlreadyDone, StageClosed, Refused) as refusal:
        return _refused(case_id, refusal, field="")
    if request.form.get("outcome") == "no_answer":
        flash(
            _(
                "Noted. Their step stays open: you find it under “The family’s turn”, and under"
                " “Overdue” when it is late. Nobody is told to call again by itself: remind the"
                " family from the list, or call once more. A request without consent closes by"
                " itself 30 days after it began."
            ),
            "good",
        )
    else:
        flash(_("Noted."), "good")
    return redirect(url_for("desk.card", case_id=case_id), 303)


@desk.post("/case/<uuid:case_id>/remind")
@door("staff", Permission.CASE_REMIND)
def remind(case_id: UUID) -> ResponseReturnValue:
    """Remind the family now; from the list or from the card, and back there."""
    in_list = "tab" in request.form
    back = url_for("desk.card", case_id=case_id)
    if in_list:
        place = parse_id(request.form.get("place", ""))
        back = View(tab=request.form["tab"], place=place).url()
    try:
        perform(decisions.remind, case_id=case_id, task_id=_task("remind"))
    except (AlreadyDone, StageClosed):
        flash(_("There is nothing to remind of any more: the family has answered."), "note")
    except Refused as refusal:
        flash(sentence_of(refusal), "note")
    else:
        flash(_("The reminder is on its way, with a new link."), "good")
    return redirect(back, 303)


@desk.route("/consent/<uuid:consent_id>/withdraw", methods=["GET", "POST"])
@door("staff", Permission.CASE_DECIDE)
def withdraw(consent_id: UUID) -> ResponseReturnValue:
    """A parent withdraws a consent by telling us: it takes effect at once, like on their page."""
    office = perform(desk_services.office)
    try:
        shown = perform(withdrawals.withdrawal, consent_id=consent_id)
        if request.method == "GET":
            child = perform(desk_services.card, case_id=shown.case_id, locale=locale())
            return office_page(
                "desk/withdraw.html",
                office,
                page_title=_("A parent withdraws a consent"),
                title=shown.document.title,
                child=_whose(child),
                stops=shown.stops_the_application,
                back_url=url_for("desk.card", case_id=shown.case_id),
            )
        perform(withdrawals.withdraw, consent_id=consent_id)
    except Conflict:
        flash(_("This consent is not in force any more."), "note")
        return redirect(url_for("desk.worklist"), 303)
    flash(_("Withdrawn. Everything that needs this consent has stopped."), "good")
    return redirect(url_for("desk.card", case_id=shown.case_id), 303)


@desk.route("/case/<uuid:case_id>/child-contact", methods=["GET", "POST"])
@door("staff", Permission.CHILD_CONTACT)
def child_contact(case_id: UUID) -> ResponseReturnValue:
    """A teenager lost the contact it answers by: the school gives it another one."""
    office = perform(desk_services.office)
    said = ""
    try:
        reached = perform(childs_turn.childs_contact, case_id=case_id)
        if request.method == "POST":
            typed = request.form.get("contact", "")
            perform(childs_turn.change_childs_contact, case_id=case_id, contact=typed)
            flash(_("A link is on its way to the new contact. The old one was told."), "good")
            return redirect(url_for("desk.card", case_id=case_id), 303)
    except ContactRefused as refused:
        said = sentence_of(refused)
    except StageClosed as closed:
        return _refused(case_id, closed, field="")
    return office_page(
        "desk/child_contact.html",
        office,
        status=422 if said else 200,
        page_title=_("Change the teenager’s contact"),
        reached=reached,
        errors=[{"name": "contact", "label": "", "text": said}] if said else [],
        field={
            "name": "contact",
            "type": "contact",
            "label": _("The teenager’s mobile number or mail address"),
            "help": _("Make sure by voice that it is the teenager’s own, not the parent’s."),
            "required": True,
            "value": request.form.get("contact", ""),
            "errors": [said] if said else [],
        },
        back_url=url_for("desk.card", case_id=case_id),
    )


@desk.route("/case/<uuid:case_id>/fill/<step>", methods=["GET", "POST"])
@door("staff", Permission.CASE_FILL_FOR_FAMILY)
def fill(case_id: UUID, step: str) -> ResponseReturnValue:
    """Enter a form for the family: then somebody else decides on it."""
    office, shown = perform(desk_services.card_page, case_id=case_id, locale=locale())
    if request.method == "GET":
        try:
            opened = perform(filling.open_form, case_id=case_id, step=step)
        except (StageClosed, NotAllowed) as refusal:
            return _refused(case_id, refusal, field="")
        return _fill_page(office, shown, opened.form, values=opened.values, comment=opened.comment)
    reader = forms.Reader(request.form, today=office.today, locale=locale())
    try:
        perform(filling.fill, case_id=case_id, step=step, read=reader, key=_fill_key(case_id, step))
    except AnswersRefused as refusal:
        assert reader.form is not None
        problems = reader.problems(refusal.problems)
        comment = perform(filling.open_form, case_id=case_id, step=step).comment
        return _fill_page(
            office, shown, reader.form,
            reader=reader, problems=problems, comment=comment, status=422,
        )  # fmt: skip
    except (AlreadyDone, StageClosed, NotAllowed) as refusal:
        return _refused(case_id, refusal, field="")
    flash(_("The answers are written down as entered by you. Another coordinator decides."), "good")
    return redirect(url_for("desk.card", case_id=case_id), 303)


def _card_page(
    case_id: UUID,
    *,
    status: int = 200,
    reason: str | None = None,
    wrong: tuple[str, str] = ("", ""),
    refused: dict[str, str] | None = None,
    lost: str = "",
) -> ResponseReturnValue:
    office, shown = perform(
        desk_services.card_page, case_id=case_id, locale=locale(), reason=reason
    )
    field, said = wrong
    typed = request.form.get("comment", "") if request.method == "POST" else ""
    return office_page(
        "desk/card.html",
        office,
        status=status,
        errors=[{"name": field, "label": "", "text": said}] if field else [],
        refused=refused,
        lost=lost,
        revealed=reason is not None and not shown.hidden,
        nonce=new_nonce(),
        back_url=url_for("desk.worklist"),
        **card_view.view(shown, office, typed=typed, errors={field: said}),
    )


def _refused(case_id: UUID, refusal: Refusal, *, field: str) -> ResponseReturnValue:
    """The card as it is now, with why nothing was written down; what was typed stands there."""
    if isinstance(refusal, Refused):
        said = sentence_of(refusal)
        if field and refusal.facts.get("reason") in (
            "comment_needed",
            "comment_long",
            "words_unseen",
        ):
            return _card_page(case_id, status=422, wrong=(field, said))
        return _card_page(case_id, status=422, refused=_notice(_("Nothing was written down"), said))
    title, words = _("Nothing was written down"), _why_refused(refusal)
    # Not allowed is not in conflict with anybody: it will be so again.
    status = 403 if isinstance(refusal, NotYours) else 409
    return _card_page(case_id, status=status, refused=_notice(title, words), lost=_lost())


def _lost() -> str:
    """What was typed beside a decision that was not taken: shown once more, to copy it."""
    return request.form.get("comment", "").strip()[: 2 * decisions.LONGEST_COMMENT]


def _why_refused(refusal: Refusal) -> str:
    if isinstance(refusal, AlreadyDone):
        return _who_was_first(refusal)
    if isinstance(refusal, ConsentMissing):
        return _("A consent was withdrawn while this page was open, so nothing may be decided.")
    if isinstance(refusal, StageClosed) and refusal.facts.get("state") == "paused":
        return _("A consent was withdrawn while this page was open, so nothing may be decided.")
    if isinstance(refusal, NotYours):
        reason = str(refusal.facts.get("reason", ""))
        return sentence_of(Refused(reason=reason))
    return _("The application has moved on. This is how it stands now.")


def _who_was_first(refusal: AlreadyDone) -> str:
    outcome = refusal.facts.get("outcome")
    if not outcome:
        return _("The application changed while this page was open. Look again, then decide.")
    office = perform(desk_services.office)
    found = perform(desk_services.told, task_ids=[refusal.facts["task"]])
    label = next((one.outcome_label for one in found if one.outcome_label), None)
    facts = {
        "who": refusal.by or desk_words.role("coordinator"),
        "when": desk_words.when(refusal.facts["at"], office) if refusal.facts.get("at") else "",
        "outcome": label.in_(locale()) if label else outcome,
    }
    return _(
        "Somebody was first: %(who)s, %(when)s, “%(outcome)s”. Yours was not written down.", **facts
    )


def _notice(title: str, text: str) -> dict[str, str]:
    return {"title": title, "text": text}


def _task(field: str = "task") -> UUID:
    task_id = parse_id(request.form.get(field, ""))
    if task_id is None:
        raise NotFound(what="task")
    return task_id


def _fill_page(
    office: Office,
    shown: Card,
    form: FormSpec,
    *,
    values: Mapping[str, Any] = _NOTHING_TYPED,
    reader: forms.Reader | None = None,
    problems: forms.Problems | None = None,
    comment: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    language = locale()
    typed = reader.read.raw if reader else forms.stored(form, values)
    return office_page(
        "desk/fill.html",
        office,
        status=status,
        page_title=form.title.in_(language),
        kicker=_whose(shown),
        republished=reader.republished if reader else False,
        comment=comment,
        errors=forms.errors(form, language, problems or {}),
        readers=forms.readers(form, language),
        rows=forms.rows(form, language, typed=typed, problems=problems or {}),
        edition=forms.edition_of(form),
        nonce=request.form.get("nonce", "") or new_nonce(),
        back_url=url_for("desk.card", case_id=shown.case.id),
    )


def _whose(shown: Card) -> str:
    """Whose application a page is about: its number and the child."""
    return " · ".join(
        [
            _("Application %(number)s", number=shown.case.number),
            who(shown.child_name, shown.case.number, hidden=shown.hidden),
        ]
    )


def _fill_key(case_id: UUID, step: str) -> str:
    return f"{key_of(case_id)} {step[:64]}"
