"""The ways out of the house: mail, telephone, PDF. One outside system in each file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from server.gateways.breaker import Breaker
from server.gateways.message import Channel, Message, Undeliverable
from server.gateways.sandbox import SandboxGateway

Send = Callable[[Message], None]
# How a contact's kind is called as a channel.
CHANNEL_OF: Mapping[str, Channel] = {"mail": "mail", "phone": "sms"}


class Mail(Protocol):
    """The settings of a mail server."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def security(self) -> str: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def sender(self) -> str: ...


class Sms(Protocol):
    """The settings of a message gateway."""

    @property
    def url(self) -> str: ...
    @property
    def token(self) -> str: ...
    @property
    def sender(self) -> str: ...


class Folder(Protocol):
    """The data folder, as far as gateways need it."""

    @property
    def outbox(self) -> Path: ...


class Settings(Protocol):
    """What the composition root was told."""

    @property
    def mail(self) -> Mail | None: ...
    @property
    def sms(self) -> Sms | None: ...
    @property
    def sandbox(self) -> bool: ...
    @property
    def data(self) -> Folder: ...


@dataclass(frozen=True)
class Gateways:
    """The channels this installation has. `channels` names the kinds of contact they reach."""

    mail: Send | None = field(repr=False)
    sms: Send | None = field(repr=False)

    @property
    def channels(self) -> frozenset[str]:
        """Of mail and phone, those that a letter can reach."""
        ways = {"mail": self.mail, "phone": self.sms}
        return frozenset(kind for kind, way in ways.items() if way is not None)

    def send(self, message: Message) -> None:
        """Hand a letter to its channel.

        :raises SetAside: when its channel rests, since nobody answered there a moment ago.
        :raises NotSent: when it was not taken, now or for ever.
        """
        way = {"mail": self.mail, "sms": self.sms}[message.channel]
        if way is None:
            raise Undeliverable("no_gateway")
        way(message)


def build(settings: Settings) -> Gateways:
    """The gateways of an installation: real ones, or the sandbox's folder for both channels."""
    if settings.sandbox:
        sink = SandboxGateway(settings.data.outbox).send
        return Gateways(mail=sink, sms=sink)
    return Gateways(
        mail=Breaker(_mail(settings.mail)).send if settings.mail else None,
        sms=Breaker(_sms(settings.sms)).send if settings.sms else None,
    )


# Their libraries take a fifth of a second to load: only an installation that has them pays.


def _mail(settings: Mail) -> Send:
    from server.gateways.mail import SmtpMail

    return SmtpMail(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        user=settings.user,
        password=settings.password,
        sender=settings.sender,
    ).send


def _sms(settings: Sms) -> Send:
    from server.gateways.sms import HttpSms

    return HttpSms(url=settings.url, token=settings.token, sender=settings.sender).send
