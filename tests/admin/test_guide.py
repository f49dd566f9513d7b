"""docs/adapting.md explains every refusal, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from server.words.limits import SENTENCES

GUIDE = (Path(__file__).parents[2] / "docs" / "adapting.md").read_text("utf-8")


def test_every_refusal_is_explained() -> None:
    rows = re.findall(r"^\| ([A-Z][A-Z0-9, -]+) \|", GUIDE, re.MULTILINE)
    explained = {code for row in rows for code in row.split(", ")}

    assert explained == set(SENTENCES)
