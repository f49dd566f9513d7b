"""The shipped definitions as sources, so that a test can spoil one line of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.kernel import places
from server.kernel.problems import Problem
from server.model.bundle import Bundle, folder_sources, read_folder, read_sources
from server.model.checks import check


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    found, problems = read_folder(places.workflow_defs())
    assert problems == []
    assert found is not None
    return found


@pytest.fixture
def sources() -> dict[str, str]:
    found, problems = folder_sources(places.workflow_defs())
    assert problems == []
    return {name: content.decode() for name, content in found.items()}


@pytest.fixture
def spoilt(sources: dict[str, str]) -> Callable[..., list[Problem]]:
    """The problems after a text in one shipped file is replaced."""

    def problems(file: str, before: str, after: str) -> list[Problem]:
        assert before in sources[file], f"{before!r} is not in {file}"
        bundle, found = read_sources({**sources, file: sources[file].replace(before, after, 1)})
        return found if bundle is None else check(bundle)

    return problems
