"""The words of a confirmation: from the plain data of a receipt to the page that is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.words import dates
from server.words.catalogues import translate
from server.words.speech import N_

ANSWERS = {
    "given": N_("Yes, I agree"),
    "refused": N_("No, I do not agree"),
}
METHODS = {
    "mail": N_("Signed with a one-time code from a mail to %(contact)s."),
    "sms": N_("Signed with a one-time code from a message to %(contact)s."),
    "page": N_("Answered on the page, without a code."),
    "paper": N_("Signed on paper."),
    "kiosk": N_("Signed at the school, with a one-time code sent to %(contact)s."),
}
LEVELS = {
    "L1": N_("What was checked: that the code reached this contact."),
    "L2": N_("What was checked: the code, and the document of authority seen in person."),
    "L3": N_("What was checked: the state's sign-in service."),
    "L4": N_("What was checked: a qualified electronic signature."),
}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes, in the reader's language; `capacities` are what signers call themselves."""

    school_title: str
    partner_name: str
    initials: str
    contact_name: str
    contact_hours: str
    capacities: Mapping[str, str]


def page(receipt: Mapping[str, Any], letterhead: Letterhead) -> dict[str, Any]:
    """Everything the printed confirmation says, in the language of the document."""
    locale, zone = receipt["locale"], receipt["time_zone"]

    def say(msgid: str, **values: Any) -> str:
        return translate(locale, msgid, **values)

    title = receipt["title"]
    return {
        "locale": locale,
        "document_title": say(N_("Confirmation: %(title)s"), title=title),
        "operator_name": receipt["operator"]["name"],
        "footer": say(N_("Confirmation %(number)s"), number=receipt["receipt"]),
        "school_title": letterhead.school_title,
        "partner_name": letterhead.partner_name,
        "initials": letterhead.initials,
        "title": title,
        "edition": say(
            N_("Text of %(day)s"),
            day=dates.day_in_digits(date.fromisoformat(receipt["edition"]), locale),
        ),
        "signatures": [
            _signature(signature, locale, zone, letterhead) for signature in receipt["signatures"]
        ],
        "about": _about(receipt, locale),
        "facts": receipt["facts"],
        "text": receipt["text"],
        "data": receipt["data"],
        "actions": receipt["actions"],
        "question": receipt["question"],
        "withdraw": _withdraw(receipt, locale, letterhead),
        "proof": _proof(receipt, locale),
        "words": {
            "kicker": say(N_("Confirmation of your answer. Keep it.")),
            "text": say(N_("What you read")),
            "data": say(N_("Data")),
            "actions": say(N_("What is done with it")),
            "question": say(N_("The question you answered")),
            "withdraw": say(N_("How to withdraw consent")),
            "proof": say(N_("By what this can be checked")),
            "proof_note": say(
                N_(
                    "These numbers belong to this very text and answer. With them anyone can check"
                    " that neither was changed afterwards. Signed with a simple electronic"
                    " signature; this page itself is not signed by a qualified one."
                )
            ),
        },
    }


def _signature(
    signature: Mapping[str, Any], locale: str, zone: str, letterhead: Letterhead
) -> dict[str, Any]:
    method = METHODS.get(signature["method"], METHODS["page"])
    level = LEVELS[signature["level"]]
    at = datetime.fromisoformat(signature["at"])
    capacity = letterhead.capacities.get(signature["capacity"], signature["capacity"])
    return {
        "given": signature["answer"] == "given",
        "answer": translate(locale, ANSWERS[signature["answer"]]),
        "who": f"{signature['name']}, {capacity}",
        "lines": [
            _at_the_school(at, zone, locale),
            # The printed face draws a middle dot like a dash; bullets hide digits as well.
            translate(locale, method, contact=signature["contact"].replace("·", "•")),
            translate(locale, level),
        ],
    }


def _at_the_school(at: datetime, zone: str, locale: str) -> str:
    offset = at.astimezone(ZoneInfo(zone)).strftime("%z")
    shown = f"{offset[0]}{int(offset[1:3])}" + (f":{offset[3:]}" if offset[3:] != "00" else "")
    return translate(
        locale,
        N_("%(moment)s, the school's time (UTC%(offset)s)"),
        moment=dates.moment(at, zone, locale),
        offset=shown,
    )


def _about(receipt: Mapping[str, Any], locale: str) -> list[list[str]]:
    subject = receipt["subject"]
    born = translate(
        locale, N_("born %(day)s"), day=dates.day(date.fromisoformat(subject["born"]), locale)
    )
    rows = [
        [translate(locale, N_("About whom")), f"{subject['name']}, {born}"],
        [
            translate(locale, N_("Who answers for the data")),
            f"{receipt['operator']['name']}, {receipt['operator']['address']}",
        ],
    ]
    if receipt["valid_until"]:
        until = dates.day(date.fromisoformat(receipt["valid_until"]), locale)
        rows.append([translate(locale, N_("Until which day")), until])
    return rows


def _withdraw(receipt: Mapping[str, Any], locale: str, letterhead: Letterhead) -> Sequence[str]:
    operator = receipt["operator"]
    return (
        translate(
            locale,
            N_(
                "On any day and without a reason: on the page of your application, with the button"
                " “Withdraw consent”. The way there is the link in the school's messages, or the"
                " site %(site)s."
            ),
            site=operator["withdraw_url"],
        ),
        translate(
            locale,
            N_("Or tell the coordinator: %(name)s, %(phone)s, %(hours)s."),
            name=letterhead.contact_name,
            phone=operator["phone"],
            hours=letterhead.contact_hours,
        ),
    )


def _proof(receipt: Mapping[str, Any], locale: str) -> list[dict[str, Any]]:
    def row(msgid: str, value: str, **values: Any) -> dict[str, Any]:
        return {"label": translate(locale, msgid, **values), "value": value, "hash": False}

    def digits(msgid: str, value: str, **values: Any) -> dict[str, Any]:
        return {**row(msgid, value, **values), "hash": True}

    evidence = receipt["evidence"]
    rows = [digits(N_("Fingerprint of the document (SHA-256)"), receipt["document_hash"])]
    for signature in receipt["signatures"]:
        rows.append(
            digits(
                N_("Fingerprint of the answer, %(name)s"),
                signature["answers_hash"],
                name=signature["name"],
            )
        )
    last = receipt["signatures"][-1]
    return [
        *rows,
        digits(N_("Fingerprint of the list that the code signed"), last["manifest_hash"]),
        row(N_("Number in the journal of evidence"), str(evidence["seq"])),
        row(N_("End of the journal then, number"), str(evidence["head_seq"])),
        digits(N_("End of the journal then, fingerprint"), evidence["head_hash"]),
        row(N_("Journal"), evidence["stream"]),
    ]
