"""Documents of consents: made when asked for, made anew when their text changed materially.

The bytes always hold both signer blocks and never a contact, so that one hash serves guardian and
child, and nobody has to be asked twice because of a new telephone (DECISIONS.md 5).
"""

from __future__ import annotations

import secrets
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from server.consents import documents as canonical_documents
from server.consents.definition import ConsentSpec
from server.consents.documents import Document, Subject
from server.consents.signers import Capacity, SignerRules, signer_blocks
from server.consents.texts import Block, fill_blocks, places_in
from server.forms.definition import FieldSpec
from server.kernel.durations import Duration
from server.kernel.errors import Broken
from server.kernel.ids import new_id
from server.kernel.text import Text
from server.model.bundle import Bundle, thawed
from server.services import evidence
from server.services.cases.standing import Standing
from server.services.model import editions, in_force
from server.services.unit_of_work import UnitOfWork
from server.store import consents as consent_rows
from server.store import people, schools
from server.store.steps import ConsentRow
from server.words import dates


def ask(work: UnitOfWork, standing: Standing, names: tuple[str, ...]) -> None:
    """Open a request with a document of its own for each of these consents."""
    parties = _Parties.of(work, standing)
    for name in names:
        if standing.only is not None and name not in standing.only:
            continue
        row = _make(work, standing, parties, name)
        work.session.add(row)
        work.session.flush()
        standing.consents[name] = ConsentRow(
            row.id, name, row.state, list(row.owed), row.document_hash
        )
        standing.consent_states[name] = row.state
        _note_request(work, standing, row)


def renew_unsigned(
    work: UnitOfWork, standing: Standing, rows: list[consent_rows.Consent], *, locale: str
) -> set[str]:
    """Put new documents under unanswered requests whose text changed, or whose language did.

    Only what is published as material goes under a request that somebody may be reading; the names
    of the consents whose document is now another one are returned.
    """
    newest = in_force.ready_in_force(work, standing.case.school_id).bundle
    changed: set[str] = set()
    for row in rows:
        if row.state != "requested" or row.owed == ["mentee"]:
            continue
        stale = _is_stale(work, newest, row)
        if not stale and row.locale == locale:
            continue
        # In another language it stays the text that it is, of whichever release that was.
        own = newest if stale else work.ready(row.definition_hash, standing.ready.variant).bundle
        _remake(work, standing, row, own, locale)
        changed.add(row.consent)
    return changed


def make_anew(work: UnitOfWork, standing: Standing) -> None:
    """Put new documents under the unanswered requests of a case: a name in them was mended.

    Each keeps its text and language.
    """
    newest = in_force.ready_in_force(work, standing.case.school_id).bundle
    for row in consent_rows.consents_of_case(work.session, standing.case.id):
        if is_unsigned(row):
            mine = standing.ready.bundle
            bundle = newest if row.definition_hash == newest.hash else mine
            _remake(work, standing, row, bundle, row.locale)


def is_unsigned(row: consent_rows.Consent) -> bool:
    """Whether nobody has answered this request: its document may still be made anew."""
    return row.state in ("requested", "deferred") and row.answered_at is None


def guardian_named(work: UnitOfWork, row: consent_rows.Consent) -> str | None:
    """The guardian's name in the document of a request."""
    blocks = read(work, row).signers
    return next((block.name for block in blocks if block.role == "guardian"), None)


def read(work: UnitOfWork, row: consent_rows.Consent) -> Document:
    """The document of a request, opened and checked against the hash beside it.

    :raises Broken: when bytes and hash do not fit.
    """
    plain = work.proofs.of(row.subject_id).open(
        row.document, table="consent", column="document", row=row.id, subject=row.subject_id
    )
    document = canonical_documents.parse(plain)
    if document.hash != row.document_hash:
        raise Broken(what="document", consent=str(row.id))
    return document


def signer_rules(bundle: Bundle) -> SignerRules:
    """Who signs at which age, by the law that the bundle carries."""
    return SignerRules.model_validate(thawed(bundle.legal["ru"]["signers"]))


def guardian_signs(work: UnitOfWork, standing: Standing) -> bool:
    """Whether a guardian signs at this age today: from 18 on the person alone (R15)."""
    age = standing.age(work.now)
    return age is None or "guardian" in signer_rules(standing.ready.bundle).roles_at(age)


def rules_text(bundle: Bundle, locale: str) -> str:
    """The rules of the simple electronic signature in a language."""
    found = bundle.texts.get("signature_rules", {})
    return found.get(locale) or found["ru"]


def rules_to_read(
    bundle: Bundle, school: schools.School, partner: schools.Partner, locale: str
) -> tuple[Block, ...]:
    """The same rules filled for a school: its names and telephone, the date of the law's data."""
    text = rules_text(bundle, locale)
    known = {
        "operator_name": partner.legal_name,
        "operator_address": partner.address,
        "school_title": Text(school.title).in_(locale),
        "contact_name": partner.contact_name,
        "contact_phone": partner.contact_phone,
        "contact_hours": Text(partner.contact_hours).in_(locale),
        "edition_date": dates.day(_as_date(bundle.legal["ru"]["edition"]), locale),
    }
    return fill_blocks(text, {name: known[name] for name in places_in(text)})


