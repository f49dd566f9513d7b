"""The request for a place: who asks for whom, and mending it while nothing is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from server.http.context import perform
from server.http.rendering import locale, page, piece
from server.kernel.errors import AnswersRefused
from server.services.families import applications, requests
from server.services.families.arrivals import CONSENTS
from server.services.families.family import Family
from server.web import forms, signing
from server.web.family_doors import for_guardian, guardian
from server.web.letterhead import Speaker, speaker_of
from server.web.sheets import Place

_PLACE = "place"
_BEFORE = "before"  # by case: pages that came before its first question
_ONE_WORD = "one_word"  # the fields of which the guardian says that the document has one word


@guardian.route("/request", methods=["GET", "POST"])
@for_guardian
def request_place() -> ResponseReturnValue:
    """Who asks for whom: the guardian's name, and the child's name and date of birth."""
    place = session.get(_PLACE)
    if place is None:
        return redirect(url_for("guardian.home"), 303)
    case_id = UUID(place["case"]) if place["case"] else None
    school_id = UUID(place["school"])
    speaker = speaker_of(school_id=school_id)
    asked = perform(requests.request_form, school_id=school_id, case_id=case_id, locale=locale())
    before = max(place["before"], 1)
    facts = {"school": speaker, "step": {"number": before, "total": before + asked.consents + 2}}

    def ask(reader: forms.Reader, one_word: list[str]) -> ResponseReturnValue:
        begun = perform(
            requests.place_request,
            school_id=school_id,
            municipality_id=UUID(place["municipality"]) if place["municipality"] else None,
            case_id=case_id,
            read=reader,
            one_word=one_word,
        )
        _put_names_right()
        # The next child starts here without a first code (DECISIONS.md 12c).
        session[_PLACE] = {**place, "case": None, "before": 1}
        session[_BEFORE] = {str(begun): before}
        return redirect(signing.first_url(package(begun, CONSENTS, speaker)), 303)

    return _answered(asked, speaker, facts, ask)


@guardian.route("/<uuid:case_id>/request", methods=["GET", "POST"])
@for_guardian
def mend_request(case_id: UUID) -> ResponseReturnValue:
    """A name or the birth date was mistyped: put it right before anything is signed."""
    known = perform(applications.application, case_id=case_id)
    speaker = speaker_of(case_id=case_id)
    place = package(case_id, CONSENTS, speaker)
    asked = perform(
        requests.request_form, school_id=known.school_id, case_id=case_id, locale=locale()
    )
    before = signing.opened(place)  # refuses here, not after everything was typed
    facts = {"school": speaker, "step": None, "mending": True, "back_url": place.check_url}

    def mend(reader: forms.Reader, one_word: list[str]) -> ResponseReturnValue:
        perform(requests.mend_request, case_id=case_id, read=reader, one_word=one_word)
        _put_names_right()
        signing.follow_mended(place, before)
        flash(_("The data is put right in the documents. Look through the list again."), "good")
        return redirect(place.check_url, 303)

    return _answered(asked, speaker, facts, mend)


@guardian.post("/<uuid:case_id>/another")
@for_guardian
def another(case_id: UUID) -> ResponseReturnValue:
    """One more child of the family: at the school of today's poster, else at the same one."""
    known = perform(applications.application, case_id=case_id)
    arrived = session.get(_PLACE)
    if arrived is None or arrived["case"] is not None:
        arrived = {
            "school": str(known.school_id),
            "municipality": str(known.municipality_id) if known.municipality_id else None,
        }
    # Who came by a poster today asks at the school of the poster.
    session[_PLACE] = {**arrived, "case": None, "before": 1}
    return redirect(url_for("guardian.request_place"), 303)


def begin(found: Family) -> ResponseReturnValue:
    """On to the request: for an invitation, or as the poster's link led here."""
    if found.invitation is not None or session.get(_PLACE) is None:
        session[_PLACE] = {
            "school": str(found.school_id),
            "municipality": None,
            "case": str(found.invitation) if found.invitation else None,
            "before": 1,
        }
    return redirect(url_for("guardian.request_place"), 303)


def package(case_id: UUID, stage: str, speaker: Speaker | None = None) -> Place:
    """Where the guardian signs a package."""
    counted = session.get(_BEFORE, {}).get(str(case_id), 1) if stage == CONSENTS else None
    at: dict[str, Any] = {"case_id": case_id, "stage": stage}
    return Place(
        case_id=case_id,
        stage=stage,
        speaker=speaker or speaker_of(case_id=case_id),
        question_url=lambda consent: url_for("guardian.question", consent=consent, **at),
        check_url=url_for("guardian.check", **at),
        again_url=url_for("guardian.code_again", **at),
        after_url=url_for("guardian.done", case_id=case_id)
        if stage == CONSENTS
        else url_for("guardian.answered"),
        home_url=url_for("guardian.home"),
        mend_url=url_for("guardian.mend_request", case_id=case_id) if stage == CONSENTS else "",
        before=counted,
    )


def pages_before(case_id: UUID) -> int | None:
    """How many pages came before the first question of an application begun in this session."""
    found: int | None = session.get(_BEFORE, {}).get(str(case_id))
    return found


def _answered(
    asked: requests.RequestForm,
    speaker: Speaker,
    facts: dict[str, Any],
    take: Callable[[forms.Reader, list[str]], ResponseReturnValue],
) -> ResponseReturnValue:
    """The form of the request, or what comes after it once it is in order."""
    if request.method == "GET":
        return _page(asked, facts, typed=forms.stored(asked.form, asked.known))
    reader = forms.Reader(request.form, today=speaker.today(), locale=locale())
    one_word = request.form.getlist(_ONE_WORD)
    try:
        return take(reader, one_word)
    except AnswersRefused as refused:
        problems = reader.problems(refused.problems)
        return _page(
            asked,
            facts,
            typed=reader.read.raw,
            problems=problems,
            one_word=one_word,
            republished=reader.republished,
        )


def _page(
    asked: requests.RequestForm,
    facts: dict[str, Any],
    *,
    typed: dict[str, Any],
    problems: forms.Problems = forms.NOTHING_WRONG,
    one_word: list[str] | None = None,
    republished: bool = False,
) -> ResponseReturnValue:
    status = 422 if problems else 409 if republished else 200
    return page(
        "family/request.html",
        status=status,
        page_title=_("Put the data right") if facts.get("mending") else _("Who asks, and for whom"),
        rows=forms.rows(
            asked.form,
            locale(),
            typed=typed,
            problems=problems,
            beside=_ticks(asked, problems, one_word or []),
        ),
        readers=forms.readers(asked.form, locale()),
        errors=forms.errors(asked.form, locale(), problems),
        edition=forms.edition_of(asked.form),
        republished=republished,
        ground=asked.ground,
        **facts,
    )


def _ticks(
    asked: requests.RequestForm, problems: forms.Problems, one_word: list[str]
) -> dict[str, Markup]:
    """«The document has one word»: offered only where a name was refused for having one."""
    refused = [
        name
        for name, found in problems.items()
        if any(problem.code == "ANSWER-NAME-ONE-WORD" for problem in found)
    ]
    named = [spec.field for spec in asked.form.fields]
    return {
        name: piece("family/one_word.html", field=name, ticked=name in one_word)
        for name in named
        if name in refused or name in one_word
    }


def _put_names_right() -> None:
    """The guardian's name may be another one now: in every document not signed yet."""
    for case_id in perform(requests.misnamed):
        perform(requests.rename_documents, case_id=case_id)
