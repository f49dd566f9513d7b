"""Messages over HTTP: what is sent, that a repeat can be known, and what an answer means."""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from server.gateways import sms
from server.gateways.message import Message, NotSent, TryLater, Undeliverable, Unreachable
from server.gateways.sms import HttpSms
from tests.gateways.conftest import ID


class Station:
    """A gateway on this machine that answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.status = 202
        self.headers: dict[str, str] = {}
        self.taken: list[tuple[str, dict[str, str], Any]] = []
        self.goes_on: Callable[[BaseHTTPRequestHandler], None] | None = None


@pytest.fixture
def station() -> Iterator[Station]:
    kept = Station()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.taken.append((self.path, dict(self.headers), json.loads(body)))
            if kept.goes_on is not None:
                with suppress(OSError):
                    kept.goes_on(self)
                return
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.headers["X-Port"] = str(server.server_port)
    yield kept
    server.shutdown()
    server.server_close()


def gateway(station: Station) -> HttpSms:
    port = station.headers["X-Port"]
    return HttpSms(url=f"http://127.0.0.1:{port}/send", token="top secret", sender="School")


def to_phone(message: Callable[..., Message]) -> Message:
    return message(channel="sms", to="+79110000000", subject="", text="Код: 123456")


def test_a_message_is_handed_over_with_its_number(
    station: Station, message: Callable[..., Message]
) -> None:
    gateway(station).send(to_phone(message))

    ((path, headers, body),) = station.taken
    assert path == "/send"
    assert headers["Authorization"] == "Bearer top secret"
    assert headers["Idempotency-Key"] == str(ID)
    assert body == {
        "id": str(ID),
        "from": "School",
        "to": "+79110000000",
        "text": "Код: 123456",
    }


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Undeliverable, "message_refused"),
        (422, Undeliverable, "message_refused"),
        (401, TryLater, "sign_in_refused"),  # our fault, and it can be mended
        (404, TryLater, "answered_404"),
        (409, TryLater, "answered_409"),  # the first try is still under way there
        (429, TryLater, "too_many"),
        (500, TryLater, "answered_500"),
        (503, TryLater, "answered_503"),
    ],
)
def test_a_refusal_is_told_from_a_delay(
    station: Station,
    message: Callable[..., Message],
    status: int,
    kind: type[NotSent],
    reason: str,
) -> None:
    station.status = status

    with pytest.raises(kind) as caught:
        gateway(station).send(to_phone(message))
    assert caught.value.reason == reason


def test_an_answer_that_drips_is_not_waited_for(
    station: Station, message: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "DEADLINE", 0.6)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        for _ in range(100):
            time.sleep(0.05)
            handler.wfile.write(b"x")

    station.goes_on = drip
    begun = time.monotonic()

    with pytest.raises(Unreachable):
        gateway(station).send(to_phone(message))
    assert time.monotonic() - begun < 2


def test_what_follows_the_status_is_neither_waited_for_nor_kept(
    station: Station, message: Callable[..., Message]
) -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x" * 3_000_000)

    station.goes_on = pour
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    gateway(station).send(to_phone(message))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # of 300,000 KB


def test_a_redirect_is_not_followed(station: Station, message: Callable[..., Message]) -> None:
    station.status = 307
    station.headers["Location"] = f"http://127.0.0.1:{station.headers['X-Port']}/elsewhere"

    with pytest.raises(TryLater):
        gateway(station).send(to_phone(message))
    assert [path for path, _, _ in station.taken] == ["/send"]


def test_nobody_there_means_later(message: Callable[..., Message]) -> None:
    nobody = HttpSms(url="http://127.0.0.1:9/send", token="t", sender="School")

    with pytest.raises(TryLater) as caught:
        nobody.send(to_phone(message))
    assert "+79110000000" not in str(caught.value)


def test_the_token_is_never_printed(station: Station) -> None:
    assert "top secret" not in repr(gateway(station))
