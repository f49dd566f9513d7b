"""A card as its page shows it: words, signs and what may be pressed, from the service's facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import url_for

from server.consents.signers import day_in
from server.forms.fields import FIELD_TYPES, export
from server.http.rendering import locale
from server.services.cases import decisions
from server.services.worklist.cards import REASONS, AnswerSheet, Card, ConsentLine, OpenTask
from server.services.worklist.desk import Office
from server.services.worklist.work_rows import Sign
from server.web import desk_words
from server.web.said import _
from server.web.worklist import who, years
from server.words import dates
from server.words.speech import N_
from server.workflows.moves import LIVE

_WHY = {
    "answer_family": N_("The family asks or writes to us"),
    "law": N_("The law or an authority demands it"),
    "safety": N_("It is about the child’s safety"),
}
_DEED = {"accept": "button-main", "decline": "button-wrong"}


def view(shown: Card, office: Office, *, typed: str = "", errors: dict[str, str]) -> dict[str, Any]:
    """Everything the template asks for; `typed` is the comment, `errors` are by field."""
    kinds: dict[str, list[OpenTask]] = {"review": [], "staff": [], "form": [], "sign": []}
    for one in shown.tasks:
        kinds[one.task.kind].append(one)
    title = _("Application %(number)s", number=shown.case.number)
    return {
        "page_title": title,
        "name": who(shown.child_name, shown.case.number, hidden=shown.hidden),
        "kicker": f"{title} · {shown.title.in_(locale())}",
        "lead": _lead(shown),
        "stage": _stage(shown),
        "facts": _facts(shown),
        "child_contact_url": _child_contact_url(shown),
        "hidden": shown.hidden,
        "reasons": _reasons(errors.get("reason", "")),
        "alike": shown.alike,
        "cause": shown.cause,
        "follows": shown.follows,
        "danger": _danger(shown, office),
        "board": _board(shown, office),
        "sheets": _sheets(shown, office),
        "earlier": _earlier(shown, office),
        "reviews": [
            _review(one, office, typed, errors.get("comment", "")) for one in kinds["review"]
        ],
        "chores": [_chore(one, office) for one in kinds["staff"]],
        "waiting": [_wait(one, office) for one in (*kinds["sign"], *kinds["form"])],
        "letters": _letters(shown, office),
        "moments": desk_words.happenings(shown, office),
        "revision": shown.revision,
        "case_id": shown.case.id,
    }


def _lead(shown: Card) -> str:
    age = years(shown.age) if shown.age is not None else ""
    born = dates.day(shown.birth, locale()) if shown.birth else ""
    place = "" if shown.hidden else shown.place or ""
    parts = [age, _("born %(day)s", day=born) if born else "", place]
    return ", ".join(part for part in parts if part)


def _stage(shown: Card) -> dict[str, str]:
    """Where the application stands, as a badge."""
    if shown.end_label is not None:
        kind = "good" if shown.case.end == "enrolled" else "off"
        return {"kind": kind, "text": shown.end_label.in_(locale())}
    if shown.case.status == "paused":
        return {"kind": "wrong", "text": _("Paused: a consent was withdrawn")}
    # What only staff still have to do is no stage of the family's.
    ours = all(one.task.kind == "staff" for one in shown.tasks)
    label = shown.title if ours or shown.stage_label is None else shown.stage_label
    text = label.in_(locale())
    return {"kind": "note", "text": text}


def _danger(shown: Card, office: Office) -> str:
    """What to do about words that may mean danger, with whom to tell; empty where there are none.

    The school's contact person of the organisation is who a family in need is told as well.
    """
    if not shown.case.flags or shown.case.status == "ended":
        return ""
    told = ", ".join(part for part in (office.contact_name, office.contact_phone) if part)
    return _(
        "There are words in the answers that may mean danger for the child. If it is in danger"
        " now, call 112. Tell the person responsible for children’s safety before you decide:"
        " %(whom)s.",
        whom=told or office.partner_name,
    )


def _facts(shown: Card) -> list[dict[str, Any]]:
    """Who the guardian is and how to reach them."""
    if shown.hidden or shown.guardian_contact is None:
        return []
    facts: list[dict[str, Any]] = []
    if shown.guardian_name:
        fact: dict[str, Any] = {
            "label": _("Parent or guardian"),
            "value": shown.guardian_name,
            "note": shown.capacity or "",
        }
        if shown.level == "L1":
            fact["badge"] = {"kind": "off", "text": _("the parent’s document is not checked")}
            # While the level is L1 this is for information (DECISIONS 6): nothing waits for it.
            fact["hint"] = _(
                "For information: a code confirmed the contact, and the decision does not wait for"
                " the document."
            )
        facts.append(fact)
    contact = shown.guardian_contact
    facts.append({"label": _("Contact"), "contact": contact, "kind": shown.guardian_contact_kind})
    if shown.child_contact is not None:
        facts.append({"label": _("The teenager’s contact"), "value": shown.child_contact})
    return facts


def _child_contact_url(shown: Card) -> str:
    """Where another contact is given to a teenager; empty when there is none or it is over."""
    if shown.child_contact is None or shown.case.status == "ended" or not shown.contact_changeable:
        return ""
    return url_for("desk.child_contact", case_id=shown.case.id)


def _reasons(error: str) -> dict[str, Any]:
    return {
        "name": "reason",
        "type": "one_of",
        "label": _("Why do you need the name?"),
        "help": _("The reason is written down for good, with your name and the hour."),
        "required": True,
        "choices": [(one, _(_WHY[one])) for one in REASONS],
        "value": "",
        "errors": [error] if error else [],
    }


def _board(shown: Card, office: Office) -> list[dict[str, str]]:
    """Every consent with who answered, and the child's own word among them."""
    asked = {one.sign.consent for one in shown.consents}
    own = [one for one in shown.signs if one.consent not in asked]
    return [_consent(one, office) for one in shown.consents] + [_word(one) for one in own]


