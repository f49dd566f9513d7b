"""Dated lists of words that a person must look at, and how a text is held against them.

The words are data, in legal/: a lawyer or a psychologist corrects them there. They catch what is
written openly, not what is hidden on purpose; a person still reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints

from server.kernel.frozen import Frozen, Id
from server.kernel.text import AnyText

# One or several words with single blanks between; a star at a word's end stands for any ending.
WordPattern = Annotated[
    str, StringConstraints(pattern=r"^[^\W\d_]+('[^\W\d_]+)?\*?( [^\W\d_]+('[^\W\d_]+)?\*?)*$")
]


class WordClass(Frozen):
    """One kind of such words, and the innocent phrases that hold them."""

    title: AnyText
    words: tuple[WordPattern, ...] = Field(min_length=1)
    unless: tuple[WordPattern, ...] = ()


class WordList(Frozen):
    """A list as of a date: kinds of words, and how a sentence forbids to write about them."""

    as_of: date
    classes: dict[Id, WordClass]
    forbidding: tuple[WordPattern, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A phrase of a text that is on a list: which kind, and the words as they were written."""

    kind: str
    words: str


def first_hit(text: str, words: WordList) -> Hit | None:
    """The first phrase of a text that is on the list, None when there is none.

    Case does not count, nor ё beside е, nor a Latin letter that looks like a Cyrillic one. A
    sentence that forbids writing about it («не пиши о здоровье») is not read.
    """
    for sentence in _sentences(text):
        written = _WORD.findall(sentence)
        read = tuple(_plain(word) for word in written)
        if any(True for _ in _spans(read, words.forbidding)):
            continue
        for kind, listed in words.classes.items():
            innocent = list(_spans(read, listed.unless))
            for start, end in sorted(_spans(read, listed.words)):
                if not any(start < till and since < end for since, till in innocent):
                    return Hit(kind, " ".join(written[start:end]))
    return None


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?;\n]+")
# Latin letters that look like Cyrillic ones: «бoлезнь» with a Latin o is the same word to a reader.
_LOOK_ALIKES = str.maketrans("aeopcyxkmtbh", "аеорсухкмтвн")
_CYRILLIC = re.compile(r"[а-я]")


def _sentences(text: str) -> list[str]:
    return _SENTENCE_END.split(unicodedata.normalize("NFKC", text))


def _plain(word: str) -> str:
    lower = word.casefold().replace("ё", "е").replace("’", "'")
    return lower.translate(_LOOK_ALIKES) if _CYRILLIC.search(lower) else lower


def _spans(read: tuple[str, ...], patterns: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for pattern in map(_compiled, patterns):
        for start in range(len(read) - len(pattern) + 1):
            pairs = zip(pattern, read[start:], strict=False)
            if all(word.startswith(stem) if open_ else word == stem for (stem, open_), word in pairs):
                yield start, start + len(pattern)


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> tuple[tuple[str, bool], ...]:
    return tuple((_plain(word.rstrip("*")), word.endswith("*")) for word in pattern.split())
