"""What the limits are held against: the definitions as they ship."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.kernel import places
from server.kernel.wordlists import WordList
from server.model.bundle import Bundle, read_folder
from server.model.definition import SettingsSpec, Variant
from server.model.limits import Limits

Settings = Callable[..., SettingsSpec]


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    bundle, problems = read_folder(places.workflow_defs())
    assert bundle is not None, problems
    return bundle


@pytest.fixture(scope="session")
def special_words(shipped: Bundle) -> WordList:
    return Limits(shipped, "standard").special_words


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of an invented school: `settings({change…}, {change…}, variant="strict")`."""

    def make(*changes: dict[str, Any], variant: Variant = "standard") -> SettingsSpec:
        raw = {"settings": "vologda_school", "model": "1.0", "variant": variant}
        return SettingsSpec.model_validate({**raw, "changes": list(changes)})

    return make
