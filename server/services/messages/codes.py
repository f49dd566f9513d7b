"""One-time codes: asked for, counted before they are compared, bound to what they sign.

The six digits are computed from the row's id where they are needed: here and in the worker that
writes the message. They rest nowhere (CONSENT.md R31, R32; DECISIONS.md 7).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from server.kernel.contacts import ContactKind
from server.kernel.errors import CodeRefused, LimitReached
from server.kernel.ids import new_id
from server.kernel.marks import looks_like_a_code, one_time_code, same_code
from server.services.messages import letters
from server.services.unit_of_work import UnitOfWork
from server.store import consents

LIFE = timedelta(minutes=10)
TRIES = 5
UNUSED_PER_HOUR = 3
UNUSED_PER_DAY = 10
AGAIN_AFTER = timedelta(seconds=30)  # a double click sends no second message

CodePurpose = Literal["contact", "enter", "package"]


def ask_code(
    work: UnitOfWork,
    *,
    purpose: CodePurpose,
    contact_index: bytes,
    kind: ContactKind,
    bound_hash: str,
    person_id: UUID | None = None,
    check_id: UUID | None = None,
    case_id: UUID | None = None,
) -> UUID:
    """Make a code for what it is bound to, and send it; earlier codes for the same purpose die.

    :raises LimitReached: after 3 unused codes in an hour or 10 in a day for this contact.
    """
    # One at a time for a contact: who asks twenty times at once would find no code counted yet.
    work.transaction.hold(f"codes {work.tenant_id} {contact_index.hex()}")
    rows = consents.unused_codes(work.session, contact_index, work.now - timedelta(days=1))
    for row in rows:
        fresh = row.created_at > work.now - AGAIN_AFTER
        alive = row.dropped_at is None and row.attempts < TRIES
        if fresh and alive and row.bound_hash == bound_hash and row.purpose == purpose:
            return row.id
    _must_be_within_limits(work, rows)
    for row in rows:
        if row.purpose == purpose and row.dropped_at is None:
            row.dropped_at = work.now
    made = consents.Code(
        id=new_id(),
        tenant_id=work.tenant_id,
        purpose=purpose,
        person_id=person_id,
        check_id=check_id,
        contact_index=contact_index,
        bound_hash=bound_hash,
        channel="mail" if kind == "mail" else "sms",
        attempts=0,
        created_at=work.now,
        expires_at=work.now + LIFE,
    )
    work.session.add(made)
    work.session.flush()
    letters.queue_letter(
        work,
        letter="signing_code",
        case_id=case_id,
        person_id=person_id,
        check_id=None if person_id else check_id,
        code_id=made.id,
    )
    return made.id


def use_code(work: UnitOfWork, *, code_id: UUID, typed: str, bound_hash: str) -> consents.Code:
    """Take a code once. The try is counted first and stays counted when the code is wrong.

    What is no code at all (five digits, a word) is told so and costs no try: nobody guesses by it.

    Call it before anything else is written: a refusal keeps this transaction's writes.

    :raises CodeRefused: `reason` code_wrong (with `left`), code_malformed, code_spent,
        code_expired, code_other when it was asked for something else.
    """
    tenant_id, now = work.tenant_id, work.now
    asked = consents.code(work.session, code_id)
    if asked is not None and works(work, asked) and not looks_like_a_code(typed):
        raise CodeRefused(reason="code_malformed")
    attempts = consents.count_try(work.session, tenant_id, code_id, most=TRIES, now=now)
    row = asked
    if row is None:
        raise CodeRefused(reason="code_other", left=0)
    if attempts is None:
        expired = row.expires_at <= work.now and row.used_at is None
        raise CodeRefused(reason="code_expired" if expired else "code_spent", left=0)
    if not same_code(one_time_code(work.tools.pepper, code_id), typed):
        raise CodeRefused(reason="code_wrong", left=TRIES - attempts)
    if row.bound_hash != bound_hash:
        raise CodeRefused(reason="code_other", left=TRIES - attempts)
    if not consents.take_code(work.session, tenant_id, code_id, now=now):
        raise CodeRefused(reason="code_spent", left=0)
    work.session.refresh(row)
    return row


def works(work: UnitOfWork, row: consents.Code) -> bool:
    """Whether this code can still be typed: not used, not replaced, not too old, tries left."""
    unused = row.used_at is None and row.dropped_at is None
    return unused and row.attempts < TRIES and row.expires_at > work.now


def again_at(work: UnitOfWork, contact_index: bytes) -> datetime | None:
    """When a new code can be asked for by this contact; None: now."""
    rows = consents.unused_codes(work.session, contact_index, work.now - timedelta(days=1))
    return _again_at(work, rows)


def _must_be_within_limits(work: UnitOfWork, rows: list[consents.Code]) -> None:
    until = _again_at(work, rows)
    if until is not None:
        raise LimitReached(what="codes", retry_at=until)


def _again_at(work: UnitOfWork, rows: list[consents.Code]) -> datetime | None:
    hour = [row.created_at for row in rows if row.created_at > work.now - timedelta(hours=1)]
    if len(hour) >= UNUSED_PER_HOUR:
        return min(hour) + timedelta(hours=1)
    if len(rows) >= UNUSED_PER_DAY:
        return min(row.created_at for row in rows) + timedelta(days=1)
    return None
