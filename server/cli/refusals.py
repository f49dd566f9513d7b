"""The one place where an error becomes a line that a person at a terminal can act on."""

from __future__ import annotations

import traceback

from server.kernel.errors import (
    DefinitionRefused,
    MentorSchoolError,
    NotFound,
    SettingsRefused,
)
from server.words.catalogues import translate
from server.words.problems import say as say_problem
from server.words.refusals import REASONS
from server.words.speech import N_
from server.words.starting import SETTINGS, STARTING


def sentence(error: MentorSchoolError, language: str) -> str:
    """What was refused and what to do; several lines where several things are wrong."""
    if isinstance(error, SettingsRefused):
        return _settings(error, language)
    reason = str(error.facts.get("reason", ""))
    if isinstance(error, DefinitionRefused):
        return _problems(error, language)
    for table in (STARTING, REASONS):
        if reason in table:
            return translate(language, table[reason], **error.facts)
    return _by_kind(error, language)


def unexpected(error: Exception, language: str) -> str:
    """A fault of ours: where it happened, without what the program was holding.

    The text of a foreign error may repeat what people wrote, so only its kind is told.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    return translate(
        language,
        N_("Something went wrong that should not: %(kind)s at %(place)s. Please report this line."),
        kind=type(error).__name__,
        place=place,
    )


def _settings(error: SettingsRefused, language: str) -> str:
    lines = [
        translate(language, SETTINGS[problem.code], **problem.facts) for problem in error.problems
    ]
    heading = translate(language, N_("The settings are not right yet:"))
    return "\n".join([heading, *(f"- {line}" for line in lines)])


def _problems(error: DefinitionRefused, language: str) -> str:
    heading = translate(language, N_("This was not taken. Nothing was changed."))
    lines = [say_problem(problem, language) for problem in error.facts.get("problems", ())]
    return "\n".join([heading, *(f"- {line}" for line in lines)])


def _by_kind(error: MentorSchoolError, language: str) -> str:
    facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
    if isinstance(error, NotFound):
        return translate(language, N_("There is no such thing: %(facts)s."), facts=facts)
    return translate(
        language,
        N_("Refused (%(kind)s). %(facts)s"),
        kind=type(error).__name__,
        facts=facts,
    )
