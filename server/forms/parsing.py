"""From what was typed to a value: one parser for each kind of answer, the same for both doors.

Raw is what a page posts: a list of strings. None means that nothing was answered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from server.forms.definition import FieldSpec
from server.forms.limits import Wrong, longest_of, options_of
from server.kernel.contacts import parse_contact
from server.kernel.errors import ContactRefused

Raw = Sequence[str]
_YEARS: Final = range(1900, 2101)
_LONG_AGO: Final = 1500

# NUL and other controls, lone surrogates, line separators, direction overrides, non-characters:
# the database refuses some, and others make a label say what it does not.
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\ufffe\uffff]"
)
# Marks that programs paste along: no width, no meaning.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_SUSPECT = re.compile(f"{_UNREADABLE.pattern}|{_INVISIBLE.pattern}")
_IN_NAMES = frozenset(" '’ʼ`.-‐‑")
_LETTERS_AND_MARKS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"})


def _one(raw: Raw) -> str:
    """The one string that was given; nothing is an empty one."""
    if len(raw) > 1:
        raise Wrong("ANSWER-TWICE")
    return raw[0] if raw else ""


def readable(text: str) -> str:
    """The text in one spelling and without marks that nobody sees.

    :raises Wrong: for what turns a line round, ends it, or cannot be kept.
    """
    if _SUSPECT.search(text):
        text = _INVISIBLE.sub("", text)
        if _UNREADABLE.search(text):
            raise Wrong("ANSWER-CHARACTERS")
    return unicodedata.normalize("NFC", text)


def parse_text(raw: Raw, _spec: FieldSpec) -> str | None:
    """One line, blanks single."""
    return " ".join(readable(_one(raw)).split()) or None


def parse_long_text(raw: Raw, _spec: FieldSpec) -> str | None:
    """Lines ended by LF, no blanks at their ends."""
    text = readable(_one(raw)).replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip() or None


def parse_person_name(raw: Raw, spec: FieldSpec) -> str | None:
    """A name in letters of any script, with what may stand between them."""
    name = parse_text(raw, spec)
    # A text beyond every limit is told that it is too long, not which of its letters are wrong.
    if name is None or len(name) > longest_of(spec):
        return name
    spelled = [letter for letter in name if letter not in _IN_NAMES]
    if not spelled or any(
        unicodedata.category(letter) not in _LETTERS_AND_MARKS for letter in spelled
    ):
        raise Wrong("ANSWER-NAME")
    return name


def parse_contact_typed(raw: Raw, _spec: FieldSpec) -> str | None:
    """A contact in its kept form."""
    # Address books copy numbers with direction marks around them: here they are no attack.
    text = "".join(
        letter for letter in _one(raw) if unicodedata.category(letter) not in ("Cf", "Cs")
    ).strip()
    if not text:
        return None
    try:
        return parse_contact(text).value
    except ContactRefused as refused:
        raise Wrong("ANSWER-CONTACT", reason=refused.reason) from None


def parse_nothing(_raw: Raw, _spec: FieldSpec) -> None:
    """A note asks nothing, whatever is sent under its name."""


def parse_one_of(raw: Raw, spec: FieldSpec) -> str | None:
    """One of the offered values."""
    chosen = _one(raw)
    if not chosen:
        return None
    if chosen not in options_of(spec):
        raise Wrong("ANSWER-CHOICE")
    return chosen


def parse_several_of(raw: Raw, spec: FieldSpec) -> list[str] | None:
    """Offered values, each once, in the order of the form."""
    chosen = {one for one in raw if one}
    options = options_of(spec)
    if not chosen.issubset(options):
        raise Wrong("ANSWER-CHOICE")
    return [option for option in options if option in chosen] or None


# Digits are those of ASCII: other scripts' digits are taken for a slip, not for a number.
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")
_GROUPED_NUMBER = re.compile(r"[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?")
# «1,000» is one to a Russian reader and a thousand to an English one: nobody may guess.
_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
MOST_DIGITS = 15  # more do not survive in JSON


def parse_number(raw: Raw, _spec: FieldSpec) -> int | float | None:
    """A number with comma or point and with blanks between thousands: `3,5`, `1 000`."""
    text = " ".join(unicodedata.normalize("NFKC", _one(raw)).replace("\u2212", "-").split(" "))
    text = text.strip()
    if not text:
        return None
    if not (_PLAIN_NUMBER.fullmatch(text) or _GROUPED_NUMBER.fullmatch(text)):
        raise Wrong("ANSWER-NUMBER")
    if _AMBIGUOUS.fullmatch(text) or sum(map(str.isdigit, text)) > MOST_DIGITS:
        raise Wrong("ANSWER-NUMBER")
    number = Decimal(text.replace(" ", "").replace(",", "."))
    return int(number) if number == number.to_integral_value() else float(number)


def parse_scale(raw: Raw, spec: FieldSpec) -> int | float | None:
    """A whole number; whether it lies on the scale is the range's check."""
    number = parse_number(raw, spec)
    if isinstance(number, float):
        raise Wrong("ANSWER-CHOICE")
    return number


_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[. /-]+([0-9]{1,2}|[^\W\d_]{3,})[. /-]+([0-9]{4})(?: ?г\.?)?")
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "янв январь января jan january",
            "фев февраль февраля feb february",
            "мар март марта mar march",
            "апр апрель апреля apr april",
            "май мая may",
            "июн июнь июня jun june",
            "июл июль июля jul july",
            "авг август августа aug august",
            "сен сент сентябрь сентября sep sept september",
            "окт октябрь октября oct october",
            "ноя нояб ноябрь ноября nov november",
            "дек декабрь декабря dec december",
        ),
        start=1,
    )
    for word in words.split()
}


def parse_date(raw: Raw, _spec: FieldSpec) -> str | None:
    """ISO date of three boxes, or of `01.05.2010`, `1 мая 2010 г.`, `2010-05-01`."""
    boxes = [" ".join(unicodedata.normalize("NFKC", box).split()) for box in raw]
    if not any(boxes):
        return None
    if len(boxes) == 3:
        return _date_of_boxes(*boxes)
    if len(boxes) != 1:
        raise Wrong("ANSWER-TWICE")
    if iso := _ISO.fullmatch(boxes[0]):
        return _date_of(iso[3], iso[2], iso[1])
    if found := _DAY_FIRST.fullmatch(boxes[0]):
        return _date_of(*found.groups())
    raise Wrong("ANSWER-DATE")


def _date_of_boxes(day: str, month: str, year: str) -> str:
    boxes = {"day": day, "month": month, "year": year}
    if missing := [name for name, box in boxes.items() if not box]:
        raise Wrong("ANSWER-DATE-PART", missing=missing)
    return _date_of(day, month, year)


def _date_of(day: str, month: str, year: str) -> str:
    parts = (year, str(_MONTHS.get(month.casefold().rstrip("."), month)), day)
    # At most four digits each: a long row of them must not keep int() busy.
    if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        raise Wrong("ANSWER-DATE")
    try:
        found = date(*map(int, parts))
    except ValueError:
        raise Wrong("ANSWER-DATE") from None
    if found.year >= _YEARS.stop:
        raise Wrong("ANSWER-DATE-LATE", limit=f"{_YEARS.stop - 1}-12-31", today=True)
    if found.year not in _YEARS:
        # Of a year in two digits nobody knows the century: that one is no date yet.
        if found.year < _LONG_AGO:
            raise Wrong("ANSWER-DATE")
        raise Wrong("ANSWER-DATE-EARLY", limit=f"{_YEARS.start}-01-01", today=False)
    return found.isoformat()
