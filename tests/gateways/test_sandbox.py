"""The sandbox keeps every letter as a file that people and scripts can read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from server.gateways import build
from server.gateways.message import Message, Undeliverable
from server.gateways.sandbox import SandboxGateway, kept


@dataclass(frozen=True)
class Data:
    outbox: Path


@dataclass(frozen=True)
class Settings:
    data: Data
    sandbox: bool = True
    mail: None = None
    sms: None = None


def test_a_letter_is_one_file_with_all_that_a_script_needs(
    tmp_path: Path, message: Callable[..., Message]
) -> None:
    SandboxGateway(tmp_path / "outbox").send(message(codes=("123456",)))

    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name.endswith(".json")
    assert json.loads(path.read_text()) == {
        "id": "01a20d47-0000-7000-8000-000000000001",
        "to": "olga@example.org",
        "channel": "mail",
        "letter": "reminder",
        "subject": message().subject,
        "text": message().text,
        "links": ["http://localhost/s/abc"],
        "codes": ["123456"],
        "at": "2026-09-07T08:15:00+00:00",
    }


def test_a_repeat_takes_the_place_of_the_first(
    tmp_path: Path, message: Callable[..., Message]
) -> None:
    gateway = SandboxGateway(tmp_path)
    gateway.send(message())
    gateway.send(message())

    assert len(list(tmp_path.iterdir())) == 1


def test_the_newest_comes_first(tmp_path: Path, message: Callable[..., Message]) -> None:
    gateway = SandboxGateway(tmp_path)
    for day in (2, 3, 1):
        at = message().at + timedelta(days=day)
        gateway.send(message(id=UUID(int=day), at=at, letter=f"day {day}"))

    assert [letter.letter for letter in kept(tmp_path)] == ["day 3", "day 2", "day 1"]


def test_before_the_first_letter_there_is_none(tmp_path: Path) -> None:
    assert list(kept(tmp_path / "outbox")) == []


def test_the_sandbox_reaches_everybody(tmp_path: Path, message: Callable[..., Message]) -> None:
    gateways = build(Settings(Data(tmp_path)))
    gateways.send(message(channel="sms", to="+79110000000"))

    assert gateways.channels == {"mail", "phone"}
    assert [letter.to for letter in kept(tmp_path)] == ["+79110000000"]


def test_a_channel_that_is_not_set_reaches_nobody(
    tmp_path: Path, message: Callable[..., Message]
) -> None:
    gateways = build(Settings(Data(tmp_path), sandbox=False))

    assert gateways.channels == frozenset()
    with pytest.raises(Undeliverable):
        gateways.send(message())
