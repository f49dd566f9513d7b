"""Problems found in what people write: facts with a place; the words are in words/problems.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a text: file, line and column, both counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a way through a workflow: `what` names its sentence (`sign`), facts fill it."""

    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `code` is stable and names the sentence (`YAML-DUPLICATE`, `LIMIT-P10`); `facts` fill it.
    `at` is the dotted path of the point in the definitions (`minor_questionnaire.goal.label`),
    so that a page can show the problem beside its control. `why` is an id of the origin registry,
    whose origin and source are shown beneath. `trail` is a counterexample path, turn by turn.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = None
    at: str = ""
    why: str | None = None
    trail: tuple[Turn, ...] = ()
    warning: bool = False
