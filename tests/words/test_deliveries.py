"""A letter that did not go out says why, and whether anybody should worry."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from server.services.messages import letters
from server.words import deliveries


def _say(msgid: str, **places: Any) -> str:
    return msgid % places if places else msgid


def test_every_reason_a_letter_is_held_back_for_has_words() -> None:
    source = inspect.getsource(letters)

    dropped = set(re.findall(r'_Pointless\("(\w+)"\)', source))
    failed = set(re.findall(r'_Unreachable\("(\w+)"\)', source))

    assert dropped == set(deliveries.NOT_NEEDED)
    assert failed == set(deliveries.FAILURES)


@pytest.mark.parametrize(
    ("state", "failure", "words"),
    [
        ("dropped", "code_used", "not needed: the code was typed already"),
        ("dropped", "case_closed", "not needed: the application stands still or is closed"),
        ("failed", "no_contact", "did not arrive: there is no contact"),
        ("failed", "address_refused", "did not arrive"),
        ("sent", None, None),
        ("queued", "no_answer", None),
    ],
)
def test_what_nobody_needed_is_not_called_lost(
    state: str, failure: str | None, words: str | None
) -> None:
    assert deliveries.unsent(state, failure, _say) == words