def _consent(line: ConsentLine, office: Office) -> dict[str, str]:
    state = line.sign.state
    said = [_answered(role, answer, at, office) for role, answer, at in line.answers]
    if state == "requested" and line.sign.owed:
        owed = ", ".join(desk_words.role(one) for one in line.sign.owed)
        said.append(_("waiting for: %(who)s", who=owed))
    elif state == "deferred":
        said = [_("put off by the family")]
    if line.needs_renewal:
        said.append(_("the text has changed since: a new answer is needed"))
    shown = {"name": line.sign.title.in_(locale()), "state": desk_words.LOOKS[state]}
    if state in LIVE and office.may_decide:
        shown["act"] = _("Withdraw")
        shown["act_url"] = url_for("desk.withdraw", consent_id=line.consent_id)
    if line.withdrawn_at is not None:
        shown["note"] = desk_words.when(line.withdrawn_at, office)
    elif said:
        shown["word"] = "; ".join(said)
    return shown


def _word(sign: Sign) -> dict[str, str]:
    """The child's own word: a yes or a no, not something given."""
    words = {"given": _("yes"), "refused": _("no")}
    state = desk_words.LOOKS[sign.state]
    return {"name": sign.title.in_(locale()), "state": state, "word": words.get(state, "")}


def _answered(role: str, answer: str, at: datetime, office: Office) -> str:
    facts = {"who": desk_words.role(role), "when": desk_words.about_when(at, office)}
    if answer == "given":
        return _("yes: %(who)s, %(when)s", **facts)
    return _("no: %(who)s, %(when)s", **facts)


def _newest(shown: Card) -> dict[str, AnswerSheet]:
    return {sheet.form.form: sheet for sheet in shown.answers}


def _sheets(shown: Card, office: Office) -> list[dict[str, Any]]:
    """The newest answers to each form, the newest form first: the decision is about those."""
    return [_sheet(one, office) for one in reversed(_newest(shown).values())]


