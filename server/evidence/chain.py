"""The chain of evidence: events that name only ids, hashes and commitments, each holding the last.

One chain for each school partner (tenant). The bytes of an event are RFC 8785 JSON and are stored
as they are; its hash is SHA-256 of these bytes; the next event holds that hash. Names, contacts,
addresses of machines live in sealed payloads, of which the event knows id and hash: the key of a
person can be destroyed and the chain still verifies (DECISIONS.md 2 to 4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from server.kernel.canonical import canonical, sha256
from server.kernel.errors import Broken

BEFORE_THE_FIRST: Final = bytes(32)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH = re.compile(r"[0-9a-f]{64}")
# No run of five digits: a telephone or document number must not pass as a word.
_WORD = re.compile(r"(?!.*\d{5})[A-Za-z0-9][A-Za-z0-9_.:+-]{0,79}")

EventType = Literal[
    "request_opened", "rules_accepted", "consent_requested", "document_opened",
    "consent_answered", "consent_withdrawn", "consent_state_changed", "receipt_issued",
    "child_said_no", "case_decided", "access_to_special_data", "authority_checked",
    "definition_published", "settings_published", "person_erased", "checkpoint",
]  # fmt: skip
Kind = Literal["id", "hash", "word", "number", "words", "payloads"]

# What each key may hold. Nothing here can carry a sentence, a name or a contact.
_KINDS: Final[Mapping[str, Kind]] = {
    "access": "id",
    "actor": "id",  # the account or person who acted
    "answer": "word",
    "answers_hash": "hash",
    "app": "word",  # the product's version
    "capacity": "word",
    "case": "id",
    "channel": "word",  # mail, phone, paper, kiosk
    "companion": "word",
    "consent": "word",
    "consent_record": "id",
    "contact_commitment": "hash",
    "definition": "word",
    "definition_hash": "hash",
    "document": "id",
    "document_hash": "hash",
    "edition": "word",
    "fields": "words",
    "head_hash": "hash",
    "head_seq": "number",
    "level": "word",
    "locale": "word",
    "manifest_hash": "hash",
    "name_commitment": "hash",
    "new_state": "word",
    "old_state": "word",
    "on_behalf_of": "id",
    "outcome": "word",
    "payloads": "payloads",
    "pdf_hash": "hash",
    "purpose": "word",
    "reason_code": "word",
    "receipt": "id",
    "request": "id",
    "rules_hash": "hash",
    "settings_hash": "hash",
    "signature": "id",
    "signature_seq": "number",
    "signer": "id",
    "signer_role": "word",
    "stage": "word",
    "step": "word",
    "subject": "id",
    "time_source": "word",  # what stands behind the event's time (kernel/clock.py)
    "tries": "number",
    "variant": "word",
    "workflow": "word",
}


@dataclass(frozen=True)
class _Shape:
    needs: frozenset[str]
    may: frozenset[str]


def _shape(needs: str, may: str = "") -> _Shape:
    # Every event may name who acted, for whom, in which case, and its sealed payloads.
    common = "actor on_behalf_of case subject payloads app time_source"
    return _Shape(frozenset(needs.split()), frozenset(f"{needs} {may} {common}".split()))


_SIGNING = "signer signer_role capacity level channel tries manifest_hash rules_hash"
SHAPES: Final[Mapping[str, _Shape]] = {
    "request_opened": _shape("request workflow", "definition_hash channel"),
    "rules_accepted": _shape(
        "rules_hash contact_commitment channel", "signer request name_commitment locale tries"
    ),
    "consent_requested": _shape(
        "request consent document document_hash edition locale",
        "purpose signer_role capacity consent_record companion",
    ),
    "document_opened": _shape("document document_hash", "request consent signer companion locale"),
    "consent_answered": _shape(
        f"consent_record consent document_hash answers_hash answer edition locale {_SIGNING}",
        "request document signature purpose name_commitment contact_commitment companion old_state"
        " new_state",
    ),
    "consent_withdrawn": _shape(
        "consent_record consent document_hash signer_role channel",
        "request document signer capacity level tries purpose old_state new_state manifest_hash"
        " contact_commitment",
    ),
    "consent_state_changed": _shape(
        "consent_record consent old_state new_state reason_code", "document_hash purpose"
    ),
    "receipt_issued": _shape(
        "receipt pdf_hash signature_seq document_hash", "consent_record signature locale"
    ),
    "child_said_no": _shape("request", "workflow stage step signer answers_hash"),
    "case_decided": _shape("outcome step", "workflow stage definition_hash answers_hash"),
    "access_to_special_data": _shape("access", "reason_code fields"),
    "authority_checked": _shape("level", "signer capacity document request reason_code"),
    "definition_published": _shape("definition definition_hash", "edition"),
    "settings_published": _shape("settings_hash", "variant definition definition_hash"),
    "person_erased": _shape("reason_code"),
    "checkpoint": _shape("head_seq head_hash"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream ends: the number and hash of its last event; 0 and zeros before the first."""

    stream: str
    seq: int = 0
    hash: bytes = BEFORE_THE_FIRST


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is stored; `head` is where the stream ends after it."""

    stream: str
    seq: int
    type: str
    at: datetime
    stored: bytes  # the event's bytes
    hash: bytes
    prev: bytes

    @property
    def head(self) -> Head:
        return Head(self.stream, self.seq, self.hash)


def next_event(
    head: Head,
    *,
    type: EventType,
    at: datetime,
    body: Mapping[str, Any],
) -> Event:
    """The event that follows the head; `at` is aware, the body of the type's closed vocabulary.

    Ids come as UUID or text, hashes as 64 hex digits, `payloads` as id → hash of the sealed bytes.

    :raises Broken: for an unknown type, a missing or foreign key, or a value that is not of its
        key's kind: nothing personal may enter an event, not even by mistake.
    """
    plain = {key: _plain(value) for key, value in body.items()}
    _must_fit(type, plain)
    seq = head.seq + 1
    stored = canonical(
        {
            "at": written_time(at),
            "body": plain,
            "prev": head.hash.hex(),
            "seq": seq,
            "stream": head.stream,
            "type": type,
            "v": 1,
        }
    )
    return Event(head.stream, seq, type, at, stored, sha256(stored), head.hash)


def written_time(at: datetime) -> str:
    """UTC with microseconds, as events write it: `2026-09-07T08:15:00.000123Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): str(held) for key, held in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [str(held) for held in value]
    return value if isinstance(value, int | str) else str(value)


def _must_fit(kind: str, body: Mapping[str, Any]) -> None:
    shape = SHAPES.get(kind)
    if shape is None:
        raise Broken(event="unknown type", type=kind)
    if missing := shape.needs - body.keys():
        raise Broken(event="keys missing", type=kind, keys=sorted(missing))
    if foreign := body.keys() - shape.may:
        raise Broken(event="keys not allowed", type=kind, keys=sorted(foreign))
    # Only the names of the keys go into the error: a wrong value may be a person's.
    if wrong := [key for key, value in body.items() if not _is_of(_KINDS[key], value)]:
        raise Broken(event="values not of their kind", type=kind, keys=sorted(wrong))


def _is_of(kind: Kind, value: Any) -> bool:
    match kind:
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "payloads":
            return isinstance(value, dict) and all(
                _UUID.fullmatch(key) and _HASH.fullmatch(held) for key, held in value.items()
            )
        case "words":
            return isinstance(value, list) and all(_WORD.fullmatch(held) for held in value)
    pattern = {"id": _UUID, "hash": _HASH, "word": _WORD}[kind]
    return isinstance(value, str) and pattern.fullmatch(value) is not None
