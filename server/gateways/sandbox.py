"""The sandbox's mail and telephone: every letter is a file, to be read on the page `/_outbox`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.gateways.message import Channel, Message


@dataclass(frozen=True, slots=True)
class SandboxGateway:
    """Takes every letter and keeps it in a folder; a repeat takes the place of the first."""

    folder: Path

    def send(self, message: Message) -> None:
        """Write the letter's file whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{_stamp(message.at)}-{message.id}.json"
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(
            json.dumps(
                {
                    "id": str(message.id),
                    "to": message.to,
                    "channel": message.channel,
                    "letter": message.letter,
                    "subject": message.subject,
                    "text": message.text,
                    "links": message.links,
                    "codes": message.codes,
                    "at": message.at.isoformat(),
                },
                ensure_ascii=False,
                indent=1,
            ),
            encoding="utf-8",
        )
        fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter read back from the sandbox's folder."""

    id: str
    to: str
    channel: Channel
    letter: str
    subject: str
    text: str
    links: tuple[str, ...]
    codes: tuple[str, ...]
    at: datetime


def kept(folder: Path) -> Iterator[Kept]:
    """The letters of the sandbox, newest first."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # swept away while we were reading
        yield Kept(
            id=raw["id"],
            to=raw["to"],
            channel=raw["channel"],
            letter=raw["letter"],
            subject=raw["subject"],
            text=raw["text"],
            links=tuple(raw["links"]),
            codes=tuple(raw["codes"]),
            at=datetime.fromisoformat(raw["at"]),
        )


def _stamp(at: datetime) -> str:
    """A moment that sorts as text: `20260907T081500.000123Z`."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
