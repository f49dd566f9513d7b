"""Consents by API: where each stands, and a withdrawal that a parent told the coordinator."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from server.access.policy import Permission
from server.api.table import SEES, Call, Wire, route
from server.services.consent import withdrawals
from server.services.unit_of_work import UnitOfWork
from server.services.worklist import desk
from server.services.worklist.cards import ConsentLine


class AnswerOut(Wire):
    """One signer's answer."""

    role: str
    answer: str
    at: datetime


class ConsentOut(Wire):
    """Where a consent stands."""

    id: UUID
    consent: str
    title: dict[str, str]
    state: str
    owed: list[str]
    edition: str
    locale: str
    hash: str
    level: str | None
    answers: list[AnswerOut]


class ConsentsOut(Wire):
    """All consents of a case."""

    consents: list[ConsentOut]


class WithdrawIn(Wire):
    """A withdrawal as the parent told it."""

    answer_to: str = Field(default="", max_length=254)


class WithdrawnOut(Wire):
    """The case that staff close as its consequence."""

    case: UUID


def consent_out(one: ConsentLine) -> ConsentOut:
    """A consent as it travels."""
    return ConsentOut(
        id=one.consent_id,
        consent=one.sign.consent,
        title=dict(one.sign.title),
        state=one.sign.state,
        owed=list(one.sign.owed),
        edition=one.edition.isoformat(),
        locale=one.locale,
        hash=one.hash,
        level=one.level,
        answers=[AnswerOut(role=role, answer=answer, at=at) for role, answer, at in one.answers],
    )


@route("GET", "/cases/<uuid:case_id>/consents", needs=Permission.CASE_OPEN, answer=ConsentsOut)
def case_consents(work: UnitOfWork, call: Call) -> ConsentsOut:
    """The consents of a case: state, signers, edition, hash."""
    card = desk.card(work, case_id=call.path["case_id"], locale="ru")
    return ConsentsOut(consents=[consent_out(one) for one in card.consents])


@route("POST", "/consents/<uuid:consent_id>/withdrawal", needs=Permission.CASE_DECIDE, also=SEES,
       body=WithdrawIn, answer=WithdrawnOut)  # fmt: skip
def withdraw_consent(work: UnitOfWork, call: Call) -> WithdrawnOut:
    """Record a withdrawal that the parent told by voice or on paper; it takes effect at once."""
    made = withdrawals.withdraw(
        work, consent_id=call.path["consent_id"], answer_to=call.body.answer_to
    )
    return WithdrawnOut(case=made)
