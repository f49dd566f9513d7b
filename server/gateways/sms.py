"""Messages to telephones: what a gateway must do, and one over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import httpx

from server.gateways.message import Message, TryLater, Undeliverable

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# What the message itself is to blame for; all else is ours or the gateway's, and may be mended.
_REFUSED = frozenset({400, 410, 413, 422})
_REASONS = {401: "sign_in_refused", 403: "sign_in_refused", 429: "too_many"}


class SmsGateway(Protocol):
    """Takes a message for a telephone number in E.164."""

    def send(self, message: Message) -> None:
        """Hand the message over.

        :raises Undeliverable: it will never be taken.
        :raises TryLater: it may be taken later.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSms:
    """A gateway that takes `{"id", "from", "to", "text"}` as JSON and answers with 2xx.

    The delivery's id goes along as `Idempotency-Key`: a gateway that honours it sends once.
    """

    url: str
    token: str = field(repr=False)
    sender: str

    def send(self, message: Message) -> None:
        """Hand the message over.

        :raises Undeliverable: the gateway refuses this message or this number.
        :raises TryLater: no answer, a redirect, a refused sign-in, too many, an error of theirs.
        """
        try:
            # Redirects are not followed: the token and the number must not go elsewhere.
            answer = httpx.post(
                self.url,
                json={
                    "id": str(message.id),
                    "from": self.sender,
                    "to": message.to,
                    "text": message.text,
                },
                headers={
                    "Authorization": f"Bearer {self.token}",
                    "Idempotency-Key": str(message.id),
                },
                timeout=TIMEOUT,
                follow_redirects=False,
            )
        except httpx.HTTPError:
            raise TryLater("no_answer") from None
        if answer.is_success:
            return
        if answer.status_code in _REFUSED:
            raise Undeliverable("message_refused")
        raise TryLater(_REASONS.get(answer.status_code, f"answered_{answer.status_code}"))
