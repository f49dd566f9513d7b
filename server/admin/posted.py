"""What a page of the editors posted: every value of every control, and which button was pressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_TEXT: Final = 4000  # what a text of a definition can hold at all


@dataclass(frozen=True)
class Posted:
    """What a page posted: every value of every control, line ends as in files, no outer spaces."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, items: Iterable[tuple[str, Sequence[str]]]) -> Posted:
        """Out of the lists of a form."""
        return cls({name: tuple(map(tidy, values)) for name, values in items})

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a control."""
        return self.values.get(name, ())

    def one(self, name: str) -> str | None:
        """The value of a control, None when it was not on the page."""
        return next(iter(self.all(name)), None)

    @property
    def deed(self) -> tuple[str, ...]:
        """The button that was pressed, apart at its colons: `hide:days`, `choice_drop:days:2`."""
        return tuple((self.one("act") or "save").split(":"))

    @property
    def cannot_be_kept(self) -> str:
        """Why not even a draft can hold this; empty when it can."""
        said = [value for values in self.values.values() for value in values]
        if any("\0" in value for value in said):
            return "words_unseen"
        return "words_too_long" if any(len(value) > MOST_TEXT for value in said) else ""


def tidy(value: str) -> str:
    """A value as it is kept: line ends as in files, no outer spaces."""
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()
