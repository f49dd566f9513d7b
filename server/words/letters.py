"""Letters and messages: texts of server/letters/ with their places filled.

A text is `<name>.<locale>.txt` for mail, its first line the subject, or `<name>.sms.<locale>.txt`.
Nothing about a person can be said in a letter: there is no place for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from server.kernel import places
from server.kernel.errors import Broken

Channel = Literal["mail", "sms"]
FOLDER: Final = places.code() / "server" / "letters"
# All that a letter may say beyond its own words. A name, a birth date, the title of a document are
# not here: a message lies open on a locked screen, and with whoever carries the mail.
PLACES: Final = frozenset(
    {
        "code", "link", "base_url", "minutes", "number",
        "school_title", "partner_name", "contact_phone",
    }
)  # fmt: skip
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")
_SUBJECT = "Subject: "


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready to send; a text message has an empty subject."""

    subject: str
    text: str


def render_letter(name: str, locale: str, channel: Channel, facts: Mapping[str, object]) -> Letter:
    """The letter with its places filled from the facts; facts that it does not tell are left out.

    :raises Broken: no such letter, a place that no letter may have, a place without a fact, a fact
        that is no plain line of text. The facts themselves are never told.
    """
    parts = _text(name, locale, channel)
    asked = _places(parts)
    wrong = {
        "unknown": sorted(asked - PLACES),
        "missing": sorted(asked - set(facts)),
        "not_plain": sorted(place for place in asked & set(facts) if not _is_plain(facts[place])),
    }
    if any(wrong.values()):
        raise Broken(what="letter", letter=name, locale=locale, channel=channel, **wrong)
    return Letter(*(_PLACE.sub(lambda place: str(facts[place[1]]), part) for part in parts))


def places_of(name: str, locale: str, channel: Channel) -> frozenset[str]:
    """The names of the places of a letter.

    :raises Broken: when there is no such letter.
    """
    return _places(_text(name, locale, channel))


def names() -> frozenset[str]:
    """Every letter there is."""
    return frozenset(path.name.partition(".")[0] for path in FOLDER.glob("*.txt"))


def _places(text: tuple[str, str]) -> frozenset[str]:
    return frozenset(_PLACE.findall("\n".join(text)))


@cache
def _text(name: str, locale: str, channel: Channel) -> tuple[str, str]:
    between = ".sms" if channel == "sms" else ""
    source = FOLDER / f"{name}{between}.{locale}.txt"
    if name not in names() or not source.is_file():
        raise Broken(letter=name, locale=locale, channel=channel, what="no such letter")
    text = source.read_text("utf-8").strip()
    if channel == "sms":
        return "", text
    subject, _, body = text.partition("\n\n")
    if not subject.startswith(_SUBJECT) or not body:
        raise Broken(letter=name, locale=locale, channel=channel, what="no subject or no body")
    return subject.removeprefix(_SUBJECT), body


def _is_plain(fact: object) -> bool:
    # A line break in a subject would be a header of its own.
    return not any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in str(fact)
    )
