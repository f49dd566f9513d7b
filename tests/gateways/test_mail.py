"""Mail: one recipient, headers nobody can smuggle into, and what a server's answer means."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from server.gateways import mail as gateway
from server.gateways.mail import SmtpMail, compose
from server.gateways.message import Message, NotSent, TryLater, Undeliverable, Unreachable
from tests.gateways.conftest import ID

SENDER = "Школа наставничества <school@example.org>"


class Postman:
    """A server that answers as it is told, and keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.to_recipient = "250 OK"
        self.to_letter = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_letter.startswith("250"):
            self.taken.append(envelope)
        return self.to_letter

    @property
    def letters(self) -> list[EmailMessage]:
        return [
            cast(EmailMessage, message_from_bytes(cast(bytes, one.content), policy=policy.default))
            for one in self.taken
        ]


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def mail(postman: Postman) -> Iterator[SmtpMail]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    yield at(port)
    controller.stop()


def at(port: int) -> SmtpMail:
    return SmtpMail(
        host="127.0.0.1", port=port, security="none", user=None, password=None, sender=SENDER
    )


def test_a_letter_arrives_as_it_was_written(
    mail: SmtpMail, postman: Postman, message: Callable[..., Message]
) -> None:
    mail.send(message())

    (envelope,) = postman.taken
    (letter,) = postman.letters
    assert (envelope.mail_from, envelope.rcpt_tos) == ("school@example.org", ["olga@example.org"])
    assert letter["Subject"] == "Ждём ответа по заявке 12"
    assert letter["From"].addresses[0].display_name == "Школа наставничества"
    assert letter.get_content().split() == message().text.split()


def test_a_repeat_carries_the_same_number(
    mail: SmtpMail, postman: Postman, message: Callable[..., Message]
) -> None:
    mail.send(message())
    mail.send(message())

    assert {letter["Message-ID"] for letter in postman.letters} == {f"<{ID}@example.org>"}


def test_no_machine_answers_it_and_no_list_sent_it(message: Callable[..., Message]) -> None:
    letter = compose(message(), sender=SENDER)

    assert letter["Auto-Submitted"] == "auto-generated"
    assert not [name for name in letter if name.startswith("List-")]
    assert letter["Cc"] is None
    assert letter["Bcc"] is None


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Ответ\r\nBcc: all@example.org"},
        {"subject": "Ответ\nX: y"},
        {"subject": "Ответ\u2028Bcc: all@example.org"},
        {"subject": "Ответ\x00"},
        {"to": "olga@example.org, petr@example.org"},
        {"to": "olga@example.org\r\nRCPT TO:<petr@example.org>"},
        {"to": "olga@example.org>"},
        {"to": '"a b"@example.org'},
        {"to": "ольга@example.org"},
        {"to": "olga"},
        {"to": "a@b@example.org"},
        {"to": ""},
    ],
    ids=repr,
)
def test_what_could_smuggle_is_refused(
    mail: SmtpMail,
    postman: Postman,
    message: Callable[..., Message],
    changed: dict[str, str],
) -> None:
    with pytest.raises(Undeliverable):
        mail.send(message(**changed))
    assert postman.taken == []


@pytest.mark.parametrize(
    ("answers", "kind", "reason"),
    [
        ({"to_recipient": "550 no such user"}, Undeliverable, "address_refused"),
        ({"to_recipient": "451 greylisted"}, TryLater, "address_refused"),
        ({"to_letter": "554 looks like spam"}, Undeliverable, "letter_refused"),
        ({"to_letter": "452 mailbox full"}, TryLater, "letter_refused"),
    ],
)
def test_a_refusal_is_told_from_a_delay(
    mail: SmtpMail,
    postman: Postman,
    message: Callable[..., Message],
    answers: dict[str, str],
    kind: type[NotSent],
    reason: str,
) -> None:
    for name, answer in answers.items():
        setattr(postman, name, answer)

    with pytest.raises(kind) as caught:
        mail.send(message())
    assert caught.value.reason == reason
    assert "olga" not in str(caught.value)


def test_nobody_there_means_later(message: Callable[..., Message]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(TryLater):
        at(port).send(message())


def test_a_server_that_drips_is_not_waited_for(
    message: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "DEADLINE", 0.6)

    def drip(server: socket.socket) -> None:
        line, _ = server.accept()
        with line, suppress(OSError):
            for _ in range(100):
                line.sendall(b"2")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            at(server.getsockname()[1]).send(message())
    assert time.monotonic() - begun < 2


def test_a_server_that_offers_no_encryption_gets_nothing(
    mail: SmtpMail, postman: Postman, message: Callable[..., Message]
) -> None:
    strict = SmtpMail(
        host=mail.host, port=mail.port, security="starttls", user=None, password=None, sender=SENDER
    )
    with pytest.raises(TryLater):
        strict.send(message())
    assert postman.taken == []


def test_a_password_is_never_printed() -> None:
    mail = SmtpMail(
        host="h", port=1, security="tls", user="u", password="top secret", sender=SENDER
    )

    assert "top secret" not in repr(mail)
