"""Consents answered one by one and signed together: the same pages for guardian and teenager.

What was answered lives in the server's session until the check list is signed: yes or no, the hash
of each text that was read, the id of the code. Every answer carries the hash of the text on its
page, so nobody signs what they did not see (CONSENT.md R3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from server.consents.documents import Line
from server.http import limits
from server.http.context import perform
from server.http.errors import sentence_of
from server.http.rendering import locale, page
from server.kernel.errors import LimitReached, NotFound, Refused, StageClosed, TextChanged
from server.services.families import arrivals, packages, signatures
from server.services.families.packages import Package, Question, Said
from server.services.limits import CODE_ADDRESS
from server.web.letterhead import Speaker

ANSWERS: Final[dict[str, Said]] = {"yes": "given", "no": "refused"}
_KEY = "sheets"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a package is signed: whose pages these are, and where each of them lies."""

    case_id: UUID
    stage: str
    speaker: Speaker
    question_url: Callable[[str], str]
    check_url: str
    again_url: str
    after_url: str
    home_url: str
    before: int | None = None  # pages before the first question; None: without a step bar
    help_line: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What every page of the package shows."""
        return {
            "school": self.speaker,
            "home_url": self.home_url,
            "check_url": self.check_url,
            "again_url": self.again_url,
            "help_line": self.help_line,
        }


@dataclass
class Sheet:
    """Answers given and not yet signed, in the session of this browser alone."""

    key: str
    said: dict[str, Said] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)  # hashes of the texts that were on the page
    code: str | None = None

    @classmethod
    def of(cls, place: Place) -> Sheet:
        """The sheet of a package as this browser left it."""
        key = f"{place.case_id} {place.stage}"
        held = session.get(_KEY, {}).get(key, {})
        return cls(key, **held)

    def keep(self) -> None:
        """Write it back."""
        kept = {"said": self.said, "read": self.read, "code": self.code}
        session[_KEY] = {**session.get(_KEY, {}), self.key: kept}

    def drop(self) -> None:
        """It is signed, or cannot be any more."""
        session[_KEY] = {
            key: held for key, held in session.get(_KEY, {}).items() if key != self.key
        }

    def note(self, consent: str, said: Said, document: str) -> None:
        """One more answer; a code that was sent for others is worth nothing then."""
        if (self.said.get(consent), self.read.get(consent)) != (said, document):
            self.code = None
        self.said[consent], self.read[consent] = said, document

    def forget(self, consent: str) -> None:
        """The text is not the one that was read."""
        self.said.pop(consent, None)
        self.read.pop(consent, None)
        self.code = None

    def answered(self, question: Question) -> bool:
        """Whether this very text was answered."""
        return (
            question.consent in self.said
            and self.read.get(question.consent) == question.document.hash
        )

    def stops(self, asked: Package) -> bool:
        """Whether a no was said that ends the application: it skips the rest (DECISIONS 12c)."""
        return any(
            question.stops and self.said.get(question.consent) == "refused"
            for question in asked.questions
            if self.answered(question)
        )

    def answers(self, asked: Package) -> dict[str, Said]:
        """What the check list binds: up to a required no, else everything."""
        stopped = self.stops(asked)
        return {
            question.consent: self.said[question.consent]
            for question in asked.questions
            if self.answered(question) and not (stopped and self.said[question.consent] == "given")
        }


def first_url(place: Place) -> str:
    """Where the package begins, or goes on: its first question without an answer."""
    asked = _open(place)
    return _next_url(place, asked, Sheet.of(place))


def question(place: Place, consent: str) -> ResponseReturnValue:
    """One consent on a page of its own: what it is about, and yes or no."""
    sheet = Sheet.of(place)
    if request.method == "GET":
        asked = _open(place)
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
        asked = _open(place) if request.method == "GET" else _current(place, sheet.read)
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
        return _check_page(place, asked, sheet, error=sentence_of(refused))
    sheet.drop()
    return redirect(place.after_url, 303)


def send_again(place: Place) -> ResponseReturnValue:
    """A new code for the same list."""
    sheet = Sheet.of(place)
    asked = _open(place)
    if _ready(sheet, asked):
        before = sheet.code
        if _ask_code(place, asked, sheet):
            flash(sent_words(before, sheet.code), "note")
        sheet.keep()
    return redirect(place.check_url, 303)


def sent_words(before: str | None, now: str | None) -> str:
    """What to say after a code was asked for once more."""
    if before is not None and before == now:
        return str(_("A code is on its way: it was sent less than a minute ago."))
    return str(_("A new code is on its way. The one before does not work any more."))


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
    asked = _open(place)
    return _question_page(place, asked, consent, sheet, changed=changed)


def _check_page(
    place: Place, asked: Package, sheet: Sheet, *, error: str = ""
) -> ResponseReturnValue:
    answers = sheet.answers(asked)
    given = sum(said == "given" for said in answers.values())
    sent = None
    if given and sheet.code is not None:
        sent = perform(arrivals.code_on_its_way, code_id=UUID(sheet.code))
    return page(
        "family/check.html",
        status=422 if error else 200,
        page_title=_("Check and sign") if given else _("Check your answer"),
        errors=[{"name": "code", "label": "", "text": error}] if error else [],
        asked=asked,
        lines=[_line(place, one, answers.get(one.consent)) for one in asked.questions],
        signer=_signer(asked),
        given=given,
        button=ngettext("Sign %(num)s document", "Sign %(num)s documents", given),
        stops=sheet.stops(asked),
        takes_back=any(
            one.takes_back and answers.get(one.consent) == "refused" for one in asked.questions
        ),
        sent=sent,
        field={
            "name": "code",
            "type": "code",
            "label": _("Code from the message"),
            "required": True,
            "errors": [error] if error else [],
        },
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
        "note": _(
            "text of %(day)s, mark %(mark)s",
            day=place.speaker.digits(_edition(one)),
            mark=one.document.hash[:8],
        ),
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


def _open(place: Place) -> Package:
    return perform(packages.package, case_id=place.case_id, stage=place.stage, locale=locale())


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


def _signer(asked: Package) -> str:
    blocks = asked.questions[0].document.signers if asked.questions else ()
    return next((one.name or "" for one in blocks if one.role == asked.role), "")


def _edition(one: Question) -> date:
    return date.fromisoformat(one.document.edition)
