"""The sandbox's letters on one page: newest first, links to follow, codes to type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.gateways.message import Channel, Message
from server.runtime import Runtime
from server.web.sandbox import pieces


@dataclass(frozen=True)
class Page:
    """A browser in front of the page, and the gateway behind it."""

    runtime: Runtime
    client: FlaskClient

    def send(self, number: int, **changed: Any) -> None:
        channel: Channel = changed.pop("channel", "mail")
        now = self.runtime.tools.clock.now()
        self.runtime.gateways.send(
            Message(
                id=UUID(int=number),
                letter="reminder",
                channel=channel,
                to=changed.pop("to", "olga@example.org"),
                subject=changed.pop("subject", f"Письмо {number}"),
                text=changed.pop("text", "Здравствуйте."),
                codes=changed.pop("codes", ()),
                at=now - timedelta(days=1) + timedelta(minutes=number),
            )
        )

    def read(self, query: str = "") -> str:
        answer = self.client.get(f"/_outbox{query}", headers={"Host": "localhost:8000"})
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def outbox(runtime: Runtime) -> Page:
    return Page(runtime, create_app(runtime).test_client())


def test_before_the_first_letter_it_says_what_will_come(outbox: Page) -> None:
    assert "<article" not in outbox.read()
    assert "empty-title" in outbox.read()


def test_the_newest_letter_comes_first(outbox: Page) -> None:
    outbox.send(1)
    outbox.send(2)

    page = outbox.read()

    assert page.index("Письмо 2") < page.index("Письмо 1")


def test_a_link_can_be_followed_and_a_code_is_shown_big(outbox: Page) -> None:
    outbox.send(1, text="Сюда: http://localhost:8000/s/abc. Код: 123456", codes=("123456",))

    page = outbox.read()

    assert '<a href="http://localhost:8000/s/abc">' in page
    assert 'class="outbox-code"' in page


def test_what_a_letter_says_is_no_markup(outbox: Page) -> None:
    outbox.send(1, subject="<b>x</b>", text='<script>x</script> http://x/"onclick=y')

    page = outbox.read()

    assert "<script>x" not in page
    assert "<b>x" not in page
    assert '/"onclick' not in page


def test_one_recipient_can_be_picked_out(outbox: Page) -> None:
    outbox.send(1, to="olga@example.org")
    outbox.send(2, to="+79110000000", channel="sms", subject="")

    page = outbox.read("?to=%2B7911")

    assert "+79110000000" in page
    assert "olga@example.org" not in page


def test_a_long_list_has_pages(outbox: Page) -> None:
    for number in range(35):
        outbox.send(number)

    assert outbox.read().count("<article") == 30
    assert outbox.read("?skip=30").count("<article") == 5


def test_it_looks_again_when_asked_to(outbox: Page) -> None:
    assert "http-equiv" not in outbox.read()
    assert 'http-equiv="refresh"' in outbox.read("?follow=yes")


@pytest.mark.parametrize("query", ["?skip=x", "?skip=-5", "?follow=maybe", "?to=%00", "?lang=xx"])
def test_an_odd_address_is_no_error(outbox: Page, query: str) -> None:
    outbox.read(query)


def test_outside_the_sandbox_there_is_no_such_page(runtime: Runtime) -> None:
    real = replace(runtime, settings=replace(runtime.settings, sandbox=False))
    client = create_app(real).test_client()

    assert client.get("/_outbox", headers={"Host": "localhost:8000"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Сюда: https://a.example/s/x.", ["https://a.example/s/x"]),
        ("(https://a.example/x), потом http://b.example/y!", [
            "https://a.example/x", "http://b.example/y",
        ]),
        ("нет ссылок, javascript:alert(1)", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses_are_found_and_nothing_is_lost(text: str, addresses: list[str]) -> None:
    found = pieces(text)

    assert "".join(piece for piece, _ in found) == text
    assert [piece for piece, is_address in found if is_address] == addresses
