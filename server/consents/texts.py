"""Consent texts: blocks of a small markdown, flat `{{name}}` places, and what a text must contain.

Text of a school never meets a template engine: a place is a name between two braces, its value is
put in as it is, once, and what it contains is not read again (SECURITY.md D1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from server.kernel.canonical import normal_text
from server.kernel.errors import DefinitionRefused
from server.kernel.problems import Problem

BlockKind = Literal["heading", "paragraph", "item"]
Form = Literal["simple", "written"]

PLACE: Final = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_HEADING = re.compile(r"^#{1,3}\s+(.*)$")
_ITEM = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+(.*)$")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?…]+[»\")]*\s+(?=[«\"(]*[A-ZА-ЯЁ])")
_WORD = re.compile(r"[\w-]*\w")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text: all that page, PDF and document know of its shape."""

    kind: BlockKind
    text: str


def blocks(markdown: str) -> list[Block]:
    """The blocks of a text: `#` headings, `-` or `1.` items, paragraphs parted by empty lines."""
    found: list[Block] = []
    open_kind: BlockKind | None = None
    for line in _FRONT_MATTER.sub("", normal_text(markdown)).split("\n"):
        stripped = line.strip()
        if not stripped:
            open_kind = None
        elif heading := _HEADING.match(stripped):
            found.append(Block("heading", heading[1].strip()))
            open_kind = None
        elif item := _ITEM.match(stripped):
            found.append(Block("item", item[1]))
            open_kind = "item"
        elif open_kind is not None:
            found[-1] = Block(open_kind, f"{found[-1].text} {stripped}")
        else:
            found.append(Block("paragraph", stripped))
            open_kind = "paragraph"
    return found


def places_in(text: str) -> frozenset[str]:
    """The names of the places in a text."""
    return frozenset(PLACE.findall(text))


def fill(text: str, places: Mapping[str, str]) -> str:
    """The text with its places filled; strict both ways.

    :raises DefinitionRefused: a place without a value, a value without a place, a value that is
        not plain text (control or direction characters), a broken place.
    """
    _must_fill([text], places)
    return PLACE.sub(lambda place: places[place[1]], text)


def fill_blocks(markdown: str, places: Mapping[str, str]) -> tuple[Block, ...]:
    """The filled blocks of a text; read into blocks first, so that no value can make a heading.

    :raises DefinitionRefused: as `fill`.
    """
    read = blocks(markdown)
    _must_fill([block.text for block in read], places)
    return tuple(
        Block(block.kind, PLACE.sub(lambda place: places[place[1]], block.text)) for block in read
    )


def is_plain(value: str) -> bool:
    """No control, format (direction, zero width) or line-breaking characters, no surrogates."""
    return not any(unicodedata.category(letter) in _NOT_PLAIN for letter in value)


_NOT_PLAIN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _must_fill(texts: Iterable[str], places: Mapping[str, str]) -> None:
    whole = "\n".join(texts)
    asked = places_in(whole)
    problems = [
        Problem("TEXT-PLACE-EMPTY", {"place": name}) for name in sorted(asked - set(places))
    ]
    problems += [
        Problem("TEXT-PLACE-UNKNOWN", {"place": name}) for name in sorted(set(places) - asked)
    ]
    problems += [
        Problem("TEXT-PLACE-NOT-PLAIN", {"place": name})
        for name, value in sorted(places.items())
        if not is_plain(value)
    ]
    rest = PLACE.sub("", whole)
    if "{{" in rest or "}}" in rest:
        problems.append(Problem("TEXT-PLACE-BROKEN"))
    if problems:
        raise DefinitionRefused(problems=problems)


# Each element of CONSENT.md 6.1: the places that stand for it, or the stems that name it in prose.
_ELEMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "subject_name": (r"(child|mentee|subject|participant)(_full)?_name", r"$^"),
    "signer_name": (r"(guardian|signer|parent|representative)(_full)?_name", r"$^"),
    "operator": (r"(operator|school|partner)_?\w*", r"оператор|\boperator|\bcontroller"),
    "purpose": (r"purposes?", r"\bцел[ьиея]|\bpurpose|\bso that\b|чтобы"),
    "data": (r"data\w*|fields", r"данны|\bdata\b"),
    "actions": (r"actions|methods", r"сбор|хран|действи|\bcollect|\bstor(e|age|ing)|\bactions"),
    "term": (r"valid_\w+|until|term", r"\bсрок|действует до|\bvalid until|\bterm\b|\bends?\b"),
    "withdrawal": (
        r"withdraw\w*",
        r"можно отозвать|отозвать [^.]{0,60}можно|(can|may) withdraw",
    ),
    "subject_address": (r"(child|mentee|subject|participant)_address", r"$^"),
    "subject_document": (r"(child|mentee|subject|participant)_document\w*", r"$^"),
    "signer_address": (r"(guardian|signer|parent|representative)_address", r"$^"),
    "signer_document": (r"(guardian|signer|parent|representative)_document\w*", r"$^"),
    "authority": (r"(authority|basis)\w*", r"документ\w*, подтвержда|\bauthority"),
    "operator_address": (r"(operator|school|partner)_address", r"$^"),
    "processor": (r"(processor|host)\w*", r"по поручению|\bon (the )?instruction"),
    "signature": (r"signature|signed_at", r"подпис|\bsign(ed|ature)"),
}
_SIMPLE = (
    "subject_name", "signer_name", "operator", "purpose", "data", "actions", "term", "withdrawal",
)  # fmt: skip
ELEMENTS: Final[Mapping[Form, tuple[str, ...]]] = {
    "simple": _SIMPLE,
    "written": (
        *_SIMPLE, "subject_address", "subject_document", "signer_address", "signer_document",
        "authority", "operator_address", "processor", "signature",
    ),
}  # fmt: skip


def elements_missing(text: str, form: Form) -> list[str]:
    """The elements a consent of this form must contain and this text does not (CONSENT.md R8).

    Named by place or by word: the linter finds what was forgotten or cut out, a lawyer reads
    whether it is well said. A heading says nothing by itself: what stood under it may be gone.
    """
    places = places_in(text)
    said = "\n".join(block.text for block in blocks(text) if block.kind != "heading")
    return [
        element
        for element in ELEMENTS[form]
        if not any(re.fullmatch(_ELEMENTS[element][0], place) for place in places)
        and not re.search(_ELEMENTS[element][1], said, re.IGNORECASE)
    ]


def mean_sentence_length(text: str) -> float:
    """Words for each sentence on average, 0 for an empty text; places count as one word each."""
    words = sentences = 0
    for block in blocks(text):
        plain = PLACE.sub("X", block.text)
        if block.kind != "heading" and (count := len(_WORD.findall(plain))):
            words += count
            sentences += 1 + len(_SENTENCE_END.findall(plain))
    return words / sentences if sentences else 0.0
