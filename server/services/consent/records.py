"""The rows of consents and signatures held against the chain, event by event in one pass.

The chain is what was proved, the rows are what pages, gates and registers read: whoever writes to
the database must not be able to make the second say something else than the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.evidence.chain import written_time
from server.evidence.verify import Why
from server.store import consents, evidence

_Said = Mapping[str, Any]
# A question put off, or fallen away before anybody answered, is no answer: no event tells of it.
_STILL_REQUESTED = ("deferred", "invalidated")
# What the events of each type call what a row holds. Old events lack some: what is not said is not
# compared.
_OF_CONSENT = {
    "subject_id": "subject", "consent": "consent", "purpose": "purpose", "edition": "edition",
    "locale": "locale", "document_hash": "document_hash", "state": "new_state",
}  # fmt: skip
_OF_SIGNATURE = {
    "consent_id": "consent_record", "person_id": "signer", "role": "signer_role",
    "capacity": "capacity", "answer": "answer", "level": "level",
    "document_hash": "document_hash",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first record that is not what the chain says, and the event that says otherwise."""

    why: Why
    seq: int | None


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one kind by id, as they were at one moment, and the newest event of that moment."""

    by_id: Mapping[UUID, Any]
    newest_event: int

    @classmethod
    def of(cls, rows: Iterable[Any], before: int) -> _Rows:
        """`before` was the newest event earlier: it counts where not one row is left to tell."""
        by_id = {row.id: row for row in rows}
        return cls(by_id, max((row.newest_event for row in by_id.values()), default=before))


class Records:
    """The rows of this tenant, and what was found wrong with them so far."""

    def __init__(self, session: Session) -> None:
        before = evidence.last_seq(session)
        self._consents = _Rows.of(consents.consent_marks(session), before)
        self._signatures = _Rows.of(consents.signature_marks(session), before)
        self._untold = {*self._consents.by_id, *self._signatures.by_id}
        # What differs now: later events may say what the row says. An honest chain leaves nothing.
        self._differs: dict[tuple[UUID, str], int] = {}

    def see(self, seq: int, event: _Said) -> None:
        """Hold one event against the rows it tells of; events come in their order."""
        body = event["body"]
        match event["type"]:
            case "consent_requested":
                self._consent(seq, body.get("document"), {"new_state": "requested", **body})
            case "consent_answered":
                self._consent(seq, body.get("consent_record"), body)
                self._signature(seq, body.get("signature"), event)
            case "consent_withdrawn" | "consent_state_changed":
                self._consent(seq, body.get("consent_record"), body)

    def wrong(self) -> Wrong | None:
        """What differs after the last event: the lowest number first."""
        if self._differs:
            return Wrong("record_differs", min(self._differs.values()))
        return Wrong("record_untold", None) if self._untold else None

    def _consent(self, seq: int, id_: Any, body: _Said) -> None:
        self._hold(seq, id_, self._consents, {
            column: body[key] for column, key in _OF_CONSENT.items() if key in body
        })  # fmt: skip

    def _signature(self, seq: int, id_: Any, event: _Said) -> None:
        body = event["body"]
        said = {column: body[key] for column, key in _OF_SIGNATURE.items() if key in body}
        said |= {"companion": body.get("companion"), "evidence_seq": seq, "at": event["at"]}
        self._hold(seq, id_, self._signatures, said)

    def _hold(self, seq: int, written: Any, rows: _Rows, said: _Said) -> None:
        id_ = _id(written)
        if id_ is None or seq > rows.newest_event:
            return
        self._untold.discard(id_)
        row = rows.by_id.get(id_)
        for column, value in said.items():
            if row is not None and _says(row, column, value):
                self._differs.pop((id_, column), None)
            else:
                self._differs[(id_, column)] = seq


def _says(row: Any, column: str, value: Any) -> bool:
    """Whether a row's column holds what an event says of it, as events write it."""
    held = getattr(row, column)
    if column == "state" and held in _STILL_REQUESTED and value == "requested":
        return True
    if column == "at":
        return bool(written_time(held) == value)
    return bool((held if held is None or isinstance(held, int) else str(held)) == value)


def _id(written: Any) -> UUID | None:
    try:
        return UUID(written)
    except (ValueError, AttributeError, TypeError):
        return None
