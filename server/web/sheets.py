"""Where a package is signed, and what was answered in it and not signed yet.

What was answered lives in the server's session until the check list is signed: yes or no, the hash
of each text that was read, the id of the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import session

from server.services.families.packages import Package, Question, Said
from server.web.letterhead import Speaker

_KEY = "sheets"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a package is signed: whose pages these are, and where each of them lies."""

    case_id: UUID
    stage: str
    speaker: Speaker
    question_url: Callable[[str], str]
    check_url: str
    again_url: str
    after_url: str
    home_url: str
    mend_url: str = ""  # where names are put right while nothing is signed
    first_url: str = ""  # what comes before any signature, while it is open
    before: int | None = None  # pages before the first question; None: without a step bar
    help_line: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What every page of the package shows."""
        return {
            "school": self.speaker,
            "home_url": self.home_url,
            "check_url": self.check_url,
            "again_url": self.again_url,
            "help_line": self.help_line,
        }


@dataclass
class Sheet:
    """Answers given and not yet signed, in the session of this browser alone."""

    key: str
    said: dict[str, Said] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)  # hashes of the texts that were on the page
    code: str | None = None

    @classmethod
    def of(cls, place: Place) -> Sheet:
        """The sheet of a package as this browser left it."""
        key = f"{place.case_id} {place.stage}"
        held = session.get(_KEY, {}).get(key, {})
        return cls(key, **held)

    def keep(self) -> None:
        """Write it back."""
        kept = {"said": self.said, "read": self.read, "code": self.code}
        session[_KEY] = {**session.get(_KEY, {}), self.key: kept}

    def drop(self) -> None:
        """It is signed, or cannot be any more."""
        session[_KEY] = {
            key: held for key, held in session.get(_KEY, {}).items() if key != self.key
        }

    def note(self, consent: str, said: Said, document: str) -> None:
        """One more answer; a code that was sent for others is worth nothing then."""
        if (self.said.get(consent), self.read.get(consent)) != (said, document):
            self.code = None
        self.said[consent], self.read[consent] = said, document

    def forget(self, consent: str) -> None:
        """The text is not the one that was read."""
        self.said.pop(consent, None)
        self.read.pop(consent, None)
        self.code = None

    def answered(self, question: Question) -> bool:
        """Whether this very text was answered."""
        return (
            question.consent in self.said
            and self.read.get(question.consent) == question.document.hash
        )

    def stops(self, asked: Package) -> bool:
        """Whether a no was said that ends the application: it skips the rest (DECISIONS 12c)."""
        return any(
            question.stops and self.said.get(question.consent) == "refused"
            for question in asked.questions
            if self.answered(question)
        )

    def answers(self, asked: Package) -> dict[str, Said]:
        """What the check list binds: up to a required no, else everything."""
        stopped = self.stops(asked)
        return {
            question.consent: self.said[question.consent]
            for question in asked.questions
            if self.answered(question) and not (stopped and self.said[question.consent] == "given")
        }
