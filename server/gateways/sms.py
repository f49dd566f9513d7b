"""Messages to telephones, by a gateway over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx

from server.gateways.message import Message, TryLater, Undeliverable, Unreachable

TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds without a sign of life
DEADLINE = 15.0  # seconds in all, however steadily the answer drips
# What the message itself is to blame for; all else is ours or the gateway's, and may be mended.
_REFUSED = frozenset({400, 410, 413, 422})
# What every other message would be told as well.
_CLOSED = {401: "sign_in_refused", 403: "sign_in_refused", 429: "too_many"}


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
        :raises Unreachable: no answer in time, a refused sign-in, too many messages.
        :raises TryLater: a redirect, an error of theirs.
        """
        try:
            status = asyncio.run(self._post(message))
        except (httpx.HTTPError, TimeoutError):
            raise Unreachable("no_answer") from None
        if httpx.codes.is_success(status):
            return
        if status in _REFUSED:
            raise Undeliverable("message_refused")
        if status in _CLOSED:
            raise Unreachable(_CLOSED[status])
        raise TryLater(f"answered_{status}")

    async def _post(self, message: Message) -> int:
        # Only a loop of our own can end an answer whose next byte always comes in time.
        async with (
            asyncio.timeout(DEADLINE),
            # Redirects are not followed: the token and the number must not go elsewhere.
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream(
                "POST",
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
            ) as answer,
        ):
            # The status has told all. What follows is not read, be it endless; and whoever was
            # told 200 must not send again because the rest came slowly.
            return answer.status_code
