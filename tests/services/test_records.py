"""What the rows of consents and signatures say is what the chain of evidence says."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import psycopg
import pytest
from sqlalchemy import text

from server.access.actors import SHELL
from server.evidence.verify import Report
from server.kernel.clock import TimeSource
from server.kernel.marks import commitment
from server.services.consent import verification
from server.services.unit_of_work import UnitOfWork
from server.store import evidence
from tests.factories import School, an_enrolment, republished


@pytest.mark.parametrize(
    "change",
    [
        "consent SET state = 'refused'",
        "consent SET state = 'withdrawn'",
        "consent SET document_hash = repeat('0', 64)",
        "consent SET edition = '2026-09-02'",
        "consent SET locale = 'en'",
        "consent SET purpose = 'newsletter'",
        "consent SET subject_id = guardian_id",
        "signature SET answer = 'refused'",
        "signature SET document_hash = repeat('0', 64)",
        "signature SET level = 'L2'",
        "signature SET at = at - interval '1 day'",
        "signature SET evidence_seq = evidence_seq + 1",
    ],
)
def test_a_record_written_past_the_chain_is_found_at_the_event_that_says_otherwise(
    school: School, superuser_url: str, change: str
) -> None:
    an_enrolment(school, at="voice")
    assert _verified(school).exit_code == 0

    _change(superuser_url, f"UPDATE {change} WHERE id = (SELECT min(id::text) FROM"
            f" {change.split(maxsplit=1)[0]})::uuid")  # fmt: skip

    found = _verified(school)
    told = _events(school, "consent_answered")[0]["seq"]
    assert (found.exit_code, found.why, found.first_bad) == (1, "record_differs", told)


def test_a_record_that_nobody_signed_is_found(school: School, superuser_url: str) -> None:
    an_enrolment(school, at="voice")

    _copy_consent(superuser_url)

    found = _verified(school)
    assert (found.exit_code, found.why, found.first_bad) == (1, "record_untold", None)


@pytest.mark.parametrize("table", ["signature", "consent"])
def test_a_record_taken_away_is_found(school: School, superuser_url: str, table: str) -> None:
    an_enrolment(school, at="voice")

    _change(superuser_url, "DELETE FROM receipt", "DELETE FROM signature",
            *(["DELETE FROM consent"] if table == "consent" else []))  # fmt: skip

    assert (_verified(school).exit_code, _verified(school).why) == (1, "record_differs")


def test_everything_a_family_may_do_leaves_records_and_chain_in_agreement(school: School) -> None:
    an_enrolment(school, at="consents", child="Жуков Роман")
    an_enrolment(school, at="declined_by_family", child="Жуков Пётр")
    an_enrolment(school, at="consents", age=15, child="Панин Матвей").signs()
    for said in ("given", "refused", "deferred"):
        an_enrolment(school, at="voice", child=f"Панин {said}").photo(said)
    mine = an_enrolment(school, at="enrolled")
    republished(school, "processing", "2026-09-05")
    waiting = an_enrolment(school, at="consents", child="Смирнов Ян")
    mine.withdraws("processing")
    waiting.signs()

    assert _verified(school) == _verified(school)
    assert (_verified(school).exit_code, _verified(school).why) == (0, "intact")


def test_families_who_sign_meanwhile_are_no_finding(school: School) -> None:
    waiting = [
        an_enrolment(school, at="consents", child=f"Смирнов Ян{letter}") for letter in "абвгде"
    ]
    with ThreadPoolExecutor(4) as at_once:
        signing = [at_once.submit(one.signs) for one in waiting]
        while not all(one.done() for one in signing):
            assert _verified(school).exit_code == 0
        for one in signing:
            one.result()


def test_every_event_tells_what_stood_behind_its_time(school: School) -> None:
    an_enrolment(school, at="review")

    for event in _events(school):
        assert event["body"]["time_source"] in get_args(TimeSource)
        assert event["body"]["time_source"] == "moved"  # a test's clock is set by hand


def test_a_request_names_its_purpose_and_an_answer_the_contact_it_came_from(
    school: School,
) -> None:
    mine = an_enrolment(school, at="voice")

    assert {event["body"]["purpose"] for event in _events(school, "consent_requested")} == {
        "processing", "participation", "photo",
    }  # fmt: skip
    for event in _events(school, "consent_answered"):
        body = event["body"]
        salt = bytes.fromhex(school.do(SHELL, _payload, event["seq"])["salt"])
        assert body["contact_commitment"] == commitment(salt, mine.family.contact)
        assert body["contact_commitment"] != body["name_commitment"]


def _verified(school: School) -> Report:
    return school.do(SHELL, verification.verify_chain)


def _payload(work: UnitOfWork, seq: int) -> dict[str, Any]:
    (row,) = evidence.payloads_of(work.session, seq)
    opened: dict[str, Any] = work.proofs.open(
        row.sealed, table="evidence_payload", row=row.id, subject=row.person_id
    )
    return opened


def _events(school: School, kind: str = "") -> list[dict[str, Any]]:
    asked = text("SELECT body FROM evidence WHERE type = :kind OR :kind = '' ORDER BY seq")
    rows = school.do(
        SHELL, lambda work: work.session.execute(asked, {"kind": kind}).scalars().all()
    )
    return [json.loads(bytes(row)) for row in rows]


def _copy_consent(url: str) -> None:
    """One more consent like the first, as somebody with the database's password would write it."""
    with psycopg.connect(url) as connection:
        names = ", ".join(
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'consent'"
                " AND table_schema = 'public' AND column_name <> 'id'"
            )
        )
        connection.execute(
            f"INSERT INTO consent (id, {names}) SELECT gen_random_uuid(), {names}"
            " FROM consent LIMIT 1".encode()
        )


def _change(url: str, *statements: str) -> None:
    """What the database's owner could do, triggers off."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())
