"""An application in words: where it stands, whose turn it is, what was answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from server.http.rendering import locale
from server.services.families.applications import Application, ConsentState, NextStep
from server.services.families.family import Looked
from server.web.letterhead import Speaker
from server.words.speech import N_
from server.workflows.moves import LIVE

_ROLES: Final[dict[str, str]] = {
    "coordinator": N_("coordinator"),
    "cycle_lead": N_("cycle lead"),
    "curator": N_("municipal representative"),
    "tutor": N_("tutor"),
    "partner_admin": N_("the organisation’s administrator"),
}
RENEWAL: Final = "renewal"  # the stage that asks for the answer to a changed text
_NOT_ANSWERED: Final = ("requested", "deferred")
# A good end is told apart from the others by its look; the words are the definition's.
_GOOD_ENDS: Final = ("enrolled",)


def shown(one: Application, speaker: Speaker, *, looked: Sequence[Looked] = ()) -> dict[str, Any]:
    """What the family's page shows of one child."""
    kind, state = _state(one)
    return {
        "case_id": one.case_id,
        "number": one.number,
        "child": one.child_name,
        "age": one.age,
        "kind": kind,
        "state": state,
        "ended": one.end is not None,
        "reason": one.reason,
        "declined": one.end == "declined_by_family",
        "mine": []
        if _is_too_late(one)
        else [*_renewal(one), *(_mine(one, step) for step in _steps(one, "guardian"))],
        "coming": _coming(one, speaker),
        "board": board(
            one.consents,
            speaker,
            case_id=one.case_id,
            open_stages=_open_stages(one),
            ended=one.end is not None,
        ),
        "lines": _answers(one),
        "receipts": [
            {
                "url": url_for("guardian.pdf", consent_id=each.consent_id),
                "label": each.title.in_(locale()),
            }
            for each in one.consents
            if each.has_receipt
        ],
        "receipts_to_come": any(
            each.state in LIVE and not each.has_receipt for each in one.consents
        ),
        "photo_url": _photo_url(one),
        "grown_up": _is_too_late(one),
        "child_contact": one.child_contact,
        "child_needs_contact": one.child_needs_contact,
        "child_can_take_the_phone": one.child_can_take_the_phone,
        "adult_comes": one.adult_comes,
        "child_signs_from": one.child_signs_from,
        "looked": [
            {"day": speaker.digits(each.day), "name": each.name, "role": _role(each.role)}
            for each in looked
        ],
    }


def _answers(one: Application) -> list[dict[str, Any]]:
    """What was said, for the confirmation; what was left out by a no is not on it."""
    words = {"given": ("good", _("Yes")), "refused": ("off", _("No"))}
    said = [
        (each, words["refused" if each.state == "refused" else "given"])
        for each in one.consents
        if each.answered_at is not None
    ]
    lines: list[dict[str, Any]] = [{"label": _("Child"), "value": one.child_name}]
    for each, (kind, word) in said:
        badge = {"kind": kind, "text": word}
        lines.append({"label": each.title.in_(locale()), "value": "", "badge": badge})
    return lines


def board(
    consents: Sequence[ConsentState],
    speaker: Speaker,
    *,
    case_id: UUID | None = None,
    open_stages: Collection[str] = (),
    ended: bool = False,
) -> list[dict[str, Any]]:
    """Every consent with its state and what can be done with it.

    Without a case it is the child's own board. `open_stages` are those whose package waits for
    the guardian; of an application that ended nothing is open.
    """
    lines = []
    for one in consents:
        if case_id is None and one.state in _NOT_ANSWERED:
            continue  # it stands in the child's list of what to do, if it is the child's turn
        line = _line(one, speaker, child=case_id is None, ended=ended)
        if one.state in _NOT_ANSWERED and one.stage in open_stages:
            line["act"] = _("Give an answer")
            line["act_url"] = url_for("guardian.go_on", case_id=case_id, stage=one.stage)
        elif case_id is not None and one.can_answer_anew:
            line["act"] = _("Answer anew")
            line["act_url"] = url_for("guardian.answer_anew", consent_id=one.consent_id)
        lines.append(line)
    return lines


def _line(one: ConsentState, speaker: Speaker, *, child: bool, ended: bool) -> dict[str, Any]:
    blueprint = "child" if child else "guardian"
    state, word = _consent_word(one, ended=ended)
    # A day beside what waits for an answer would read as the day of an answer.
    at = (one.withdrawn_at or one.answered_at) if state != "not_asked" else None
    line: dict[str, Any] = {
        "name": one.title.in_(locale()),
        "state": state,
        "word": word,
        "note": speaker.digits(at) if at else "",
        "url": url_for(f"{blueprint}.consent", consent_id=one.consent_id),
    }
    if one.can_withdraw:
        line["act"] = _("Withdraw") if not child else _("Take back")
        line["act_url"] = url_for(f"{blueprint}.withdraw", consent_id=one.consent_id)
    return line


