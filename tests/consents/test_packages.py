"""One code signs one list: documents, answers, rules and signer, in this order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from server.consents.packages import Entry, Manifest, manifest
from server.consents.signers import Signer

MOTHER = Signer("guardian", "mother")
PROCESSING = Entry("processing", "a" * 64, "given")
PARTICIPATION = Entry("participation", "b" * 64, "given")
BOTH = [PROCESSING, PARTICIPATION]


def package(entries: Sequence[Entry] = tuple(BOTH), **changed: Any) -> Manifest:
    given: dict[str, Any] = {
        "signer": MOTHER,
        "rules_hash": "c" * 64,
        "signer_commitment": "d" * 64,
    } | changed
    return manifest(entries, **given)


@pytest.mark.parametrize(
    "other",
    [
        lambda: package([PROCESSING]),
        lambda: package([PARTICIPATION, PROCESSING]),
        lambda: package([PROCESSING, Entry("participation", "b" * 64, "refused")]),
        lambda: package([PROCESSING, Entry("participation", "e" * 64, "given")]),
        lambda: package(signer=Signer("guardian", "father")),
        lambda: package(rules_hash="e" * 64),
        lambda: package(signer_commitment="e" * 64),
    ],
)
def test_a_code_for_one_package_fits_no_other(other: Callable[[], Manifest]) -> None:
    assert other().hash != package().hash


def test_the_same_package_has_the_same_hash() -> None:
    assert package().hash == package().hash


def test_anybody_can_compute_the_hash_from_the_bytes() -> None:
    assert hashlib.sha256(package().stored).hexdigest() == package().hash


@pytest.mark.parametrize("entries", [[], [PROCESSING, PROCESSING]])
def test_a_package_holds_documents_each_once(entries: list[Entry]) -> None:
    with pytest.raises(ValueError):
        package(entries)


def test_refusals_alone_need_no_code() -> None:
    assert not package([Entry("processing", "a" * 64, "refused")]).needs_code
    assert package().needs_code
