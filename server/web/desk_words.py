"""Words of the desk: states of consents and letters, roles, what happened; a table for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.consents.signers import day_in
from server.http.rendering import locale
from server.kernel.text import Text
from server.services.worklist.cards import Card
from server.services.worklist.desk import Office
from server.services.worklist.work_rows import LetterLine, Sign
from server.web.said import _
from server.words import dates, deliveries
from server.words.speech import N_

SayWhen = Callable[[datetime, Office], str]

# The ten names of a consent's state, as the look knows them.
LOOKS = {
    "not_asked": "not_asked",
    "requested": "waiting",
    "deferred": "waiting",
    "unknown": "waiting",
    "given": "given",
    "renewed": "given",
    "refused": "refused",
    "withdrawn": "withdrawn",
    "revoked": "revoked",
    "expired": "expired",
    "invalidated": "expired",
}
_SHORT = {
    "processing": N_("data"),
    "participation": N_("taking part"),
    "photo": N_("photos"),
    "voice": N_("the child’s word"),
}
ROLES = {
    "guardian": N_("parent or guardian"),
    "mentee": N_("participant"),
    "coordinator": N_("coordinator"),
    "cycle_lead": N_("cycle lead"),
    "curator": N_("municipal representative"),
    "tutor": N_("tutor"),
    "partner_admin": N_("partner’s administrator"),
    "system": N_("by itself, when it was due"),
    "shell": N_("operator of the server"),
    "token": N_("a program"),
    "visitor": N_("a visitor"),
    "staff": N_("school"),
}
LETTERS = {
    "invitation": N_("Invitation"),
    "reminder": N_("Reminder"),
    "resume_link": N_("New link"),
    "child_link": N_("Link for the teenager"),
    "returned": N_("Request to add to the answers"),
    "receipt_ready": N_("Confirmation"),
    "enrolled": N_("Letter: accepted"),
    "declined": N_("Letter: declined"),
    "stopped_by_child": N_("Letter: the child said no"),
    "closed_after_withdrawal": N_("Letter: the application is closed"),
    "contact_changed": N_("Notice of another contact"),
    "withdrawal_received": N_("Letter: the withdrawal has arrived"),
    "withdrawal_done": N_("Letter: all is done after the withdrawal"),
    "consent_withdrawn": N_("Notice of a withdrawn consent"),
    "overdue_to_coordinator": N_("Notice of something overdue"),
    "renewal_needed": N_("Letter: a consent is running out"),
}
_OTHER_LETTER = N_("Message")
WHY_NOT = {
    "not_your_role": N_("a coordinator decides this"),
    "filled_in_by_you": N_("you filled in the answers: another coordinator decides"),
    "own_family": N_("this is your own family: another coordinator decides"),
    "decided_by_you": N_("you have accepted already: one more person must"),
}
_HAPPENED = {
    "started": N_("The application was opened"),
    "invited": N_("The family was invited"),
    "filled": N_("Filled in: %(what)s"),
    "signed": N_("Answered: %(what)s"),
    "decided": N_("Decision: %(outcome)s"),
    "task_finished": N_("%(what)s: %(outcome)s"),
    "consent_withdrawn": N_("Withdrawn: %(what)s"),
    "raised": N_("A task for the school: %(what)s"),
    "overdue": N_("Overdue: %(what)s"),
    "expired": N_("The application was closed: there was no consent"),
    "contact_changed": N_("The teenager’s contact was changed; the old one was told"),
    "inbox_withdrawn": N_("Stopped: a consent was withdrawn in another application"),
    "inbox_closed": N_("The application was closed after the withdrawal"),
}
_HAPPENED_SIGNS = {
    "filled": ("off", "pencil"),
    "signed": ("good", "tick"),
    "decided": ("note", "flag"),
    "task_finished": ("off", "tick"),
    "consent_withdrawn": ("wrong", "undo"),
    "inbox_withdrawn": ("wrong", "undo"),
    "raised": ("waiting", "flag"),
    "overdue": ("waiting", "clock"),
    "expired": ("off", "clock"),
    "invited": ("off", "letter"),
    "started": ("off", "person"),
}


def why_not(reason: str | None) -> str:
    """Why something is not mine to decide, as a sentence; empty when it is."""
    words = _(WHY_NOT[reason]) if reason else ""
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def short_name(sign: Sign) -> str:
    """A consent in one or two words, for the head of a column."""
    known = _SHORT.get(sign.consent)
    return _(known) if known else sign.title.in_(locale())


def signs(found: tuple[Sign, ...]) -> list[dict[str, str]]:
    """Signs of a row as the look draws them."""
    return [{"name": short_name(one), "state": LOOKS[one.state]} for one in found]


def role(name: str) -> str:
    """Who somebody is, by role."""
    return _(ROLES.get(name, ROLES["staff"]))


def when(at: datetime, office: Office) -> str:
    """A moment as seen from now: «вчера, 14:05»."""
    return dates.moment_near(at, office.now, office.zone, locale())


def about_when(at: datetime, office: Office) -> str:
    """The same for a narrow column: the hour only where it was today."""
    day = day_in(office.zone, at)
    if day == office.today:
        return when(at, office)
    return dates.day_near(day, office.today, locale())


def hour_or_day(at: datetime, office: Office) -> str:
    """The shortest, for a line of a list: «в 17:57», «вчера», «3 дня назад»."""
    if day_in(office.zone, at) == office.today:
        return _("at %(time)s", time=f"{at.astimezone(ZoneInfo(office.zone)):%H:%M}")
    return about_when(at, office)


def letter_line(letter: LetterLine, office: Office, say: SayWhen = when) -> tuple[str, str]:
    """Where a letter is, and the kind of state: `good`, `waiting`, `wrong`, or `off`."""
    unsent = deliveries.unsent(letter.state, letter.failure, _)
    if unsent is not None:
        return unsent, "wrong" if letter.state == "failed" else "off"
    if letter.opened_at is not None:
        return _("link opened %(when)s", when=say(letter.opened_at, office)), "good"
    if letter.state != "sent":
        return _("on its way, %(when)s", when=say(letter.created_at, office)), "waiting"
    sent = say(letter.sent_at or letter.created_at, office)
    if letter.has_link:
        return _("sent %(when)s, not opened yet", when=sent), "waiting"
    return _("sent %(when)s", when=sent), "good"


def letter_name(letter: LetterLine) -> str:
    """What a letter is called."""
    return _(LETTERS.get(letter.letter, _OTHER_LETTER))


def happenings(card: Card, office: Office) -> list[dict[str, str]]:
    """What happened in a case, newest first, in human words."""
    comments = {str(made.row.id): made.comment for made in card.decisions}
    return [
        {
            "title": _happened(card, event),
            "when": when(event.at, office),
            "who": _who(event, name),
            "text": comments.get(str(event.data.get("decision"))) or "",
            "kind": _HAPPENED_SIGNS.get(event.kind, ("off", "dots"))[0],
            "sign": _HAPPENED_SIGNS.get(event.kind, ("off", "dots"))[1],
        }
        for event, name in reversed(card.events)
    ]


def _happened(card: Card, event: Any) -> str:
    sentence = _HAPPENED.get(event.kind)
    if sentence is None:
        return _("The application changed")
    data = event.data
    node = data.get("step") or data.get("task") or data.get("stage")
    facts = {
        "what": _label(card, node, data.get("consent")),
        "outcome": _outcome(card, node, data.get("outcome")),
    }
    return str(_(sentence) % facts)


def _label(card: Card, node: str | None, consent: str | None) -> str:
    compiled = card.compiled
    held = {line.sign.consent: line.sign.title for line in card.consents}
    if node is None and consent in held:
        return held[consent].in_(locale())
    try:
        return compiled.label(node or "").in_(locale())
    except KeyError:
        return node or ""


def _outcome(card: Card, node: str | None, outcome: str | None) -> str:
    if node is None or outcome is None:
        return ""
    labels: dict[str, Text] = {}
    kind = card.compiled.kind(node)
    if kind == "staff":
        labels = dict(card.compiled.task(node).done_labels)
    elif kind == "review" and (found := card.compiled.outcome(node, outcome)):
        labels = {outcome: found.label}
    return labels[outcome].in_(locale()) if outcome in labels else outcome


def _who(event: Any, name: str | None) -> str:
    said = f"{name}, {role(event.actor_role)}" if name else role(event.actor_role)
    if event.on_behalf_of is not None:
        return _("%(who)s, for the family", who=said)
    return said
