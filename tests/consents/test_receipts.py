"""The confirmation says what was signed, by whom, when, and how to check and withdraw it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from server.consents.documents import parse
from server.consents.receipts import Operator, Signature, receipt
from server.consents.signers import Signer
from server.evidence.chain import Head


def confirmation(document: Callable[..., bytes]) -> dict[str, Any]:
    return receipt(
        UUID(int=1),
        document=parse(document()),
        signatures=[
            Signature(
                id=UUID(int=2),
                signer=Signer("guardian", "mother"),
                signer_name="Смирнова Ольга Петровна",
                answer="given",
                at=datetime(2026, 9, 7, 22, 30, tzinfo=UTC),
                method="code by phone",
                masked_contact="+7 ··· ··· 45-67",
                level="L1",
                manifest_hash="a" * 64,
                answers_hash="b" * 64,
            )
        ],
        operator=Operator("Север", "Вологда", "+7 8172 00-00-00", "s@example.org", "https://x/w"),
        seq=17,
        head=Head("tenant", 18, bytes(32)),
        valid_until=datetime(2027, 9, 1, tzinfo=UTC),
        time_zone="Europe/Moscow",
    )


def test_it_holds_the_text_and_its_hash_as_signed(document: Callable[..., bytes]) -> None:
    made = confirmation(document)

    assert made["document_hash"] == parse(document()).hash
    assert made["text"][0] == {"kind": "heading", "text": "Согласие"}


def test_days_are_days_of_the_school(document: Callable[..., bytes]) -> None:
    signature = confirmation(document)["signatures"][0]

    assert (signature["at"], signature["day"]) == ("2026-09-07T22:30:00.000000Z", "2026-09-08")


def test_it_anchors_the_chain_in_the_hands_of_the_family(document: Callable[..., bytes]) -> None:
    assert confirmation(document)["evidence"] == {
        "stream": "tenant",
        "seq": 17,
        "head_seq": 18,
        "head_hash": "0" * 64,
    }


def test_it_is_plain_data(document: Callable[..., bytes]) -> None:
    made = confirmation(document)

    assert json.loads(json.dumps(made, ensure_ascii=False)) == made
