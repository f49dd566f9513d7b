"""Pages that guardian and teenager share: a form, a consent in full, its withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.forms.definition import FormSpec
from server.http.context import perform
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import Conflict, ContactRefused, MentorSchoolError
from server.services.consent import receipts, withdrawals
from server.services.families import records
from server.services.families.records import Record
from server.web import forms
from server.web.letterhead import speaker_of

_ONCE = "once"


def form_page(
    facts: Mapping[str, Any],
    *,
    typed: Mapping[str, Any],
    problems: forms.Problems = forms.NOTHING_WRONG,
    republished: bool = False,
) -> ResponseReturnValue:
    """A form on its page: what was typed, and what is wrong with it."""
    form = facts["form"]
    assert isinstance(form, FormSpec)
    status = 422 if problems else 409 if republished else 200
    return page(
        "family/form.html",
        status=status,
        page_title=form.title.in_(locale()),
        intro=form.intro.in_(locale()) if form.intro else "",
        rows=forms.rows(form, locale(), typed=typed, problems=problems),
        readers=forms.readers(form, locale()),
        errors=forms.errors(form, locale(), problems),
        edition=forms.edition_of(form),
        once=request.form.get(_ONCE) or secrets.token_hex(8),
        republished=republished,
        **{name: value for name, value in facts.items() if name != "form"},
    )


def once(case_id: UUID, step: str) -> str | None:
    """The key that makes two clicks on one page one deed."""
    mark = request.form.get(_ONCE, "")[:32]
    return f"{case_id} {step} {mark}" if mark and mark.isprintable() else None


def closed_page(closed: MentorSchoolError, *, home_url: str) -> ResponseReturnValue:
    """A page that was open while somebody else did its step, or while the application stopped."""
    if request.method == "GET":
        flash(_("This step is done already, or not open yet."), "note")
        return redirect(home_url, 303)
    return page(
        "family/closed.html",
        status=409,
        page_title=_("This step is closed"),
        message=sentence_of(closed),
        act={"label": _("See what comes next"), "url": home_url},
    )


def consent_page(
    consent_id: UUID, urls: Mapping[str, str], *, help_line: str = ""
) -> ResponseReturnValue:
    """What was signed, word for word, when and by whom."""
    found = perform(records.record, consent_id=consent_id)
    speaker = speaker_of(case_id=found.case_id)
    return page(
        "family/consent.html",
        page_title=found.document.title,
        school=speaker,
        record=found,
        facts=_signed(found, speaker),
        help_line=help_line,
        urls=urls,
        edition=speaker.digits(found.state.edition),
    )


def pdf(consent_id: UUID) -> Response:
    """The newest confirmation as PDF."""
    content = perform(receipts.receipt_pdf, consent_id=consent_id)
    response = Response(content, mimetype="application/pdf")
    # A neutral name: it shows in a list of downloads that others may see.
    response.headers["Content-Disposition"] = 'inline; filename="confirmation.pdf"'
    return response


def withdraw(
    consent_id: UUID, urls: Mapping[str, str], *, child: bool = False, help_line: str = ""
) -> ResponseReturnValue:
    """What a withdrawal stops; the button does it at once."""
    wrong: MentorSchoolError | None = None
    if request.method == "POST":
        try:
            perform(
                withdrawals.withdraw,
                consent_id=consent_id,
                answer_to=request.form.get("answer_to", ""),
            )
        except ContactRefused as refused:
            wrong = refused
        except Conflict as closed:
            return closed_page(closed, home_url=urls["home"])
        else:
            flash(_("Withdrawn. The school stopped at once and will confirm it."), "good")
            return redirect(urls["home"], 303)
    try:
        found = perform(withdrawals.withdrawal, consent_id=consent_id)
    except Conflict as closed:
        return closed_page(closed, home_url=urls["home"])
    record = perform(records.record, consent_id=consent_id)
    said = sentence_of(wrong) if wrong is not None else ""
    return page(
        "family/withdraw.html",
        status=422 if wrong is not None else 200,
        page_title=_("Withdraw consent"),
        school=speaker_of(case_id=record.case_id),
        withdrawal=found,
        effects=_effects(found, child),
        help_line=help_line,
        urls=urls,
        errors=[{"name": "answer_to", "label": "", "text": said}] if said else [],
        field={
            "name": "answer_to",
            "type": "contact",
            "label": _("Where else to answer"),
            "help": _(
                "We answer to %(contact)s. Fill this in only for another place.",
                contact=found.masked_contact or "…",
            ),
            "required": False,
            "value": request.form.get("answer_to", ""),
            "errors": [said] if said else [],
        },
    )


def _effects(found: withdrawals.Withdrawal, child: bool) -> list[str]:
    answer = _("We confirm it to %(contact)s.", contact=found.masked_contact or "")
    if not found.stops_the_application:
        return [
            _("What this consent allowed stops at once."),
            _("Everything else goes on as it is."),
            answer,
        ]
    if not found.stops_the_data:
        return [
            _("The child does not take part any more. The application stops."),
            _("The consent to work with the data stays. It can be withdrawn apart."),
            _("Within 30 days a coordinator closes the application."),
            answer,
        ]
    return [
        _("The school stops working with the data at once.")
        if not child
        else _("The school stops working with what it knows about you at once."),
        _("The application stops. Within 30 days a coordinator closes it and destroys the data."),
        answer,
    ]


def _signed(found: Record, speaker: Any) -> list[dict[str, Any]]:
    roles = {"guardian": _("Parent or guardian"), "mentee": _("Child")}
    words = {"given": _("yes"), "refused": _("no")}
    facts = [
        {
            "label": roles.get(role, role),
            "value": f"{words.get(answer, answer)}, {speaker.moment(at)}",
        }
        for role, answer, at in found.signed
    ]
    if found.state.withdrawn_at is not None:
        facts.append({"label": _("Withdrawn"), "value": speaker.moment(found.state.withdrawn_at)})
    facts.append({"label": _("Valid until"), "value": speaker.day(found.state.valid_until)})
    return facts
