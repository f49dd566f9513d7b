"""Dated lists of words that a person must look at, and how a text is held against them.

The words are data, in legal/: a lawyer or a psychologist corrects them there. They catch what is
written openly, not what is hidden on purpose; a person still reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
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

    def with_words_of(self, other: WordClass) -> WordClass:
        """The same kind with the words of another list beside its own."""
        return self.model_copy(
            update={"words": self.words + other.words, "unless": self.unless + other.unless}
        )


class WordList(Frozen):
    """A list as of a date: kinds of words, and how a sentence forbids to write about them."""

    as_of: date
    classes: dict[Id, WordClass]
    forbidding: tuple[WordPattern, ...] = ()

    @classmethod
    def joined(cls, lists: Sequence[WordList]) -> WordList:
        """One list of several countries' lists; kinds of one name hold the words of all."""
        kinds: dict[str, WordClass] = {}
        for name, kind in (item for one in lists for item in one.classes.items()):
            held = kinds.get(name)
            kinds[name] = kind if held is None else held.with_words_of(kind)
        forbidding = tuple(pattern for one in lists for pattern in one.forbidding)
        as_of = max((one.as_of for one in lists), default=date.min)
        return cls(as_of=as_of, classes=kinds, forbidding=forbidding)


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
    """Where in the words a pattern fits: first word, and the word after the last."""
    index, longest = _indexed(patterns)
    for start, word in enumerate(read):
        # By the beginnings of the word, so that a long text costs no more than its letters.
        for length in range(1, min(len(word), longest) + 1):
            for pattern in index.get(word[:length], ()):
                pairs = zip(read[start : start + len(pattern)], pattern, strict=False)
                fits = all(_fits(said, stem, any_ending) for said, (stem, any_ending) in pairs)
                if fits and start + len(pattern) <= len(read):
                    yield start, start + len(pattern)


def _fits(word: str, stem: str, any_ending: bool) -> bool:
    return word.startswith(stem) if any_ending else word == stem


_Pattern = tuple[tuple[str, bool], ...]


@lru_cache(maxsize=256)
def _indexed(patterns: tuple[str, ...]) -> tuple[Mapping[str, tuple[_Pattern, ...]], int]:
    """The patterns by the beginning of their first word, and the longest such beginning."""
    index: dict[str, tuple[_Pattern, ...]] = {}
    for pattern in patterns:
        read = tuple((_plain(word.rstrip("*")), word.endswith("*")) for word in pattern.split())
        index[read[0][0]] = (*index.get(read[0][0], ()), read)
    return index, max(map(len, index), default=0)
