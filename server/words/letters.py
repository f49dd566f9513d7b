"""Letters and messages: texts of server/letters/ with their places filled, strict both ways.

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
# All that a letter may be filled with. A name, a birth date, a title of a document are not here:
# a message lies open on a locked screen, and with whoever carries the mail.
PLACES: Final = frozenset(
    {
        "code", "link", "url", "number", "school_title", "partner_name", "contact_phone",
        "hours_left", "days_left", "due_date",
    }
)  # fmt: skip
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")
_SUBJECT = "Subject: "


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready to send; a text message has an empty subject."""

    subject: str
    body: str


def render_letter(name: str, *, locale: str, channel: Channel, values: Mapping[str, str]) -> Letter:
    """The letter with exactly its places filled; `places_of` tells which these are.

    :raises Broken: no such letter, a place without a value, a value without a place, a value that
        is no plain line of text. The values themselves are never told.
    """
    text = _text(name, locale, channel)
    asked = _places(text)
    unlike = sorted(asked ^ set(values))
    broken = sorted(place for place in asked & set(values) if not _is_plain(values[place]))
    if unlike or broken:
        raise Broken(letter=name, locale=locale, channel=channel, unlike=unlike, not_plain=broken)
    return Letter(*(_PLACE.sub(lambda place: values[place[1]], part) for part in text))


def places_of(name: str, *, locale: str, channel: Channel) -> frozenset[str]:
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


def _is_plain(value: str) -> bool:
    # A line break in a subject would be a header of its own.
    return not any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in value
    )