def companion(work: UnitOfWork, standing: Standing, consent: str, locale: str) -> tuple[Block, ...]:
    """The plain words for a child beside a consent, filled; empty where its age has none."""
    bundle = standing.ready.bundle
    age = standing.age(work.now)
    text = bundle.companion_of(consent, age, locale) if age is not None else None
    if text is None:
        return ()
    spec = bundle.consents[consent]
    parties = _Parties.of(work, standing, locale)
    until = valid_until(spec, parties.school.cycle_end)
    known = _places(bundle, spec, parties, until, (), ())
    return fill_blocks(text, {name: known[name] for name in places_in(text)})


class _Parties:
    """Who and what the texts name, gathered once for all documents of a request."""

    def __init__(
        self,
        *,
        guardian: dict[str, Any],
        capacity: str,
        child: dict[str, Any],
        locale: str,
        partner: schools.Partner,
        school: schools.School,
    ) -> None:
        self.guardian = guardian
        self.capacity = capacity
        self.child = child
        self.locale = locale
        self.partner = partner
        self.school = school

    @classmethod
    def of(cls, work: UnitOfWork, standing: Standing, locale: str | None = None) -> _Parties:
        session = work.session
        guardian_id, child_id = standing.case.guardian_id, standing.case.subject_id
        assert guardian_id, "documents are made once both are known"
        assert child_id
        guardian = cast(people.Person, people.person(session, guardian_id))
        work.keyring.load([guardian_id, child_id])
        bond = next(
            b for b in people.guardians_of(session, child_id) if b.guardian_id == guardian_id
        )
        return cls(
            guardian=work.keyring.open(
                guardian.sealed, table="person", row=guardian_id, subject=guardian_id
            ),
            capacity=bond.capacity,
            child=standing.subject,
            locale=locale or guardian.locale,
            partner=schools.partner(session),
            school=cast(schools.School, schools.school(session, standing.case.school_id)),
        )


def _make(
    work: UnitOfWork, standing: Standing, parties: _Parties, name: str
) -> consent_rows.Consent:
    bundle = standing.ready.bundle
    spec = bundle.consents[name]
    row_id = new_id()
    case = standing.case
    assert case.subject_id
    assert case.guardian_id
    until = valid_until(spec, parties.school.cycle_end)
    document = _bytes(standing, bundle, spec, parties, until)
    return consent_rows.Consent(
        id=row_id,
        tenant_id=work.tenant_id,
        case_id=case.id,
        subject_id=case.subject_id,
        guardian_id=case.guardian_id,
        consent=name,
        purpose=spec.purpose,
        state="requested",
        definition_hash=case.definition_hash,
        edition=spec.edition,
        locale=parties.locale,
        document=_sealed(work, document, row_id, case.subject_id),
        document_hash=canonical_documents.document_hash(document),
        owed=["guardian"],
        requested_at=work.now,
        valid_until=until,
    )


def _remake(
    work: UnitOfWork,
    standing: Standing,
    row: consent_rows.Consent,
    bundle: Bundle,
    locale: str,
) -> None:
    parties = _Parties.of(work, standing, locale)
    spec = bundle.consents[row.consent]
    document = _bytes(standing, bundle, spec, parties, row.valid_until)
    row.document = _sealed(work, document, row.id, row.subject_id)
    row.document_hash = canonical_documents.document_hash(document)
    row.definition_hash = bundle.hash
    row.edition = spec.edition
    row.locale = locale
    known = standing.consents.get(row.consent)
    if known is not None:
        standing.consents[row.consent] = known._replace(document_hash=row.document_hash)
    _note_request(work, standing, row)


def _is_stale(work: UnitOfWork, newest: Bundle, row: consent_rows.Consent) -> bool:
    """Whether the text was changed materially since this document was made."""
    spec = newest.consents.get(row.consent)
    if spec is None or spec.edition <= row.edition:
        return False  # the common case: it costs no query
    since = editions.material_since(editions.history(work), newest)
    return row.consent in since and row.edition < since[row.consent]


def _note_request(work: UnitOfWork, standing: Standing, row: consent_rows.Consent) -> None:
    event = evidence.append(
        work,
        type="consent_requested",
        subject_id=row.subject_id,
        body={
            "request": row.case_id,
            "consent_record": row.id,
            "consent": row.consent,
            "purpose": row.purpose,
            "document": row.id,
            "document_hash": row.document_hash,
            "edition": row.edition.isoformat(),
            "locale": row.locale,
        },
    )
    standing.head = event.head


