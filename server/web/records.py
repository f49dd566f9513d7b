"""Pages that guardian and teenager share: a form, a consent in full, its withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from server.http.context import perform
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import Conflict, ContactRefused, MentorSchoolError
from server.services.cases import filling
from server.services.consent import receipts, withdrawals
from server.services.families import records
from server.services.families.records import Record
from server.web import forms
from server.web.letterhead import speaker_of

_ONCE = "once"
_WITHOUT_TERM = ("refused", "withdrawn", "revoked")

View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Whose documents are shown: the pages they lie on, and what stands on each of them."""

    pages: str  # the blueprint's name
    child: bool = False
    help_line: Callable[[], str] = str

    @property
    def home_url(self) -> str:
        """The page all this belongs to."""
        return url_for(f"{self.pages}.home")

    def urls(self, consent_id: UUID) -> dict[str, str]:
        """Where everything about one consent lies."""
        names = {"consent": "consent", "pdf": "pdf", "withdraw": "withdraw"}
        found = {
            key: url_for(f"{self.pages}.{name}", consent_id=consent_id)
            for key, name in names.items()
        }
        return {"home": self.home_url, **found}


def serve(pages: Blueprint, only: Callable[[View], View], folder: Folder) -> None:
    """Put the pages of signed consents among these pages, for whom `only` lets in.

    Endpoints: consent, pdf, withdraw.
    """

    def consent(consent_id: UUID) -> ResponseReturnValue:
        return consent_page(consent_id, folder)

    def withdrawn(consent_id: UUID) -> ResponseReturnValue:
        return withdraw(consent_id, folder)

    at = "/consent/<uuid:consent_id>"
    pages.add_url_rule(at, "consent", only(consent), methods=["GET"])
    pages.add_url_rule(f"{at}.pdf", "pdf", only(pdf), methods=["GET"])
    pages.add_url_rule(f"{at}/withdraw", "withdraw", only(withdrawn), methods=["GET", "POST"])


def form_page(
    case_id: UUID, step: str, reader: forms.Reader | None, **facts: Any
) -> ResponseReturnValue:
    """The form of an open step: as it was left, or with what was typed and is wrong with it."""
    opened = perform(filling.open_form, case_id=case_id, step=step)
    form = opened.form
    typed = forms.stored(form, opened.values) if reader is None else reader.read.raw
    problems = forms.NOTHING_WRONG if reader is None else reader.read.problems
    republished = reader is not None and reader.republished
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
        school=speaker_of(case_id=case_id),
        comment=opened.comment,
        **facts,
    )


def once(case_id: UUID, step: str) -> str | None:
    """The key that makes two clicks on one page one deed."""
    mark = request.form.get(_ONCE, "")[:32]
    return f"{case_id} {step} {mark}" if mark and mark.isprintable() else None


def closed_page(closed: MentorSchoolError, *, home_url: str) -> ResponseReturnValue:
    """A page that was open while somebody else did its step, or while the application stopped."""
    if request.method == "GET":
        known = "reason" in closed.facts
        said = sentence_of(closed) if known else _("This step is done already, or not open yet.")
        flash(said, "note")
        return redirect(home_url, 303)
    return page(
        "family/closed.html",
        status=409,
        page_title=_("This step is closed"),
        message=sentence_of(closed),
        act={"label": _("See what comes next"), "url": home_url},
    )


def consent_page(consent_id: UUID, folder: Folder) -> ResponseReturnValue:
    """What was signed or asked, word for word, when and by whom."""
    found = perform(records.record, consent_id=consent_id)
    speaker = speaker_of(case_id=found.case_id)
    return page(
        "family/consent.html",
        page_title=found.document.title,
        school=speaker,
        record=found,
        facts=_signed(found, speaker),
        help_line=folder.help_line(),
        urls=folder.urls(consent_id),
        answer_url=_answer_url(found, folder),
        edition=speaker.digits(found.state.edition),
    )


def pdf(consent_id: UUID) -> Response:
    """The newest confirmation as PDF."""
    found = perform(receipts.receipt_pdf, consent_id=consent_id)
    response = Response(found.content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.name}"'
    return response


def withdraw(consent_id: UUID, folder: Folder) -> ResponseReturnValue:
    """What a withdrawal stops; the button does it at once."""
    urls = folder.urls(consent_id)
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
        effects=_effects(found, folder.child),
        help_line=folder.help_line(),
        urls=urls,
        errors=[{"name": "answer_to", "label": "", "text": said}] if said else [],
        field={
            "name": "answer_to",
            "type": "contact",
            "label": _("Where to answer"),
            "help": _("The school confirms the withdrawal there. It can be another contact."),
            "required": False,
            "value": request.form.get("answer_to", found.contact or ""),
            "errors": [said] if said else [],
        },
    )


def _answer_url(found: Record, folder: Folder) -> str:
    """Where what waits for this person's answer is answered; empty when nothing does."""
    if not found.waits_for_me:
        return ""
    stage = found.state.stage
    if folder.child:
        return url_for(f"{folder.pages}.go_on", stage=stage)
    return url_for(f"{folder.pages}.go_on", case_id=found.case_id, stage=stage)


def _effects(found: withdrawals.Withdrawal, child: bool) -> list[str]:
    answer = _("The school confirms it to you.")
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
    # What was never given, or does not hold any more, has no term.
    if found.state.state not in _WITHOUT_TERM:
        facts.append({"label": _("Valid until"), "value": speaker.day(found.state.valid_until)})
    return facts
