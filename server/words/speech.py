"""Sentences for a terminal, in the reader's language: gettext without Flask."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from server.kernel import places

LANGUAGES = ("ru", "en")


def N_(msgid: str) -> str:  # noqa: N802 - the name that pybabel extracts
    """Mark a sentence for the catalogue; it is translated where it is said."""
    return msgid


def language_of(environ: Mapping[str, str]) -> str:
    """The language of a terminal by its locale variables; Russian when they leave it open."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "en" if value.lower().startswith("en") else "ru"
    return "ru"


def sentence(msgid: str, language: str, **facts: Any) -> str:
    """The sentence in `language` with its named placeholders filled."""
    translated = _catalogue(language).gettext(msgid)
    return translated % facts if facts else translated


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    # English is the language of the msgids; a catalogue not compiled yet must not stop a start.
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("messages", places.translations(), [language], fallback=True)


class Say(Protocol):
    """Says one sentence of the catalogue to whoever watches."""

    def __call__(self, msgid: str, /, **facts: Any) -> None: ...
