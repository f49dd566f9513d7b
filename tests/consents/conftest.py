"""What the claims about consents start from: one spec, the Russian table of ages, one document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from server.consents.definition import ConsentSpec
from server.consents.documents import Subject, make_document
from server.consents.signers import SignerRules, signer_blocks

TEXT = """# Согласие

Я, {{guardian_name}}, разрешаю школе «{{school_name}}» обрабатывать данные ребёнка.

## Что мы храним

- имя и дату рождения;
- ответы анкеты,
  которые даёт сам ребёнок.

Отозвать согласие можно по телефону школы.
"""
PLACES = {
    "guardian_name": "Смирнова Ольга Петровна",
    "school_name": "Север",
    "child_name": "Смирнов Артём",
}


@pytest.fixture
def rules() -> SignerRules:
    return SignerRules.model_validate(
        {
            "rows": [
                {"to": 13, "sign": ["guardian"]},
                {"from": 14, "to": 17, "sign": ["guardian", "mentee"]},
                {"from": 18, "sign": ["mentee"]},
            ]
        }
    )


@pytest.fixture
def spec() -> ConsentSpec:
    return ConsentSpec.model_validate(
        {
            "consent": "processing",
            "title": {"ru": "Согласие на обработку данных"},
            "question": {"ru": "{{child_name}}: можно хранить данные?"},
            "summary": [{"term": {"ru": "Кто"}, "text": {"ru": "Школа «{{school_name}}»"}}],
            "form": "simple",
            "purpose": "processing",
            "required": True,
            "text": "consents/processing",
            "edition": date(2026, 9, 1),
            "material": True,
            "valid": {"until": "cycle_end", "plus": "12 months"},
        }
    )


@pytest.fixture
def document(spec: ConsentSpec, rules: SignerRules) -> Callable[..., bytes]:
    """Makes the document; a changed part is given, or made from the usual one by a function."""

    def make(**changed: Any) -> bytes:
        given: dict[str, Any] = {
            "consent": spec,
            "text": TEXT,
            "places": PLACES,
            "locale": "ru",
            "subject": Subject(
                "01a20d47-0000-7000-8000-000000000001", "Смирнов Артём", "2013-04-11"
            ),
            "signers": signer_blocks(
                spec, rules, capacity="mother", guardian_name=PLACES["guardian_name"]
            ),
            "data": ["имя", "дата рождения"],
            "actions": ["запись", "хранение"],
            "nonce": bytes(16),
        }
        for part, change in changed.items():
            given[part] = change(given[part]) if callable(change) else change
        return make_document(given.pop("consent"), given.pop("text"), given.pop("places"), **given)

    return make
