"""Mail by SMTP: one connection, one letter, one recipient."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

from server.gateways.message import Message, TryLater, Undeliverable, Unreachable

TIMEOUT = 10.0  # seconds for each answer of the server
DEADLINE = 20.0  # seconds for a letter in all, however steadily the answers drip
PERMANENT = 500
_NOT_IN_A_HEADER = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_IN_AN_ADDRESS = frozenset(' ,;:<>()[]"\\')


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMail:
    """A server that takes our mail. `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None = field(repr=False)
    sender: str

    def send(self, message: Message) -> None:
        """Hand a letter over; once the server said 250 it is sent, whatever comes after.

        :raises Undeliverable: the server refuses this letter or this address for good.
        :raises Unreachable: nobody answers in time, or our sign-in is refused.
        :raises TryLater: in every other case.
        """
        letter = compose(message, sender=self.sender)
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError:
            raise Unreachable("sign_in_refused") from None
        except (OSError, smtplib.SMTPException):
            raise Unreachable("no_answer") from None
        try:
            server.sendmail(parseaddr(self.sender)[1], [message.to], letter.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            raise _refusal(code, "address_refused") from None
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, "letter_refused") from None
        except smtplib.SMTPSenderRefused:
            raise TryLater("sender_refused") from None
        except (OSError, smtplib.SMTPException):
            raise Unreachable("connection_lost") from None
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = _SealedServer(
                self.host, self.port, timeout=TIMEOUT, context=context
            )
        else:
            server = _Server(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user and self.password:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


class _Watched:
    """A connection that is cut when the time for a letter is over.

    A server that says a byte now and then keeps every single wait short and the whole endless.
    """

    sock: socket.socket | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._watch = threading.Timer(DEADLINE, self._cut)
        self._watch.daemon = True
        self._watch.start()
        try:
            super().__init__(*args, **kwargs)
        except BaseException:
            self._watch.cancel()
            raise

    def close(self) -> None:
        self._watch.cancel()
        super().close()  # type: ignore[misc]  # smtplib's, below us

    def _cut(self) -> None:
        held = self.sock
        if held is not None:
            # The socket's own way: that of TLS would first say goodbye, and wait for an answer.
            with suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)


class _Server(_Watched, smtplib.SMTP):
    """A server reached in plain words, which STARTTLS may seal."""


class _SealedServer(_Watched, smtplib.SMTP_SSL):
    """A server reached by TLS from the first byte."""


def compose(message: Message, *, sender: str) -> EmailMessage:
    """The mail as it goes out; its Message-ID is made of the delivery's id, so repeats agree.

    :raises Undeliverable: a subject with line breaks or hidden characters, or more than one
        address: headers and recipients cannot be smuggled in (SECURITY.md D5).
    """
    if not _is_one_line(message.subject):
        raise Undeliverable("subject_unsafe")
    if not _is_one_address(message.to):
        raise Undeliverable("address_unsafe")
    name, address = parseaddr(sender)
    local, _, domain = message.to.rpartition("@")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address("", local, domain)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _is_one_line(text: str) -> bool:
    return not any(unicodedata.category(letter) in _NOT_IN_A_HEADER for letter in text)


def _is_one_address(text: str) -> bool:
    return (
        text.isascii()
        and text.count("@") == 1
        and not text.startswith("@")
        and not text.endswith("@")
        and _is_one_line(text)
        and not _NOT_IN_AN_ADDRESS & set(text)
    )


def _refusal(code: int, reason: str) -> TryLater | Undeliverable:
    return Undeliverable(reason) if code >= PERMANENT else TryLater(reason)
