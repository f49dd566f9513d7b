"""The confirmation as PDF: the same for the same, markup never read, nothing fetched."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pypdf
import pytest

from server.gateways.pdf import LONGEST, render_receipt
from server.kernel.errors import Broken

AT = datetime(2026, 9, 7, 8, 15, tzinfo=UTC)
WORDS = ("kicker", "text", "data", "actions", "question", "withdraw", "proof", "proof_note")


def page(**changed: Any) -> dict[str, Any]:
    return {
        "locale": "ru",
        "document_title": "Подтверждение: согласие",
        "operator_name": "АНО «Вектор роста»",
        "footer": "Подтверждение 1",
        "school_title": "Вологодская школа наставничества",
        "partner_name": "АНО «Вектор роста»",
        "initials": "ВР",
        "title": "Согласие",
        "edition": "Текст от 01.09.2026",
        "signatures": [
            {"given": True, "answer": "Да", "who": "Смирнова Ольга", "lines": ["7 сентября"]}
        ],
        "about": [["О ком данные", "Смирнов Артём"]],
        "facts": [["Кто просит", "Школа"]],
        "text": [
            {"kind": "heading", "text": "Для чего"},
            {"kind": "paragraph", "text": "Чтобы участвовать."},
            {"kind": "item", "text": "имя"},
        ],
        "data": ["имя"],
        "actions": ["хранение"],
        "question": "Разрешаете?",
        "withdraw": ["На странице заявки."],
        "proof": [{"label": "Хеш", "value": "a" * 64, "hash": True}],
        "words": {name: name for name in WORDS},
        **changed,
    }


def words_of(pdf: bytes) -> str:
    return "\n".join(leaf.extract_text() for leaf in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture
def ear() -> Iterator[tuple[int, list[str]]]:
    """A port on this machine, and whoever called at it."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            try:
                server.accept()
                heard.append("called")
            except OSError:
                return

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


def test_equal_pages_give_equal_bytes() -> None:
    assert render_receipt(page(), at=AT) == render_receipt(page(), at=AT)


def test_it_is_tagged_has_a_language_a_title_and_a_date() -> None:
    reader = pypdf.PdfReader(io.BytesIO(render_receipt(page(), at=AT)))
    catalogue: Any = reader.trailer["/Root"]

    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"] == "ru"
    assert reader.metadata is not None
    assert reader.metadata.title == "Подтверждение: согласие"
    assert str(reader.metadata["/ModDate"]).startswith("D:20260907081500")


def test_the_moment_counts_and_not_the_zone_it_was_told_in() -> None:
    told_in_vologda = AT.astimezone(ZoneInfo("Europe/Moscow"))

    assert render_receipt(page(), at=told_in_vologda) == render_receipt(page(), at=AT)


def test_what_people_wrote_is_printed_and_not_read() -> None:
    hostile = '#panic("x") $x$ *fett* <label> @ref \\ #import "@preview/cetz:0.3.0" `code` //'
    pdf = render_receipt(page(title=hostile, about=[["О ком", hostile]]), at=AT)

    assert '#panic("x")' in words_of(pdf).replace("\n", " ")
    assert "*fett*" in words_of(pdf)


@pytest.mark.parametrize(
    "name",
    [
        "Артём 🙂 Смирнов",  # no face of ours has it
        "محمد אברהם",  # written from the right
        "\u202eмёртрА",  # turned round by a hidden sign
        "山田太郎",
    ],
)
def test_a_name_in_any_script_does_not_stop_the_confirmation(name: str) -> None:
    assert render_receipt(page(about=[["О ком", name]]), at=AT).startswith(b"%PDF")


def test_nothing_is_fetched(ear: tuple[int, list[str]]) -> None:
    port, heard = ear
    lure = f'#image("http://127.0.0.1:{port}/x.png") http://127.0.0.1:{port}/y file:///etc/passwd'
    render_receipt(page(text=[{"kind": "paragraph", "text": lure}]), at=AT)

    assert heard == []


def test_a_very_long_text_is_printed_on_many_pages() -> None:
    text = [{"kind": "paragraph", "text": "Слово за словом. " * 20}] * 300
    pdf = render_receipt(page(text=text), at=AT)

    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) > 10


def test_what_is_no_receipt_any_more_is_refused() -> None:
    with pytest.raises(Broken):
        render_receipt(page(question="а" * LONGEST), at=AT)
