"""Chains and anchors as text, so that somebody outside can verify them: one JSON object a line."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.evidence.chain import Head
from server.evidence.verify import ERASED, Payload, Row
from server.kernel.errors import Broken

_ANCHOR = re.compile(r"(\S+)\s+([1-9][0-9]{0,17})\s+([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Exported:
    """A row read back from an export."""

    seq: int
    stored: bytes
    hash: bytes
    prev: bytes


def write_rows(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a chain's export; event bytes as base64, so that no editor can mend them."""
    for row in rows:
        event = base64.b64encode(row.stored).decode()
        yield json.dumps(
            {"seq": row.seq, "event": event, "hash": row.hash.hex(), "prev": row.prev.hex()}
        )


def read_rows(lines: Iterable[str]) -> Iterator[Exported]:
    """The rows of an export.

    :raises Broken: with the number of the line that is no row.
    """
    for number, line in enumerate(lines, start=1):
        try:
            raw = json.loads(line)
            yield Exported(
                seq=int(raw["seq"]),
                stored=base64.b64decode(raw["event"], validate=True),
                hash=bytes.fromhex(raw["hash"]),
                prev=bytes.fromhex(raw["prev"]),
            )
        except (ValueError, KeyError, TypeError):
            raise Broken(export="not a row", line=number) from None


def write_payloads(payloads: Iterable[tuple[str, Payload]]) -> Iterator[str]:
    """The lines that tell which sealed payloads are there and which were erased; no content."""
    for payload_id, payload in payloads:
        yield json.dumps({"payload": payload_id, "hash": payload.hash})


def read_payloads(lines: Iterable[str]) -> dict[str, Payload]:
    """Payloads by id, to be given to `verify` by their `get`.

    :raises Broken: with the number of the line that is none.
    """
    found: dict[str, Payload] = {}
    for number, line in enumerate(lines, start=1):
        try:
            raw = json.loads(line)
            found[str(raw["payload"])] = Payload(raw["hash"]) if raw["hash"] else ERASED
        except (ValueError, KeyError, TypeError):
            raise Broken(export="not a payload", line=number) from None
    return found


def write_anchor(head: Head) -> str:
    """The line to keep elsewhere: stream, number, hash; a receipt prints the same three."""
    return f"{head.stream} {head.seq} {head.hash.hex()}"


def read_anchors(text: str) -> list[Head]:
    """The anchors of a file, one a line; empty lines and lines that begin with # do not count.

    :raises Broken: with the number of the line that is no anchor.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        anchor = _ANCHOR.fullmatch(line.strip())
        if anchor is None:
            raise Broken(anchor="not an anchor", line=number)
        found.append(Head(anchor[1], int(anchor[2]), bytes.fromhex(anchor[3])))
    return found