def _earlier(shown: Card, office: Office) -> list[dict[str, Any]]:
    newest = _newest(shown)
    old = [sheet for sheet in shown.answers if newest[sheet.form.form] is not sheet]
    return [_sheet(one, office) for one in reversed(old)]


def _sheet(sheet: AnswerSheet, office: Office) -> dict[str, Any]:
    author = sheet.author_name or desk_words.role(sheet.author_role)
    by = _("Entered for the family by %(who)s", who=author) if sheet.on_behalf else author
    return {
        "title": sheet.form.title.in_(locale()),
        "by": f"{by}, {desk_words.when(sheet.at, office)}",
        "on_behalf": sheet.on_behalf,
        "facts": [
            {
                "label": field.label.in_(locale()),
                "value": export(sheet.values[field.field], field, locale())
                if field.field in sheet.values
                else _("not answered"),
                "badge": {"kind": "wrong", "sign": "warning", "text": _("read this with care")}
                if field.field in sheet.flags
                else None,
            }
            for field in sheet.fields
            if FIELD_TYPES[field.type].answers
        ],
    }


def _review(one: OpenTask, office: Office, typed: str, error: str) -> dict[str, Any]:
    so_far, wanted = one.row.approvals
    return {
        "task": one.task.id,
        "title": one.label.in_(locale()),
        "due": _due(one, office),
        "paused": one.task.status != 0,
        "blocked": desk_words.why_not(one.blocked),
        "so_far": so_far,
        "wanted": wanted,
        "accepted_by": ", ".join(one.row.accepted_by),
        "field": {
            "name": "comment",
            "type": "long_text",
            "label": _("Comment"),
            "help": _(
                "Needed when you return or decline: the family reads it then. Beside a yes only"
                " colleagues see it."
            ),
            "required": False,
            "max_length": decisions.LONGEST_COMMENT,
            "value": typed,
            "errors": [error] if error else [],
        },
        "outcomes": [
            {"id": choice.id, "label": choice.label.in_(locale()), "kind": _DEED.get(choice.id, "")}
            for choice in one.outcomes
        ],
    }


def _chore(one: OpenTask, office: Office) -> dict[str, Any]:
    return {
        "task": one.task.id,
        "title": one.label.in_(locale()),
        "due": _due(one, office),
        "overdue": one.row.overdue,
        "paused": one.task.status != 0,
        "blocked": desk_words.why_not(one.blocked),
        "waits_for": one.row.waits_for.in_(locale()) if one.row.waits_for else "",
        "outcomes": [
            {"id": choice.id, "label": choice.label.in_(locale())} for choice in one.outcomes
        ],
    }


def _wait(one: OpenTask, office: Office) -> dict[str, Any]:
    return {
        "task": one.task.id,
        "title": one.label.in_(locale()),
        "who": desk_words.role(one.task.role),
        "due": _due(one, office),
        "overdue": one.row.overdue,
        "paused": one.task.status != 0,
        "optional": one.optional,
        "remindable": one.remindable,
        "fill_url": url_for("desk.fill", case_id=one.task.case_id, step=one.task.step)
        if one.fillable
        else "",
    }


def _due(one: OpenTask, office: Office) -> str:
    if one.row.due_at is None:
        return ""
    return dates.day_near(day_in(office.zone, one.row.due_at), office.today, locale())


def _letters(shown: Card, office: Office) -> list[dict[str, str]]:
    """Every message with how far it got, as moments."""
    channels = {"mail": _("by mail"), "sms": _("by message")}
    signs = {"good": "tick", "waiting": "mail", "wrong": "warning", "off": "mail"}
    found = []
    for letter in shown.letters:
        state, kind = desk_words.letter_line(letter, office, desk_words.about_when)
        name = shown.letter_names.get(letter.person_id) if letter.person_id else None
        to = [name or desk_words.role(letter.to), channels.get(letter.channel or "", "")]
        found.append(
            {
                "title": desk_words.letter_name(letter),
                "when": state,
                "who": ", ".join(part for part in to if part),
                "kind": kind if kind == "wrong" else "off",
                "sign": signs[kind],
            }
        )
    return found
