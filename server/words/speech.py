"""Which language a terminal speaks, and how sentences are marked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

LANGUAGES = ("ru", "en")


class Say(Protocol):
    """Says one sentence of the catalogue to whoever watches."""

    def __call__(self, msgid: str, /, **facts: Any) -> None: ...


def N_(msgid: str) -> str:  # noqa: N802 - the name that pybabel extracts
    """Mark a sentence for the catalogue; it is translated where it is said."""
    return msgid


def C_(context: str, msgid: str) -> str:  # noqa: N802 - the name that pybabel extracts
    """Mark a sentence that is said in another way in this context; the plain one stays beside it."""
    del context
    return msgid


def language_of(environ: Mapping[str, str]) -> str:
    """The language of a terminal by its locale variables; Russian when they leave it open."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "en" if value.lower().startswith("en") else "ru"
    return "ru"
