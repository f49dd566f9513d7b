"""The confirmation: made after the signature, sealed, proved in the chain, handed to the signer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pypdf
import pytest

from server.access.actors import SHELL
from server.evidence.verify import Report
from server.jobs.schedule import Scheduler
from server.kernel.canonical import sha256_hex
from server.kernel.errors import NotAllowed, NotFound
from server.runtime import Runtime
from server.services.consent import receipts, verification
from server.services.families import childs_turn
from server.store import people
from tests.factories import Enrolment, School, a_colleague, a_school, an_enrolment, standing_still


@dataclass(frozen=True)
class Office:
    """A school in a sandbox whose effects are carried out when the test says so."""

    runtime: Runtime
    school: School
    superuser_url: str

    def settle(self) -> None:
        scheduler = Scheduler(self.runtime, None)
        while scheduler.round():
            pass

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.superuser_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def letters(self, name: str) -> list[dict[str, Any]]:
        folder = self.runtime.settings.data.outbox
        found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        return [letter for letter in found if letter["letter"] == name]

    def pdf(self, mine: Enrolment, consent: str = "processing") -> bytes:
        return self.confirmation(mine, consent).content

    def confirmation(self, mine: Enrolment, consent: str = "processing") -> receipts.Confirmation:
        return self.school.do(
            mine.guardian, receipts.receipt_pdf, consent_id=mine.consent_id(consent)
        )


@pytest.fixture
def office(runtime: Runtime, superuser_url: str) -> Office:
    still = standing_still(runtime)
    return Office(still, a_school(still.tools), superuser_url)


@pytest.fixture
def mine(office: Office) -> Enrolment:
    """An application whose guardian has just signed both consents."""
    made = an_enrolment(office.school, at="consents")
    made.signs()
    return made


def words_of(pdf: bytes) -> str:
    text = "\n".join(leaf.extract_text() for leaf in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.split())


def test_each_consent_gets_a_confirmation_of_its_own(office: Office, mine: Enrolment) -> None:
    office.settle()

    assert office.rows("SELECT count(DISTINCT consent_id) FROM receipt") == [(2,)]
    assert office.pdf(mine) != office.pdf(mine, "participation")


def test_its_name_tells_the_consent_and_the_day_and_nobody(office: Office, mine: Enrolment) -> None:
    office.settle()

    names = {office.confirmation(mine, one).name for one in ("processing", "participation")}

    assert names == {
        "soglasie-na-rabotu-so-svedeniyami-o-rebenke-2026-09-07.pdf",
        "soglasie-na-uchastie-v-programme-2026-09-07.pdf",
    }


@pytest.mark.parametrize("age", [10, 15])
def test_the_shipped_texts_fit_on_two_sheets(office: Office, age: int) -> None:
    # At 15 the child signs as well, and stands on the sheet beside the guardian.
    made = an_enrolment(office.school, at="questionnaire", age=age)
    office.settle()
    for consent in ("processing", "participation"):
        found = pypdf.PdfReader(io.BytesIO(office.pdf(made, consent)))

        assert len(found.pages) <= 2


def test_one_word_for_one_thing(office: Office, mine: Enrolment) -> None:
    office.settle()
    said = words_of(office.pdf(mine)).lower()

    assert "отпечаток" in said
    assert "хеш" not in said


def test_it_says_what_was_signed_by_whom_when_how_and_how_to_take_it_back(
    office: Office, mine: Enrolment
) -> None:
    office.settle()
    pdf = words_of(office.pdf(mine))

    ((document_hash, seq),) = office.rows(
        "SELECT c.document_hash, s.evidence_seq FROM consent c JOIN signature s"
        " ON s.consent_id = c.id WHERE c.consent = 'processing'"
    )
    for said in (
        mine.child,
        mine.family.name,
        "7 сентября 2026 года, 11:00",  # the school's hour, not ours
        "код дошёл",
        "Вологодская школа наставничества",
        "8 8172 00-00-00",
        "152-ФЗ",
        str(seq),
    ):
        assert said in pdf
    assert document_hash in pdf.replace(" ", "")


def test_the_chain_holds_the_hash_of_the_pdf_and_stays_whole(
    office: Office, mine: Enrolment
) -> None:
    office.settle()

    issued = [
        json.loads(bytes(body))["body"]
        for (body,) in office.rows("SELECT body FROM evidence WHERE type = 'receipt_issued'")
    ]
    assert sha256_hex(office.pdf(mine)) in {body["pdf_hash"] for body in issued}
    assert verified(office).exit_code == 0


def test_the_head_it_prints_is_an_anchor(office: Office, mine: Enrolment) -> None:
    ((head,),) = office.rows("SELECT encode(hash, 'hex') FROM evidence_head")
    office.settle()

    texts = [words_of(office.pdf(mine, one)) for one in ("processing", "participation")]
    assert any(head in text.replace(" ", "") for text in texts)


def test_it_is_sealed_under_the_childs_key(office: Office, mine: Enrolment) -> None:
    office.settle()
    assert office.rows("SELECT count(*) FROM receipt WHERE position('%PDF' in sealed::text) > 0")
    office.school.do(
        SHELL,
        lambda work: work.session.delete(
            people.keys(work.session, people.EvidenceKey, [mine.child_id])[mine.child_id]
        ),
    )

    with pytest.raises(NotFound):
        office.pdf(mine)
    assert verified(office).exit_code == 0


def test_one_letter_tells_that_all_are_ready(office: Office, mine: Enrolment) -> None:
    office.settle()

    (letter,) = office.letters("receipt_ready")
    assert letter["to"] == mine.family.contact
    assert len(letter["links"]) == 1
    for secret in (mine.child, mine.family.name, *mine.child.split()[:1]):
        assert secret not in letter["text"] + letter["subject"]


def test_made_twice_it_is_made_once(office: Office, mine: Enrolment) -> None:
    office.settle()
    before = office.pdf(mine)
    with psycopg.connect(office.superuser_url) as connection:
        connection.execute(
            "UPDATE outbox SET done_at = NULL, not_before = NULL WHERE topic = 'receipt'"
        )

    office.settle()

    assert office.pdf(mine) == before
    assert office.rows("SELECT count(*) FROM receipt") == [(2,)]
    assert len(office.letters("receipt_ready")) == 1


def test_only_the_signer_may_have_it(office: Office, mine: Enrolment) -> None:
    office.settle()
    consent_id = mine.consent_id("processing")
    stranger = an_enrolment(office.school, at="consents")
    nina = a_colleague(office.school, name="Белова Нина")

    for actor in (stranger.guardian, nina.actor):
        with pytest.raises(NotFound):
            office.school.do(actor, receipts.receipt_pdf, consent_id=consent_id)
    with pytest.raises(NotAllowed):
        office.school.do(
            replace(mine.guardian, assured=False), receipts.receipt_pdf, consent_id=consent_id
        )


def test_before_it_is_made_there_is_none(office: Office, mine: Enrolment) -> None:
    with pytest.raises(NotFound):
        office.pdf(mine)


def test_from_14_it_waits_for_the_childs_signature_and_names_both(office: Office) -> None:
    mine = an_enrolment(office.school, at="voice", age=14)
    office.settle()
    assert office.rows("SELECT count(*) FROM receipt") == [(0,)]

    office.school.do(
        mine.guardian,
        childs_turn.send_child_link,
        case_id=mine.case_id,
        contact="artyom@example.org",
    )
    mine.speaks()
    office.settle()

    told = {letter["to"] for letter in office.letters("receipt_ready")}
    assert told == {mine.family.contact, "artyom@example.org"}

    pdf = words_of(office.pdf(mine))
    assert f"{mine.family.name}, мать" in pdf
    assert f"{mine.child}, участник" in pdf


def test_who_was_erased_before_it_was_made_gets_none(office: Office, mine: Enrolment) -> None:
    office.school.do(
        SHELL,
        lambda work: work.session.delete(
            people.keys(work.session, people.EvidenceKey, [mine.child_id])[mine.child_id]
        ),
    )
    office.settle()

    assert office.rows("SELECT count(*) FROM receipt") == [(0,)]
    assert office.rows(
        "SELECT count(*) FROM outbox WHERE topic = 'receipt' AND done_at IS NULL"
    ) == [(0,)]


def verified(office: Office) -> Report:
    do: Callable[..., Report] = office.school.do
    return do(SHELL, verification.verify_chain)
