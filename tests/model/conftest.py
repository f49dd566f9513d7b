from __future__ import annotations
import pytest, yaml
from server.model.own_fields import SpecialWords
@pytest.fixture(scope="session")
def special_words() -> SpecialWords:
    return SpecialWords.model_validate(yaml.safe_load(open("/tmp/h/special_words.yaml"))["special_words"])