def _consent_word(one: ConsentState, *, ended: bool) -> tuple[str, str]:
    if one.state in LIVE:
        return "given", _("given")
    if ended and one.state in _NOT_ANSWERED:
        return "not_asked", _("never came into force: the application is closed")
    if one.state == "requested" and one.answered_at is not None:
        return "waiting", _("you signed, the child has yet to sign")
    if one.state in _NOT_ANSWERED and not one.required:
        return "not_asked", _("answer any day, nothing depends on it")
    if one.state in _NOT_ANSWERED:
        return "waiting", _("waiting for your answer")
    words = {
        "refused": ("refused", _("refused")),
        "withdrawn": ("withdrawn", _("withdrawn by you")),
        "revoked": ("revoked", _("ended by the organisation")),
        "expired": ("expired", _("out of date")),
    }
    return words.get(one.state, ("not_asked", _("not asked yet")))


def _state(one: Application) -> tuple[str, str]:
    if one.end is not None:
        words = one.end_label.in_(locale()) if one.end_label else ""
        return ("good" if one.end in _GOOD_ENDS else "off"), words
    if one.status == "paused":
        return "waiting", _("Stopped: a consent was withdrawn")
    if _is_too_late(one):
        return "waiting", _("The child is 18 now")
    if one.adult_comes:
        return "waiting", _("The coordinator explains to the child what to expect")
    if _steps(one, "guardian") or one.renewal is not None:
        return "note", _("Your turn")
    if open_for_child := _steps(one, "mentee"):
        return "waiting", _waiting_for_child(open_for_child)
    return "waiting", _("The school is deciding")


def _waiting_for_child(steps: Sequence[NextStep]) -> str:
    """What the child has yet to do, the first of it: its word, its signature, its form."""
    if any(step.step == "voice" for step in steps):
        return str(_("Waiting for the child’s answer"))
    if any(step.kind == "sign" for step in steps):
        return str(_("Waiting for the child’s signature"))
    return str(_("Waiting for the child’s questionnaire"))


def _is_too_late(one: Application) -> bool:
    """Whether the child turned 18 before the guardian signed: nobody can sign for it any more."""
    asked = any(step.kind == "sign" for step in _steps(one, "guardian"))
    return one.grown_up and (asked or one.end == "expired")


def _steps(one: Application, role: str) -> list[NextStep]:
    """What is open for a party and must be done: optional questions hold nothing up."""
    return (
        [step for step in one.next_steps if step.role == role and not step.optional]
        if one.status == "open"
        else []
    )


def _open_stages(one: Application) -> set[str]:
    if one.status != "open" or one.grown_up:
        return set()
    mine = (step for step in one.next_steps if step.role == "guardian")
    return {step.step for step in mine if step.kind == "sign"}


def _renewal(one: Application) -> list[dict[str, str]]:
    """A text of what was agreed to has changed: it is read and answered anew."""
    if one.renewal is None or one.grown_up:
        return []
    url = url_for("guardian.go_on", case_id=one.renewal, stage=RENEWAL)
    return [{"title": _("A text has changed: read it and answer"), "url": url}]


def _mine(one: Application, step: NextStep) -> dict[str, str]:
    if step.kind == "sign":
        title = _("Go on to the consents")
        url = url_for("guardian.go_on", case_id=one.case_id, stage=step.step)
    else:
        title = _("Continue: %(step)s", step=step.label.in_(locale()))
        url = url_for("guardian.form", case_id=one.case_id, step=step.step)
    return {"title": title, "url": url}


def _coming(one: Application, speaker: Speaker) -> list[str]:
    """What happens next, in order; names of steps are never declined."""
    if one.end == "declined_by_child":
        return [
            _("Nobody tries to persuade the child or asks why."),
            _("What was typed is erased within 30 days."),
        ]
    if one.end is not None or _is_too_late(one):
        return []
    if one.status == "paused":
        return [
            _("A coordinator closes the application within 30 days."),
            _("What was withdrawn cannot be given back here. You can ask for a place again."),
            _("Questions? Call the number below."),
        ]
    said = []
    if one.adult_comes:
        said.append(
            _("The coordinator gets in touch and tells the child what to expect. You may be there.")
        )
    asked = any(step.kind == "sign" for step in _steps(one, "guardian"))
    heard = not asked and not any(step.step == "voice" for step in one.next_steps)
    deciding = next((step for step in one.next_steps if step.kind == "review"), None)
    if asked:
        said.append(_("You answer the consents. One code signs them."))
    if deciding is None:
        if not heard:
            said.append(_("The child says whether it wants to take part. Its word decides."))
        said.append(
            _("The child fills in the questionnaire: what it likes and what it wants to learn.")
        )
    if deciding is not None and deciding.due_at is not None:
        said.append(_("The coordinator decides by %(day)s.", day=speaker.day(deciding.due_at)))
    else:
        said.append(_("The coordinator reads the questionnaire and decides."))
    said.append(_("The answer comes to your contact."))
    return said


def _photo_url(one: Application) -> str:
    """Where the question beside the way is answered, while it is open."""
    for each in one.consents:
        if not each.required and each.stage in _open_stages(one):
            return url_for("guardian.go_on", case_id=one.case_id, stage=each.stage)
    return ""


def _role(role: str) -> str:
    return str(_(_ROLES[role]) if role in _ROLES else _("staff of the school"))