def _bytes(
    standing: Standing,
    bundle: Bundle,
    spec: ConsentSpec,
    parties: _Parties,
    until: date,
) -> bytes:
    locale = parties.locale
    text = bundle.text_of(spec.consent, locale)
    if text is None:
        raise Broken(what="consent text", consent=spec.consent, locale=locale)
    data = data_list(bundle, spec, locale)
    actions = [Text(one).in_(locale) for one in bundle.legal["ru"]["actions"]]
    known = _places(bundle, spec, parties, until, data, actions)
    wanted = canonical_documents.places_of(spec, text, locale=locale)
    return canonical_documents.make_document(
        spec,
        text,
        {name: known[name] for name in wanted},
        locale=locale,
        subject=Subject(
            str(standing.case.subject_id), parties.child["name"], parties.child["birth"]
        ),
        signers=signer_blocks(
            spec,
            signer_rules(bundle),
            capacity=cast(Capacity, parties.capacity),
            guardian_name=parties.guardian.get("name"),
            mentee_name=parties.child["name"],
        ),
        data=data,
        actions=actions,
        nonce=secrets.token_bytes(canonical_documents.NONCE_BYTES),
    )


def _places(
    bundle: Bundle,
    spec: ConsentSpec,
    parties: _Parties,
    until: date,
    data: Iterable[str],
    actions: Iterable[str],
) -> dict[str, str]:
    locale, partner, school = parties.locale, parties.partner, parties.school
    return {
        "operator_name": partner.legal_name,
        "operator_address": partner.address,
        "operator_inn": partner.inn,
        "operator_ogrn": partner.ogrn,
        "processor_name": partner.processor_name,
        "processor_address": partner.processor_address,
        "school_title": Text(school.title).in_(locale),
        "guardian_name": parties.guardian.get("name", ""),
        "guardian_capacity": capacity_title(bundle, parties.capacity, locale),
        "child_name": parties.child["name"],
        "child_birth_date": dates.day(date.fromisoformat(parties.child["birth"]), locale),
        "data_list": "; ".join(data),
        "actions_list": "; ".join(actions),
        "valid_until": dates.day(until, locale),
        "retention_until": dates.day(until + timedelta(days=30), locale),
        "withdraw_how": _WITHDRAW_HOW[locale],
        "contact_name": partner.contact_name,
        "contact_phone": partner.contact_phone,
        "contact_hours": Text(partner.contact_hours).in_(locale),
        "edition_date": dates.day(spec.edition, locale),
    }


_WITHDRAW_HOW = {
    "ru": "на странице заявки по ссылке из сообщения школы, кнопкой «Отозвать согласие»,"
    " или сказать об этом координатору",
    "en": "on the page of your application, by the link in the school's message and the button"
    " “Withdraw consent”, or by telling the coordinator",
}


def data_list(bundle: Bundle, spec: ConsentSpec, locale: str) -> list[str]:
    """What data a consent is about, in the reader's words: the request's, then each form's."""
    if spec.kind == "permission":
        return []
    own = bundle.legal["ru"]["purpose_data"].get(spec.purpose)
    if own is not None:
        return [Text(one).in_(locale) for one in own]
    names = bundle.legal["ru"]["data_names"]
    asked = bundle.grounds["place_request"]["of"]
    found = [Text(names[name]).in_(locale) for name in asked if name in names]
    for form in bundle.forms.values():
        labels = [
            _field_name(bundle, form.form, field, locale)
            for field in form.fields
            if field.data is not None and field.data.purpose == spec.purpose and not field.is_
        ]
        if labels:
            title = _inside_a_sentence(form.title.in_(locale))
            found.append(f"{title} ({', '.join(labels)})")
    return found


def _field_name(bundle: Bundle, form: str, field: FieldSpec, locale: str) -> str:
    """What an answer is called in a document: a question to the child is no name of data."""
    named = bundle.legal["ru"]["field_names"].get(f"{form}.{field.field}")
    if named is not None:
        return Text(named).in_(locale)
    label = field.label.in_(locale).rstrip(" :.")
    return f"«{label}»" if locale == "ru" else f"“{label}”"


def _inside_a_sentence(label: str) -> str:
    """A label as part of a list: a small first letter, unless it begins an abbreviation."""
    plain = label.rstrip(" ?:.")
    return plain if plain[1:2].isupper() else plain[:1].lower() + plain[1:]


def capacity_title(bundle: Bundle, capacity: str, locale: str) -> str:
    """What a guardian is to the child, as a noun."""
    for relation in bundle.legal["ru"]["relations"]:
        if relation["relation"] == capacity:
            return Text(relation["title"]).in_(locale)
    return capacity


def valid_until(spec: ConsentSpec, cycle_end: date) -> date:
    """The last day of a consent: the end of the cycle and so much more."""
    return _plus(cycle_end, spec.valid.plus)


def _as_date(given: date | str) -> date:
    return given if isinstance(given, date) else date.fromisoformat(given)


def _plus(day: date, duration: Duration) -> date:
    if duration.unit != "months":
        days = duration.amount // 24 if duration.unit == "hours" else duration.amount
        return day + timedelta(days=days)
    months = day.year * 12 + day.month - 1 + duration.amount
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _sealed(work: UnitOfWork, document: bytes, row_id: UUID, subject_id: UUID) -> bytes:
    return work.proofs.of(subject_id).seal(
        document, table="consent", column="document", row=row_id, subject=subject_id
    )
