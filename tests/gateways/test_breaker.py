"""A way where nobody answers is left alone for a growing while, and tried again after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from server.gateways.breaker import Breaker
from server.gateways.message import Message, NotSent, SetAside, Undeliverable, Unreachable


class Way:
    """Answers as it is told, and counts how often it was asked; time goes by when told."""

    def __init__(self) -> None:
        self.answer: NotSent | None = None
        self.asked = 0
        self.now = datetime(2026, 9, 7, tzinfo=UTC)
        self.breaker = Breaker(self._send, now=lambda: self.now)

    def _send(self, _: Message) -> None:
        self.asked += 1
        if self.answer is not None:
            raise self.answer

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def way() -> Way:
    return Way()


def fails(way: Way, letter: Message, kind: type[NotSent]) -> NotSent:
    with pytest.raises(kind) as caught:
        way.breaker.send(letter)
    return caught.value


def test_the_rest_grows_with_each_trial_in_vain(way: Way, message: Callable[..., Message]) -> None:
    way.answer = Unreachable("no_answer")
    for rest in (5, 10, 20, 40, 60, 60):
        asked = way.asked
        fails(way, message(), Unreachable)
        way.wait(rest - 1)
        put_aside = fails(way, message(), SetAside)
        assert (put_aside.reason, way.asked) == ("no_answer", asked + 1)
        assert isinstance(put_aside, SetAside)
        assert put_aside.until == way.now + timedelta(seconds=1)
        way.wait(1)


def test_one_letter_that_arrives_opens_the_way(way: Way, message: Callable[..., Message]) -> None:
    way.answer = Unreachable("no_answer")
    for _ in range(3):
        fails(way, message(), Unreachable)
        way.wait(60)
    way.answer = None
    way.breaker.send(message())
    way.breaker.send(message())

    way.answer = Unreachable("no_answer")
    fails(way, message(), Unreachable)
    way.wait(5)
    fails(way, message(), Unreachable)


def test_a_refusal_is_an_answer(way: Way, message: Callable[..., Message]) -> None:
    way.answer = Undeliverable("address_refused")
    for _ in range(5):
        fails(way, message(), Undeliverable)
    assert way.asked == 5
