"""Consents answered one by one and signed together: the same pages for guardian and teenager.

Every answer carries the hash of the text on its page, so nobody signs what they did not see
(CONSENT.md R3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from server.consents.documents import Line
from server.http import limits
from server.http.context import perform
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import (
    CodeRefused,
    LimitReached,
    NotFound,
    Refused,
    StageClosed,
    TextChanged,
)
from server.services.families import arrivals, packages, signatures
from server.services.families.packages import Package, Question, Said
from server.services.limits import CODE_ADDRESS
from server.web.codes import code_facts, sent_words, wait_words
from server.web.sheets import Place, Sheet

ANSWERS: Final[dict[str, Said]] = {"yes": "given", "no": "refused"}

View = Callable[..., ResponseReturnValue]
PlaceOf = Callable[..., Place]


def serve(pages: Blueprint, at: str, only: Callable[[View], View], place_of: PlaceOf) -> None:
    """Put the pages of packages under an address, for whom `only` lets in.

    `place_of` is given what stands in the address beside the consent. Endpoints: go_on, question,
    check, code_again.
    """

    def go_on(**here: Any) -> ResponseReturnValue:
        return redirect(first_url(place_of(**here)), 303)

    def one(consent: str, **here: Any) -> ResponseReturnValue:
        place = place_of(**here)
        return redirect(place.first_url, 303) if place.first_url else question(place, consent)

    def listed(**here: Any) -> ResponseReturnValue:
        place = place_of(**here)
        return redirect(place.first_url, 303) if place.first_url else check(place)

    def again(**here: Any) -> ResponseReturnValue:
        return send_again(place_of(**here))

    both = ["GET", "POST"]
    pages.add_url_rule(f"{at}/", "go_on", only(go_on), methods=["GET"])
    pages.add_url_rule(f"{at}/<consent>", "question", only(one), methods=both)
    pages.add_url_rule(f"{at}/check", "check", only(listed), methods=both)
    pages.add_url_rule(f"{at}/code", "code_again", only(again), methods=["POST"])


def first_url(place: Place) -> str:
    """Where the package begins, or goes on: its first question without an answer."""
    return place.first_url or _next_url(place, opened(place), Sheet.of(place))


def opened(place: Place) -> Package:
    """What is asked there now.

    :raises StageClosed: when nothing is (any more).
    """
    return perform(packages.package, case_id=place.case_id, stage=place.stage, locale=locale())


def follow_mended(place: Place, before: Package) -> None:
    """The guardian put names right, so the documents are others by these names alone.

    What was answered stays answered, under the new documents. The code before was for texts with
    the wrong names; a new one goes out when it is asked for: who mends three times would have used
    up the codes of an hour. What changed in the text as well is asked anew.
    """
    sheet, asked = Sheet.of(place), opened(place)
    old = {one.consent: one.document for one in before.questions}
    for one in asked.questions:
        was, now = old.get(one.consent), one.document
        same_text = was is not None and (was.edition, was.locale) == (now.edition, now.locale)
        if same_text and was is not None and sheet.read.get(one.consent) == was.hash:
            sheet.read[one.consent] = now.hash
    sheet.code = None
    sheet.keep()


def question(place: Place, consent: str) -> ResponseReturnValue:
    """One consent on a page of its own: what it is about, and yes or no."""
    sheet = Sheet.of(place)
    if request.method == "GET":
        asked = opened(place)
        return _question_page(place, asked, consent, sheet)
    shown = request.form.get("document", "")
    try:
        asked = _current(place, {consent: shown})
    except TextChanged as changed:
        return _changed_page(place, changed, sheet)
    one = _asked(asked, consent)
    if one.postpone and "later" in request.form:
        return _put_off(place, one)
    typed = request.form.getlist("answer")
    said = ANSWERS.get(typed[0]) if len(typed) == 1 else None  # yes and no is neither
    if said is None:
        return _question_page(place, asked, consent, sheet, missing=True)
    sheet.note(consent, said, one.document.hash)
    if _ready(sheet, asked) and sheet.code is None:
        _ask_code(place, asked, sheet)
    sheet.keep()
    return redirect(_next_url(place, asked, sheet), 303)


def check(place: Place) -> ResponseReturnValue:
    """Every document with its answer, and the one code that signs them all."""
    sheet = Sheet.of(place)
    try:
        asked = opened(place) if request.method == "GET" else _current(place, sheet.read)
    except TextChanged as changed:
        return _changed_page(place, changed, sheet)
    except StageClosed:
        if request.method == "GET":
            raise
        # The second of two clicks: the first one signed.
        return redirect(place.after_url, 303)
    if not _is_complete(sheet, asked):
        return redirect(_next_url(place, asked, sheet), 303)
    if request.method == "GET":
        return _check_page(place, asked, sheet)
    limits.allow((CODE_ADDRESS, limits.here()))
    if sheet.code is None and request.form.get("code"):
        # A page from before the names were put right: its code is for the documents of then.
        return _check_page(place, asked, sheet, wrong=CodeRefused(reason="code_other", left=0))
    try:
        perform(
            signatures.sign,
            case_id=place.case_id,
            stage=place.stage,
            answers=sheet.answers(asked),
            hashes=sheet.read,
            locale=locale(),
            code_id=UUID(sheet.code) if sheet.code else None,
            typed=request.form.get("code", ""),
        )
    except TextChanged as changed:
        return _changed_page(place, changed, sheet)
    except Refused as refused:
        return _check_page(place, asked, sheet, wrong=refused)
    sheet.drop()
    return redirect(place.after_url, 303)


def send_again(place: Place) -> ResponseReturnValue:
    """A new code for the same list."""
    sheet = Sheet.of(place)
    asked = opened(place)
    if _ready(sheet, asked):
        before = sheet.code
        if _ask_code(place, asked, sheet):
            flash(sent_words(before, sheet.code), "note")
        sheet.keep()
    return redirect(place.check_url, 303)


def changes(lines: Sequence[Line]) -> list[dict[str, str]]:
    """What changed between two texts, as the look draws it: what stayed is left out."""
    found: list[dict[str, str]] = []
    for line in lines:
        last = found[-1] if found else None
        if line.change == "removed":
            found.append({"op": "removed", "before": line.text})
        elif line.change == "added" and last is not None and last["op"] == "removed":
            last |= {"op": "changed", "after": line.text}
        elif line.change == "added":
            found.append({"op": "added", "after": line.text})
    return found


def _question_page(
    place: Place,
    asked: Package,
    consent: str,
    sheet: Sheet,
    *,
    missing: bool = False,
    changed: TextChanged | None = None,
) -> ResponseReturnValue:
    one = _asked(asked, consent)
    said = sheet.said.get(consent) if sheet.answered(one) else None
    wrong = _("Answer yes or no.") if missing else ""
    status = 422 if missing else 409 if changed else 200
    return page(
        "family/question.html",
        status=status,
        page_title=one.document.title,
        errors=[{"name": "answer", "label": "", "text": wrong}] if wrong else [],
        question=one,
        action=place.question_url(consent),
        asked=asked,
        facts=[{"label": term, "value": words} for term, words in one.document.facts],
        field={
            "name": "answer",
            "type": "yes_no",
            "label": one.document.question,
            "required": True,
            "errors": [wrong] if wrong else [],
        },
        said=said,
        # Also when another page of ours has put the new text there meanwhile.
        changed=changed is not None or (consent in sheet.said and said is None),
        changes=changes(changed.lines) if changed is not None and _compares(changed) else [],
        step=_step(place, asked, one),
        edition=place.speaker.digits(_edition(one)),
        **place.facts,
    )


def _compares(changed: TextChanged) -> bool:
    """Whether the two texts have anything in common: two languages have not."""
    return any(line.change == "same" for line in changed.lines)


def _changed_page(place: Place, changed: TextChanged, sheet: Sheet) -> ResponseReturnValue:
    consent = str(changed.facts["consent"])
    sheet.forget(consent)
    sheet.keep()
    asked = opened(place)
    return _question_page(place, asked, consent, sheet, changed=changed)


def _check_page(
    place: Place, asked: Package, sheet: Sheet, *, wrong: Refused | None = None
) -> ResponseReturnValue:
    answers = sheet.answers(asked)
    given = sum(said == "given" for said in answers.values())
    sent = None
    if given and sheet.code is not None:
        sent = perform(arrivals.code_on_its_way, code_id=UUID(sheet.code))
    code = code_facts(sent, wrong)
    if given and sent is None:
        code["wait"] = wait_words(perform(signatures.code_from))
    return page(
        "family/check.html",
        status=422 if wrong is not None else 200,
        page_title=_("Check and sign") if given else _("Check your answer"),
        asked=asked,
        lines=[_line(place, one, answers.get(one.consent)) for one in asked.questions],
        names=_names(place, asked),
        mend_url=place.mend_url,
        given=given,
        button=ngettext("Sign %(num)s document", "Sign %(num)s documents", given),
        stops=sheet.stops(asked),
        takes_back=any(
            one.takes_back and answers.get(one.consent) == "refused" for one in asked.questions
        ),
        **code,
        step=_step(place, asked, None),
        **place.facts,
    )


def _line(place: Place, one: Question, said: Said | None) -> dict[str, Any]:
    words = {"given": _("Yes"), "refused": _("No")}
    kinds = {"given": "good", "refused": "off"}
    if said is None:
        return {"label": one.document.title, "value": _("not needed any more")}
    return {
        "label": one.document.title,
        "value": "",
        "badge": {"kind": kinds[said], "text": words[said]},
        "note": _("text of %(day)s", day=place.speaker.digits(_edition(one))),
        "url": place.question_url(one.consent),
    }


def _put_off(place: Place, one: Question) -> ResponseReturnValue:
    perform(
        signatures.sign,
        case_id=place.case_id,
        stage=place.stage,
        answers={one.consent: "deferred"},
        hashes={},
        locale=locale(),
    )
    flash(_("Put off. The question stays on this page, answer it when you like."), "note")
    return redirect(place.home_url, 303)


def _ask_code(place: Place, asked: Package, sheet: Sheet) -> bool:
    """Send the code for the list as it is; whether one is on its way."""
    answers = sheet.answers(asked)
    if "given" not in answers.values():
        return False
    try:
        sent = perform(
            signatures.ask_package_code,
            case_id=place.case_id,
            stage=place.stage,
            answers=answers,
            hashes=sheet.read,
            locale=locale(),
        )
    except (LimitReached, Refused) as refused:
        flash(sentence_of(refused), "waiting")
        return False
    sheet.code = str(sent.code_id)
    return True


def _current(place: Place, read: dict[str, str]) -> Package:
    return perform(
        packages.current,
        case_id=place.case_id,
        stage=place.stage,
        hashes=read,
        locale=locale(),
    )


def _ready(sheet: Sheet, asked: Package) -> bool:
    """Whether all is answered, something with yes: then the code goes out."""
    return _is_complete(sheet, asked) and not sheet.stops(asked)


def _is_complete(sheet: Sheet, asked: Package) -> bool:
    return sheet.stops(asked) or all(map(sheet.answered, asked.questions))


def _next_url(place: Place, asked: Package, sheet: Sheet) -> str:
    if _is_complete(sheet, asked):
        return place.check_url
    left = next(one for one in asked.questions if not sheet.answered(one))
    return place.question_url(left.consent)


def _asked(asked: Package, consent: str) -> Question:
    found = next((one for one in asked.questions if one.consent == consent), None)
    if found is None:
        raise NotFound(what="consent")
    return found


def _step(place: Place, asked: Package, one: Question | None) -> dict[str, int] | None:
    if place.before is None:
        return None
    questions = len(asked.questions)
    at = asked.questions.index(one) if one is not None else questions
    return {"number": place.before + 1 + at, "total": place.before + questions + 2}


def _names(place: Place, asked: Package) -> list[dict[str, str]]:
    """Who signs and for whom, as the documents have it: to be read once more before the code."""
    document = asked.questions[0].document
    signer = next((one.name or "" for one in document.signers if one.role == asked.role), "")
    names = [{"label": _("Who signs"), "value": signer}]
    if asked.role == "guardian":
        names.append({"label": _("For which child"), "value": document.subject.name})
    born = place.speaker.day(date.fromisoformat(document.subject.born))
    names.append({"label": _("Born on"), "value": born})
    return names


def _edition(one: Question) -> date:
    return date.fromisoformat(one.document.edition)
