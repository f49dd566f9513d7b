"""Deciding on many rows at once: each row its own transaction, and its own line in the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from server.access.policy import Permission
from server.http.context import door, perform
from server.http.errors import sentence_of
from server.http.rendering import locale
from server.kernel.errors import (
    AlreadyDone,
    ConsentMissing,
    MentorSchoolError,
    NotFound,
    NotYours,
    Refused,
    StageClosed,
)
from server.kernel.ids import parse_id
from server.services.cases import decisions
from server.services.worklist import desk as desk_services
from server.services.worklist.desk import Office, Told
from server.web import desk_words
from server.web.office import desk, key_of, new_nonce, office_page, school_id
from server.web.said import _
from server.web.worklist import View, who

_TOLD = "desk_told"


@dataclass(frozen=True)
class Picked:
    """A chosen row, as the page showed it."""

    task_id: UUID
    case_id: UUID
    revision: int

    @property
    def value(self) -> str:
        """How the row stands in a form."""
        return f"{self.task_id}.{self.case_id}.{self.revision}"


@desk.post("/decide")
@door("staff", Permission.CASE_DECIDE)
def decide_many() -> ResponseReturnValue:
    """Decide on the chosen rows, or ask first why where the family will read a reason."""
    picked = _picked()
    asked, outcome = request.form.get("ask", ""), request.form.get("act", "")
    if not picked:
        flash(_("Choose at least one row first."), "note")
        return redirect(_back(), 303)
    if asked:
        return _why_page(picked, asked)
    comment = request.form.get("comment", "")
    if "comment" in request.form and not comment.strip():
        return _why_page(picked, outcome, wrong=Refused(reason="comment_needed"))
    if len(comment) > decisions.LONGEST_COMMENT:
        long = Refused(reason="comment_long", most=decisions.LONGEST_COMMENT)
        return _why_page(picked, outcome, wrong=long)
    told = [[str(one.task_id), *_decided(one, outcome, comment)] for one in picked]
    session[_TOLD] = {"rows": told, "back": _back()}
    return redirect(url_for("desk.decided"), 303)


@desk.get("/decided")
@door("staff", Permission.DESK_READ)
def decided() -> ResponseReturnValue:
    """What became of each row."""
    held = session.get(_TOLD)
    if not held:
        return redirect(url_for("desk.worklist"), 303)
    codes = {UUID(task): (code, reason) for task, code, reason in held["rows"]}
    office = perform(desk_services.office, school_id=school_id())
    rows = perform(desk_services.told, task_ids=list(codes))
    lines = [_line(row, codes[row.task_id], office) for row in rows]
    done = sum(1 for code, _reason in codes.values() if code in ("decided", "one_of_two"))
    return office_page(
        "desk/decided.html",
        office,
        page_title=_("What became of the decisions"),
        lead=_("Written down: %(done)s of %(all)s", done=done, all=len(codes)),
        lines=lines,
        back_url=held["back"],
    )


def _decided(one: Picked, outcome: str, comment: str) -> tuple[str, str]:
    """Decide on one row: a word for what came of it, and a reason where there is one."""
    try:
        verdict = perform(
            decisions.decide,
            case_id=one.case_id,
            task_id=one.task_id,
            outcome=outcome,
            comment=comment,
            revision=one.revision,
            key=key_of(one.task_id),
            in_bulk=True,
        )
    except MentorSchoolError as error:
        return _refused(error)
    return verdict.state, ""


def _refused(error: MentorSchoolError) -> tuple[str, str]:
    match error:
        case AlreadyDone():
            return ("first" if error.facts.get("outcome") else "changed"), ""
        case ConsentMissing():
            return "withdrawn", ""
        case StageClosed():
            return ("withdrawn" if error.facts.get("state") == "paused" else "changed"), ""
        case NotYours() | Refused():
            return "refused", str(error.facts.get("reason", ""))
        case NotFound():
            return "missing", ""
    raise error


def _line(row: Told, said: tuple[str, str], office: Office) -> dict[str, Any]:
    code, reason = said
    kind, words = _words(row, code, reason, office)
    return {
        "name": who(row.child_name, row.number),
        "number": row.number,
        "url": url_for("desk.card", case_id=row.case_id),
        "kind": kind,
        "badge": _BADGES[code](),
        "text": words,
    }


# Spoken when the page is drawn, in the reader's language.
_BADGES = {
    "decided": lambda: _("Written down"),
    "one_of_two": lambda: _("One more person"),
    "first": lambda: _("Somebody was first"),
    "changed": lambda: _("It has changed"),
    "withdrawn": lambda: _("A consent is missing"),
    "refused": lambda: _("Not taken"),
    "missing": lambda: _("Not found"),
}


def _words(row: Told, code: str, reason: str, office: Office) -> tuple[str, str]:
    """The kind of the line and its sentence."""
    label = row.outcome_label.in_(locale()) if row.outcome_label else ""
    if code == "decided":
        return "good", _("Your decision: “%(outcome)s”. The family gets a message.", outcome=label)
    if code == "one_of_two":
        return "waiting", _("You accepted. One more person must decide, then the family is told.")
    if code == "first":
        facts = {
            "who": row.by or desk_words.role("coordinator"),
            "when": desk_words.when(row.at, office) if row.at else "",
            "outcome": label,
        }
        return "wrong", _(
            "Decided by %(who)s, %(when)s: “%(outcome)s”. Yours was not written down.", **facts
        )
    if code == "changed":
        return "wrong", _(
            "Something changed since the list was drawn. Open the card and look again."
        )
    if code == "withdrawn":
        return "wrong", _("A consent was withdrawn meanwhile, so nothing may be decided.")
    if code == "refused":
        return "wrong", sentence_of(Refused(reason=reason))
    return "off", _("This application is not here any more.")


def _why_page(
    picked: list[Picked], outcome: str, *, wrong: Refused | None = None
) -> ResponseReturnValue:
    """The step between: one reason for all chosen rows."""
    office = perform(desk_services.office, school_id=school_id())
    rows = perform(desk_services.told, task_ids=[one.task_id for one in picked])
    if not rows:
        raise NotFound(what="task")
    label = next(
        (one.label.in_(locale()) for row in rows for one in row.outcomes if one.id == outcome),
        None,
    )
    if label is None:
        raise Refused(reason="outcome_unknown", outcome=outcome)
    said = sentence_of(wrong) if wrong else ""
    field = {
        "name": "comment",
        "type": "long_text",
        "label": _("Why"),
        "help": _("The family reads these words, the same for each chosen application."),
        "required": True,
        "max_length": decisions.LONGEST_COMMENT,
        "value": request.form.get("comment", ""),
        "errors": [said] if said else [],
    }
    return office_page(
        "desk/why.html",
        office,
        status=422 if wrong else 200,
        page_title=label,
        field=field,
        errors=[{"name": "comment", "label": "", "text": said}] if said else [],
        names=[who(row.child_name, row.number) for row in rows],
        values=[one.value for one in picked],
        outcome=outcome,
        button=f"{label}: {len(rows)}",
        nonce=request.form.get("nonce", "") or new_nonce(),
        tab=request.form.get("tab", ""),
        place=request.form.get("place", ""),
        back_url=_back(),
    )


def _picked() -> list[Picked]:
    found = []
    for value in dict.fromkeys(request.form.getlist("rows")[: decisions.MOST_AT_ONCE]):
        task, case, revision = [*value.split("."), "", ""][:3]
        task_id, case_id = parse_id(task), parse_id(case)
        if task_id and case_id and revision.isdecimal() and len(revision) < 9:
            found.append(Picked(task_id, case_id, int(revision)))
    return found


def _back() -> str:
    """The list as it was: its tab and place."""
    tab = request.form.get("tab", "all")
    return View(tab=tab, place=parse_id(request.form.get("place", ""))).url()
