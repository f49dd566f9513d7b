"""The document that is signed and the answer given to it: canonical bytes, hash, difference.

The hash covers exactly what the signer was shown (CONSENT.md R2): the filled text as blocks, the
question, the list of data and actions, the signer blocks, the language. A random number of 128
bits makes the hash useless to whoever guesses names once the document is erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal, get_args

from server.consents.definition import ConsentSpec
from server.consents.signers import Signer, SignerBlock
from server.consents.texts import Block, fill, fill_blocks, places_in
from server.kernel.canonical import canonical, sha256_hex
from server.kernel.errors import Broken

SCHEMA: Final = "mentor-school/consent-document/1"
ANSWER_SCHEMA: Final = "mentor-school/consent-answer/1"
Answer = Literal["given", "refused"]
NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """The person the data is about, as the document names them; never a contact."""

    id: str
    name: str
    born: str  # ISO date


@dataclass(frozen=True, slots=True)
class Document:
    """A document read back from its bytes."""

    consent: str
    purpose: str
    kind: str
    form: str
    edition: str
    locale: str
    title: str
    question: str
    facts: tuple[tuple[str, str], ...]
    text: tuple[Block, ...]
    data: tuple[str, ...]
    actions: tuple[str, ...]
    signers: tuple[SignerBlock, ...]
    subject: Subject
    nonce: str
    hash: str  # 64 hex digits, of the bytes it was read from


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: what stayed, what went, what came."""

    change: Literal["same", "removed", "added"]
    kind: str  # of the block: heading, paragraph, item, fact, question, data, action
    text: str


def make_document(
    consent: ConsentSpec,
    text: str,
    places: Mapping[str, str],
    *,
    locale: str,
    subject: Subject,
    signers: Sequence[SignerBlock],
    data: Sequence[str],
    actions: Sequence[str],
    nonce: bytes,
) -> bytes:
    """The canonical bytes of one consent in one language for one person.

    `text` is the markdown of this locale, `places` the values of all places in the text, the
    question and the facts; `data` and `actions` are lists in the reader's words; `nonce` is 16
    random bytes.

    :raises DefinitionRefused: when places and values do not fit each other.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a document's nonce has 128 bits")
    return canonical(
        {
            "schema": SCHEMA,
            "consent": consent.consent,
            "purpose": consent.purpose,
            "kind": consent.kind,
            "form": consent.form,
            "edition": consent.edition.isoformat(),
            "locale": locale,
            **_shown(consent, text, places, locale),
            "data": list(data),
            "actions": list(actions),
            "signers": [asdict(signer) for signer in signers],
            "subject": asdict(subject),
            "nonce": nonce.hex(),
        }
    )


def places_of(consent: ConsentSpec, text: str, *, locale: str) -> frozenset[str]:
    """Every place that `make_document` will want a value for."""
    facts = "\n".join(
        f"{fact.term.in_(locale)}\n{fact.text.in_(locale)}" for fact in consent.summary
    )
    return places_in(f"{text}\n{consent.question.in_(locale)}\n{facts}")


def document_hash(document: bytes) -> str:
    """What the signer is shown and the receipt prints: SHA-256, 64 hex digits."""
    return sha256_hex(document)


def make_answer(document: str, answer: Answer, *, signer: Signer, nonce: bytes) -> bytes:
    """The canonical bytes of one answer to the document with this hash, with its own nonce."""
    if answer not in get_args(Answer):
        raise ValueError("an answer is given or refused")
    if len(nonce) != NONCE_BYTES:
        raise ValueError("an answer's nonce has 128 bits")
    return canonical(
        {
            "schema": ANSWER_SCHEMA,
            "document": document,
            "answer": answer,
            "signer": asdict(signer),
            "nonce": nonce.hex(),
        }
    )


def parse(document: bytes) -> Document:
    """The document of these bytes.

    :raises Broken: when they are not the canonical bytes of a document we know.
    """
    try:
        raw = json.loads(document)
        if raw["schema"] != SCHEMA or canonical(raw) != document:
            raise Broken(document="not canonical")
        return Document(
            **{key: raw[key] for key in _PLAIN_KEYS},
            facts=tuple((term, words) for term, words in raw["facts"]),
            text=tuple(Block(**block) for block in raw["text"]),
            data=tuple(raw["data"]),
            actions=tuple(raw["actions"]),
            signers=tuple(SignerBlock(**signer) for signer in raw["signers"]),
            subject=Subject(**raw["subject"]),
            hash=sha256_hex(document),
        )
    except (ValueError, KeyError, TypeError):
        raise Broken(document="cannot be read") from None


_PLAIN_KEYS: Final = (
    "consent", "purpose", "kind", "form", "edition", "locale", "title", "question", "nonce",
)  # fmt: skip


def diff(before: Document, after: Document) -> list[Line]:
    """What changed between two documents, line by line, for the page that answers 409."""
    old, new = list(_lines(before)), list(_lines(after))
    found: list[Line] = []
    for change, old_from, old_to, new_from, new_to in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if change == "equal":
            found += [Line("same", *line) for line in old[old_from:old_to]]
        else:
            found += [Line("removed", *line) for line in old[old_from:old_to]]
            found += [Line("added", *line) for line in new[new_from:new_to]]
    return found


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    yield "heading", document.title
    yield from (("fact", f"{term}: {words}") for term, words in document.facts)
    yield from ((block.kind, block.text) for block in document.text)
    yield from (("data", words) for words in document.data)
    yield from (("action", words) for words in document.actions)
    yield "question", document.question


def _shown(
    consent: ConsentSpec, text: str, places: Mapping[str, str], locale: str
) -> dict[str, Any]:
    """What the signer reads, filled; each part takes its own places, together they take all."""
    # One strict pass over everything first: a value that no part uses is a mistake of the caller.
    asked = places_of(consent, text, locale=locale)
    fill("".join(f"{{{{{name}}}}}" for name in sorted(asked)), places)

    def filled(words: str) -> str:
        return fill(words, {name: places[name] for name in places_in(words)})

    return {
        "title": consent.title.in_(locale),
        "question": filled(consent.question.in_(locale)),
        "facts": [
            [filled(fact.term.in_(locale)), filled(fact.text.in_(locale))]
            for fact in consent.summary
        ],
        "text": [
            asdict(block)
            for block in fill_blocks(text, {name: places[name] for name in places_in(text)})
        ],
    }
