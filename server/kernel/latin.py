"""Russian words in plain Latin letters: for ids and names of files, which travel anywhere."""

from __future__ import annotations

import re

_LETTERS = str.maketrans(
    {
        **dict(zip("абвгдеёзийклмнопрстуфхыэ", "abvgdeeziyklmnoprstufhye", strict=True)),
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sch",
        "ю": "yu",
        "я": "ya",
        "ъ": "",
        "ь": "",
    }
)
_APART = re.compile(r"[^a-z0-9]+")


def latin(words: str, *, between: str, most: int) -> str:
    """The words in small Latin letters and digits; empty when none of them can be written so."""
    found = _APART.sub(between, words.casefold().translate(_LETTERS)).strip(between)
    return found[:most].strip(between)
