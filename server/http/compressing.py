"""Pages are sent packed: a cheap phone on a slow line is where they are read."""

from __future__ import annotations

import gzip
import secrets
from io import BytesIO

from flask import Flask, Response, request

SMALLEST = 1024
_LEVEL = 6
_KINDS = frozenset(
    {"text/html", "text/css", "text/javascript", "text/plain", "text/csv", "image/svg+xml",
     "application/json", "application/problem+json", "application/javascript"}
)  # fmt: skip
_NOISE = 32  # bytes at most


def compress(app: Flask) -> None:
    """Pack every answer of text that is worth it, where the browser can unpack it."""
    app.after_request(_packed)


def _packed(response: Response) -> Response:
    if response.mimetype not in _KINDS or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    worth = (
        "Content-Encoding" not in response.headers and request.accept_encodings.quality("gzip") > 0
    )
    body = response.get_data() if worth else b""
    if len(body) >= SMALLEST:
        response.set_data(pack(body))
        response.headers["Content-Encoding"] = "gzip"
    return response


def pack(body: bytes) -> bytes:
    """The body packed, its length blurred by a random name in the header.

    The length of a packed page would otherwise tell, letter by letter, a secret that stands in it
    beside something an onlooker may choose (BREACH; the way out is "Heal the BREACH", 2022).
    """
    noise = secrets.token_hex(_NOISE // 2)[: secrets.randbelow(_NOISE)]
    stream = BytesIO()
    with gzip.GzipFile(noise, "wb", _LEVEL, stream, mtime=0) as packer:
        packer.write(body)
    return stream.getvalue()
