"""Withdrawing a consent: no more steps than giving it, and everything stops in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from server.access import policy
from server.access.policy import Permission, Thing
from server.consents.documents import Document
from server.kernel.contacts import parse_contact
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import new_id
from server.kernel.marks import commitment, new_salt
from server.model.bundle import Bundle
from server.services import evidence, persons
from server.services.cases import documents, steps
from server.services.cases.filling import keep_answer
from server.services.cases.standing import Standing
from server.services.consent.renewals import WORKFLOW as RENEWAL
from server.services.evidence import Payload
from server.services.model import in_force
from server.services.unit_of_work import UnitOfWork
from server.store import cases, consents, people, step_writes
from server.workflows import moves
from server.workflows.moves import LIVE

WORKFLOW = "consent_withdrawal"
FORM = "withdrawal"


@dataclass(frozen=True)
class Withdrawal:
    """What the page of a withdrawal shows before it is done."""

    consent_id: UUID
    case_id: UUID
    document: Document
    stops_the_application: bool
    stops_the_data: bool  # processing itself ends, not a permission alone
    contact: str | None  # of whoever asks: where the answer goes unless they say otherwise


def withdrawal(work: UnitOfWork, *, consent_id: UUID) -> Withdrawal:
    """A live consent of this person, with what withdrawing it would do.

    :raises Conflict: when it is not live (any more).
    """
    row = _mine(work, consent_id)
    if not is_withdrawable(work, row):
        raise Conflict(what="consent", state=row.state)
    spec = _bundle(work, row).consents[row.consent]
    pauses = bool(spec.on_withdraw and spec.on_withdraw.pause)
    return Withdrawal(
        consent_id=row.id,
        case_id=row.case_id,
        document=documents.read(work, row),
        stops_the_application=pauses,
        stops_the_data=spec.kind == "data",
        contact=_contact_on_file(work),
    )


def withdraw(work: UnitOfWork, *, consent_id: UUID, answer_to: str = "") -> UUID:
    """Withdraw one consent: the record, its gates, tasks and timers, and a task for staff.

    Returns the case that staff close as its consequence. Withdrawing twice is answered alike.

    :raises ContactRefused: when `answer_to` is given and is no contact.
    """
    answer_to = parse_contact(answer_to).value if answer_to.strip() else ""
    if answer_to == _contact_on_file(work):
        answer_to = ""
    seen = _mine(work, consent_id)
    standing = steps.load(work, seen.case_id, consents="UPDATE")
    work.session.refresh(seen)
    if seen.state == "withdrawn":
        return _consequence_of(work, seen)
    if not is_withdrawable(work, seen):
        raise Conflict(what="consent", state=seen.state)
    spec = standing.ready.bundle.consents[seen.consent]
    # The answer to a changed text and the one before it live side by side: both end.
    living = consents.living_of(work.session, seen.subject_id, seen.consent)
    for row in living if seen.state in LIVE else [seen, *living]:
        _end(work, row)
    _drop_questions(work, seen)
    standing.consent_states[seen.consent] = "withdrawn"
    pause = spec.on_withdraw.pause if spec.on_withdraw else ()
    if pause and standing.case.workflow == RENEWAL:
        _stop_asking(work, standing)
    elif pause and standing.state.status != "ended":
        steps.take(
            work,
            standing,
            moves.Withdrawn(seen.consent, pause),
            kind="consent_withdrawn",
            data={"consent": seen.consent},
        )
    _tell_other_cases(work, seen, pause)
    opens = spec.on_withdraw.open if spec.on_withdraw else None
    return _consequence(work, standing, seen, opens=opens, answer_to=answer_to)


def take_back_by_refusal(work: UnitOfWork, asking: Standing, refused: consents.Consent) -> None:
    """A no to a changed text ends the consent to the text before: nothing goes on against a no.

    The application it was given in is another case, and stops by its own inbox: `asking`, the case
    that asked anew, is the one whose lock is held.
    """
    living = consents.living_of(work.session, refused.subject_id, refused.consent)
    if not living:
        return
    for row in living:
        _end(work, row)
    effect = asking.ready.bundle.consents[refused.consent].on_withdraw
    if effect and effect.pause:
        _stop_asking(work, asking)
    _tell_other_cases(work, refused, effect.pause if effect else ())
    _consequence(work, asking, living[0], opens=effect.open if effect else None, answer_to="")


def is_withdrawable(work: UnitOfWork, row: consents.Consent) -> bool:
    """Whether this person may take the consent back now.

    A guardian may also while the teenager has yet to sign: giving did not have to wait either.
    """
    signed = row.state == "requested" and row.answered_at is not None
    return row.state in LIVE or (work.actor.kind == "guardian" and signed)


def _mine(work: UnitOfWork, consent_id: UUID) -> consents.Consent:
    row = consents.consent(work.session, consent_id)
    actor = work.actor
    if row is not None and actor.kind in ("staff", "token"):
        return _told(work, row)
    if row is None or not actor.assured or actor.person_id is None:
        raise NotFound(what="consent")
    own = row.guardian_id == actor.person_id if actor.kind == "guardian" else False
    # From 14 a child may withdraw alone; the code in this session proves who it is (R20).
    child = row.subject_id == actor.person_id if actor.kind == "mentee" else False
    if not own and not child:
        raise NotFound(what="consent")
    return row


def _told(work: UnitOfWork, row: consents.Consent) -> consents.Consent:
    """A parent told the coordinator: withdrawing so is as good as by the page (R45)."""
    case = cast(cases.Case, cases.case(work.session, row.case_id))
    place = Thing(case.school_id, municipality_id=case.municipality_id, case_id=case.id)
    if not policy.allowed(work.actor, Permission.CASE_OPEN, place):
        raise NotFound(what="consent")
    policy.require(work.actor, Permission.CASE_DECIDE, place)
    return row


def _contact_on_file(work: UnitOfWork) -> str | None:
    """Of whoever is at the page; their code went there in this session."""
    if work.actor.kind not in ("guardian", "mentee") or work.actor.person_id is None:
        return None
    person = people.person(work.session, work.actor.person_id)
    contact = persons.contact_of(persons.read(work, person)) if person else None
    return contact.value if contact else None


def _bundle(work: UnitOfWork, row: consents.Consent) -> Bundle:
    case = cast(cases.Case, cases.case(work.session, row.case_id))
    variant = steps.variant_of(work, case.school_id)
    return work.ready(case.definition_hash, variant).bundle


def _end(work: UnitOfWork, row: consents.Consent) -> None:
    _note(work, row)
    row.state = "withdrawn"
    row.owed = []
    row.withdrawn_at = work.now


def _note(work: UnitOfWork, row: consents.Consent) -> None:
    actor = work.actor
    told = actor.kind in ("staff", "token")
    signer = row.guardian_id if told else cast(UUID, actor.person_id)
    person = cast(people.Person, people.person(work.session, signer))
    contact = persons.contact_of(persons.read(work, person))
    salt = new_salt()
    evidence.append(
        work,
        type="consent_withdrawn",
        subject_id=row.subject_id,
        body={
            "consent_record": row.id,
            "consent": row.consent,
            "purpose": row.purpose,
            "document_hash": row.document_hash,
            "signer": person.id,
            "signer_role": "guardian" if told else actor.role,
            "channel": "told" if told else (contact.kind if contact else "page"),
            **({"actor": actor.person_id, "on_behalf_of": person.id} if told else {}),
            "case": row.case_id,
            "old_state": row.state,
            "new_state": "withdrawn",
            "contact_commitment": commitment(salt, contact.normal if contact else ""),
        },
        payloads=(
            Payload(
                person.id,
                {
                    "salt": salt.hex(),
                    "contact": contact.masked if contact else None,
                    **evidence.connection_of(work),
                },
            ),
        ),
    )


def _drop_questions(work: UnitOfWork, withdrawn: consents.Consent) -> None:
    """A changed text of the consent may be waiting for an answer: nobody is asked for it now."""
    for row in consents.waiting_of(work.session, withdrawn.subject_id, withdrawn.consent):
        if row.state == "withdrawn":
            continue
        if row.state == "requested" and row.answered_at is not None:
            _end(work, row)  # the guardian has signed it, the teenager not yet
        else:
            row.state = "invalidated"


def _stop_asking(work: UnitOfWork, asking: Standing) -> None:
    """The case that asks anew ends with the consent it hangs on."""
    end = asking.compiled.end_by("withdrawal")
    if end is not None and asking.state.status != "ended":
        steps.take(work, asking, moves.Closed(end), kind="inbox_closed")


def _tell_other_cases(work: UnitOfWork, row: consents.Consent, pause: tuple[str, ...]) -> None:
    """Further cases of the child stop within seconds, by an inbox row each (DECISIONS 10).

    The case that asks for changed texts ends, also where it asked for this consent alone: nobody
    is reminded of a question that is none any more. The others pause, for staff to close.
    """
    for other in cases.cases_of_subject(work.session, row.subject_id):
        if other.id == row.case_id or other.status == "ended" or other.workflow == WORKFLOW:
            continue
        if other.workflow == RENEWAL:
            if pause or _asks_for_nothing(work, other):
                _ask_to_end(work, other)
            continue
        if not pause:
            continue
        step_writes.add_inbox(
            work.transaction,
            work.tenant_id,
            inbox_id=new_id(),
            case_id=other.id,
            move={"move": "withdrawn", "consent": row.consent, "pause": list(pause)},
            at=work.now,
        )


def _asks_for_nothing(work: UnitOfWork, case: cases.Case) -> bool:
    rows = consents.consents_of_case(work.session, case.id)
    return all(row.state == "invalidated" for row in rows)


def _ask_to_end(work: UnitOfWork, case: cases.Case) -> None:
    step_writes.add_inbox(
        work.transaction,
        work.tenant_id,
        inbox_id=new_id(),
        case_id=case.id,
        move={"move": "closed", "cause": "withdrawal"},
        at=work.now,
    )


def _consequence(
    work: UnitOfWork,
    cause: Standing,
    row: consents.Consent,
    *,
    opens: str | None,
    answer_to: str,
) -> UUID:
    ready = in_force.ready_in_force(work, cause.case.school_id)
    case_id = steps.start_case(
        work,
        school_id=cause.case.school_id,
        municipality_id=cause.case.municipality_id,
        workflow=WORKFLOW,
        definition_hash=ready.bundle.hash,
        guardian_id=row.guardian_id,
        subject_id=row.subject_id,
        cause_id=_asked_first_in(work, row),
    )
    made = steps.load(work, case_id)
    steps.take(work, made, moves.Started(), kind="started")
    values = {"which": row.consent, **({"answer_to": answer_to} if answer_to else {})}
    keep_answer(work, made, step=FORM, form=FORM, values=values, flags=[])
    data = {"step": FORM, "consent": str(row.id)}
    steps.take(work, made, moves.Filled(FORM, values), kind="filled", data=data)
    if opens:
        steps.take(work, made, moves.Raised(opens), kind="raised", data={"task": opens})
    return case_id


def _consequence_of(work: UnitOfWork, row: consents.Consent) -> UUID:
    cause_id = _asked_first_in(work, row)
    found = [
        case.id
        for case in cases.cases_of_subject(work.session, row.subject_id)
        if case.cause_id == cause_id and case.workflow == WORKFLOW
    ]
    return found[0] if found else row.case_id


def _asked_first_in(work: UnitOfWork, row: consents.Consent) -> UUID:
    """The application a consent belongs to, also when its changed text was answered elsewhere."""
    same = [
        one
        for one in consents.consents_of_subject(work.session, row.subject_id)
        if one.consent == row.consent
    ]
    return same[-1].case_id
