from __future__ import annotations
import pytest, yaml
from server.kernel.wordlists import WordList
@pytest.fixture(scope="session")
def special_words() -> WordList:
    return WordList.model_validate(yaml.safe_load(open("/tmp/h/special_words.yaml"))["special_words"])
