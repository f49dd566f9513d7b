"""Everything the product refuses, as facts; words are chosen once, in http/errors.py and words/.

MentorSchoolError
├── SettingsRefused            the server cannot start like this
├── NotFound                   missing, foreign, revoked: one answer for all (SECURITY.md A1)
│   └── DeadLink               a link that leads nowhere now (DECISIONS.md 8)
├── NotAllowed                 seen, but not yours to do
│   ├── NotYours               the desk shows the row and says why (four eyes, other place)
│   └── ConsentMissing         the gate of the step is closed
├── SignInNeeded
├── Refused                    wrong input; nothing changed, what was typed is kept
│   ├── AnswersRefused         problems by field
│   ├── DefinitionRefused      problems of a definition or of a school's settings
│   ├── CodeRefused            wrong, used up, expired, of another package
│   └── ContactRefused         a contact no letter can reach
├── Conflict                   someone was first, or the text changed since it was read
│   ├── AlreadyDone
│   ├── TextChanged
│   └── StageClosed
├── LimitReached               too often: when it may be tried again
└── Broken                     evidence or keys do not fit: a person must look
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class MentorSchoolError(Exception):
    """Root: carries facts by name, no sentences and no HTTP."""

    # A refusal whose transaction is kept all the same: a wrong code must be counted.
    keeps_writes = False

    def __init__(self, **facts: Any) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None


class SettingsRefused(MentorSchoolError):
    """A setting that the server cannot start with: `problems`, each with name and what is right."""


class NotFound(MentorSchoolError):
    """There is no such thing for this actor: missing and foreign look the same."""


class DeadLink(NotFound):
    """An unknown, expired, revoked or foreign link."""


class NotAllowed(MentorSchoolError):
    """The actor may not do this: `permission`, and `reason` when it may be told."""


class NotYours(NotAllowed):
    """The actor sees the thing, yet another person must act: `reason` is a key of words."""


class ConsentMissing(NotAllowed):
    """A gate is closed: `missing` names the consents."""


class SignInNeeded(MentorSchoolError):
    """Nobody is signed in."""


class Refused(MentorSchoolError):
    """Input that cannot be taken: `reason` is a key of words."""


class AnswersRefused(Refused):
    """Answers with problems: `problems` maps a field's name to a list of Problem."""


class DefinitionRefused(Refused):
    """A definition or settings with problems: `problems` is a list of model problems."""


class CodeRefused(Refused):
    """A one-time code that does not fit: `reason`, and `left` tries."""

    keeps_writes = True


class ContactRefused(Refused):
    """A contact of a kind without a gateway, or no contact at all."""


class Conflict(MentorSchoolError):
    """The thing changed meanwhile."""


class AlreadyDone(Conflict):
    """Someone was first: `by` (name or None), `at`, `outcome`; the name is no fact to be logged."""

    def __init__(self, by: str | None = None, **facts: Any) -> None:
        super().__init__(**facts)
        self.by = by


class TextChanged(Conflict):
    """The text read is not the text of now: `consent`; `lines` tells what changed.

    The lines name people, so they are no fact: facts may be logged.
    """

    keeps_writes = True  # the new document stays under the request

    def __init__(self, lines: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(**facts)
        self.lines = lines


class StageClosed(Conflict):
    """The step is not open (any more): `step`, `state`."""


class LimitReached(MentorSchoolError):
    """Too often: `retry_at` is the moment from which it may be tried again."""


class Broken(MentorSchoolError):
    """Evidence, keys or stored definitions do not fit together."""
