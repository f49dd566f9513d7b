"""Records by API: the end of the chain of evidence, and the letters of a school."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from server.access.policy import Permission
from server.api.table import Call, Wire, route
from server.services import records
from server.services.unit_of_work import UnitOfWork


class EndOut(Wire):
    """The newest link of the chain: kept elsewhere, it proves that nothing was changed."""

    seq: int
    at: datetime
    hash: str


class EvidenceOut(Wire):
    """Where the chain of evidence ends; nowhere before its first link."""

    end: EndOut | None


class LetterOut(Wire):
    """One letter or message: which, how it went, whether it left; its text is not kept."""

    id: UUID
    letter: str
    channel: str | None
    state: str
    failure: str | None
    at: datetime
    number: int


class LettersOut(Wire):
    """The newest letters of a school, newest first."""

    letters: list[LetterOut]


@route("GET", "/evidence", needs=Permission.EVIDENCE_READ, answer=EvidenceOut)
def evidence_end(work: UnitOfWork, _call: Call) -> EvidenceOut:
    """Where the organisation's chain of evidence ends: its length and the newest hash."""
    end = records.evidence_end(work)
    return EvidenceOut(end=EndOut.model_validate(end) if end is not None else None)


@route("GET", "/schools/<uuid:school_id>/letters", needs=Permission.PEOPLE_READ,
       answer=LettersOut)  # fmt: skip
def list_letters(work: UnitOfWork, call: Call) -> LettersOut:
    """The newest letters to families and staff, and whether they left."""
    found = records.newest_letters(work, school_id=call.path["school_id"])
    return LettersOut(letters=[LetterOut.model_validate(one) for one in found])
